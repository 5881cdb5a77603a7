// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/code.h"
#include "plan/signature.h"

#include <tenon/graph.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The artifact: an optimised standard graph with what is needed to run it, and its file form.
namespace tenon {

class MappedFile;

struct Plan {
  Graph graph;           ///< Standard operators and users' layers, types inferred, constants included.
  std::string producer;  ///< "tenon 0.1.0"
  std::string source;    ///< The model's name, without folders.
  /// Generated code, for several instruction sets. Data until somebody trusts it.
  std::vector<KernelCode> code = {};
};

/// Writes the plan file, through a temporary one. The same plan gives the same bytes.
/// Throws kIo; kUnsupported for graphs nested too deeply in attributes; kInvalidArgument for what a plan cannot hold.
void write_plan(const Plan& plan, const std::string& path);
/// The same with this code in place of the plan's.
void write_plan(const Plan& plan, const std::string& path, std::span<const KernelCode> code);
/// The bytes that the first one writes.
[[nodiscard]] std::vector<std::byte> plan_bytes(const Plan& plan);
/// Reads and verifies everything before it returns: magic, versions, section bounds and hashes, every index, name,
/// dtype, shape and constant range. Constants point into `file`. Throws kCorrupt naming file, section and what is
/// wrong; kUnsupported for a newer version. Memory and time stay in proportion to the file's size.
[[nodiscard]] Plan read_plan(const std::shared_ptr<const MappedFile>& file);

/// A plan, and whose signature its file has.
struct SignedPlan {
  Plan plan;
  std::optional<PublicKey> signer;  ///< As the file has it: worth nothing unless `verified`.
  bool verified = false;            ///< The signer is one of those that were asked for, and signed just these bytes.
};

/// The same, and verifies the signature if it is by one of `keys`. The code of a plan that is `verified` is a copy, so
/// that nobody who changes the file later changes it. Throws kCorrupt also when such a signature does not hold.
[[nodiscard]] SignedPlan read_signed_plan(const std::shared_ptr<const MappedFile>& file,
                                          std::span<const PublicKey> keys);
/// True when the bytes start like a plan.
[[nodiscard]] bool looks_like_plan(const MappedFile& file);

}  // namespace tenon

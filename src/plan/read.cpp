// SPDX-License-Identifier: Apache-2.0
#include "ops/expression.h"
#include "plan/plan.h"
#include "plan/read_tables.h"
#include "plan/sections.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace tenon {
namespace {

using plan_format::SectionKind;

Bytes require_section(const PlanFile& plan, SectionKind kind) {
  if (const PlanSection* found = plan.find(kind)) return plan.bytes_of(*found);
  throw_damaged(*plan.file, fmt::format("{} is missing", section_name(static_cast<uint32_t>(kind))));
}

void check_signature(const Signature& signature, const PlanFile& plan, Bytes code) {
  if (holds(signature, plan, code)) return;
  throw Error(
      ErrorCode::kCorrupt,
      fmt::format("'{}' was changed after it was signed by {}: the signature does not hold; get the file again, or "
                  "compile the model again and sign it",
                  plan.file->path(), to_hex(signature.signer)));
}

// Formulas are parsed, which verifies them, before anything looks at them.
void check_formulas(const MappedFile& file, const Graph& graph) {
  for (const Node* node : graph.nodes()) {
    if (!node->domain().empty() || node->op() != kExpressionOp) continue;
    try {
      (void)formulas_of(*node);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kOutOfMemory) throw;
      throw_damaged(file, fmt::format("the formulas of '{}' are no formulas: {}", node->name(), error.message()));
    }
  }
}

}  // namespace

bool looks_like_plan(const MappedFile& file) {
  using plan_format::kMagic;
  const Bytes bytes = file.bytes();
  return bytes.size() >= kMagic.size() && std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

Plan read_plan(const std::shared_ptr<const MappedFile>& file) { return read_signed_plan(file, {}).plan; }

SignedPlan read_signed_plan(const std::shared_ptr<const MappedFile>& file, std::span<const PublicKey> keys) {
  const PlanFile sections = read_sections(file);
  SignedPlan result;
  const PlanSection* code_section = sections.find(SectionKind::kCode);
  Bytes code = code_section == nullptr ? Bytes() : sections.bytes_of(*code_section);
  std::shared_ptr<const void> code_owner = file;
  if (const auto signature = signature_of(sections)) {
    result.signer = signature->signer;
    if (std::ranges::find(keys, signature->signer) != keys.end()) {
      const auto copy = std::make_shared<const std::vector<std::byte>>(code.begin(), code.end());
      code = *copy;
      code_owner = copy;
      check_signature(*signature, sections, code);
      result.verified = true;
    }
  }
  Plan& plan = result.plan;
  plan = read_plan_tables(file, require_section(sections, SectionKind::kGraph),
                          require_section(sections, SectionKind::kConstants));
  check_formulas(*file, plan.graph);
  if (code_section != nullptr) plan.code = read_code(code, file->path());
  for (KernelCode& kernel : plan.code) kernel.owner = code_owner;
  return result;
}

}  // namespace tenon

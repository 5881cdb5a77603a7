// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/llvm/builder.h"
#include "expr/scalar.h"

#include <cstdint>
#include <span>

// Elements from and to memory, one or a vector of them.
namespace tenon::codegen {

/// Which lanes of a vector count. Null members: all of them.
struct Lanes {
  unsigned count = 0;             ///< 0 outside of vector loops.
  llvm::Value* active = nullptr;  ///< How many, from the first on (i64), at least 1.
  llvm::Value* mask = nullptr;    ///< The same as a vector of i1.
};

/// A run of elements: lane k's is at base + (first + step * k) * element.
struct Run {
  llvm::Value* base;   ///< The buffer.
  llvm::Value* first;  ///< i64
  int64_t step;
};

/// Whether one instruction loads or stores some lanes of a vector of the type.
[[nodiscard]] bool has_masks(Isa isa, expr::ScalarType type);

/// `lanes` elements that follow one another; those that do not count are not read, and are 0. `guard` (i1, of lanes or
/// one; null: true): where it is false nothing is read either.
[[nodiscard]] llvm::Value* load_run(Builder& build, expr::ScalarType type, const Run& run, const Lanes& lanes,
                                    llvm::Value* guard);
/// Elements at places of their own, a vector of i64.
[[nodiscard]] llvm::Value* load_gather(Builder& build, expr::ScalarType type, llvm::Value* base, llvm::Value* places,
                                       const Lanes& lanes, llvm::Value* guard);
/// Elements at constant distances from the one at `first`, one for each lane, by loads of whole vectors where a few of
/// them hold all and nothing else is read; null if not. Asks for the lines `ahead` elements further, too, unless it is
/// 0.
[[nodiscard]] llvm::Value* load_pattern(Builder& build, expr::ScalarType type, llvm::Value* base, llvm::Value* first,
                                        std::span<const int64_t> distances, int64_t ahead);
/// One element.
[[nodiscard]] llvm::Value* load_one(Builder& build, expr::ScalarType type, llvm::Value* base, llvm::Value* place,
                                    llvm::Value* guard);

/// Stores the lanes that count.
void store_run(Builder& build, expr::ScalarType type, const Run& run, const Lanes& lanes, llvm::Value* value);
/// Asks for the line of that element, which need not exist.
void prefetch(Builder& build, expr::ScalarType type, llvm::Value* base, llvm::Value* place, bool to_write);
void store_one(Builder& build, expr::ScalarType type, llvm::Value* base, llvm::Value* place, llvm::Value* value);

}  // namespace tenon::codegen

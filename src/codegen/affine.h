// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <cstdint>
#include <map>

// Addresses as sums: what makes strides visible.
namespace tenon::codegen {

/// constant + Σ factor * term, in 64 bits that wrap, as the nodes that it came from do.
struct Affine {
  int64_t constant = 0;
  std::map<expr::NodeId, int64_t> terms;  ///< Index nodes, and nodes that are no sums.
};

/// Adds factor * node to `sum`.
void add(Affine& sum, const expr::Nodes& nodes, expr::NodeId node, int64_t factor);

/// The place of a load's element in its input's memory; `dims` are the input's, constant.
[[nodiscard]] Affine address_of(const expr::Nodes& nodes, const expr::Node& load, const Shape& dims);

}  // namespace tenon::codegen

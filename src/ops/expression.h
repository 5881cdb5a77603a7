// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/expr.h>
#include <tenon/graph.h>

#include <string>
#include <string_view>

// The operator Expression: formulas, written out in an attribute. What users' expression layers become, and what is
// fused. It is Tenon's own; all other standard operators are ONNX's.
namespace tenon {

inline constexpr std::string_view kExpressionOp = "Expression";

/// The attributes of a node that computes `formulas`. `label` is what people know it by: "relu6(lo=0.0, hi=6.0)".
[[nodiscard]] Attributes expression_attributes(const LayerExpr& formulas, std::string label, std::string doc = {});
/// What an Expression node computes. Parsed once per text: cheap the second time. Throws kInvalidArgument naming the
/// node.
[[nodiscard]] LayerExpr formulas_of(const Node& node);
/// What people know a node by: the operator's or layer's name; of an Expression its label without fields.
[[nodiscard]] std::string display_name(const Node& node);

}  // namespace tenon

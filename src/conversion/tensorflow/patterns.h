// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// Groups of TensorFlow nodes that stand for one operation of UFF.
namespace tenon::conversion::tensorflow {

/// The value that `value` is the same as by its node alone (Identity and the like); null if there is none.
[[nodiscard]] const Value* handed_on(const Value& value);
/// The value behind the nodes (not too many) that only hand it on.
[[nodiscard]] const Value* behind(const Value* value);
/// The node that makes the value, behind those that hand it on, if it is a TensorFlow `op`; else null.
[[nodiscard]] const Node* made_by(const Value* value, std::string_view op);
/// The tensor of a constant, behind nodes that hand it on; null for other values.
[[nodiscard]] const Tensor* constant_of(const Value* value);
/// The elements of a constant of integers; nullopt for other values.
[[nodiscard]] std::optional<std::vector<int64_t>> integers_of(const Value* value);

/// Amounts of padding of each axis.
struct AxisPadding {
  int64_t begin = 0, end = 0;
};
using Paddings = std::vector<AxisPadding>;
/// The rows of a constant [rank, 2]; nullopt for other values.
[[nodiscard]] std::optional<Paddings> paddings_of(const Value* value);

/// True for a Reshape to [batch, everything else], which Flatten is: by its target (the shape's first element from
/// Shape, StridedSlice and Pack, and any constant), or by its name, as NVIDIA's converter has it: the last part but one
/// contains "flatten", and the target is not known to be something else.
[[nodiscard]] bool is_flatten(const Node& reshape);

/// A dilated convolution as TensorFlow 1 spelled it: SpaceToBatchND, a convolution, BatchToSpaceND.
struct DilatedConvolution {
  const Value* image;                       ///< What it is the convolution of.
  int64_t dilation_height, dilation_width;  ///< The block.
  AxisPadding height, width;                ///< The padding that is left after the crops.
};
/// `node` is the convolution between the two. nullopt if it is no such thing.
[[nodiscard]] std::optional<DilatedConvolution> dilated_convolution(const Node& node);

/// The input of a softmax over the last axis that is spelled with matrices: Reshape, Softmax, Reshape back to the shape
/// of the input. `node` is the Softmax. Null if it is no such thing.
[[nodiscard]] const Value* flattened_softmax_input(const Node& node);

/// The value that `value` is the same as: handed_on(), and the last nodes of the groups above, which hand on what the
/// group's middle has become.
[[nodiscard]] const Value* forwarded(const Value& value);

}  // namespace tenon::conversion::tensorflow

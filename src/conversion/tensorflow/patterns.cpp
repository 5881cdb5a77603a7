// SPDX-License-Identifier: Apache-2.0
#include "conversion/tensorflow/patterns.h"

#include "base/elements.h"
#include "conversion/step.h"
#include "lowering/node_reader.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace tenon::conversion::tensorflow {
namespace {

constexpr std::array<std::string_view, 7> kHandingOn = {
    "CheckNumerics",   "EnsureShape", "Identity",    "PlaceholderWithDefault",
    "PreventGradient", "Snapshot",    "StopGradient"};

bool is_op(const Node& node, std::string_view op) { return node.domain().empty() && node.op() == op; }

bool is_integers(const Value* value, std::initializer_list<int64_t> wanted) {
  const auto known = integers_of(value);
  return known && std::equal(known->begin(), known->end(), wanted.begin(), wanted.end());
}

DType type_of(const Node& node, std::string_view name) {
  const auto* dtype = node.attribute(name) == nullptr ? nullptr : std::get_if<DType>(node.attribute(name));
  return dtype == nullptr ? DType::kUndefined : *dtype;
}

// A Cast between two types that UFF does not tell apart.
bool is_void_cast(const Node& node) {
  const auto from = uff_dtype(type_of(node, "SrcT")), to = uff_dtype(type_of(node, "DstT"));
  return from && from == to && type_of(node, "DstT") != DType::kBool;
}

// Element 0 of the shape of `x`.
bool is_batch_of(const Value* value, const Value* x) {
  const Node* slice = made_by(value, "StridedSlice");
  if (slice == nullptr || slice->inputs().size() != 4) return false;
  const Node* shape = made_by(slice->input(0), "Shape");
  const lowering::NodeReader reader(*slice);
  return shape != nullptr && shape->input(0) != nullptr && behind(shape->input(0)) == x &&
         is_integers(slice->input(1), {0}) && is_integers(slice->input(2), {1}) && is_integers(slice->input(3), {1}) &&
         reader.integer("shrink_axis_mask", 0) == 1 && reader.integer("end_mask", 0) == 0 &&
         reader.integer("ellipsis_mask", 0) == 0 && reader.integer("new_axis_mask", 0) == 0;
}

bool is_named_flatten(const std::string& name) {
  const size_t last = name.rfind('/');
  if (last == std::string::npos || last == 0) return false;
  const size_t before = name.rfind('/', last - 1);
  std::string part =
      name.substr(before == std::string::npos ? 0 : before + 1, last - (before == std::string::npos ? 0 : before + 1));
  for (char& c : part) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return part.find("flatten") != std::string::npos;
}

// The last axis of `x`, as a size: Slice(Shape(x), [rank - 1], [1]).
bool is_last_extent(const Value* value, const Value* x) {
  const Node* slice = made_by(value, "Slice");
  if (slice == nullptr || slice->inputs().size() != 3 || !is_integers(slice->input(2), {1})) return false;
  const Node* shape = made_by(slice->input(0), "Shape");
  const Node* begin = made_by(slice->input(1), "Pack");
  if (shape == nullptr || shape->input(0) == nullptr || behind(shape->input(0)) != x) return false;
  const Node* last = begin == nullptr || begin->inputs().size() != 1 ? nullptr : made_by(begin->input(0), "Sub");
  return last != nullptr && last->inputs().size() == 2 && is_integers(last->input(1), {1});
}

}  // namespace

const Value* handed_on(const Value& value) {
  const Node* node = value.producer();
  if (node == nullptr || !node->domain().empty()) return nullptr;
  const auto index = static_cast<size_t>(value.output_index());
  if (node->op() == "IdentityN") return node->input(index);
  // For inference the statistics that a batch normalisation hands out are those that it is given.
  if (node->op().starts_with("FusedBatchNorm") && (index == 1 || index == 2))
    return lowering::NodeReader(*node).flag("is_training", true) ? nullptr : node->input(index + 2);
  const bool hands_on = std::find(kHandingOn.begin(), kHandingOn.end(), node->op()) != kHandingOn.end();
  return index == 0 && (hands_on || (node->op() == "Cast" && is_void_cast(*node))) ? node->input(0) : nullptr;
}

const Value* behind(const Value* value) {
  constexpr int kMostHops = 64;  // Rows of nodes that only hand on are short, unless somebody means ill.
  for (int hops = 0; hops < kMostHops; ++hops) {
    const Value* next = handed_on(*value);
    if (next == nullptr) break;
    value = next;
  }
  return value;
}

const Node* made_by(const Value* value, std::string_view op) {
  const Node* node = value == nullptr ? nullptr : behind(value)->producer();
  return node != nullptr && is_op(*node, op) ? node : nullptr;
}

const Tensor* constant_of(const Value* value) {
  if (value == nullptr) return nullptr;
  value = behind(value);
  if (value->producer() == nullptr) return value->constant();
  const Attribute* tensor = is_op(*value->producer(), "Const") ? value->producer()->attribute("value") : nullptr;
  return tensor == nullptr ? nullptr : std::get_if<Tensor>(tensor);
}

std::optional<std::vector<int64_t>> integers_of(const Value* value) {
  const Tensor* tensor = constant_of(value);
  if (tensor == nullptr || !is_integer(tensor->dtype())) return std::nullopt;
  std::vector<int64_t> integers;
  for (int64_t i = 0; i < tensor->count(); ++i) integers.push_back(load_i64(tensor->data(), tensor->dtype(), i));
  return integers;
}

std::optional<Paddings> paddings_of(const Value* value) {
  const auto integers = integers_of(value);
  if (!integers) return std::nullopt;
  const Dims& dims = constant_of(value)->dims();
  if (dims.rank() != 2 || dims[1] != 2) return std::nullopt;
  Paddings paddings;
  for (size_t i = 0; i < integers->size(); i += 2) paddings.push_back({(*integers)[i], (*integers)[i + 1]});
  return paddings;
}

bool is_flatten(const Node& reshape) {
  if (reshape.inputs().size() != 2 || reshape.input(0) == nullptr || reshape.input(1) == nullptr) return false;
  const Node* pack = made_by(reshape.input(1), "Pack");
  const bool is_pair = pack != nullptr && pack->inputs().size() == 2;
  if (is_pair && is_batch_of(pack->input(0), behind(reshape.input(0))) && integers_of(pack->input(1))) return true;
  if (!is_named_flatten(reshape.name())) return false;
  const auto target = integers_of(reshape.input(1));
  return pack == nullptr ? !target || target->size() == 2 : is_pair;
}

std::optional<DilatedConvolution> dilated_convolution(const Node& node) {
  if (!is_op(node, "Conv2D") && !is_op(node, "DepthwiseConv2dNative")) return std::nullopt;
  const Node* before = made_by(node.input(0), "SpaceToBatchND");
  const auto uses = node.output()->uses();
  const Node* after = uses.size() == 1 ? uses[0].node : nullptr;
  if (before == nullptr || before->input(0) == nullptr || after == nullptr || !is_op(*after, "BatchToSpaceND") ||
      uses[0].index != 0)
    return std::nullopt;
  const lowering::NodeReader reader(node);
  const std::vector<int64_t> ones(4, 1);
  if (reader.text("padding", "") != "VALID" || reader.text("data_format", "NHWC") != "NHWC" ||
      reader.list("strides", ones) != ones || reader.list("dilations", ones) != ones) {
    return std::nullopt;
  }
  const auto block = integers_of(before->input(1)), block_after = integers_of(after->input(1));
  const auto paddings = paddings_of(before->input(2)), crops = paddings_of(after->input(2));
  if (!block || block != block_after || block->size() != 2 || !paddings || paddings->size() != 2 || !crops ||
      crops->size() != 2) {
    return std::nullopt;
  }
  DilatedConvolution result{behind(before->input(0)), (*block)[0], (*block)[1], {}, {}};
  for (size_t axis = 0; axis < 2; ++axis) {
    AxisPadding& left = axis == 0 ? result.height : result.width;
    if (__builtin_sub_overflow((*paddings)[axis].begin, (*crops)[axis].begin, &left.begin) ||
        __builtin_sub_overflow((*paddings)[axis].end, (*crops)[axis].end, &left.end) || left.begin < 0 ||
        left.end < 0) {
      return std::nullopt;
    }
  }
  return result;
}

const Value* flattened_softmax_input(const Node& node) {
  const Node* reshape = made_by(node.input(0), "Reshape");
  if (reshape == nullptr || reshape->inputs().size() != 2 || reshape->input(0) == nullptr) return nullptr;
  const Value* x = behind(reshape->input(0));
  const Node* target = made_by(reshape->input(1), "ConcatV2");
  const bool is_matrix = target != nullptr && target->inputs().size() == 3 && is_integers(target->input(0), {-1}) &&
                         is_last_extent(target->input(1), x);
  const auto uses = node.output()->uses();
  // All who read the Softmax must be the Reshape back.
  const bool is_closed = is_matrix && uses.size() == 1 && is_op(*uses[0].node, "Reshape") && uses[0].index == 0;
  const Node* shape = is_closed ? made_by(uses[0].node->input(1), "Shape") : nullptr;
  return shape != nullptr && shape->input(0) != nullptr && behind(shape->input(0)) == x ? x : nullptr;
}

const Value* forwarded(const Value& value) {
  if (const Value* same = handed_on(value)) return same;
  const Node* node = value.producer();
  if (node == nullptr || value.output_index() != 0) return nullptr;
  const Node* middle = nullptr;
  if (is_op(*node, "BatchToSpaceND") && node->input(0) != nullptr) {
    const Node* convolution = node->input(0)->producer();
    if (convolution != nullptr && dilated_convolution(*convolution)) middle = convolution;
  } else if (is_op(*node, "Reshape") && node->input(0) != nullptr) {
    const Node* softmax = node->input(0)->producer();
    if (softmax != nullptr && is_op(*softmax, "Softmax") && flattened_softmax_input(*softmax) != nullptr)
      middle = softmax;
  }
  return middle == nullptr ? nullptr : middle->output();
}

}  // namespace tenon::conversion::tensorflow

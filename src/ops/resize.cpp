// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/move.h"
#include "ops/pointwise.h"
#include "ops/wide.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace tenon {
namespace {

constexpr size_t kScales = 2;
constexpr size_t kSizes = 3;

[[noreturn]] void unsupported(const InferContext& context, const std::string& what) {
  throw Error(ErrorCode::kUnsupported, fmt::format("Resize '{}': {}", context.node().name(), what));
}

void check_attributes(const InferContext& context) {
  const AttributeReader& attributes = context.attributes();
  const auto one_of = [&](const char* name, std::initializer_list<std::string_view> known) {
    const std::string& given = attributes.string(name);
    if (std::find(known.begin(), known.end(), given) == known.end()) {
      context.fail(fmt::format("{} is '{}', which ONNX does not define", name, given));
    }
  };
  one_of("mode", {"nearest", "linear", "cubic"});
  one_of("coordinate_transformation_mode", {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                                            "asymmetric", "tf_crop_and_resize"});
  one_of("nearest_mode", {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  one_of("keep_aspect_ratio_policy", {"stretch", "not_larger", "not_smaller"});
  if (attributes.string("coordinate_transformation_mode") == "tf_crop_and_resize") {
    unsupported(context,
                "coordinate_transformation_mode is tf_crop_and_resize; crop with Slice first and use another mode");
  }
  if (attributes.string("keep_aspect_ratio_policy") != "stretch") {
    unsupported(context, "keep_aspect_ratio_policy is " + attributes.string("keep_aspect_ratio_policy") +
                             "; only stretch is implemented, so compute the sizes yourself");
  }
  if (attributes.flag("antialias")) unsupported(context, "antialias is 1; only 0 is implemented");
}

// An input that is there and not the empty tensor that older opsets put in place of one left out.
bool given(const InferContext& context, size_t index) {
  return context.has_input(index) && known_count(context, index).value_or(1) != 0;
}

void infer(InferContext& context) {
  require_movable(context, 0);
  check_attributes(context);
  const std::string& mode = context.attributes().string("mode");
  const DType dtype = context.dtype(0);
  if (mode != "nearest" && (dtype_bit(dtype) & kNumericDTypes) == 0) {
    context.fail(fmt::format("mode {} needs numbers but input 0 has dtype {}", mode, dtype_name(dtype)));
  }
  const bool by_size = given(context, kSizes);
  if (by_size == given(context, kScales)) context.fail("exactly one of scales and sizes is required");
  if (by_size) require_index_list(context, kSizes, "sizes");
  if (!by_size && context.dtype(kScales) != DType::kFloat32) {
    context.fail(fmt::format("scales have dtype {} but f32 is required", dtype_name(context.dtype(kScales))));
  }
  const auto& shape = context.shape(0);
  const Tensor* numbers = context.value(by_size ? kSizes : kScales);
  if (!shape) return context.set_output(0, dtype, std::nullopt);
  std::vector<size_t> axes;
  if (context.attributes().has("axes")) {
    for (const int64_t axis : context.attributes().integers("axes")) {
      axes.push_back(checked_axis(context, axis, static_cast<int64_t>(shape->size())));
      if (std::count(axes.begin(), axes.end(), axes.back()) > 1)
        context.fail(fmt::format("axes has the axis {} twice", axes.back()));
    }
  } else {
    for (size_t axis = 0; axis < shape->size(); ++axis) axes.push_back(axis);
  }
  Shape result = *shape;
  if (numbers == nullptr) {
    for (const size_t axis : axes) result[axis] = Dim();
    return context.set_output(0, dtype, std::move(result));
  }
  const char* name = by_size ? "sizes" : "scales";
  if (numbers->count() != static_cast<int64_t>(axes.size())) {
    context.fail(fmt::format("{} has {} numbers but {} axes are resized", name, numbers->count(), axes.size()));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& extent = result[axes[i]];
    const auto place = static_cast<int64_t>(i);
    if (by_size) {
      const auto size = load<int64_t>(numbers->view(), place);
      if (size < 0) context.fail(fmt::format("sizes has the number {} but 0 or more is required", size));
      if (size > 0 && extent.is_constant() && extent.value() == 0) {
        context.fail(fmt::format("axis {} has no elements to make {} of", axes[i], size));
      }
      extent = Dim(size);
      continue;
    }
    const auto scale = static_cast<float>(load<double>(numbers->view(), place));
    if (!(scale > 0) || std::isinf(scale))
      context.fail(fmt::format("scales has the number {} but a positive one is required", scale));
    if (scale == 1) continue;
    // In f32, where exporters write a scale such as 0.7: 10 * 0.7f is exactly 7 there, just below it in f64.
    const float size = extent.is_constant() ? std::floor(static_cast<float>(extent.value()) * scale) : 0;
    if (size > 9e18F) context.fail(fmt::format("the scale {} makes axis {} too large", scale, axes[i]));
    extent = extent.is_constant() ? Dim(static_cast<int64_t>(size)) : Dim();
  }
  context.set_output(0, dtype, std::move(result));
}

/// An axis that is resampled: out = floor(in * scale), or the size asked for.
struct Axis {
  size_t number = 0;
  int64_t in = 0;
  int64_t out = 0;
  // The scale as a quotient, so that a size asked for divides exactly: scale / 1 or out / in.
  double numerator = 1;
  double denominator = 1;
};

/// What an output place reads along an axis.
struct Tap {
  Expr index;  // Into the input, perhaps outside; i64.
  Expr weight;
};

// Where output place `o` lies in the input, in elements (ONNX Resize-19, coordinate_transformation_mode).
Expr source(const Axis& axis, std::string_view mode, const Expr& o) {
  const Expr place = cast(o, DType::kFloat64);
  const auto in = static_cast<double>(axis.in);
  const auto out = static_cast<double>(axis.out);
  Expr half_pixel = (place + 0.5) * axis.denominator / axis.numerator - 0.5;
  if (mode == "asymmetric") return place * axis.denominator / axis.numerator;
  // By the whole extent of the result, as the operator's text and other runtimes have it (where scales are given,
  // ONNX's own test data divides by the unrounded one).
  if (mode == "align_corners") return axis.out == 1 ? place : place * (in - 1) / (out - 1);
  if (mode == "pytorch_half_pixel") return axis.out > 1 ? half_pixel : place;
  if (mode == "half_pixel_symmetric") {
    // Centred on the input: what flooring the output's extent has lost is taken away on both sides.
    const double adjustment = out / (in * axis.numerator / axis.denominator);
    return in / 2 * (1 - adjustment) + half_pixel;
  }
  return half_pixel;
}

std::vector<Tap> nearest(const Expr& at, std::string_view rounding) {
  const Expr place = rounding == "round_prefer_ceil" ? floor(at + 0.5)
                     : rounding == "floor"           ? floor(at)
                     : rounding == "ceil"            ? ceil(at)
                                                     : ceil(at - 0.5);  // round_prefer_floor
  return {{cast(place, DType::kInt64), 1.0}};
}

std::vector<Tap> linear(const Expr& at) {
  const Expr low = floor(at), index = cast(low, DType::kInt64);
  return {{index, 1.0 - (at - low)}, {index + 1, at - low}};
}

// R. Keys, Cubic convolution interpolation for digital image processing, IEEE ASSP 29 (1981), eq. (15) with general a.
std::vector<Tap> cubic(const Expr& at, double a) {
  const Expr low = floor(at), index = cast(low, DType::kInt64), t = at - low;
  const auto near = [a](const Expr& d) { return ((a + 2) * d - (a + 3)) * d * d + 1.0; };     // |d| <= 1
  const auto far = [a](const Expr& d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };  // 1 <= |d| <= 2
  return {{index - 1, far(1.0 + t)}, {index, near(t)}, {index + 1, near(1.0 - t)}, {index + 2, far(2.0 - t)}};
}

std::vector<Tap> taps_of(const Axis& axis, const AttributeReader& attributes, const Expr& o) {
  const std::string& mode = attributes.string("mode");
  const Expr at = source(axis, attributes.string("coordinate_transformation_mode"), o);
  if (mode == "nearest") return nearest(at, attributes.string("nearest_mode"));
  if (mode == "linear") return linear(at);
  std::vector<Tap> taps = cubic(at, attributes.number("cubic_coeff_a"));
  // Linear interpolation has the same result either way: the weight outside goes to the outermost element.
  if (attributes.flag("exclude_outside")) {
    Expr sum = 0.0;
    for (Tap& tap : taps) {
      tap.weight = where((tap.index < 0) | (tap.index >= axis.in), 0.0, tap.weight);
      sum = sum + tap.weight;
    }
    for (Tap& tap : taps) tap.weight = tap.weight / sum;
  }
  return taps;
}

// x with one axis resampled.
Expr resampled(const Expr& x, const Axis& axis, const AttributeReader& attributes) {
  std::vector<Expr> shape = x.shape();
  shape[axis.number] = axis.out;
  return compute(std::span<const Expr>(shape), [&](std::span<const Expr> index) {
    std::vector<Expr> place(index.begin(), index.end());
    const std::vector<Tap> taps = taps_of(axis, attributes, index[axis.number]);
    const auto read = [&](const Tap& tap) {
      place[axis.number] = clamp(tap.index, 0, axis.in - 1);
      return x.at(place);
    };
    if (taps.size() == 1) return read(taps[0]);
    Expr sum = 0.0;
    for (const Tap& tap : taps) {
      // What has no weight is not read: it may be NaN.
      sum = sum + where(tap.weight == 0.0, 0.0, tap.weight * read(tap));
    }
    return sum;
  });
}

// The axes whose elements are not those of the input as they are.
std::vector<Axis> resampled_axes(const DefineContext& context) {
  const Shape &from = context.shape(0), &to = *context.outputs()[0].shape;
  const AttributeReader& attributes = context.attributes();
  const bool by_size = context.has_input(kSizes) && !context.integers(kSizes).empty();
  const std::vector<double> numbers = context.numbers(by_size ? kSizes : kScales);
  std::vector<Axis> axes;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t number = attributes.has("axes") ? normalized_axis(attributes.integers("axes")[i], context.rank(0)) : i;
    if (!by_size && numbers[i] == 1) continue;
    if (!from[number].is_constant() || !to[number].is_constant())
      context.fail(fmt::format("the extent of axis {} is not known", number));
    const Axis axis{number, from[number].value(), to[number].value(), numbers[i],
                    by_size ? static_cast<double>(from[number].value()) : 1};
    if (!by_size || axis.in != axis.out) axes.push_back(axis);
  }
  return axes;
}

std::vector<Expr> define(DefineContext& context) {
  const bool interpolates = context.attributes().string("mode") != "nearest";
  const Expr& x = context.input(0);
  Expr y = interpolates ? cast(x, DType::kFloat64) : x;
  for (const Axis& axis : resampled_axes(context)) y = resampled(y, axis, context.attributes());
  return {cast(y, x.dtype())};
}

}  // namespace

OpDef resize_op() {
  return {
      .name = "Resize",
      .since_version = 19,
      .min_inputs = 1,
      .max_inputs = 4,
      .attributes = {{"antialias", int64_t{0}},
                     {.name = "axes", .fallback = std::vector<int64_t>{}, .optional = true},
                     {"coordinate_transformation_mode", std::string("half_pixel")},
                     {"cubic_coeff_a", -0.75},
                     {"exclude_outside", int64_t{0}},
                     {"extrapolation_value", 0.0},
                     {"keep_aspect_ratio_policy", std::string("stretch")},
                     {"mode", std::string("nearest")},
                     {"nearest_mode", std::string("round_prefer_floor")}},
      .infer = infer,
      .define = define,
      .moves_others = true,
      .summary =
          "Resamples along any axes by scales (extent floor(in * scale), in f32) or to sizes: the nearest element, or "
          "linear or cubic interpolation, along each axis in turn; places outside read the outermost element."};
}

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include "lowering/operators.h"

#include <fmt/core.h>

namespace tenon::lowering {

void pool(Rewrite& rewrite, const ImageLayout& layout, std::vector<int64_t> kernel, Attributes attributes) {
  attributes.emplace("kernel_shape", std::move(kernel));
  Value* image = channels_first(rewrite, rewrite.input(0), layout);
  finish_images(rewrite, rewrite.work(rewrite.target(), {image}, std::move(attributes)), layout);
}

void batch_normalization(Rewrite& rewrite, const ImageLayout& layout, double epsilon) {
  Value* image = channels_first(rewrite, rewrite.input(0), layout);
  Value* normal = rewrite.work("BatchNormalization",
                               {image, rewrite.input(1), rewrite.input(2), rewrite.input(3), rewrite.input(4)},
                               {{"epsilon", epsilon}});
  finish_images(rewrite, normal, layout);
}

void lrn(Rewrite& rewrite, std::string_view radius_name, std::string_view bias_name) {
  const ImageLayout layout;
  const int64_t radius = rewrite.integer(radius_name, 5);
  if (radius < 0 || radius > INT32_MAX) {
    rewrite.fail(fmt::format("its attribute '{}' is {}, but 0 to 2^31 - 1 is required", radius_name, radius));
  }
  const int64_t size = 2 * radius + 1;
  Value* normal = rewrite.work("LRN", {channels_first(rewrite, rewrite.input(0), layout)},
                               {{"alpha", rewrite.number("alpha", 1) * static_cast<double>(size)},
                                {"beta", rewrite.number("beta", 0.5)},
                                {"bias", rewrite.number(bias_name, 1)},
                                {"size", size}});
  finish_images(rewrite, normal, layout);
}

void matmul(Rewrite& rewrite, Value* x, bool transpose_x, bool transpose_y) {
  if (!transpose_x && !transpose_y) {
    rewrite.emit("MatMul", {x, rewrite.input(1)});
    return;
  }
  // Gemm transposes while it multiplies, so constants stay as they are.
  rewrite.emit("Gemm", {x, rewrite.input(1)}, {{"transA", int64_t{transpose_x}}, {"transB", int64_t{transpose_y}}});
}

void reduce(Rewrite& rewrite, std::span<const int64_t> axes, bool keep_dims) {
  if (axes.empty()) return rewrite.alias(0, rewrite.input(0));  // The standard would take all.
  rewrite.emit(rewrite.target(), {rewrite.input(0), rewrite.vector(axes)}, {{"keepdims", int64_t{keep_dims}}});
}

void arg_extreme(Rewrite& rewrite, int64_t axis, DType dtype) {
  Attributes attributes{{"axis", axis}, {"keepdims", int64_t{0}}};
  if (dtype == DType::kInt64) {
    rewrite.emit(rewrite.target(), {rewrite.input(0)}, std::move(attributes));
  } else {
    rewrite.result(rewrite.cast(rewrite.work(rewrite.target(), {rewrite.input(0)}, std::move(attributes)), dtype));
  }
}

void concat(Rewrite& rewrite, std::span<Value* const> parts, int64_t axis) {
  if (parts.empty()) rewrite.fail("it has nothing to concatenate, but at least 1 tensor is required");
  if (parts.size() == 1) return rewrite.alias(0, parts[0]);
  rewrite.emit("Concat", parts, {{"axis", axis}});
}

}  // namespace tenon::lowering

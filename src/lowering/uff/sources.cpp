// SPDX-License-Identifier: Apache-2.0
#include "formats/uff/dialect.h"
#include "lowering/uff/rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

// Inputs and constants.
namespace tenon::lowering::uff {
namespace {

// A placeholder without a shape has the empty list.
void input(Rewrite& rewrite) {
  const std::vector<int64_t> extents = rewrite.list("shape");
  if (extents.size() > kMaxRank)
    rewrite.fail(fmt::format("its shape has {} dimensions, but at most {} are possible", extents.size(), kMaxRank));
  std::optional<Shape> shape;
  if (!extents.empty()) shape = Shape(extents.begin(), extents.end());
  const DType dtype = rewrite.type("dtype", DType::kFloat32);
  if (dtype == DType::kUndefined) rewrite.fail("its field 'dtype' is no data type");
  rewrite.add_input(dtype, shape);
  if (!rewrite.output(0)->type().shape) {
    rewrite.fail(
        fmt::format("the file does not say its shape, but one is required; give it with --input {}:1,28,28 "
                    "(CompileOptions::input_shapes)",
                    rewrite.node().name()));
  }
}

// The field `shape`, of a tensor that fits into memory.
Dims dims_of(const Rewrite& rewrite, DType dtype) {
  const std::vector<int64_t> extents = rewrite.required_list("shape");
  int64_t bytes = dtype_bits(dtype) / 8;
  for (const int64_t extent : extents) {
    if (extent < 0 || extents.size() > kMaxRank || (extent > 0 && __builtin_mul_overflow(bytes, extent, &bytes))) {
      rewrite.fail(fmt::format("its shape is {}, but at most {} extents from 0 and 2^63 bytes are possible",
                               to_string(Attribute(extents)), kMaxRank));
    }
  }
  return Dims(extents);
}

// The bytes of the field `values`.
const Tensor& blob_of(const Rewrite& rewrite) {
  const Attribute* field = rewrite.node().attribute("values");
  if (field == nullptr) rewrite.fail("its field 'values' is missing");
  const Attribute* data = tenon::uff::resolve(*field);
  if (data == nullptr) rewrite.fail("its field 'values' refers to data that the file does not have");
  const auto* blob = std::get_if<Tensor>(data);
  if (blob == nullptr || blob->dtype() != DType::kUInt8) {
    rewrite.fail(fmt::format("its values are of kind {}, but a blob is required", attribute_kind(*data)));
  }
  return *blob;
}

// The blob as a tensor, in the same memory where that is aligned.
Tensor typed(const Tensor& blob, DType dtype, const Dims& dims) {
  const auto alignment = static_cast<size_t>(dtype_bits(dtype) / 8);
  if (reinterpret_cast<uintptr_t>(blob.data()) % alignment != 0)
    return Tensor::copy_of(TensorView{blob.data(), dtype, dims});
  return Tensor::shared(std::make_shared<const Tensor>(blob), blob.data(), dtype, dims);
}

void constant(Rewrite& rewrite) {
  const DType dtype = rewrite.type("dtype", DType::kFloat32);
  if (dtype_bits(dtype) < 8) Rewrite::decline(fmt::format("its data type is {}", dtype_name(dtype)));
  const Dims dims = dims_of(rewrite, dtype);
  const Tensor& blob = blob_of(rewrite);
  const int64_t required = bytes_for(dtype, dims.count());
  if (blob.count() != required) {
    if (tenon::uff::is_left_out(blob)) {
      rewrite.fail(
          fmt::format("its values were left out when the text was written; use the binary .uff, which has "
                      "the {} bytes that are required",
                      required));
    }
    rewrite.fail(fmt::format("its values have {} bytes, but {}{} requires {}", blob.count(), dtype_name(dtype),
                             to_string(dims), required));
  }
  rewrite.alias(0, rewrite.named_constant(typed(blob, dtype, dims)));
}

constexpr Rule kRules[] = {
    {"Const", constant},
    {"Input", input},
};

}  // namespace

std::span<const Rule> source_rules() { return kRules; }

}  // namespace tenon::lowering::uff

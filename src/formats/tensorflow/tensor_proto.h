// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <tenon/tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// TensorProto and TensorShapeProto (tensorflow/core/framework/tensor.proto, tensor_shape.proto).
namespace tenon::tensorflow {

/// What decoding shares across one file.
struct DecodeContext {
  /// Keeps the bytes alive that tensors refer to.
  std::shared_ptr<const MappedFile> file;
  /// How many bytes the tensors may still take that are not stored one value for one element. A tensor may name a shape
  /// and a single value for all its elements, so a few bytes could claim any amount of memory; the sum per file is
  /// bounded by kExpansionBase and kExpansionPerByte.
  int64_t expansion_left;

  static constexpr int64_t kExpansionBase = int64_t{256} << 20;
  static constexpr int64_t kExpansionPerByte = 16;

  explicit DecodeContext(std::shared_ptr<const MappedFile> source)
      : file(std::move(source)),
        expansion_left(kExpansionBase + kExpansionPerByte * static_cast<int64_t>(file->bytes().size())) {}
};

/// Decodes a TensorProto. `tensor_content` that is aligned to its elements is referred to in place; everything else is
/// copied. Typed values follow TensorFlow's rule: the last one is repeated up to the element count, no value at all
/// means zeros, surplus values are ignored (Tensor::FromProto). 4-bit integers, which TensorFlow keeps one to a byte,
/// are packed. nullopt when the dtype is one that Tenon does not have, or DT_INVALID. Throws kCorrupt (shape or size do
/// not fit; expansion beyond the bound), kUnsupported (rank above kMaxRank).
[[nodiscard]] std::optional<Tensor> read_tensor(std::string_view bytes, DecodeContext& context);

/// The TensorProto of a defined tensor: strings as string_val, everything else as tensor_content.
/// Throws kUnsupported for dtypes that TensorFlow does not have.
[[nodiscard]] std::string encode_tensor(const Tensor& tensor);

/// Decodes a TensorShapeProto into a type of undefined dtype; unknown rank gives no shape. The name of a dimension of
/// unknown size becomes its symbol. nullopt when a shape cannot be kept exactly (a named dimension with a size, unknown
/// fields).
[[nodiscard]] std::optional<TensorType> read_shape(std::string_view bytes);
[[nodiscard]] std::string encode_shape(const std::optional<Shape>& shape);

}  // namespace tenon::tensorflow

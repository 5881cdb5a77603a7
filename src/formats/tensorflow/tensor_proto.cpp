// SPDX-License-Identifier: Apache-2.0
#include "formats/tensorflow/tensor_proto.h"

#include "formats/protobuf/wire.h"
#include "formats/tensorflow/data_type.h"

#include <fmt/core.h>
#include <protozero/pbf_writer.hpp>

#include <algorithm>
#include <cstring>
#include <vector>

namespace tenon::tensorflow {
namespace {

using protobuf::WireReader;

// Field numbers of TensorProto.
enum Field : uint32_t {
  kDtype = 1,
  kShape = 2,
  kContent = 4,
  kFloat = 5,
  kDouble = 6,
  kInt = 7,
  kString = 8,
  kComplex64 = 9,
  kInt64 = 10,
  kBool = 11,
  kComplex128 = 12,
  kHalf = 13,
  kUInt32 = 16,
  kUInt64 = 17,
  kFloat8 = 18,
};

[[noreturn]] void corrupt(std::string message) { throw Error(ErrorCode::kCorrupt, std::move(message)); }

// The field that holds a dtype's values when they are not in tensor_content.
uint32_t value_field(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return kFloat;
    case DType::kFloat64:
      return kDouble;
    case DType::kString:
      return kString;
    case DType::kComplex64:
      return kComplex64;
    case DType::kComplex128:
      return kComplex128;
    case DType::kInt64:
      return kInt64;
    case DType::kBool:
      return kBool;
    case DType::kFloat16:
    case DType::kBFloat16:
      return kHalf;
    case DType::kUInt32:
      return kUInt32;
    case DType::kUInt64:
      return kUInt64;
    case DType::kFloat8E4M3FN:
    case DType::kFloat8E4M3FNUZ:
    case DType::kFloat8E5M2:
    case DType::kFloat8E5M2FNUZ:
      return kFloat8;
    default:
      return kInt;
  }
}

// What the fields of a TensorProto say, before they are put together.
struct Parts {
  std::optional<DType> dtype = DType::kUndefined;
  Dims dims;
  std::string_view content;
};

Dims concrete_dims(std::string_view bytes) {
  const std::optional<TensorType> type = read_shape(bytes);
  if (!type || !type->shape) corrupt("the tensor's shape is not one of a tensor in memory");
  Dims dims;
  for (const Dim& dim : *type->shape) {
    if (!dim.is_constant()) {
      corrupt(fmt::format("the tensor has the shape {}, but its sizes must be 0 or more", to_string(*type->shape)));
    }
    dims.push_back(dim.value());
  }
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return dims;
  int64_t count = 1;
  for (const int64_t extent : dims) {
    if (__builtin_mul_overflow(count, extent, &count)) {
      corrupt(fmt::format("the tensor's shape {} has more than 2^63 elements", to_string(dims)));
    }
  }
  return dims;
}

Parts read_parts(std::string_view bytes) {
  Parts parts;
  for (WireReader reader(bytes, "TensorProto"); reader.next();) {
    switch (reader.field()) {
      case kDtype:
        parts.dtype = dtype_from_number(reader.integer());
        break;
      case kShape:
        parts.dims = concrete_dims(reader.bytes());
        break;
      case kContent:
        parts.content = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
  return parts;
}

// Takes `bytes` from what the file may expand to.
void charge(int64_t bytes, const Parts& parts, DecodeContext& context) {
  if (bytes > context.expansion_left) {
    corrupt(fmt::format(
        "the tensor {}{} would take {} bytes, but its values are not stored one by one, and a file of {} bytes may "
        "expand to {} at most",
        dtype_name(*parts.dtype), to_string(parts.dims), bytes, context.file->bytes().size(),
        DecodeContext::kExpansionBase +
            DecodeContext::kExpansionPerByte * static_cast<int64_t>(context.file->bytes().size())));
  }
  context.expansion_left -= bytes;
}

// Packs 4-bit elements that lie one to a byte.
void pack_nibble(std::byte* packed, int64_t index, int64_t value) {
  const auto nibble = static_cast<std::byte>(value & 0xF);
  std::byte& target = packed[index / 2];
  target = index % 2 == 0 ? (target & std::byte{0xF0}) | nibble : (target & std::byte{0x0F}) | (nibble << 4);
}

Tensor tensor_from_content(const Parts& parts, DecodeContext& context) {
  const DType dtype = *parts.dtype;
  const int64_t count = parts.dims.count();
  const bool nibbles = dtype_bits(dtype) == 4;
  const int64_t wanted = nibbles ? count : bytes_for(dtype, count);
  if (static_cast<int64_t>(parts.content.size()) != wanted) {
    corrupt(fmt::format("the tensor {}{} needs {} bytes, but its tensor_content has {}", dtype_name(dtype),
                        to_string(parts.dims), wanted, parts.content.size()));
  }
  if (nibbles) {
    Tensor packed = Tensor::zeros(dtype, parts.dims);
    auto* target = static_cast<std::byte*>(packed.mutable_data());
    for (int64_t i = 0; i < count; ++i) pack_nibble(target, i, parts.content[static_cast<size_t>(i)]);
    return packed;
  }
  if (dtype == DType::kBool) {  // A bool is 0 or 1 everywhere in Tenon.
    Tensor normal = Tensor::empty(dtype, parts.dims);
    std::transform(parts.content.begin(), parts.content.end(), static_cast<char*>(normal.mutable_data()),
                   [](char value) { return static_cast<char>(value != 0); });
    return normal;
  }
  const size_t alignment = static_cast<size_t>(std::min(dtype_bits(dtype) / 8, 8));
  if (reinterpret_cast<uintptr_t>(parts.content.data()) % alignment == 0) {
    return Tensor::shared(context.file, parts.content.data(), dtype, parts.dims);
  }
  return Tensor::copy_of(TensorView{parts.content.data(), dtype, parts.dims});
}

// Strings in tensor_content are all the lengths as varints, then all the characters (port::EncodeStringList).
std::vector<std::string> strings_from_content(const Parts& parts, int64_t count) {
  const char* at = parts.content.data();
  const char* const end = at + parts.content.size();
  std::vector<uint64_t> lengths;
  for (int64_t i = 0; i < count; ++i) lengths.push_back(protozero::decode_varint(&at, end));
  std::vector<std::string> values;
  for (const uint64_t length : lengths) {
    if (length > static_cast<uint64_t>(end - at)) throw protozero::end_of_buffer_exception{};
    values.emplace_back(at, length);
    at += length;
  }
  return values;
}

Tensor string_tensor(std::string_view bytes, const Parts& parts, DecodeContext& context) {
  const int64_t count = parts.dims.count();
  if (!parts.content.empty()) return Tensor::of_strings(strings_from_content(parts, count), parts.dims);
  std::vector<std::string> values;
  for (WireReader reader(bytes, "TensorProto"); reader.next();) {
    if (reader.field() != kString) {
      reader.skip();
    } else if (static_cast<int64_t>(values.size()) < count) {
      values.push_back(reader.text());
    } else {
      reader.skip();
    }
  }
  if (const auto missing = count - static_cast<int64_t>(values.size()); missing > 0) {
    const std::string last = values.empty() ? std::string() : values.back();
    const auto each = static_cast<int64_t>(sizeof(std::string) + last.size());
    charge(missing > context.expansion_left / each ? INT64_MAX : missing * each, parts, context);
    values.resize(static_cast<size_t>(count), last);
  }
  return Tensor::of_strings(std::move(values), parts.dims);
}

// Stores typed values one after the other and leaves out what is beyond the tensor.
class Filler {
 public:
  Filler(Tensor& tensor, int64_t slots) : data_(static_cast<std::byte*>(tensor.mutable_data())), slots_(slots) {}

  template <typename T>
  void put(T value) {
    if (filled_ < slots_) std::memcpy(data_ + static_cast<size_t>(filled_++) * sizeof(T), &value, sizeof(T));
  }
  void put_nibble(int64_t value) {
    if (filled_ < slots_) pack_nibble(data_, filled_++, value);
  }
  [[nodiscard]] int64_t filled() const { return filled_; }
  [[nodiscard]] std::byte* data() const { return data_; }

 private:
  std::byte* data_;
  int64_t slots_;
  int64_t filled_ = 0;
};

void read_value(WireReader& reader, DType dtype, Filler& filler) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kComplex64:
      return reader.fixed<float>([&](float value) { filler.put(value); });
    case DType::kFloat64:
    case DType::kComplex128:
      return reader.fixed<double>([&](double value) { filler.put(value); });
    case DType::kBool:
      return reader.integers([&](int64_t value) { filler.put(value != 0); });
    case DType::kFloat8E4M3FN:
    case DType::kFloat8E4M3FNUZ:
    case DType::kFloat8E5M2:
    case DType::kFloat8E5M2FNUZ:
      for (const char value : reader.bytes()) filler.put(value);
      return;
    default:
      break;
  }
  switch (dtype_bits(dtype)) {
    case 4:
      return reader.integers([&](int64_t value) { filler.put_nibble(value); });
    case 8:
      return reader.integers([&](int64_t value) { filler.put(static_cast<int8_t>(value)); });
    case 16:
      return reader.integers([&](int64_t value) { filler.put(static_cast<int16_t>(value)); });
    case 32:
      return reader.integers([&](int64_t value) { filler.put(static_cast<int32_t>(value)); });
    default:
      return reader.integers([&](int64_t value) { filler.put(value); });
  }
}

Tensor tensor_from_values(std::string_view bytes, const Parts& parts, DecodeContext& context) {
  const DType dtype = *parts.dtype;
  const int64_t count = parts.dims.count();
  const int bits = dtype_bits(dtype);
  const int64_t size = count > INT64_MAX / bits ? INT64_MAX : bytes_for(dtype, count);
  charge(size, parts, context);
  Tensor tensor = Tensor::zeros(dtype, parts.dims);
  // A complex element is two values in the file.
  const int64_t per_element = dtype_kind(dtype) == DTypeKind::kComplex ? 2 : 1;
  Filler filler(tensor, count * per_element);
  const uint32_t field = value_field(dtype);
  for (WireReader reader(bytes, "TensorProto"); reader.next();) {
    if (reader.field() == field)
      read_value(reader, dtype, filler);
    else
      reader.skip();
  }
  const int64_t filled = filler.filled() / per_element;
  if (filled == 0) return tensor;
  if (bits == 4) {
    const auto last = static_cast<int64_t>(filler.data()[(filled - 1) / 2] >> ((filled - 1) % 2 == 0 ? 0 : 4));
    for (int64_t i = filled; i < count; ++i) pack_nibble(filler.data(), i, last);
  } else {
    const int64_t element = bits / 8;
    for (int64_t i = filled; i < count; ++i)
      std::memcpy(filler.data() + i * element, filler.data() + (filled - 1) * element, static_cast<size_t>(element));
  }
  return tensor;
}

}  // namespace

std::optional<Tensor> read_tensor(std::string_view bytes, DecodeContext& context) {
  const Parts parts = read_parts(bytes);
  // How TensorFlow stores 4-bit floats is not settled; like types without a dtype they stay as they are.
  if (!parts.dtype || *parts.dtype == DType::kUndefined || *parts.dtype == DType::kFloat4E2M1) return std::nullopt;
  if (*parts.dtype == DType::kString) return string_tensor(bytes, parts, context);
  if (!parts.content.empty()) return tensor_from_content(parts, context);
  return tensor_from_values(bytes, parts, context);
}

std::string encode_tensor(const Tensor& tensor) {
  const std::optional<int32_t> number = number_from_dtype(tensor.dtype());
  if (!number || tensor.dtype() == DType::kFloat4E2M1) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("a GraphDef cannot hold a tensor of dtype {}; cast it first", dtype_name(tensor.dtype())));
  }
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_enum(kDtype, *number);
  writer.add_message(kShape, encode_shape(to_shape(tensor.dims())));
  if (tensor.dtype() == DType::kString) {
    for (const std::string& value : tensor.strings()) writer.add_bytes(kString, value);
  } else if (dtype_bits(tensor.dtype()) == 4) {
    std::string content(static_cast<size_t>(tensor.count()), '\0');
    const auto* packed = static_cast<const uint8_t*>(tensor.data());
    for (size_t i = 0; i < content.size(); ++i) {
      const int nibble = (packed[i / 2] >> (i % 2 == 0 ? 0 : 4)) & 0xF;
      content[i] = static_cast<char>(tensor.dtype() == DType::kInt4 && nibble > 7 ? nibble - 16 : nibble);
    }
    if (!content.empty()) writer.add_bytes(kContent, content);
  } else if (tensor.count() > 0) {
    writer.add_bytes(kContent, static_cast<const char*>(tensor.data()), static_cast<size_t>(tensor.size_bytes()));
  }
  return bytes;
}

std::optional<TensorType> read_shape(std::string_view bytes) {
  Shape shape;
  bool unknown_rank = false;
  for (WireReader reader(bytes, "TensorShapeProto"); reader.next();) {
    if (reader.field() == 3) {
      unknown_rank = reader.flag();
      continue;
    }
    if (reader.field() != 2) return std::nullopt;
    int64_t size = 0;
    std::string name;
    for (WireReader dim(reader.bytes(), "TensorShapeProto.Dim"); dim.next();) {
      if (dim.field() == 1)
        size = dim.integer();
      else if (dim.field() == 2)
        name = dim.text();
      else
        return std::nullopt;
    }
    if (!name.empty() && size >= 0) return std::nullopt;
    shape.push_back(name.empty() ? Dim(size) : Dim(std::move(name)));
  }
  if (unknown_rank) return shape.empty() ? std::optional<TensorType>(TensorType{}) : std::nullopt;
  return TensorType{DType::kUndefined, std::move(shape)};
}

std::string encode_shape(const std::optional<Shape>& shape) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  if (!shape) {
    writer.add_bool(3, true);
    return bytes;
  }
  for (const Dim& dim : *shape) {
    std::string encoded;
    protozero::pbf_writer dim_writer(encoded);
    if (dim.value() != 0) dim_writer.add_int64(1, dim.value());
    if (dim.is_symbol()) dim_writer.add_string(2, dim.symbol());
    writer.add_message(2, encoded);
  }
  return bytes;
}

}  // namespace tenon::tensorflow

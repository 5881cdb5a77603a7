// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <protozero/pbf_writer.hpp>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Writes GraphDefs field by field, as TensorFlow or somebody with bad intentions would. Knows nothing of the reader's
// code.
namespace tenon::test {

/// A protobuf message under construction; every call appends a field.
class Message {
 public:
  Message& text(uint32_t field, std::string_view value) {
    protozero::pbf_writer(bytes_).add_bytes(field, value.data(), value.size());
    return *this;
  }
  Message& message(uint32_t field, const Message& value) { return text(field, value.bytes_); }
  Message& integer(uint32_t field, int64_t value) {
    protozero::pbf_writer(bytes_).add_int64(field, value);
    return *this;
  }
  Message& float32(uint32_t field, float value) {
    protozero::pbf_writer(bytes_).add_float(field, value);
    return *this;
  }
  Message& float64(uint32_t field, double value) {
    protozero::pbf_writer(bytes_).add_double(field, value);
    return *this;
  }
  Message& packed(uint32_t field, const std::vector<int64_t>& values) {
    protozero::pbf_writer(bytes_).add_packed_int64(field, values.begin(), values.end());
    return *this;
  }
  Message& packed_floats(uint32_t field, const std::vector<float>& values) {
    protozero::pbf_writer(bytes_).add_packed_float(field, values.begin(), values.end());
    return *this;
  }
  /// Bytes that are no well-formed field.
  Message& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// --- AttrValue

inline Message string_value(std::string_view value) { return Message().text(2, value); }
inline Message int_value(int64_t value) { return Message().integer(3, value); }
inline Message float_value(float value) { return Message().float32(4, value); }
inline Message bool_value(bool value) { return Message().integer(5, value ? 1 : 0); }
inline Message type_value(int64_t number) { return Message().integer(6, number); }
inline Message tensor_value(const Message& tensor) { return Message().message(8, tensor); }
inline Message list_value(const Message& list) { return Message().message(1, list); }
inline Message ints_value(const std::vector<int64_t>& values) { return list_value(Message().packed(3, values)); }

/// A TensorShapeProto.
inline Message shape(const std::vector<int64_t>& sizes) {
  Message message;
  for (const int64_t size : sizes) message.message(2, size == 0 ? Message() : Message().integer(1, size));
  return message;
}
inline Message shape_value(const std::vector<int64_t>& sizes) { return Message().message(7, shape(sizes)); }

/// TensorFlow's numbers of data types.
enum TfType : int64_t {
  kTfFloat = 1,
  kTfDouble = 2,
  kTfInt32 = 3,
  kTfUInt8 = 4,
  kTfInt16 = 5,
  kTfInt8 = 6,
  kTfString = 7,
  kTfComplex64 = 8,
  kTfInt64 = 9,
  kTfBool = 10,
  kTfQInt8 = 11,
  kTfBFloat16 = 14,
  kTfUInt16 = 17,
  kTfComplex128 = 18,
  kTfHalf = 19,
  kTfResource = 20,
  kTfUInt32 = 22,
  kTfUInt64 = 23,
  kTfFloat8E5M2 = 24,
  kTfInt4 = 29,
  kTfUInt4 = 30,
};

/// A TensorProto without values yet.
inline Message tensor(int64_t type, const std::vector<int64_t>& sizes) {
  return Message().integer(1, type).message(2, shape(sizes));
}
/// The bytes of numbers, for tensor_content.
template <typename T>
std::string content(std::initializer_list<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

using AttributeList = std::vector<std::pair<std::string, Message>>;

/// A NodeDef.
inline Message node(std::string_view name, std::string_view op, const std::vector<std::string>& inputs = {},
                    const AttributeList& attributes = {}) {
  Message message;
  message.text(1, name).text(2, op);
  for (const std::string& input : inputs) message.text(3, input);
  for (const auto& [key, value] : attributes) message.message(5, Message().text(1, key).message(2, value));
  return message;
}

inline Message placeholder(std::string_view name, const std::vector<int64_t>& sizes, int64_t type = kTfFloat) {
  return node(name, "Placeholder", {}, {{"dtype", type_value(type)}, {"shape", shape_value(sizes)}});
}
inline Message constant(std::string_view name, int64_t type, const Message& tensor_message) {
  return node(name, "Const", {}, {{"dtype", type_value(type)}, {"value", tensor_value(tensor_message)}});
}
inline Message int_constant(std::string_view name, const std::vector<int64_t>& values) {
  return constant(name, kTfInt32, tensor(kTfInt32, {static_cast<int64_t>(values.size())}).packed(7, values));
}
inline Message int_scalar(std::string_view name, int64_t value) {
  return constant(name, kTfInt32, tensor(kTfInt32, {}).packed(7, {value}));
}

/// A GraphDef of these nodes.
inline Message graph_def(const std::vector<Message>& nodes) {
  Message message;
  for (const Message& each : nodes) message.message(1, each);
  return message;
}

/// The message as a file in memory, called "test.pb".
inline std::shared_ptr<const MappedFile> as_file(const Message& message) {
  const auto* begin = reinterpret_cast<const std::byte*>(message.bytes().data());
  return MappedFile::from_memory("test.pb", std::vector<std::byte>(begin, begin + message.bytes().size()));
}

}  // namespace tenon::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/error.h>
#include <tenon/graph.h>

#include <protozero/pbf_reader.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Protobuf's wire format, read from untrusted bytes. protozero checks lengths; this adds the check that a field has the
// wire type that its use needs, which protozero leaves to the caller.
namespace tenon::protobuf {

/// A cursor over the fields of one message. Everything throws kCorrupt, or protozero::exception where the bytes end too
/// early (see corrupt_wire). The bytes are borrowed; what is returned points into them.
class WireReader {
 public:
  /// `message` is the message's type, for errors; it must be a literal.
  WireReader(std::string_view bytes, const char* message) : reader_(bytes.data(), bytes.size()), message_(message) {}

  /// Moves to the next field; false at the end.
  bool next() {
    field_begin_ = position();
    return reader_.next();
  }
  [[nodiscard]] uint32_t field() const { return reader_.tag(); }
  void skip() { reader_.skip(); }
  /// The whole field as it is encoded, its tag included.
  std::string_view encoded() {
    skip();
    return {field_begin_, static_cast<size_t>(position() - field_begin_)};
  }
  /// Where the unread bytes begin.
  [[nodiscard]] const char* position() const { return reader_.data().data(); }

  std::string_view bytes() {
    require(protozero::pbf_wire_type::length_delimited);
    const protozero::data_view view = reader_.get_view();
    return {view.data(), view.size()};
  }
  std::string text() { return std::string(bytes()); }
  /// A varint of any declared type; narrower ones are for the caller to check.
  int64_t integer() {
    require(protozero::pbf_wire_type::varint);
    return static_cast<int64_t>(reader_.get_uint64());
  }
  bool flag() { return integer() != 0; }
  float float32() {
    require(protozero::pbf_wire_type::fixed32);
    return reader_.get_float();
  }
  double float64() {
    require(protozero::pbf_wire_type::fixed64);
    return reader_.get_double();
  }

  /// Calls `use(int64_t)` for each element of a repeated varint field, packed or not.
  template <typename Use>
  void integers(Use&& use) {
    if (reader_.wire_type() == protozero::pbf_wire_type::varint) return use(integer());
    const std::string_view packed = bytes();
    const char* at = packed.data();
    const char* const end = at + packed.size();
    while (at != end) use(static_cast<int64_t>(protozero::decode_varint(&at, end)));
  }
  /// The same for a repeated float or double.
  template <typename T, typename Use>
  void fixed(Use&& use) {
    if constexpr (sizeof(T) == 4) {
      if (reader_.wire_type() == protozero::pbf_wire_type::fixed32) return use(float32());
    } else {
      if (reader_.wire_type() == protozero::pbf_wire_type::fixed64) return use(float64());
    }
    const std::string_view packed = bytes();
    if (packed.size() % sizeof(T) != 0) throw protozero::invalid_length_exception{};
    for (size_t offset = 0; offset < packed.size(); offset += sizeof(T)) {
      T value;
      std::memcpy(&value, packed.data() + offset, sizeof(T));
      use(value);
    }
  }

 private:
  void require(protozero::pbf_wire_type wanted) const {
    if (reader_.wire_type() != wanted) wrong_type();
  }
  [[noreturn]] void wrong_type() const;

  protozero::pbf_reader reader_;
  const char* field_begin_ = nullptr;
  const char* message_;
};

/// Appends a field that is not understood to the string `name`, so that it can be written back. Throws
/// kCorrupt when `name` is something else than a string, as a file's own attribute of that name would be.
void keep_field(WireReader& reader, Attributes& attributes, std::string_view name);

/// The error that stands for an exception of protozero's.
[[nodiscard]] Error corrupt_wire(const protozero::exception& cause);

}  // namespace tenon::protobuf

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// What the text format needs to know of a protobuf message, as tables.
namespace tenon::protobuf {

enum class FieldKind { kInt, kBool, kDouble, kString, kBytes, kEnum, kMessage };

struct EnumName {
  std::string_view name;
  int64_t number;
};

struct Schema;

struct FieldSchema {
  std::string_view name;
  uint32_t number;
  FieldKind kind;
  bool repeated = false;
  /// What a field of kMessage holds.
  const Schema* message = nullptr;
  /// Of kEnum; of kInt, numbers that may be given by name, too.
  std::span<const EnumName> names = {};
};

/// A message. A map is a repeated message of `key` and `value`.
struct Schema {
  std::string_view name;
  std::span<const FieldSchema> fields;
  /// At most one of the fields is set.
  bool one_of = false;
};

/// The field of that number or name; null when the message has none.
[[nodiscard]] const FieldSchema* find_field(const Schema& schema, uint32_t number) noexcept;
[[nodiscard]] const FieldSchema* find_field(const Schema& schema, std::string_view name) noexcept;

/// The fields of a message that were met, for the rule that text has those that are not repeated once at most.
class SeenFields {
 public:
  explicit SeenFields(const Schema& schema) : schema_(schema) {}
  /// False when the field may not come any more.
  [[nodiscard]] bool add(const FieldSchema& field);

 private:
  const Schema& schema_;
  std::vector<uint32_t> numbers_;
};

}  // namespace tenon::protobuf

// SPDX-License-Identifier: Apache-2.0
#include "formats/protobuf/schema.h"

#include <algorithm>

namespace tenon::protobuf {

const FieldSchema* find_field(const Schema& schema, uint32_t number) noexcept {
  for (const FieldSchema& field : schema.fields)
    if (field.number == number) return &field;
  return nullptr;
}

const FieldSchema* find_field(const Schema& schema, std::string_view name) noexcept {
  for (const FieldSchema& field : schema.fields)
    if (field.name == name) return &field;
  return nullptr;
}

bool SeenFields::add(const FieldSchema& field) {
  if (field.repeated) return true;
  const bool seen =
      schema_.one_of ? !numbers_.empty() : std::find(numbers_.begin(), numbers_.end(), field.number) != numbers_.end();
  if (!seen) numbers_.push_back(field.number);
  return !seen;
}

}  // namespace tenon::protobuf

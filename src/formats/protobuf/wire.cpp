// SPDX-License-Identifier: Apache-2.0
#include "formats/protobuf/wire.h"

#include <fmt/core.h>

namespace tenon::protobuf {

void WireReader::wrong_type() const {
  throw Error(ErrorCode::kCorrupt, fmt::format("field {} of {} has the protobuf wire type {}, which it never has",
                                               field(), message_, static_cast<int>(reader_.wire_type())));
}

void keep_field(WireReader& reader, Attributes& attributes, std::string_view name) {
  Attribute& kept = attributes.try_emplace(std::string(name), std::string()).first->second;
  auto* text = std::get_if<std::string>(&kept);
  if (text == nullptr) {
    throw Error(ErrorCode::kCorrupt, fmt::format("it has an attribute '{}', a name that Tenon uses itself", name));
  }
  text->append(reader.encoded());
}

Error corrupt_wire(const protozero::exception& cause) {
  const bool cut = dynamic_cast<const protozero::end_of_buffer_exception*>(&cause) != nullptr;
  return {ErrorCode::kCorrupt,
          cut ? "the bytes end in the middle of a field; the file is cut short or damaged"
              : fmt::format("the bytes are no protobuf message ({}); the file is damaged", cause.what())};
}

}  // namespace tenon::protobuf

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/protobuf/schema.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Protobuf's text format, turned into the wire format and back by a table of the messages. So a format needs one reader
// and one writer only, those of its binary form.
namespace tenon::protobuf {

/// A message in wire format that was made from text, and where its parts stand in the text.
struct EncodedText {
  /// The line (from 1) of the innermost message that the byte at `offset` belongs to.
  [[nodiscard]] int line(size_t offset) const;

  struct Mark {
    size_t offset;
    int line;
  };
  std::string bytes;
  std::vector<Mark> marks;  // By offset: where messages begin.
};

/// Encodes a message in text form, with all that the text format allows: comments, {} or <>, separators, short lists,
/// adjacent strings, escapes, enums by name or number. Fields named by their number are taken as they are: 5: 1 is a
/// varint, 5: "..." has a length, 5: 0x and 8 or 16 digits is fixed32 or fixed64. Throws kCorrupt with line and column.
[[nodiscard]] EncodedText encode_text(std::string_view text, const Schema& schema);

/// Prints a message, one field a line, in the order of the bytes; encode_text() reads it back exactly. Fields that the
/// schema does not know or that do not fit it are named by their number. Fields of kBytes longer than `bytes_limit` are
/// replaced by a note of their size, "(...12345 bytes...)". Throws kCorrupt when the bytes are no message.
void print_text(std::string_view message, const Schema& schema, size_t bytes_limit,
                const std::function<void(std::string_view)>& emit);

}  // namespace tenon::protobuf

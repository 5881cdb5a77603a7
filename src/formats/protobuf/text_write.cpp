// SPDX-License-Identifier: Apache-2.0
#include "formats/protobuf/text.h"

#include "formats/protobuf/wire.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <limits>

namespace tenon::protobuf {
namespace {

using WireType = protozero::pbf_wire_type;

std::string quoted(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    switch (c) {
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      case '"':
      case '\'':
      case '\\':
        text += '\\';
        text += c;
        break;
      default:
        if (c >= ' ' && c <= '~') {
          text += c;
        } else {
          const auto byte = static_cast<unsigned char>(c);
          text += '\\';
          for (const int shift : {6, 3, 0}) text += static_cast<char>('0' + (byte >> shift & 7));
        }
    }
  }
  return text += '"';
}

// True for what the words inf and nan stand for, and for all numbers; false for NaNs with bits of their own.
bool has_text(double value) {
  const auto magnitude = std::bit_cast<uint64_t>(value) & ~(uint64_t{1} << 63);
  return value == value || magnitude == std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN());
}

class Printer {
 public:
  Printer(size_t bytes_limit, std::string& text) : bytes_limit_(bytes_limit), text_(text) {}

  // Prints the field that the reader is at. False, with half of it printed, when it does not fit the schema.
  bool print_known(protozero::pbf_reader& reader, const FieldSchema& field, int depth) {
    const bool is_list = field.repeated && reader.wire_type() == WireType::length_delimited;
    switch (field.kind) {
      case FieldKind::kInt:
      case FieldKind::kBool:
      case FieldKind::kEnum:
        if (reader.wire_type() == WireType::varint) {
          print_integer(field, reader.get_uint64(), depth);
          return true;
        }
        if (!is_list) return false;
        for (const uint64_t value : reader.get_packed_uint64()) print_integer(field, value, depth);
        return true;
      case FieldKind::kDouble:
        if (reader.wire_type() == WireType::fixed64) {
          print_double(field, reader.get_double(), depth);
          return true;
        }
        if (!is_list) return false;
        for (const double value : reader.get_packed_double()) print_double(field, value, depth);
        return true;
      default:
        return reader.wire_type() == WireType::length_delimited && print_view(field, reader.get_view(), depth);
    }
  }

  void print_unknown(protozero::pbf_reader& reader, int depth) {
    const uint32_t number = reader.tag();  // Which is gone once the value is taken.
    switch (reader.wire_type()) {
      case WireType::varint:
        return print(depth, "{}: {}", number, reader.get_uint64());
      case WireType::fixed32:
        return print(depth, "{}: 0x{:08x}", number, reader.get_fixed32());
      case WireType::fixed64:
        return print(depth, "{}: 0x{:016x}", number, reader.get_fixed64());
      default:
        return print(depth, "{}: {}", number, quoted(view(reader.get_view())));
    }
  }

  // Prints one field; a known one that does not fit is printed as an unknown one.
  void print_field(protozero::pbf_reader& reader, const FieldSchema* field, int depth) {
    if (field == nullptr) return print_unknown(reader, depth);
    protozero::pbf_reader again = reader;
    const size_t size = text_.size();
    bool fits = false;
    try {
      fits = print_known(reader, *field, depth);
    } catch (const protozero::exception&) {
      fits = false;  // A message inside is none; or the field itself is cut, which is found again below.
    }
    if (fits) return;
    text_.resize(size);
    print_unknown(again, depth);
    reader = again;
  }

 private:
  static std::string_view view(protozero::data_view data) { return {data.data(), data.size()}; }

  template <typename... Args>
  void print(int depth, fmt::format_string<Args...> format, Args&&... args) {
    text_.append(static_cast<size_t>(depth) * 2, ' ');
    text_ += fmt::format(format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  void print_integer(const FieldSchema& field, uint64_t value, int depth) {
    const auto number = static_cast<int64_t>(value);
    const auto* name = std::find_if(field.names.data(), field.names.data() + field.names.size(),
                                    [&](const EnumName& each) { return each.number == number; });
    if (field.kind == FieldKind::kBool)
      print(depth, "{}: {}", field.name, value != 0);
    else if (field.kind == FieldKind::kEnum && name != field.names.data() + field.names.size())
      print(depth, "{}: {}", field.name, name->name);
    else
      print(depth, "{}: {}", field.name, number);
  }

  void print_double(const FieldSchema& field, double value, int depth) {
    if (has_text(value))
      print(depth, "{}: {}", field.name, value);
    else
      print(depth, "{}: 0x{:016x}", field.number, std::bit_cast<uint64_t>(value));
  }

  bool print_view(const FieldSchema& field, protozero::data_view data, int depth) {
    if (field.kind == FieldKind::kMessage) {
      print(depth, "{} {{", field.name);
      if (!print_message(data, *field.message, depth + 1)) return false;
      print(depth, "}}");
    } else if (field.kind == FieldKind::kBytes && data.size() > bytes_limit_) {
      print(depth, "{}: \"(...{} bytes...)\"", field.name, data.size());
    } else {
      print(depth, "{}: {}", field.name, quoted(view(data)));
    }
    return true;
  }

  // False when a field comes twice that text may have only once.
  bool print_message(protozero::data_view data, const Schema& schema, int depth) {
    SeenFields seen(schema);
    for (protozero::pbf_reader reader(data); reader.next();) {
      const FieldSchema* field = find_field(schema, reader.tag());
      if (field != nullptr && !seen.add(*field)) return false;
      print_field(reader, field, depth);
    }
    return true;
  }

  size_t bytes_limit_;
  std::string& text_;
};

}  // namespace

void print_text(std::string_view message, const Schema& schema, size_t bytes_limit,
                const std::function<void(std::string_view)>& emit) {
  std::string text;
  Printer printer(bytes_limit, text);
  try {
    for (protozero::pbf_reader reader(message.data(), message.size()); reader.next();) {
      text.clear();
      printer.print_field(reader, find_field(schema, reader.tag()), 0);
      emit(text);
    }
  } catch (const protozero::exception& cause) {
    throw corrupt_wire(cause);
  }
}

}  // namespace tenon::protobuf

// SPDX-License-Identifier: Apache-2.0
#include "formats/protobuf/text.h"

#include "base/near_names.h"

#include <tenon/error.h>

#include <fmt/core.h>
#include <protozero/pbf_writer.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>

namespace tenon::protobuf {
namespace {

using WireType = protozero::pbf_wire_type;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

void add_tag(std::string& bytes, uint32_t field, WireType type) {
  protozero::add_varint_to_buffer(&bytes, uint64_t{field} << 3 | static_cast<uint64_t>(type));
}

template <typename T>
void add_fixed(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  bytes.append(raw, sizeof(T));
}

// A message under construction. Elements of a list that follow one another are packed into one field.
class MessageBytes {
 public:
  void add_scalar(const FieldSchema& field, WireType type, std::string_view value) {
    if (!field.repeated) {
      add_raw(field.number, type, value);
    } else {
      if (packed_field_ != field.number) flush();
      packed_field_ = field.number;
      packed_ += value;
    }
  }
  void add_raw(uint32_t field, WireType type, std::string_view value) {
    flush();
    add_tag(bytes_, field, type);
    bytes_ += value;
  }
  /// Returns the offset of `value` in the message.
  size_t add_bytes(uint32_t field, std::string_view value) {
    flush();
    add_tag(bytes_, field, WireType::length_delimited);
    protozero::add_varint_to_buffer(&bytes_, value.size());
    bytes_ += value;
    return bytes_.size() - value.size();
  }
  std::string take() {
    flush();
    return std::move(bytes_);
  }

 private:
  void flush() {
    if (packed_field_ != 0) protozero::pbf_writer(bytes_).add_bytes(packed_field_, packed_.data(), packed_.size());
    packed_field_ = 0;
    packed_.clear();
  }

  std::string bytes_, packed_;
  uint32_t packed_field_ = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  EncodedText parse(const Schema& schema) {
    EncodedText result;
    marks_.push_back({0, 1});
    result.bytes = message(&schema, '\0');
    result.marks = std::move(marks_);
    return result;
  }

 private:
  // Known messages nest nine deep at most; only fields named by number may go deeper.
  static constexpr int kDeepest = 64;

  struct Number {
    bool negative;
    std::string_view digits;
  };

  // --- Characters and words.

  struct Place {
    int line;
    size_t column;
  };
  [[nodiscard]] Place here() const { return {line_, position_ - line_begin_ + 1}; }

  [[noreturn]] static void fail_at(Place place, std::string_view problem) {
    throw Error(ErrorCode::kCorrupt, fmt::format("line {}, column {}: {}", place.line, place.column, problem));
  }
  [[noreturn]] void fail(std::string_view problem) const { fail_at(here(), problem); }
  // The same for a problem with the word that was read last.
  [[noreturn]] void fail_word(std::string_view problem) const { fail_at(word_place_, problem); }

  [[nodiscard]] char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }

  void skip_space() {
    bool comment = false;
    for (; position_ < text_.size(); ++position_) {
      const char c = text_[position_];
      if (c == '\n') {
        ++line_;
        line_begin_ = position_ + 1;
        comment = false;
      } else if (c == '#') {
        comment = true;
      } else if (!comment && c != ' ' && c != '\t' && c != '\r' && c != '\v' && c != '\f') {
        return;
      }
    }
  }

  bool accept(char wanted) {
    if (at_end() || peek() != wanted) return false;
    ++position_;
    skip_space();
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted)) fail(fmt::format("'{}' is required", wanted));
  }

  // Letters, digits and underscores, and for numbers what belongs to them.
  std::string_view word(bool number) {
    const size_t begin = position_;
    word_place_ = here();
    while (!at_end()) {
      const char c = peek();
      const bool sign = (c == '+' || c == '-') && position_ > begin && (text_[position_ - 1] | 0x20) == 'e';
      if (!is_letter(c) && !is_digit(c) && !(number && (c == '.' || sign))) break;
      ++position_;
    }
    const std::string_view result = text_.substr(begin, position_ - begin);
    skip_space();
    return result;
  }

  Number number() {
    const bool negative = accept('-');
    if (!is_digit(peek()) && !is_letter(peek()) && peek() != '.') fail("a value is required");
    return {negative, word(is_digit(peek()) || peek() == '.')};
  }

  // --- Values.

  // A magnitude: decimal, 0x… or 0…
  [[nodiscard]] std::optional<uint64_t> magnitude(std::string_view digits) const {
    int base = 10;
    if (digits.size() > 2 && digits[0] == '0' && (digits[1] | 0x20) == 'x') {
      base = 16;
      digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits[0] == '0') {
      base = 8;
    }
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (end != digits.data() + digits.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) fail_word(fmt::format("the number {} is too large", digits));
    if (error != std::errc()) return std::nullopt;
    return value;
  }

  int64_t integer(const FieldSchema& field) {
    const Number given = number();
    const std::optional<uint64_t> value = magnitude(given.digits);
    if (!value) {
      for (const EnumName& name : field.names)
        if (name.name == given.digits && !given.negative) return name.number;
      fail_word(fmt::format("'{}' is no value of '{}'", given.digits, field.name));
    }
    const uint64_t largest = uint64_t{0x7fffffffffffffff} + (given.negative ? 1 : 0);
    if (*value > largest) fail_word(fmt::format("the number {} is too large", given.digits));
    return static_cast<int64_t>(given.negative ? uint64_t{0} - *value : *value);
  }

  bool flag() {
    const std::string_view value = number().digits;
    if (value == "true" || value == "True" || value == "t" || value == "1") return true;
    if (value == "false" || value == "False" || value == "f" || value == "0") return false;
    fail_word(fmt::format("'{}' is neither true nor false", value));
  }

  double real() {
    const Number given = number();
    std::string digits(given.digits);
    for (char& c : digits)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    double value = 0;
    if (digits == "inf" || digits == "infinity") {
      value = std::numeric_limits<double>::infinity();
    } else if (digits == "nan") {
      value = std::numeric_limits<double>::quiet_NaN();
    } else {
      if (digits.ends_with('f')) digits.pop_back();
      const char* const end = digits.data() + digits.size();
      const auto [rest, error] = std::from_chars(digits.data(), end, value);
      if (rest != end || error == std::errc::invalid_argument || is_letter(digits.empty() ? 'x' : digits[0]))
        fail_word(fmt::format("'{}' is no number", given.digits));
      if (error != std::errc()) fail_word(fmt::format("the number {} is beyond what a double holds", given.digits));
    }
    return given.negative ? -value : value;
  }

  std::string quoted() {
    if (peek() != '"' && peek() != '\'') fail("a string in quotes is required");
    std::string bytes;
    while (peek() == '"' || peek() == '\'') {  // Strings that follow one another are one.
      const char quote = text_[position_++];
      for (;;) {
        if (at_end() || peek() == '\n') fail("the string has no end");
        const char c = text_[position_++];
        if (c == quote) break;
        if (c == '\\')
          escape(bytes);
        else
          bytes += c;
      }
      skip_space();
    }
    return bytes;
  }

  // Reads up to `most` digits of a base; none is an error.
  uint32_t code(int base, size_t most) {
    uint32_t value = 0;
    const char* const begin = text_.data() + position_;
    const char* const end = begin + std::min(most, text_.size() - position_);
    const auto [rest, error] = std::from_chars(begin, end, value, base);
    if (error != std::errc()) fail("the escape sequence has no digits");
    position_ += static_cast<size_t>(rest - begin);
    return value;
  }

  void escape(std::string& bytes) {
    constexpr std::string_view kLetters = "abfnrtv\\'\"?", kBytes = "\a\b\f\n\r\t\v\\'\"?";
    const char c = peek();
    if (c >= '0' && c <= '7') {
      const uint32_t value = code(8, 3);
      if (value > 0xff) fail("an octal escape ends at \\377");
      bytes += static_cast<char>(value);
      return;
    }
    ++position_;
    if (const size_t letter = kLetters.find(c); letter != std::string_view::npos)
      bytes += kBytes[letter];
    else if (c == 'x' || c == 'X')
      bytes += static_cast<char>(code(16, 2));
    else if (c == 'u' || c == 'U')
      unicode(bytes, c == 'u' ? 4 : 8);
    else
      fail("the escape sequence is none that the text format has");
  }

  // A code point as UTF-8.
  void unicode(std::string& bytes, size_t digits) {
    const size_t begin = position_;
    const uint32_t value = code(16, digits);
    if (position_ - begin != digits || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
      fail(fmt::format("a code point in {} hexadecimal digits is required", digits));
    const auto continued = [&](int shift) { bytes += static_cast<char>(0x80 | (value >> shift & 0x3f)); };
    if (value < 0x80) {
      bytes += static_cast<char>(value);
    } else if (value < 0x800) {
      bytes += static_cast<char>(0xc0 | value >> 6);
      continued(0);
    } else if (value < 0x10000) {
      bytes += static_cast<char>(0xe0 | value >> 12);
      continued(6);
      continued(0);
    } else {
      bytes += static_cast<char>(0xf0 | value >> 18);
      continued(12);
      continued(6);
      continued(0);
    }
  }

  // --- Fields and messages.

  // The fields of a message up to `end`, or to the end of the text. Without a schema they are named by numbers.
  std::string message(const Schema* schema, char end) {
    if (++depth_ > kDeepest) fail(fmt::format("messages nest deeper than {}", kDeepest));
    MessageBytes bytes;
    std::optional<SeenFields> seen;
    if (schema != nullptr) seen.emplace(*schema);
    skip_space();
    while (end == '\0' ? !at_end() : !accept(end)) {
      if (at_end()) fail(fmt::format("'{}' is required", end));
      field(bytes, schema, seen);
      if (!accept(';')) (void)accept(',');
    }
    --depth_;
    return bytes.take();
  }

  void field(MessageBytes& bytes, const Schema* schema, std::optional<SeenFields>& seen) {
    if (!is_letter(peek()) && !is_digit(peek())) fail("the name of a field is required");
    const bool numbered = is_digit(peek());
    const std::string_view name = word(false);
    if (numbered) return numbered_field(bytes, schema, name);
    const FieldSchema* known = schema == nullptr ? nullptr : find_field(*schema, name);
    if (known == nullptr) unknown_field(schema, name);
    if (!seen->add(*known)) {
      fail_word(schema->one_of ? fmt::format("'{}' is a second value of one {}", name, schema->name)
                               : fmt::format("a {} has '{}' only once", schema->name, name));
    }
    if (!accept(':') && known->kind != FieldKind::kMessage) fail(fmt::format("':' is required after '{}'", name));
    if (!known->repeated || !accept('[')) return value(bytes, *known);
    if (accept(']')) return;
    do value(bytes, *known);
    while (accept(','));
    expect(']');
  }

  [[noreturn]] void unknown_field(const Schema* schema, std::string_view name) const {
    if (schema == nullptr) fail_word(fmt::format("'{}' stands where fields are known by number only", name));
    std::vector<std::string> names;
    for (const FieldSchema& field : schema->fields) names.emplace_back(field.name);
    fail_word(fmt::format("a {} has no field '{}'{}", schema->name, name, did_you_mean(name, names)));
  }

  void value(MessageBytes& bytes, const FieldSchema& field) {
    std::string scalar;
    switch (field.kind) {
      case FieldKind::kInt:
      case FieldKind::kEnum:
        protozero::add_varint_to_buffer(&scalar, static_cast<uint64_t>(integer(field)));
        return bytes.add_scalar(field, WireType::varint, scalar);
      case FieldKind::kBool:
        scalar = static_cast<char>(flag() ? 1 : 0);
        return bytes.add_scalar(field, WireType::varint, scalar);
      case FieldKind::kDouble:
        add_fixed(scalar, real());
        return bytes.add_scalar(field, WireType::fixed64, scalar);
      case FieldKind::kString:
      case FieldKind::kBytes:
        bytes.add_bytes(field.number, quoted());
        return;
      case FieldKind::kMessage:
        return nested(bytes, field.number, field.message);
    }
  }

  void nested(MessageBytes& bytes, uint32_t number, const Schema* schema) {
    const size_t first_mark = marks_.size();
    marks_.push_back({0, line_});
    const bool angle = accept('<');
    if (!angle) expect('{');
    const size_t offset = bytes.add_bytes(number, message(schema, angle ? '>' : '}'));
    for (size_t i = first_mark; i < marks_.size(); ++i) marks_[i].offset += offset;
  }

  // A field that is named by its number is what its value says, whatever the schema has.
  void numbered_field(MessageBytes& bytes, const Schema* schema, std::string_view name) {
    uint32_t field = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), field);
    constexpr uint32_t kLargest = (1U << 29) - 1, kReserved = 19000, kReservedEnd = 20000;  // Protobuf's rule.
    if (error != std::errc() || end != name.data() + name.size() || field == 0 || field > kLargest ||
        (field >= kReserved && field < kReservedEnd)) {
      fail_word(fmt::format("'{}' is no number of a field", name));
    }
    const bool colon = accept(':');
    if (peek() == '{' || peek() == '<') {
      const FieldSchema* known = schema == nullptr ? nullptr : find_field(*schema, field);
      return nested(bytes, field, known == nullptr ? nullptr : known->message);
    }
    if (!colon) fail(fmt::format("':' is required after '{}'", name));
    if (peek() == '"' || peek() == '\'') {
      bytes.add_bytes(field, quoted());
      return;
    }
    const Number given = number();
    const std::optional<uint64_t> value = magnitude(given.digits);
    if (!value) fail_word(fmt::format("'{}' is no number", given.digits));
    const bool hexadecimal = given.digits.size() > 2 && (given.digits[1] | 0x20) == 'x';
    std::string scalar;
    if (hexadecimal && given.digits.size() == 2 + 8) {
      add_fixed(scalar, static_cast<uint32_t>(*value));
      return bytes.add_raw(field, WireType::fixed32, scalar);
    }
    if (hexadecimal && given.digits.size() == 2 + 16) {
      add_fixed(scalar, *value);
      return bytes.add_raw(field, WireType::fixed64, scalar);
    }
    protozero::add_varint_to_buffer(&scalar, given.negative ? uint64_t{0} - *value : *value);
    bytes.add_raw(field, WireType::varint, scalar);
  }

  std::string_view text_;
  size_t position_ = 0, line_begin_ = 0;
  int line_ = 1, depth_ = 0;
  Place word_place_{1, 1};
  std::vector<EncodedText::Mark> marks_;
};

}  // namespace

int EncodedText::line(size_t offset) const {
  const auto after = std::upper_bound(marks.begin(), marks.end(), offset,
                                      [](size_t wanted, const Mark& mark) { return wanted < mark.offset; });
  return after == marks.begin() ? 1 : std::prev(after)->line;
}

EncodedText encode_text(std::string_view text, const Schema& schema) { return Parser(text).parse(schema); }

}  // namespace tenon::protobuf

// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include <fmt/core.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

// Reads a layer with its fields from text: "ns::Clip(lo=0, hi=6.0, axes=[1,2], mode='edge')".
namespace tenon {
namespace {

class LayerParser {
 public:
  explicit LayerParser(std::string_view text) : text_(text) {}

  LayerSpec parse() {
    LayerSpec spec{accept("::") ? "" : identifier("a layer's name"), {}};
    if (spec.name.empty() || accept("::")) {
      spec.domain = spec.name;
      spec.name = identifier("a layer's name after '::'");
    }
    if (accept("(") && !accept(")")) {
      do {
        std::string field = identifier("a field's name");
        expect("=", "between a field's name and its value");
        if (spec.fields.contains(field)) fail(fmt::format("the field '{}' is given twice", field));
        spec.fields.emplace(std::move(field), value());
      } while (accept(","));
      expect(")", "after the last field");
    }
    skip_space();
    if (at_ != text_.size()) fail("nothing more is expected");
    return spec;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("cannot read the layer '{}' at character {}: {}; write it like Clip(lo=0, hi=6.0, mode='edge', "
                    "axes=[1, 2])",
                    text_, at_ + 1, what));
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  bool accept(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  void expect(std::string_view token, const char* where) {
    if (!accept(token)) fail(fmt::format("'{}' is required {}", token, where));
  }

  std::string identifier(const char* what) {
    skip_space();
    const size_t begin = at_;
    const auto is_part = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
    };
    while (at_ < text_.size() && is_part(text_[at_])) ++at_;
    if (at_ == begin) fail(fmt::format("{} is required", what));
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted() {
    const char quote = text_[at_++];
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_++];
    }
    if (at_ == text_.size()) fail("the string is not closed");
    ++at_;
    return value;
  }

  // An integer if it can be read as one, else a float.
  Attribute number() {
    const std::string_view rest = text_.substr(at_);
    const std::string_view word = rest.substr(0, rest.find_first_of(",)] \t\n"));
    const std::string_view digits = word.starts_with('+') ? word.substr(1) : word;  // from_chars knows no plus sign
    const char* end = digits.data() + digits.size();
    int64_t integer = 0;
    if (const auto [stop, status] = std::from_chars(digits.data(), end, integer);
        status == std::errc() && stop == end) {
      at_ += word.size();
      return integer;
    }
    double real = 0;
    if (const auto [stop, status] = std::from_chars(digits.data(), end, real);
        status == std::errc() && stop == end && !digits.empty()) {
      at_ += word.size();
      return real;
    }
    fail(fmt::format("'{}' is not a number, string, true, false or list", word));
  }

  Attribute scalar() {
    skip_space();
    if (at_ == text_.size()) fail("a value is required");
    if (text_[at_] == '\'' || text_[at_] == '"') return quoted();
    if (accept("true") || accept("True")) return true;
    if (accept("false") || accept("False")) return false;
    return number();
  }

  // A list of one kind; integers among floats become floats.
  Attribute list() {
    std::vector<Attribute> items;
    if (!accept("]")) {
      do items.push_back(scalar());
      while (accept(","));
      expect("]", "after the last item of a list");
    }
    const auto all = [&](auto&& is) {
      for (const Attribute& item : items)
        if (!is(item)) return false;
      return true;
    };
    const auto is_int = [](const Attribute& item) { return std::holds_alternative<int64_t>(item); };
    const auto is_float = [](const Attribute& item) { return std::holds_alternative<double>(item); };
    if (all(is_int)) return collect<int64_t>(items);
    if (all([](const Attribute& item) { return std::holds_alternative<std::string>(item); }))
      return collect<std::string>(items);
    if (all([](const Attribute& item) { return std::holds_alternative<bool>(item); })) return collect<bool>(items);
    if (!all([&](const Attribute& item) { return is_int(item) || is_float(item); }))
      fail("the items of a list must be of one kind");
    std::vector<double> numbers;
    for (const Attribute& item : items) {
      numbers.push_back(is_int(item) ? static_cast<double>(std::get<int64_t>(item)) : std::get<double>(item));
    }
    return numbers;
  }

  template <typename T>
  static std::vector<T> collect(const std::vector<Attribute>& items) {
    std::vector<T> values;
    for (const Attribute& item : items) values.push_back(std::get<T>(item));
    return values;
  }

  Attribute value() { return accept("[") ? list() : scalar(); }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

LayerSpec parse_layer(std::string_view text) { return LayerParser(text).parse(); }

}  // namespace tenon

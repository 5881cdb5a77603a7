// SPDX-License-Identifier: Apache-2.0
#include "expr/lexer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace tenon::expr {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_name_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

Token Lexer::take() {
  const Token taken = token_;
  taken_ = begin_;
  next();
  return taken;
}

bool Lexer::accept(std::string_view text) {
  if (!is(text)) return false;
  (void)take();
  return true;
}

void Lexer::fail(const std::string& what, ErrorCode code) const { fail_at(begin_, what, code); }
void Lexer::fail_taken(const std::string& what) const { fail_at(taken_, what, ErrorCode::kInvalidArgument); }

void Lexer::fail_at(size_t place, const std::string& what, ErrorCode code) const {
  const std::string_view before = text_.substr(0, place);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t newline = before.rfind('\n');
  const size_t column = newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
  throw Error(code, fmt::format("line {}, column {}: {}", line, column, what));
}

void Lexer::fail_found(const std::string& required) const {
  constexpr size_t kShown = 40;
  if (token_.kind == Token::Kind::kEnd) fail(fmt::format("the text ends but {} is required", required));
  fail(fmt::format("'{}' is found but {} is required", token_.text.substr(0, kShown), required));
}

void Lexer::next() {
  while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  begin_ = at_;
  if (at_ == text_.size()) {
    token_ = {};
    return;
  }
  const char c = text_[at_];
  Token::Kind kind = Token::Kind::kSign;
  if (is_digit(c)) {
    kind = Token::Kind::kNumber;
    number();
  } else if (is_name_part(c)) {
    kind = Token::Kind::kName;
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
  } else if (c == '"') {
    kind = Token::Kind::kString;
    string();
  } else {
    at_ += sign_length();
  }
  token_ = {kind, text_.substr(begin_, at_ - begin_)};
}

void Lexer::digits() {
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
}

void Lexer::number() {
  digits();
  if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
    ++at_;
    digits();
  }
  if (at_ < text_.size() && text_[at_] == 'e') {
    const size_t exponent = at_ + (at_ + 1 < text_.size() && (text_[at_ + 1] == '-' || text_[at_ + 1] == '+') ? 2 : 1);
    if (exponent < text_.size() && is_digit(text_[exponent])) {
      at_ = exponent;
      digits();
    }
  }
}

void Lexer::string() {
  for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
  if (at_ == text_.size()) fail("a string is not closed");
  ++at_;
}

size_t Lexer::sign_length() const {
  for (const std::string_view sign : {"->", "//", "<<", ">>", "==", "!=", "<="})
    if (text_.substr(at_).starts_with(sign)) return sign.size();
  return 1;
}

std::string unquoted(std::string_view token) {
  std::string text;
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    if (token[i] != '\\') {
      text += token[i];
      continue;
    }
    ++i;
    text += token[i] == 'n' ? '\n' : token[i];
  }
  return text;
}

}  // namespace tenon::expr

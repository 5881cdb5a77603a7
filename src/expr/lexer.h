// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/error.h>

#include <string>
#include <string_view>

// The words of the printed form.
namespace tenon::expr {

struct Token {
  enum class Kind { kEnd, kName, kNumber, kString, kSign };
  Kind kind = Kind::kEnd;
  std::string_view text;  ///< As it stands, quotes included; "" at the end.
};

/// Cuts a text, which must outlive it, into tokens, one ahead. White space separates and means nothing else.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { next(); }

  [[nodiscard]] const Token& token() const { return token_; }
  /// The token is this name, number or sign.
  [[nodiscard]] bool is(std::string_view text) const {
    return token_.kind != Token::Kind::kString && token_.text == text;
  }
  /// The token is a number, or one of the words for numbers that have no digits.
  [[nodiscard]] bool is_number() const { return token_.kind == Token::Kind::kNumber || is("inf") || is("nan"); }
  Token take();
  bool accept(std::string_view text);

  /// Throws "line 2, column 7: `what`", the place being that of the token.
  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kInvalidArgument) const;
  /// The same at the token that was taken last.
  [[noreturn]] void fail_taken(const std::string& what) const;
  /// Throws "… 'x' is found but `required` is required".
  [[noreturn]] void fail_found(const std::string& required) const;

 private:
  [[noreturn]] void fail_at(size_t place, const std::string& what, ErrorCode code) const;
  void next();
  void digits();
  void number();
  void string();
  [[nodiscard]] size_t sign_length() const;

  std::string_view text_;
  size_t at_ = 0, begin_ = 0, taken_ = 0;
  Token token_;
};

/// What a string token stands for.
[[nodiscard]] std::string unquoted(std::string_view token);

}  // namespace tenon::expr

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

// The one exception type that Tenon throws.
namespace tenon {

/// What kind of thing went wrong. Values are permanent: they cross the plugin ABI; new codes are only appended.
enum class ErrorCode : int32_t {
  kInvalidArgument = 1,  ///< A caller's argument, shape, dtype or option does not fit.
  kNotFound = 2,         ///< A name (node, tensor, layer, field) does not exist.
  kUnsupported = 3,      ///< The request is well-formed, but Tenon cannot do it.
  kCorrupt = 4,          ///< A file's content contradicts its format.
  kIo = 5,               ///< The operating system could not read, write or map a file.
  kOutOfMemory = 6,      ///< An allocation failed.
  kDevice = 7,           ///< A device or its driver failed.
  kInternal = 8,         ///< A bug in Tenon (or in a plugin, when the message says so).
};

/// The code's name as it is printed, e.g. "invalid argument". Never fails; an unknown value gives "error".
[[nodiscard]] TENON_API const char* error_code_name(ErrorCode code) noexcept;

/// An error: a code to act on, a message to read, and the chain of what Tenon was doing, innermost first.
///
/// The message names what was given and what is required. Each layer that the exception passes through may add a line
/// ("while compiling 'lenet5.pb'"), so what() reads from the cause outwards.
class TENON_API Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;
  ~Error() override;

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  /// The message alone, without context.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  /// What Tenon was doing, innermost first.
  [[nodiscard]] const std::vector<std::string>& context() const noexcept { return context_; }
  /// The message, followed by one indented line for each context.
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

  /// Adds an outer context, e.g. "while reading 'a.pb'".
  void add_context(std::string context);

  /// What a function of the host program threw, where this error stands for that: Python's exception, say. Else null.
  [[nodiscard]] const std::exception_ptr& cause() const noexcept { return cause_; }
  void set_cause(std::exception_ptr cause) noexcept { cause_ = std::move(cause); }

 private:
  ErrorCode code_;
  std::string message_;
  std::vector<std::string> context_;
  std::string what_;
  std::exception_ptr cause_;
};

/// Runs `body()`; an Error that leaves it gains the context that `describe()` returns.
template <typename Body, typename Describe>
decltype(auto) with_context(Body&& body, Describe&& describe) {
  try {
    return body();
  } catch (Error& error) {
    error.add_context(describe());
    throw;
  }
}

}  // namespace tenon

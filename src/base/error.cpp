// SPDX-License-Identifier: Apache-2.0
#include <tenon/error.h>

#include <utility>

namespace tenon {

const char* error_code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid argument";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kCorrupt:
      return "corrupt file";
    case ErrorCode::kIo:
      return "input/output error";
    case ErrorCode::kOutOfMemory:
      return "out of memory";
    case ErrorCode::kDevice:
      return "device error";
    case ErrorCode::kInternal:
      return "internal error";
  }
  return "error";
}

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)), what_(message_) {}

Error::~Error() = default;

void Error::add_context(std::string context) {
  what_ += "\n  " + context;
  context_.push_back(std::move(context));
}

}  // namespace tenon

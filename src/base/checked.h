// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/error.h>

#include <cstdint>

// Size arithmetic that reports overflow instead of wrapping.
namespace tenon {

/// a * b; throws kInvalidArgument ("`what` is too large") when it does not fit in int64.
inline int64_t checked_mul(int64_t a, int64_t b, const char* what) {
  int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) {
    throw Error(ErrorCode::kInvalidArgument, std::string(what) + " is too large: it exceeds 2^63");
  }
  return result;
}

/// a + b; the same rule.
inline int64_t checked_add(int64_t a, int64_t b, const char* what) {
  int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) {
    throw Error(ErrorCode::kInvalidArgument, std::string(what) + " is too large: it exceeds 2^63");
  }
  return result;
}

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/error.h>

#include <gtest/gtest.h>

#include <string>

// Negative tests check the code and what the message says, never just "some error".
namespace tenon::test {

/// Fails unless `body()` throws a tenon::Error of `code` whose text, context included, contains `fragment`.
template <typename Body>
void expect_error(ErrorCode code, const std::string& fragment, Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos)
        << "'" << fragment << "' is not in: " << error.what();
    return;
  }
  ADD_FAILURE() << "no error was thrown; expected one saying '" << fragment << "'";
}

}  // namespace tenon::test

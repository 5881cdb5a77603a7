// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/signature.h"

#include <span>
#include <string>
#include <vector>

// The files that keys are kept in: text of one line, "tenon-secret-key ed25519 " or "tenon-public-key ed25519 " and 64
// hexadecimal digits in lower case. Errors name the file and what is required, and never quote what it holds.
namespace tenon {

/// Creates `path`, which only its owner may read, and `path`.pub. Throws kInvalidArgument when one of them exists,
/// kNotFound (no such folder), kIo; then there is neither.
void write_key_files(const SecretKey& key, const std::string& path);
/// Throws kNotFound, kIo; kInvalidArgument when others than the owner may read or write the file, or it holds a public
/// key or anything else.
[[nodiscard]] SecretKey read_secret_key(const std::string& path);
/// Throws kNotFound, kIo; kInvalidArgument when the file holds a secret key or anything else.
[[nodiscard]] PublicKey read_public_key(const std::string& path);
[[nodiscard]] std::vector<PublicKey> read_public_keys(std::span<const std::string> paths);

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>

#include <optional>
#include <span>
#include <string>

// Plans that say who vouches for them: whoever compiles a plan signs it with a secret key, and whoever loads it names
// the public keys whose plans' machine code may run (LoadOptions::trusted_keys). Ed25519; a signature is over every
// byte of the file. Keys are called by their 64 hexadecimal digits.
namespace tenon {

/// Makes a key pair: the secret key in a new file `path`, which only its owner may read, and the public one in
/// `path`.pub, for those who load plans. Returns the public key. Throws kInvalidArgument when one of the files exists,
/// for keys are never overwritten; kNotFound (no such folder), kIo.
TENON_API std::string make_key_pair(const std::string& path);

/// Writes a signature into a plan file, in place of the one that it may have, through a temporary file. Sign what you
/// made yourself: the machine code in it can do whatever the programs can that load it. Returns the public key. Throws
/// as Engine::load() does for what is no sound plan; kInvalidArgument when the key file is none, or others than its
/// owner may read it.
TENON_API std::string sign_plan(const std::string& plan, const std::string& secret_key);

/// The public key by which a plan file says that it is signed; nullopt when it is not. Anybody can write that into a
/// file: see verify_plan(). Throws as Engine::load() does for what is no sound plan.
[[nodiscard]] TENON_API std::optional<std::string> plan_signer(const std::string& plan);

/// Verifies that a plan file is signed with one of the keys in these files, and not changed since. Returns that key.
/// Throws kInvalidArgument when the plan is not signed, or with another key; kCorrupt when it was changed, and as
/// Engine::load() does for what is no sound plan.
TENON_API std::string verify_plan(const std::string& plan, std::span<const std::string> public_keys);

}  // namespace tenon

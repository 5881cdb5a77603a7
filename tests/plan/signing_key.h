// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"
#include "plan/signature.h"

#include <array>
#include <cstddef>
#include <vector>

// A key that everybody knows, and plans in memory that are signed with it.
namespace tenon::test {

/// 0, 1, … 31, and its public key by RFC 8032.
inline constexpr auto kSigningSeed = [] {
  std::array<std::byte, SecretKey::kSeedBytes> seed{};
  for (size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::byte>(i);
  return seed;
}();
inline constexpr const char* kSigningKeyHex = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";

inline SecretKey signing_key() { return SecretKey(kSigningSeed); }

/// The bytes of a sound plan file, signed.
inline std::vector<std::byte> signed_bytes(std::vector<std::byte> plan, const SecretKey& key = signing_key()) {
  std::vector<std::byte> bytes;
  write_signed(read_sections(MappedFile::from_memory("test.plan", std::move(plan))), key,
               [&](Bytes piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  return bytes;
}

}  // namespace tenon::test

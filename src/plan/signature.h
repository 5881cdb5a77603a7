// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/format.h"
#include "plan/sections.h"

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

// Signatures of plans: who vouches for every byte of a file, its machine code included. Ed25519, by libsodium; format.h
// says what is signed. The keys' files are key_file.h's.
namespace tenon {

struct PublicKey {
  std::array<std::byte, plan_format::kPublicKeyBytes> bytes{};

  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};
/// Its 64 hexadecimal digits, by which messages call a key.
[[nodiscard]] std::string to_hex(const PublicKey& key);

/// A secret key, wiped from memory when it ends.
class SecretKey {
 public:
  static constexpr size_t kSeedBytes = 32;
  using Seed = std::span<const std::byte, kSeedBytes>;

  /// A new one, of random bytes.
  SecretKey();
  /// The key that belongs to a seed, which is what key files keep (RFC 8032 calls it the private key).
  explicit SecretKey(Seed seed);
  ~SecretKey();
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;

  [[nodiscard]] Seed seed() const noexcept { return Seed(bytes_.data(), kSeedBytes); }
  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  /// The same bytes give the same signature.
  [[nodiscard]] std::array<std::byte, plan_format::kSignatureBytes> sign(Bytes message) const;

 private:
  std::array<std::byte, 64> bytes_;  // As libsodium has it: the seed, then the public key.
  PublicKey public_key_;
};

/// What a signature section holds.
struct Signature {
  PublicKey signer;
  std::array<std::byte, plan_format::kSignatureBytes> bytes{};
};

/// The signature in a file; nullopt when there is none. Whether it holds is another question. Throws kCorrupt when the
/// section is not the last one or of another size.
[[nodiscard]] std::optional<Signature> signature_of(const PlanFile& plan);
/// Whether the signature, which is the file's, is its signer's and of just these bytes. Reads the whole file, but takes
/// `code` for the bytes of the code section: a copy, which nobody can change any more when this has returned.
[[nodiscard]] bool holds(const Signature& signature, const PlanFile& plan, Bytes code);

/// Hands `sink` the plan's bytes with a signature by `key`, in place of the one that it may have. Throws kUnsupported
/// when the file has as many sections as there can be.
void write_signed(const PlanFile& plan, const SecretKey& key, const std::function<void(Bytes)>& sink);

}  // namespace tenon

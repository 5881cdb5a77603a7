// SPDX-License-Identifier: Apache-2.0
#include "plan/signature.h"

#include "plan/xxh3.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <sodium.h>
#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace tenon {

using namespace plan_format;  // NOLINT(google-build-using-namespace): this file reads and writes that format

static_assert(kPublicKeyBytes == crypto_sign_PUBLICKEYBYTES && kSignatureBytes == crypto_sign_BYTES);
static_assert(SecretKey::kSeedBytes == crypto_sign_SEEDBYTES && kDigestBytes == crypto_generichash_BYTES_MAX);

namespace {

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

// Finds the fastest code for this processor and the system's source of random bytes.
void initialise() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) throw Error(ErrorCode::kInternal, "libsodium cannot be initialised: the system gives no random bytes");
}

using Message = std::array<std::byte, kSignedText.size() + kDigestBytes>;

// What is signed of a file whose bytes are handed in, in order.
class Digest {
 public:
  Digest() { crypto_generichash_init(&state_, nullptr, 0, kDigestBytes); }
  void add(Bytes bytes) { crypto_generichash_update(&state_, raw(bytes.data()), bytes.size()); }
  Message message() {
    Message message;
    std::memcpy(message.data(), kSignedText.data(), kSignedText.size());
    crypto_generichash_final(&state_, raw(message.data()) + kSignedText.size(), kDigestBytes);
    return message;
  }

 private:
  crypto_generichash_state state_;
};

// Header and table of a file that ends with a signature, as they are signed: what depends on the signature is zero.
void clear_dependent(std::vector<std::byte>& head, size_t sections) {
  const size_t hash = kHeaderBytes + (sections - 1) * kSectionBytes + kSectionHashOffset;
  for (const size_t at : {kHashOffset, hash})
    std::fill_n(head.begin() + static_cast<std::ptrdiff_t>(at), 8, std::byte{0});
}

}  // namespace

std::string to_hex(const PublicKey& key) {
  std::string text(2 * key.bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), raw(key.bytes.data()), key.bytes.size());
  text.pop_back();
  return text;
}

SecretKey::SecretKey() {
  initialise();
  crypto_sign_keypair(raw(public_key_.bytes.data()), raw(bytes_.data()));
}

SecretKey::SecretKey(Seed seed) {
  static_assert(sizeof(bytes_) == crypto_sign_SECRETKEYBYTES);
  initialise();
  crypto_sign_seed_keypair(raw(public_key_.bytes.data()), raw(bytes_.data()), raw(seed.data()));
}

SecretKey::~SecretKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

std::array<std::byte, kSignatureBytes> SecretKey::sign(Bytes message) const {
  std::array<std::byte, kSignatureBytes> signature;
  crypto_sign_detached(raw(signature.data()), nullptr, raw(message.data()), message.size(), raw(bytes_.data()));
  return signature;
}

std::optional<Signature> signature_of(const PlanFile& plan) {
  const PlanSection* section = plan.find(SectionKind::kSignature);
  if (section == nullptr) return std::nullopt;
  if (section != &plan.sections.back()) throw_damaged(*plan.file, "the signature section is not the last one");
  Signature signature;
  const size_t bytes = signature.signer.bytes.size() + signature.bytes.size();
  if (section->length != bytes) {
    throw_damaged(*plan.file,
                  fmt::format("the signature section has {} bytes, but must have {}", section->length, bytes));
  }
  const Bytes content = plan.bytes_of(*section);
  std::ranges::copy(content.first(kPublicKeyBytes), signature.signer.bytes.begin());
  std::ranges::copy(content.last(kSignatureBytes), signature.bytes.begin());
  return signature;
}

bool holds(const Signature& signature, const PlanFile& plan, Bytes code) {
  initialise();
  // The head is made again from what was read of it, not read again: the places of the sections, the code's among them,
  // are those that were signed, even if somebody writes to the file meanwhile.
  std::vector<std::byte> head = plan_head(plan.sections, plan.versions);
  clear_dependent(head, plan.sections.size());
  Digest digest;
  digest.add(head);
  const Bytes file = plan.file->bytes().first(plan.sections.back().offset);
  size_t position = head.size();
  if (const PlanSection* section = plan.find(SectionKind::kCode)) {
    digest.add(file.subspan(position, section->offset - position));
    digest.add(code);
    position = section->offset + section->length;
  }
  digest.add(file.subspan(position));
  const Message message = digest.message();
  return crypto_sign_verify_detached(raw(signature.bytes.data()), raw(message.data()), message.size(),
                                     raw(signature.signer.bytes.data())) == 0;
}

void write_signed(const PlanFile& plan, const SecretKey& key, const std::function<void(Bytes)>& sink) {
  std::vector<PlanSection> sections;
  std::vector<Bytes> contents;
  for (const PlanSection& section : plan.sections) {
    if (section.kind == static_cast<uint32_t>(SectionKind::kSignature)) continue;
    sections.push_back(section);
    contents.push_back(plan.bytes_of(section));
  }
  if (sections.size() == kMaxSections) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("'{}' has {} sections, as many as a plan can have: there is no place for a "
                            "signature; compile the model again with this Tenon",
                            plan.file->path(), kMaxSections));
  }
  sections.push_back(
      {.kind = static_cast<uint32_t>(SectionKind::kSignature), .length = kPublicKeyBytes + kSignatureBytes});
  place_sections(sections);
  PlanVersions versions = plan.versions;
  versions.minor = std::max(versions.minor, kMinor);

  // Everything that lies between header and signature.
  const auto write_contents = [&](auto&& write) {
    static constexpr std::byte kZeros[kAlignment] = {};
    for (size_t i = 0; i < contents.size(); ++i) {
      write(contents[i]);
      const uint64_t end = sections[i].offset + sections[i].length;
      write(Bytes(kZeros).first(sections[i + 1].offset - end));
    }
  };
  std::vector<std::byte> head = plan_head(sections, versions);
  clear_dependent(head, sections.size());
  Digest digest;
  digest.add(head);
  write_contents([&](Bytes bytes) { digest.add(bytes); });
  const Message message = digest.message();

  std::array<std::byte, kPublicKeyBytes + kSignatureBytes> section;
  const auto signature = key.sign(message);
  std::ranges::copy(signature, std::ranges::copy(key.public_key().bytes, section.begin()).out);
  sections.back().hash = xxh3(section.data(), section.size());
  sink(plan_head(sections, versions));
  write_contents(sink);
  sink(section);
}

}  // namespace tenon

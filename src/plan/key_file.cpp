// SPDX-License-Identifier: Apache-2.0
#include "plan/key_file.h"

#include "base/files.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace tenon {
namespace {

constexpr std::string_view kSecret = "tenon-secret-key", kPublic = "tenon-public-key";
constexpr std::string_view kAlgorithm = " ed25519 ";
constexpr size_t kKeyBytes = 32;
constexpr size_t kPrefixBytes = kSecret.size() + kAlgorithm.size();
constexpr size_t kLineBytes = kPrefixBytes + 2 * kKeyBytes;
static_assert(kSecret.size() == kPublic.size() && kKeyBytes == SecretKey::kSeedBytes);

// Memory that a secret passes through.
template <typename T, size_t kSize>
struct Wiped : std::array<T, kSize> {
  Wiped() : std::array<T, kSize>{} {}
  ~Wiped() { sodium_memzero(this->data(), sizeof(T) * kSize); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
};

using KeyBytes = Wiped<std::byte, kKeyBytes>;
using Line = Wiped<char, kLineBytes + 1>;  // With the end of the line.

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' {}", path, reason));
}

[[noreturn]] void fail(const std::string& path, const char* action) {
  const int cause = errno;
  throw Error(cause == ENOENT || cause == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("cannot {} the key '{}': {}", action, path, std::strerror(cause)));
}

// An open key file. It is read rather than mapped, so that what was read can be wiped; opening a pipe does not wait for
// somebody to write to it.
class KeyFile {
 public:
  explicit KeyFile(const std::string& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) fail(path_, "open");
  }
  ~KeyFile() { ::close(descriptor_); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  [[nodiscard]] struct stat status() const {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) fail(path_, "open");
    if (!S_ISREG(status.st_mode)) refuse(path_, "is not a regular file, but a key is kept in one");
    return status;
  }

  // As many bytes as there are, up to the size of `into`.
  size_t read(std::span<char> into) const {
    size_t size = 0;
    while (size < into.size()) {
      const ssize_t got = ::read(descriptor_, into.data() + size, into.size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(path_, "read");
      if (got == 0) break;
      size += static_cast<size_t>(got);
    }
    return size;
  }

 private:
  const std::string& path_;
  int descriptor_;
};

// The key in a file that must be of the kind `wanted`. What is wrong is said without a byte of what the file holds,
// which may be a secret.
void read_key(const KeyFile& file, const std::string& path, std::string_view wanted, KeyBytes& key) {
  Wiped<char, kLineBytes + 2> buffer;
  std::string_view text(buffer.data(), file.read(buffer));
  const auto refuse_form = [&](const std::string& found) {
    refuse(path, fmt::format("holds {}, but a key file is the one line '{}{}' and {} hexadecimal digits in lower case; "
                             "'tenon key' makes one",
                             found, wanted, kAlgorithm, 2 * kKeyBytes));
  };
  if (wanted == kPublic && text.starts_with(kSecret)) {
    refuse(path,
           "holds a secret key, but a public one is required; give the .pub file that 'tenon key' wrote beside it, "
           "and keep the secret one to yourself");
  }
  if (wanted == kSecret && text.starts_with(kPublic)) {
    refuse(path,
           "holds a public key, but signing takes the secret one; give the file without .pub that 'tenon key' wrote "
           "beside it");
  }
  if (text.empty()) refuse_form("nothing");
  if (!text.starts_with(wanted)) refuse_form("something else");
  if (!text.substr(wanted.size()).starts_with(kAlgorithm)) refuse_form("a key of another kind");
  if (text.size() > kLineBytes + 1 || (text.size() == kLineBytes + 1 && text.back() != '\n'))
    refuse_form("more than that");
  const std::string_view digits = text.substr(kPrefixBytes, 2 * kKeyBytes);
  const size_t good = std::min(digits.find_first_not_of("0123456789abcdef"), digits.size());
  if (good != 2 * kKeyBytes) refuse_form(fmt::format("{} such digits", good));
  sodium_hex2bin(reinterpret_cast<unsigned char*>(key.data()), key.size(), digits.data(), digits.size(), nullptr,
                 nullptr, nullptr);
}

void write_line(FileSink& file, std::string_view kind, Bytes key) {
  file.write(kind);
  file.write(kAlgorithm);
  Line digits;
  sodium_bin2hex(digits.data(), digits.size(), reinterpret_cast<const unsigned char*>(key.data()), key.size());
  file.write(digits.data(), 2 * key.size());
  file.write("\n");
}

}  // namespace

void write_key_files(const SecretKey& key, const std::string& path) {
  create_file(path, S_IRUSR | S_IWUSR, [&](FileSink& secret) {
    write_line(secret, kSecret, key.seed());
    create_file(path + ".pub", 0666, [&](FileSink& file) { write_line(file, kPublic, key.public_key().bytes); });
  });
}

SecretKey read_secret_key(const std::string& path) {
  const KeyFile file(path);
  KeyBytes seed;
  // The permissions come second: those of a public key that is taken for a secret one are not what is wrong.
  const mode_t others = file.status().st_mode & (S_IRWXG | S_IRWXO);
  read_key(file, path, kSecret, seed);
  if (others != 0) {
    refuse(path,
           fmt::format("holds a secret key that others than its owner have access to (its permissions are {:04o}); "
                       "run 'chmod 600 {}', and make a new key if somebody may have read this one",
                       file.status().st_mode & 07777, path));
  }
  return SecretKey(SecretKey::Seed(seed));
}

PublicKey read_public_key(const std::string& path) {
  const KeyFile file(path);
  KeyBytes bytes;
  (void)file.status();
  read_key(file, path, kPublic, bytes);
  PublicKey key;
  std::ranges::copy(bytes, key.bytes.begin());
  if (crypto_core_ed25519_is_valid_point(reinterpret_cast<const unsigned char*>(key.bytes.data())) != 1) {
    refuse(path, "holds digits that are no public key of Ed25519; copy the file again");
  }
  return key;
}

std::vector<PublicKey> read_public_keys(std::span<const std::string> paths) {
  std::vector<PublicKey> keys;
  for (const std::string& path : paths) keys.push_back(read_public_key(path));
  return keys;
}

}  // namespace tenon

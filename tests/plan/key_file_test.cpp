// SPDX-License-Identifier: Apache-2.0
#include "plan/key_file.h"

#include "base/files.h"
#include "errors.h"
#include "plan/signing_key.h"
#include "temporary_folder.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>

namespace tenon {
namespace {

namespace fs = std::filesystem;
using test::expect_error;

const std::string kDigits = test::kSigningKeyHex;
const std::string kPublicLine = "tenon-public-key ed25519 " + kDigits;

class KeyFiles : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_ + "/key"; }
  [[nodiscard]] std::string public_path() const { return path() + ".pub"; }
  // Writes a file as a secret key's would be.
  [[nodiscard]] std::string file_of(const std::string& text) const {
    write_file(path(), [&](FileSink& file) { file.write(text); });
    ::chmod(path().c_str(), 0600);
    return path();
  }
  static std::string text_of(const std::string& path) {
    const auto file = MappedFile::open(path);
    return {reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()};
  }

  test::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(KeyFiles, ComeBack) {
  const SecretKey key;
  write_key_files(key, path());
  EXPECT_EQ(read_public_key(public_path()), key.public_key());
  EXPECT_EQ(read_secret_key(path()).public_key(), key.public_key());
}

TEST_F(KeyFiles, AreOneLineEach) {
  write_key_files(test::signing_key(), path());
  EXPECT_EQ(text_of(public_path()), kPublicLine + "\n");
  EXPECT_EQ(text_of(path()),
            "tenon-secret-key ed25519 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
}

TEST_F(KeyFiles, TheSecretOneIsItsOwnersAlone) {
  const mode_t before = ::umask(0);
  write_key_files(test::signing_key(), path());
  ::umask(before);
  EXPECT_EQ(fs::status(path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_NE(fs::status(public_path()).permissions() & fs::perms::others_read, fs::perms::none);
  for (const mode_t mode : {0640, 0604, 0620, 0601}) {
    ::chmod(path().c_str(), mode);
    expect_error(ErrorCode::kInvalidArgument, "run 'chmod 600 " + path() + "'", [&] { (void)read_secret_key(path()); });
  }
  ::chmod(path().c_str(), 0400);
  EXPECT_EQ(to_hex(read_secret_key(path()).public_key()), kDigits);
}

TEST_F(KeyFiles, AreNeverOverwritten) {
  const std::string old = file_of("old");
  expect_error(ErrorCode::kInvalidArgument, "key' exists and is not overwritten",
               [&] { write_key_files(test::signing_key(), old); });
  EXPECT_EQ(text_of(old), "old");
  EXPECT_FALSE(fs::exists(public_path()));

  fs::rename(old, public_path());
  expect_error(ErrorCode::kInvalidArgument, "key.pub' exists and is not overwritten",
               [&] { write_key_files(test::signing_key(), path()); });
  EXPECT_EQ(text_of(public_path()), "old");
  EXPECT_FALSE(fs::exists(path())) << "a secret key without its public one is of no use";
}

TEST_F(KeyFiles, NeedAFolder) {
  expect_error(ErrorCode::kNotFound, "cannot create",
               [&] { write_key_files(test::signing_key(), folder_ + "/none/key"); });
  expect_error(ErrorCode::kNotFound, "cannot open the key", [&] { (void)read_public_key(path()); });
  expect_error(ErrorCode::kInvalidArgument, "is not a regular file", [&] { (void)read_public_key(folder_); });
}

TEST_F(KeyFiles, TheOneForTheOtherIsTold) {
  write_key_files(test::signing_key(), path());
  expect_error(ErrorCode::kInvalidArgument, "key' holds a secret key, but a public one is required; give the .pub file",
               [&] { (void)read_public_key(path()); });
  expect_error(ErrorCode::kInvalidArgument, "key.pub' holds a public key, but signing takes the secret one",
               [&] { (void)read_secret_key(public_path()); });
}

struct Row {
  const char* name;
  std::string text;
  const char* fragment;
};

const Row kRows[] = {
    {"Empty", "", "key' holds nothing, but a key file is the one line 'tenon-public-key ed25519 ' and 64"},
    {"AnotherFile", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", "holds something else"},
    {"AnotherAlgorithm", "tenon-public-key rsa " + kDigits, "holds a key of another kind"},
    {"OnlyTheWord", "tenon-public-key", "holds a key of another kind"},
    {"NoDigits", "tenon-public-key ed25519 ", "holds 0 such digits"},
    {"TooFewDigits", kPublicLine.substr(0, kPublicLine.size() - 1), "holds 63 such digits"},
    {"TooManyDigits", kPublicLine + "0", "holds more than that"},
    {"ALineMore", kPublicLine + "\n\n", "holds more than that"},
    {"UpperCase", "tenon-public-key ed25519 0A" + kDigits.substr(2), "holds 1 such digits"},
    {"NoDigit", "tenon-public-key ed25519 0x" + kDigits.substr(2), "holds 1 such digits"},
    {"LeadingSpace", " " + kPublicLine, "holds something else"},
    {"NotOnTheCurve", "tenon-public-key ed25519 " + std::string(64, '2'), "no public key of Ed25519"},
    {"SmallOrder", "tenon-public-key ed25519 01" + std::string(62, '0'), "no public key of Ed25519"},
};

class KeyFileText : public KeyFiles, public testing::WithParamInterface<Row> {};

TEST_P(KeyFileText, IsRefused) {
  const std::string path = file_of(GetParam().text);
  expect_error(ErrorCode::kInvalidArgument, GetParam().fragment, [&] { (void)read_public_key(path); });
}

INSTANTIATE_TEST_SUITE_P(All, KeyFileText, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(KeyFiles, TheLastLineMayLackItsEnd) { EXPECT_EQ(to_hex(read_public_key(file_of(kPublicLine))), kDigits); }

TEST_F(KeyFiles, AMessageNeverQuotesASecret) {
  const std::string secret(63, 'a');
  try {
    (void)read_secret_key(file_of("tenon-secret-key ed25519 " + secret));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("aaaa"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tenon

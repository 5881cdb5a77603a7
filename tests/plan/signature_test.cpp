// SPDX-License-Identifier: Apache-2.0
#include "plan/signature.h"

#include "errors.h"
#include "plan/plan.h"
#include "plan/plan_image.h"
#include "plan/sample_plan.h"
#include "plan/signing_key.h"
#include "temporary_folder.h"

#include <tenon/signing.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>

namespace tenon {
namespace {

using test::expect_error;
using test::signed_bytes;
using Image = std::vector<std::byte>;

// RFC 8032, section 7.1, test 2: a message of one byte.
TEST(SecretKey, SignsAsTheStandardSays) {
  const auto from_hex = [](std::string_view text) {
    Image bytes;
    for (size_t i = 0; i < text.size(); i += 2)
      bytes.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
  };
  const Image seed = from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const SecretKey key{SecretKey::Seed(seed)};
  EXPECT_EQ(to_hex(key.public_key()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Image message = from_hex("72");
  const auto signature = key.sign(message);
  EXPECT_EQ(Image(signature.begin(), signature.end()),
            from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
}

TEST(SecretKey, IsAnotherOneEachTime) {
  const SecretKey a, b;
  EXPECT_NE(a.public_key(), b.public_key());
}

// The sample with a code section of two kernels, which are bytes to the reader.
Image plan_with_code(uint8_t first_byte = 0x90) {
  const std::byte code[] = {std::byte{first_byte}, std::byte{0xc3}};
  Plan plan = test::sample_plan();
  plan.code.push_back({.key = {1, 2}, .isa = Isa::kX86V3, .code = code});
  plan.code.push_back({.key = {3, 4}, .isa = Isa::kX86V2, .code = code});
  return plan_bytes(plan);
}

SignedPlan read(Image bytes, const PublicKey& key = test::signing_key().public_key()) {
  return read_signed_plan(MappedFile::from_memory("test.plan", std::move(bytes)), {&key, 1});
}

TEST(Signature, HoldsForWhatWasSigned) {
  for (const Image& plan : {plan_with_code(), plan_bytes(test::sample_plan())}) {
    const SignedPlan result = read(signed_bytes(plan));
    EXPECT_TRUE(result.verified);
    ASSERT_TRUE(result.signer);
    EXPECT_EQ(to_hex(*result.signer), test::kSigningKeyHex);
    EXPECT_EQ(plan_bytes(result.plan), plan) << "the plan itself is as it was, and is written unsigned";
  }
}

TEST(Signature, IsDeterministicAndReplacesAnEarlierOne) {
  const Image once = signed_bytes(plan_with_code());
  EXPECT_EQ(once, signed_bytes(plan_with_code()));
  EXPECT_EQ(once, signed_bytes(signed_bytes(plan_with_code(), SecretKey())));
}

TEST(Signature, OfAnotherKeyOrNoneIsNotTrusted) {
  const SignedPlan unsigned_plan = read(plan_with_code());
  EXPECT_FALSE(unsigned_plan.verified);
  EXPECT_FALSE(unsigned_plan.signer);
  const SecretKey other;
  const SignedPlan others_plan = read(signed_bytes(plan_with_code(), other));
  EXPECT_FALSE(others_plan.verified);
  EXPECT_EQ(others_plan.signer, other.public_key());
}

// Whatever byte is changed, with all hashes made right again: either an error, or not trusted. (Where a hash is what
// was changed, making it right gives the very file that was signed.)
TEST(Signature, NeverHoldsForAChangedFile) {
  const Image good = signed_bytes(plan_with_code());
  int refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x80}) {
      Image bad = good;
      bad[i] ^= std::byte{flip};
      test::reseal(bad);
      if (bad == good) continue;
      try {
        ASSERT_FALSE(read(bad).verified) << i;
      } catch (const Error& error) {
        ++refused;
        ASSERT_TRUE(error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported)
            << i << ": " << error.what();
      }
    }
  }
  EXPECT_GT(refused, static_cast<int>(good.size()));
}

TEST(Signature, EveryPrefixIsRefused) {
  const Image good = signed_bytes(plan_with_code());
  for (size_t size = 0; size < good.size(); ++size) {
    expect_error(ErrorCode::kCorrupt, "test.plan",
                 [&] { (void)read(Image(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))); });
  }
}

// A sound code section in place of a sound one, and all hashes right.
TEST(Signature, SaysThatTheCodeWasReplaced) {
  Image bad = signed_bytes(plan_with_code());
  const Image other = signed_bytes(plan_with_code(0xcc));
  const auto table = read_sections(MappedFile::from_memory("test.plan", bad));
  const PlanSection& code = *table.find(plan_format::SectionKind::kCode);
  std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(code.offset), code.length,
              bad.begin() + static_cast<std::ptrdiff_t>(code.offset));
  test::reseal(bad);
  EXPECT_EQ(read_plan(MappedFile::from_memory("test.plan", bad)).code[0].code[0], std::byte{0xcc});
  expect_error(ErrorCode::kCorrupt,
               "'test.plan' was changed after it was signed by " + std::string(test::kSigningKeyHex) +
                   ": the signature does not hold; get the file again",
               [&] { (void)read(bad); });
  EXPECT_FALSE(read(bad, SecretKey().public_key()).verified);
}

TEST(Signature, IsOfItsFileAndNotOfAnother) {
  Image a = signed_bytes(plan_with_code());
  Plan other = test::sample_plan();
  other.source = "somebodys";  // As long.
  const Image b = signed_bytes(plan_bytes(other));
  const size_t bytes = plan_format::kPublicKeyBytes + plan_format::kSignatureBytes;
  std::copy(b.end() - static_cast<std::ptrdiff_t>(bytes), b.end(), a.end() - static_cast<std::ptrdiff_t>(bytes));
  test::reseal(a);
  expect_error(ErrorCode::kCorrupt, "was changed after it was signed", [&] { (void)read(a); });
}

TEST(Signature, CodeIsACopyThatLaterChangesToTheFileDoNotReach) {
  const auto file = MappedFile::from_memory("test.plan", signed_bytes(plan_with_code()));
  const PublicKey keys[] = {test::signing_key().public_key()};
  const auto lies_in_file = [&](const KernelCode& kernel) {
    return kernel.code.data() >= file->bytes().data() &&
           kernel.code.data() < file->bytes().data() + file->bytes().size();
  };
  EXPECT_TRUE(lies_in_file(read_plan(file).code[0]));
  EXPECT_FALSE(lies_in_file(read_signed_plan(file, keys).plan.code[0]));
  // And the copy is what is verified.
  const PlanFile sections = read_sections(file);
  const Bytes code = sections.bytes_of(*sections.find(plan_format::SectionKind::kCode));
  Image changed(code.begin(), code.end());
  EXPECT_TRUE(holds(*signature_of(sections), sections, changed));
  changed.back() ^= std::byte{1};
  EXPECT_FALSE(holds(*signature_of(sections), sections, changed));
}

TEST(Signature, MustBeTheLastSectionAndOfItsSize) {
  const Image plan = plan_bytes(test::sample_plan());
  const PlanFile file = read_sections(MappedFile::from_memory("test.plan", plan));
  const Bytes graph = file.bytes_of(file.sections[0]), constants = file.bytes_of(file.sections[1]);
  const Image right(96), shorter(95), longer(97);
  const auto image = [&](const Image& signature, bool last) {
    return last ? test::plan_image({{1, graph}, {2, constants}, {4, signature}})
                : test::plan_image({{1, graph}, {4, signature}, {2, constants}});
  };
  EXPECT_TRUE(read(image(right, true)).signer);
  expect_error(ErrorCode::kCorrupt, "the signature section is not the last one",
               [&] { (void)read(image(right, false)); });
  for (const Image& wrong : {Image(), shorter, longer}) {
    expect_error(ErrorCode::kCorrupt, "but must have 96", [&] { (void)read(image(wrong, true)); });
  }
  // Also for who trusts nobody: a plan is sound, or it is not.
  expect_error(ErrorCode::kCorrupt, "but must have 96",
               [&] { (void)read_plan(MappedFile::from_memory("test.plan", image(shorter, true))); });
}

// A key of small order "signs" any message with a signature of zeros, in implementations that do not look.
TEST(Signature, OfAKeyOfSmallOrderNeverHolds) {
  const Image plan = plan_bytes(test::sample_plan());
  const PlanFile file = read_sections(MappedFile::from_memory("test.plan", plan));
  Image section(96);
  section[0] = section[32] = std::byte{1};  // The neutral element, as key and as R.
  PublicKey neutral;
  neutral.bytes[0] = std::byte{1};
  const Image image =
      test::plan_image({{1, file.bytes_of(file.sections[0])}, {2, file.bytes_of(file.sections[1])}, {4, section}});
  expect_error(ErrorCode::kCorrupt, "was changed after it was signed", [&] { (void)read(image, neutral); });
}

TEST(Signature, KeepsSectionsThatAreNotKnownAndTheirVersion) {
  const PlanFile file = read_sections(MappedFile::from_memory("test.plan", plan_bytes(test::sample_plan())));
  const Image unknown(100, std::byte{42});
  Image newer =
      test::plan_image({{1, file.bytes_of(file.sections[0])}, {77, unknown}, {2, file.bytes_of(file.sections[1])}});
  test::put(newer, 10, uint16_t{9});
  test::reseal(newer);
  const Image bytes = signed_bytes(newer);
  EXPECT_TRUE(read(bytes).verified);
  EXPECT_EQ(test::get<uint16_t>(bytes, 10), 9);
  const PlanFile again = read_sections(MappedFile::from_memory("test.plan", bytes));
  ASSERT_EQ(again.sections.size(), 4U);
  EXPECT_TRUE(std::ranges::equal(again.bytes_of(again.sections[1]), unknown));
}

TEST(Signature, OfAnOlderPlanMakesItOneOfThisFormat) {
  Image older = plan_bytes(test::sample_plan());
  test::put(older, 10, uint16_t{0});
  test::reseal(older);
  EXPECT_EQ(test::get<uint16_t>(signed_bytes(older), 10), plan_format::kMinor);
}

TEST(Signature, NeedsAPlaceInTheTable) {
  std::vector<test::SectionImage> sections;
  for (uint32_t i = 0; i < plan_format::kMaxSections; ++i) sections.push_back({100 + i, {}});
  expect_error(ErrorCode::kUnsupported, "there is no place for a signature",
               [&] { (void)signed_bytes(test::plan_image(sections)); });
}

// --- files

class Signing : public testing::Test {
 protected:
  Signing() {
    key_ = make_key_pair(path("key"));
    write_plan(test::sample_plan(), path("a.plan"));
  }
  [[nodiscard]] std::string path(const char* name) const { return folder_.path() + "/" + name; }

  test::TemporaryFolder folder_;
  std::string key_;
};

TEST_F(Signing, WritesIntoThePlanAndIsVerified) {
  EXPECT_EQ(plan_signer(path("a.plan")), std::nullopt);
  EXPECT_EQ(sign_plan(path("a.plan"), path("key")), key_);
  EXPECT_EQ(plan_signer(path("a.plan")), key_);
  const std::string other = make_key_pair(path("other"));
  EXPECT_EQ(verify_plan(path("a.plan"), std::vector{path("other.pub"), path("key.pub")}), key_);
  EXPECT_EQ(sign_plan(path("a.plan"), path("other")), other);
  expect_error(ErrorCode::kInvalidArgument, "is signed by " + other + ", which is none of the trusted keys",
               [&] { verify_plan(path("a.plan"), std::vector{path("key.pub")}); });
}

TEST_F(Signing, AnUnsignedPlanIsNotVerified) {
  expect_error(ErrorCode::kInvalidArgument, "a.plan' is not signed",
               [&] { verify_plan(path("a.plan"), std::vector{path("key.pub")}); });
}

TEST_F(Signing, WhatIsNoSoundPlanIsNotSignedAndStays) {
  write_file(path("b.plan"), [](FileSink& file) { file.write("not a plan"); });
  expect_error(ErrorCode::kCorrupt, "while signing", [&] { sign_plan(path("b.plan"), path("key")); });
  EXPECT_EQ(std::filesystem::file_size(path("b.plan")), 10U);
  expect_error(ErrorCode::kNotFound, "c.plan", [&] { sign_plan(path("c.plan"), path("key")); });
  expect_error(ErrorCode::kNotFound, "no-key", [&] { sign_plan(path("a.plan"), path("no-key")); });
  EXPECT_EQ(plan_signer(path("a.plan")), std::nullopt);
}

}  // namespace
}  // namespace tenon

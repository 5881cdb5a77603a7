// SPDX-License-Identifier: Apache-2.0
#include "plan/code.h"
#include "errors.h"
#include "plan/xxh3.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace tenon {
namespace {

std::vector<std::byte> filler(size_t size) { return std::vector<std::byte>(size, std::byte{0x90}); }

std::vector<std::byte> sample() {
  static const std::vector<std::byte> a = filler(3), b = filler(64), c = filler(100), d = filler(1);
  CodeImage image;
  image.source = 0x0123456789abcdef;
  image.tensors = {{CodeTensor::Role::kInput, DType::kFloat32, 12, true},
                   {CodeTensor::Role::kOutput, DType::kInt8, 0, false},
                   {CodeTensor::Role::kTemporary, DType::kBFloat16, 5, false}};
  image.kernels = {{7, 2.5}, {1, 0}};
  image.variants = {{Isa::kX86V2, {a, b}}, {Isa::kNeon, {c, d}}};
  return write_code(image);
}

// With a hash that fits again.
void reseal(std::vector<std::byte>& image) {
  constexpr size_t kHash = 40;
  std::fill_n(image.begin() + kHash, 8, std::byte{0});
  const uint64_t hash = xxh3(image.data(), image.size());
  std::memcpy(image.data() + kHash, &hash, sizeof(hash));
}

TEST(CodeImage, IsReadAsItWasWritten) {
  const std::vector<std::byte> bytes = sample();
  const CodeImage image = read_code(bytes, "a.plan");
  EXPECT_EQ(image.source, 0x0123456789abcdef);
  ASSERT_EQ(image.tensors.size(), 3U);
  EXPECT_EQ(image.tensors[0], (CodeTensor{CodeTensor::Role::kInput, DType::kFloat32, 12, true}));
  EXPECT_EQ(image.tensors[2], (CodeTensor{CodeTensor::Role::kTemporary, DType::kBFloat16, 5, false}));
  ASSERT_EQ(image.kernels.size(), 2U);
  EXPECT_EQ(image.kernels[0], (CodeKernel{7, 2.5}));
  ASSERT_EQ(image.variants.size(), 2U);
  EXPECT_EQ(image.variants[1].isa, Isa::kNeon);
  EXPECT_EQ(image.variants[0].kernels[1].size(), 64U);
  EXPECT_EQ(image.variants[1].kernels[0].size(), 100U);
  EXPECT_EQ(image.variants[1].kernels[1][0], std::byte{0x90});
  EXPECT_EQ(write_code(image), bytes);
}

TEST(CodeImage, EveryFlippedByteIsFound) {
  const std::vector<std::byte> good = sample();
  for (size_t i = 0; i < good.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      std::vector<std::byte> bad = good;
      bad[i] ^= std::byte{flip};
      EXPECT_THROW((void)read_code(bad, "a.plan"), Error) << i;
    }
  }
}

TEST(CodeImage, EveryPrefixIsFound) {
  const std::vector<std::byte> good = sample();
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW((void)read_code(Bytes(good).first(size), "a.plan"), Error) << size;
  }
}

// Behind the hash: what is read lies within the image, or is refused.
TEST(CodeImage, EveryFlippedByteBehindTheHashIsHarmless) {
  const std::vector<std::byte> good = sample();
  int refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x02, 0x40, 0x80, 0xff}) {
      std::vector<std::byte> bad = good;
      bad[i] ^= std::byte{flip};
      reseal(bad);
      try {
        const CodeImage image = read_code(bad, "a.plan");
        for (const CodeVariant& variant : image.variants) {
          ASSERT_EQ(variant.kernels.size(), image.kernels.size());
          for (const Bytes code : variant.kernels) {
            ASSERT_GE(code.data(), bad.data());
            ASSERT_LE(code.data() + code.size(), bad.data() + bad.size());
          }
        }
      } catch (const Error& error) {
        ++refused;
        ASSERT_TRUE(error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported) << error.what();
      }
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(CodeImage, ANewerFormatIsUnsupported) {
  std::vector<std::byte> bytes = sample();
  bytes[8] = std::byte{9};
  reseal(bytes);
  test::expect_error(ErrorCode::kUnsupported, "format 9", [&] { (void)read_code(bytes, "a.plan"); });
}

}  // namespace
}  // namespace tenon

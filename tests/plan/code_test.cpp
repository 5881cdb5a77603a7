// SPDX-License-Identifier: Apache-2.0
#include "plan/code.h"
#include "errors.h"
#include "plan/xxh3.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace tenon {
namespace {

std::vector<std::byte> filler(size_t size) { return std::vector<std::byte>(size, std::byte{0x90}); }

std::vector<std::byte> sample() {
  static const std::vector<std::byte> a = filler(3), b = filler(64), c = filler(100);
  const KernelCode kernels[] = {{{2, 1}, Isa::kX86V2, b, {}},
                                {{1, 7}, Isa::kNeon, a, {}},
                                {{1, 8}, Isa::kX86V4, c, {}},
                                {{2, 1}, Isa::kX86V2, b, {}}};
  return write_code(kernels);
}

// With a hash that fits again.
void reseal(std::vector<std::byte>& code) {
  constexpr size_t kHash = 24;
  std::fill_n(code.begin() + kHash, 8, std::byte{0});
  const uint64_t hash = xxh3(code.data(), code.size());
  std::memcpy(code.data() + kHash, &hash, sizeof(hash));
}

TEST(Code, IsReadAsItWasWrittenInTheOrderOfItsKeys) {
  const std::vector<std::byte> bytes = sample();
  const std::vector<KernelCode> kernels = read_code(bytes, "a.plan");
  ASSERT_EQ(kernels.size(), 3U);
  EXPECT_EQ(kernels[0].key, (CodeKey{1, 7}));
  EXPECT_EQ(kernels[0].isa, Isa::kNeon);
  EXPECT_EQ(kernels[0].code.size(), 3U);
  EXPECT_EQ(kernels[1].code.size(), 100U);
  EXPECT_EQ(kernels[2].key, (CodeKey{2, 1}));
  EXPECT_EQ(kernels[2].code[63], std::byte{0x90});
  EXPECT_EQ(write_code(kernels), bytes);
  EXPECT_TRUE(read_code(write_code({}), "a.plan").empty());
}

TEST(Code, EveryFlippedByteIsFound) {
  const std::vector<std::byte> good = sample();
  for (size_t i = 0; i < good.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      std::vector<std::byte> bad = good;
      bad[i] ^= std::byte{flip};
      EXPECT_THROW((void)read_code(bad, "a.plan"), Error) << i;
    }
  }
}

TEST(Code, EveryPrefixIsFound) {
  const std::vector<std::byte> good = sample();
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW((void)read_code(Bytes(good).first(size), "a.plan"), Error) << size;
  }
}

// Behind the hash: what is read lies within the bytes, or is refused.
TEST(Code, EveryFlippedByteBehindTheHashIsHarmless) {
  const std::vector<std::byte> good = sample();
  int refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x02, 0x40, 0x80, 0xff}) {
      std::vector<std::byte> bad = good;
      bad[i] ^= std::byte{flip};
      reseal(bad);
      try {
        for (const KernelCode& kernel : read_code(bad, "a.plan")) {
          ASSERT_GE(kernel.code.data(), bad.data());
          ASSERT_LE(kernel.code.data() + kernel.code.size(), bad.data() + bad.size());
        }
      } catch (const Error& error) {
        ++refused;
        ASSERT_TRUE(error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported) << error.what();
      }
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(Code, ANewerFormatIsUnsupported) {
  std::vector<std::byte> bytes = sample();
  bytes[8] = std::byte{9};
  reseal(bytes);
  test::expect_error(ErrorCode::kUnsupported, "format 9", [&] { (void)read_code(bytes, "a.plan"); });
}

}  // namespace
}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/strides.h"
#include "backends/cpu/copy.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

namespace tenon::cpu {
namespace {

TEST(LoopNest, MergesAxesThatContinueEachOther) {
  LoopNest nest;
  nest.add(2, {12, 12, 0});
  nest.add(1, {99, 99, 0});
  nest.add(3, {4, 4, 0});
  nest.add(4, {1, 1, 0});
  EXPECT_EQ(nest.rank, 1);
  EXPECT_EQ(nest.inner_extent(), 24);
  EXPECT_EQ(nest.inner_stride(0), 1);
  EXPECT_EQ(nest.outer_count(), 1);
}

TEST(LoopNest, WithoutAxesItIsOneElement) {
  LoopNest nest;
  nest.add(1, {5, 5, 5});
  EXPECT_EQ(nest.rank, 0);
  EXPECT_EQ(nest.outer_count() * nest.inner_extent(), 1);
}

TEST(NestWalk, StartsAnywhere) {
  LoopNest nest;
  nest.add(3, {100, 7, 0});
  nest.add(4, {10, 1000, 0});
  nest.add(2, {3, 5, 0});
  ASSERT_EQ(nest.rank, 3);
  NestWalk all(nest, 2, 0);
  for (int64_t i = 0; i < 12; ++i, all.next()) {
    const NestWalk direct(nest, 2, i);
    EXPECT_EQ(all.offset(0), i / 4 * 100 + i % 4 * 10);
    EXPECT_EQ(direct.offset(0), all.offset(0));
    EXPECT_EQ(direct.offset(1), all.offset(1));
  }
}

/// Every permutation of random shapes, by element size and thread count, against the definition.
TEST(CopyPiece, TransposesAsTheDefinitionSays) {
  std::mt19937 random(3);
  for (int round = 0; round < 120; ++round) {
    const int rank = 1 + static_cast<int>(random() % 5);
    Dims x;
    for (int i = 0; i < rank; ++i) x.push_back(1 + static_cast<int64_t>(random() % (rank < 4 ? 40 : 7)));
    std::vector<size_t> permutation(x.size());
    std::iota(permutation.begin(), permutation.end(), size_t{0});
    std::shuffle(permutation.begin(), permutation.end(), random);
    Dims y;
    for (const size_t axis : permutation) y.push_back(x[axis]);
    const auto from = dense_strides_of(x), to = dense_strides_of(y);
    Piece piece;
    for (size_t i = 0; i < y.size(); ++i) piece.nest.add(y[i], {from[permutation[i]], to[i], 0});

    std::vector<uint16_t> source(static_cast<size_t>(x.count()));
    std::iota(source.begin(), source.end(), uint16_t{0});
    std::vector<uint16_t> result(source.size());
    copy_piece(piece, source.data(), result.data(), 2, 1 + round % 3);
    std::vector<int64_t> place(y.size(), 0);
    for (const uint16_t value : result) {
      int64_t index = 0;
      for (size_t i = 0; i < y.size(); ++i) index += place[i] * from[permutation[i]];
      ASSERT_EQ(value, static_cast<uint16_t>(index)) << to_string(x);
      for (size_t i = y.size(); i-- > 0 && ++place[i] == y[i];) place[i] = 0;
    }
  }
}

TEST(CopyPiece, EveryElementSizeIsMoved) {
  for (const int bytes : {1, 2, 4, 8, 16}) {
    const std::vector<unsigned char> source = [&] {
      std::vector<unsigned char> values(static_cast<size_t>(bytes) * 6);
      std::iota(values.begin(), values.end(), static_cast<unsigned char>(1));
      return values;
    }();
    std::vector<unsigned char> result(source.size());
    Piece piece;  // [2, 3] to [3, 2]
    piece.nest.add(3, {1, 2, 0});
    piece.nest.add(2, {3, 1, 0});
    copy_piece(piece, source.data(), result.data(), bytes, 1);
    for (size_t i = 0; i < 6; ++i) {
      const size_t at = i % 2 * 3 + i / 2;
      for (size_t b = 0; b < static_cast<size_t>(bytes); ++b)
        EXPECT_EQ(result[i * static_cast<size_t>(bytes) + b], source[at * static_cast<size_t>(bytes) + b]);
    }
  }
}

TEST(Fill, RepeatsTheValuesBytes) {
  std::vector<uint32_t> values(5, 0);
  const uint32_t pattern = 0x01020304;
  fill(values.data(), 4, &pattern, 4);
  EXPECT_EQ(values, (std::vector<uint32_t>{pattern, pattern, pattern, pattern, 0}));
}

}  // namespace
}  // namespace tenon::cpu

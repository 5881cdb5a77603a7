// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

// Inner loops of our own f32 kernels, compiled once per instruction set (simd_<isa>.cpp, all from simd_impl.h) and
// chosen when first used by what the processor has. No loop here starts threads, allocates or throws.
namespace tenon::cpu {

/// Functions of one number. The two parameters are the epilogue's (ops/epilogue.h).
enum class UnaryOp {
  kAbs,
  kCeil,
  kClip,
  kElu,
  kErf,
  kExp,
  kFloor,
  kGelu,
  kGeluTanh,
  kHardSigmoid,
  kHardSwish,
  kLeakyRelu,
  kMish,
  kNeg,
  kReciprocal,
  kRelu,
  kSigmoid,
  kSoftplus,
  kSqrt,
  kSwish,
  kTanh,
};

enum class BinaryOp { kAdd, kDiv, kMax, kMin, kMul, kSub };

/// Which of a binary loop's operands is one number for the whole loop.
enum class Scalar { kNone, kLeft, kRight };

/// How values are folded.
enum class ReduceOp { kSum, kMax, kMin, kProd, kSumAbs, kSumSquare };

/// c[m, n] = a[m, k] b[k, n] + bias[n], then each element clamped to [lo, hi].
struct GemmTask {
  const float* a = nullptr;     ///< Row-major, rows `lda` elements apart.
  const float* b = nullptr;     ///< Packed by pack_b().
  const float* bias = nullptr;  ///< May be null.
  float* c = nullptr;           ///< Row-major, rows `ldc` elements apart.
  int64_t m = 0, n = 0, k = 0, lda = 0, ldc = 0;
  int panel_vectors = 2;  ///< As packed.
  int64_t a_block = 0;    ///< Columns of A that lie side by side; 0: all. A multiple of it is k.
  int64_t a_step = 0;     ///< Elements from such a block of A to the next.
  bool clamp = false;
  float lo = 0, hi = 0;
};

/// A depthwise convolution, 3 by 3, of an image whose channels lie side by side: some results of one row, each clamped
/// to [lo, hi]. Around the input there may be a pixel of padding.
struct DepthwiseTask {
  const float* rows[3] = {};        ///< Of the input; the first or the last may be null: padding.
  const float* weights = nullptr;   ///< [3][3][channels]
  const float* bias = nullptr;      ///< [channels]; may be null.
  float* y = nullptr;               ///< The results.
  int64_t width = 0, channels = 0;  ///< Of the input; its width is at least 3.
  int64_t stride = 1;               ///< 1 or 2.
  int64_t pad_left = 0;             ///< 0 or 1.
  int64_t first = 0, count = 0;     ///< Of the row's results.
  float lo = -std::numeric_limits<float>::infinity(), hi = std::numeric_limits<float>::infinity();
};

struct Simd {
  std::string_view isa;
  int width;  ///< Numbers in a vector.

  /// Columns [first, last) of panels. Every element is one chain of fused multiply-adds in the order of k, whatever m,
  /// n and the split are: the same row gives the same bits in a batch of any size.
  void (*gemm)(const GemmTask& task, int64_t first_panel, int64_t last_panel);
  /// y = op(x). `y` may be `x`. NaN stays NaN. Within 4 ulp, and absolutely within 2^-24 of the function's range near
  /// zeros.
  void (*unary)(UnaryOp op, float alpha, float beta, const float* x, float* y, int64_t count);
  /// y = a op b. `y` may be `a` or `b`. Max and Min give NaN if either is.
  void (*binary)(BinaryOp op, Scalar scalar, const float* a, const float* b, float* y, int64_t count);
  /// Softmax of rows of `extent` elements that follow each other; `log`: its logarithm. `y` may be `x`.
  void (*softmax)(const float* x, float* y, int64_t rows, int64_t extent, bool log);
  /// Folds `count` elements into one number. Sums run in several partial sums of f32 over blocks that are added in
  /// double.
  double (*reduce)(ReduceOp op, const float* x, int64_t count);
  /// y[i] = y[i] op f(x[i]): folds a row into a row of running results.
  void (*accumulate)(ReduceOp op, const float* x, float* y, int64_t count);
  void (*depthwise)(const DepthwiseTask& task);
};

/// For this processor.
[[nodiscard]] const Simd& simd();

/// All that this build has and this processor runs, the best first; for tests.
[[nodiscard]] const Simd* const* all_simd(int* count);

/// The size of B, packed into panels of so many columns, in elements.
[[nodiscard]] inline int64_t packed_b_count(int64_t panel, int64_t k, int64_t n) {
  return (n + panel - 1) / panel * panel * k;
}
/// Packs B, element (k, n) at b[k * k_stride + n * n_stride], into panels: [panel][k][column], the last one filled with
/// zeros. A panel has 1, 2 or 3 vectors of columns.
void pack_b(int64_t panel, const float* b, int64_t k, int64_t n, int64_t k_stride, int64_t n_stride, float* packed);

// One for each simd_<isa>.cpp; null where the build has it not.
const Simd* simd_avx2();
const Simd* simd_avx512();
const Simd* simd_baseline();

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of simd.h, for the instruction set that the including source is compiled for: that source defines
// TENON_SIMD_WIDTH (floats in a vector), TENON_SIMD_GEMM_ROWS and TENON_SIMD_ISA, and where the set has masked
// accesses, TENON_SIMD_MASK(count), TENON_SIMD_MASK_LOAD and TENON_SIMD_MASK_STORE. Everything has internal linkage,
// and no function of the standard library is instantiated here: such a copy, compiled for AVX-512, could be the one
// that the linker keeps for the whole program.

#include "backends/cpu/simd.h"

#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

namespace {

using tenon::cpu::BinaryOp;
using tenon::cpu::DepthwiseTask;
using tenon::cpu::GemmTask;
using tenon::cpu::ReduceOp;
using tenon::cpu::Scalar;
using tenon::cpu::UnaryOp;

constexpr int kWidth = TENON_SIMD_WIDTH;

typedef float Vec __attribute__((vector_size(sizeof(float) * TENON_SIMD_WIDTH)));
typedef int32_t IntVec __attribute__((vector_size(sizeof(float) * TENON_SIMD_WIDTH)));
typedef float LooseVec __attribute__((vector_size(sizeof(float) * TENON_SIMD_WIDTH), aligned(4), may_alias));

inline Vec load(const float* p) { return *reinterpret_cast<const LooseVec*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<LooseVec*>(p) = v; }
inline Vec splat(float value) { return value - Vec{}; }
/// The first `count` < kWidth elements; the other lanes are 0.
inline Vec load_some(const float* p, int64_t count) {
#ifdef TENON_SIMD_MASK
  return TENON_SIMD_MASK_LOAD(p, TENON_SIMD_MASK(count));
#else
  Vec v{};
  std::memcpy(&v, p, static_cast<size_t>(count) * sizeof(float));
  return v;
#endif
}
inline void store_some(float* p, Vec v, int64_t count) {
#ifdef TENON_SIMD_MASK
  TENON_SIMD_MASK_STORE(p, TENON_SIMD_MASK(count), v);
#else
  std::memcpy(p, &v, static_cast<size_t>(count) * sizeof(float));
#endif
}

// A comparison with NaN is false, so these give `x` when it is NaN.
inline Vec at_most(Vec x, Vec limit) { return limit < x ? limit : x; }
inline Vec at_least(Vec x, Vec limit) { return limit > x ? limit : x; }
inline Vec maximum(Vec a, Vec b) { return ((a > b) | (a != a)) ? a : b; }
inline Vec minimum(Vec a, Vec b) { return ((a < b) | (a != a)) ? a : b; }
inline Vec magnitude(Vec x) { return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(x) & 0x7FFFFFFF); }
inline Vec with_sign_of(Vec positive, Vec sign) {
  return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(positive) | (reinterpret_cast<IntVec>(sign) & ~0x7FFFFFFF));
}

// --- elementary functions

// The nearest integer, for |x| < 2^22: adding 1.5 * 2^23 leaves no fraction bits.
inline Vec nearest(Vec x) {
  const Vec magic = splat(12582912.0F);
  return (x + magic) - magic;
}

// 2^n for an integer n in [-126, 127], through the exponent field.
inline Vec power_of_two(Vec n) {
  const Vec magic = splat(12582912.0F + 127);
  return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(n + magic) << 23);
}

// p = e^r - 1 for x = n ln 2 + r, |r| <= ln 2 / 2, by its Taylor series, whose remainder there is below 2^-27; `n`
// becomes n.
inline Vec expm1_of_rest(Vec x, Vec& n) {
  n = nearest(x * 1.44269504F);
  Vec r = x - n * 0.693145752F;  // ln 2 in two parts (Cody and Waite); the first has few bits, so the product is exact.
  r = r - n * 1.42860677e-6F;
  Vec p = splat(1.0F / 5040);
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  return p * r * r + r;
}

inline Vec exponential(Vec x) {
  // Beyond these the result is inf or 0; inside, 2^n is applied in two steps so that denormal results come out right.
  const Vec inside = at_least(at_most(x, splat(89.0F)), splat(-104.0F));
  Vec n;
  const Vec p = expm1_of_rest(inside, n);
  const Vec half = nearest(n * 0.5F);
  const Vec scale = power_of_two(half);
  return (p * scale + scale) * power_of_two(n - half);
}

// 2^n p + (2^n - 1), where the bracket is exact.
inline Vec expm1(Vec x) {
  const Vec inside = at_least(at_most(x, splat(87.0F)), splat(-30.0F));
  Vec n;
  const Vec p = expm1_of_rest(inside, n);
  const Vec scale = power_of_two(n);
  const Vec result = p * scale + (scale - 1.0F);
  return x > 87.0F ? exponential(x) : result;
}

// tanh |x| = (e^2|x| - 1) / (e^2|x| + 1)
inline Vec tanh(Vec x) {
  const Vec t = expm1(at_most(2.0F * magnitude(x), splat(40.0F)));
  return with_sign_of(t / (t + 2.0F), x);
}

inline Vec sigmoid(Vec x) {
  // Of a negative number, so that nothing overflows and small results keep their precision.
  const Vec e = exponential(-magnitude(x));
  const Vec result = (x < 0.0F ? e : splat(1.0F)) / (1.0F + e);
  return x != x ? x : result;
}

// ln(1 + e^-|x|) by ln(1 + u) = 2 artanh(u / (2 + u)), whose argument is at most 1/3; the series' remainder is below
// 2^-26.
inline Vec softplus(Vec x) {
  const Vec u = exponential(-magnitude(x));
  const Vec s = u / (u + 2.0F);
  const Vec q = s * s;
  Vec p = splat(2.0F / 13);
  p = p * q + 2.0F / 11;
  p = p * q + 2.0F / 9;
  p = p * q + 2.0F / 7;
  p = p * q + 2.0F / 5;
  p = p * q + 2.0F / 3;
  p = p * q + 2.0F;
  return at_least(x, Vec{}) + p * s;
}

// tanh(ln(1 + e^x)) = (w^2 + 2w) / (w^2 + 2w + 2) with w = e^x; it is 1 in f32 from x = 10 on.
inline Vec mish(Vec x) {
  const Vec w = exponential(at_most(x, splat(20.0F)));
  const Vec t = w * (w + 2.0F);
  return x * (t / (t + 2.0F));
}

// Chebyshev fits of our own: erf(x) / x in x^2 on [0, 1], relative error 1.4e-9; erfc(x) e^(x^2) in 1/x on [1,
// 4], 1.4e-7, which leaves 2.2e-8 in erf. From 4 on erf is 1 in f32.
inline Vec error_function(Vec x) {
  const Vec a = magnitude(x);
  const Vec s = x * x;
  Vec inner = splat(7.882497111e-05F);
  inner = inner * s - 8.018854992e-04F;
  inner = inner * s + 5.189311943e-03F;
  inner = inner * s - 2.685432880e-02F;
  inner = inner * s + 1.128359746e-01F;
  inner = inner * s - 3.761262690e-01F;
  inner = inner * s + 1.128379166e+00F;
  const Vec clipped = at_least(at_most(a, splat(4.0F)), splat(1.0F));
  const Vec t = 1.0F / clipped;
  Vec outer = splat(-7.106618766e-03F);
  outer = outer * t + 1.684301406e-02F;
  outer = outer * t + 4.870541578e-02F;
  outer = outer * t - 2.714609173e-01F;
  outer = outer * t + 5.181747287e-01F;
  outer = outer * t - 4.810591413e-01F;
  outer = outer * t + 4.451758199e-02F;
  outer = outer * t + 5.586768750e-01F;
  outer = outer * t + 2.926261501e-04F;
  const Vec tail = with_sign_of(1.0F - outer * exponential(-clipped * clipped), x);
  return a > 1.0F ? tail : x * inner;
}

// --- one number to one number

// How many of `count` elements lie before the first one at which a whole vector is aligned: one that lies in two lines
// of the cache takes twice the time to store. 0 where storing a few elements takes longer than that.
inline int64_t unaligned(const float* y, int64_t count) {
#ifdef TENON_SIMD_MASK
  if (count < 8 * kWidth) return 0;
  const auto rest = static_cast<int64_t>(reinterpret_cast<uintptr_t>(y) / sizeof(float) % kWidth);
  return rest == 0 ? 0 : kWidth - rest;
#else
  (void)y, (void)count;
  return 0;
#endif
}

/// Asks for the line that stores will come to after some more vectors: the processor fetches what is read ahead by
/// itself, but not what is written.
inline void prefetch_for_writing(const float* y) {
  constexpr uintptr_t kBytesAhead = 1024;  // More gains 2 % in memory, and costs 10 % in the caches.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it may lie beyond the end, and nothing is read
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(y) + kBytesAhead), 1);
}

template <typename Function>
inline void map(const float* x, float* y, int64_t count, Function function) {
  const auto some = [&](int64_t at, int64_t n) {
    if (n > 0) store_some(y + at, function(load_some(x + at, n)), n);
  };
  int64_t i = unaligned(y, count);
  some(0, i);
  constexpr int64_t kStep = 4 * kWidth;
  for (; i + kStep <= count; i += kStep) {
    for (int64_t at = i; at < i + kStep; at += kWidth) {
      prefetch_for_writing(y + at);
      store(y + at, function(load(x + at)));
    }
  }
  for (; i + kWidth <= count; i += kWidth) store(y + i, function(load(x + i)));
  some(i, count - i);
}

template <float (*kFunction)(float)>
inline Vec each(Vec x) {
  for (int i = 0; i < kWidth; ++i) x[i] = kFunction(x[i]);
  return x;
}
inline float ceil_of(float x) { return __builtin_ceilf(x); }
inline float floor_of(float x) { return __builtin_floorf(x); }
inline float sqrt_of(float x) { return __builtin_sqrtf(x); }

void unary(UnaryOp op, float alpha, float beta, const float* x, float* y, int64_t count) {
  const Vec a = splat(alpha), b = splat(beta), zero{};
  const auto unit = [&](Vec v) { return at_least(at_most(v, splat(1.0F)), zero); };
  switch (op) {
    case UnaryOp::kAbs:
      return map(x, y, count, [](Vec v) { return magnitude(v); });
    case UnaryOp::kCeil:
      return map(x, y, count, each<ceil_of>);
    case UnaryOp::kClip:
      return map(x, y, count, [&](Vec v) { return at_most(at_least(v, a), b); });
    case UnaryOp::kElu:
      return map(x, y, count, [&](Vec v) { return v < zero ? a * expm1(v) : v; });
    case UnaryOp::kErf:
      return map(x, y, count, [](Vec v) { return error_function(v); });
    case UnaryOp::kExp:
      return map(x, y, count, [](Vec v) { return exponential(v); });
    case UnaryOp::kFloor:
      return map(x, y, count, each<floor_of>);
    case UnaryOp::kGelu:
      return map(x, y, count, [](Vec v) { return 0.5F * v * (1.0F + error_function(v * 0.707106781F)); });
    case UnaryOp::kGeluTanh:
      return map(x, y, count,
                 [](Vec v) { return 0.5F * v * (1.0F + tanh(0.797884561F * (v + 0.044715F * v * v * v))); });
    case UnaryOp::kHardSigmoid:
      return map(x, y, count, [&](Vec v) { return unit(a * v + b); });
    case UnaryOp::kHardSwish:
      return map(x, y, count, [&](Vec v) { return v * unit(v * (1.0F / 6) + 0.5F); });
    case UnaryOp::kLeakyRelu:
      return map(x, y, count, [&](Vec v) { return v < zero ? a * v : v; });
    case UnaryOp::kMish:
      return map(x, y, count, [](Vec v) { return mish(v); });
    case UnaryOp::kNeg:
      return map(x, y, count, [](Vec v) { return -v; });
    case UnaryOp::kReciprocal:
      return map(x, y, count, [](Vec v) { return 1.0F / v; });
    case UnaryOp::kRelu:
      return map(x, y, count, [&](Vec v) { return at_least(v, zero); });
    case UnaryOp::kSigmoid:
      return map(x, y, count, [](Vec v) { return sigmoid(v); });
    case UnaryOp::kSoftplus:
      return map(x, y, count, [](Vec v) { return softplus(v); });
    case UnaryOp::kSqrt:
      return map(x, y, count, each<sqrt_of>);
    case UnaryOp::kSwish:
      return map(x, y, count, [&](Vec v) { return v * sigmoid(a * v); });
    case UnaryOp::kTanh:
      return map(x, y, count, [](Vec v) { return tanh(v); });
  }
}

template <typename Function>
inline void map2(Scalar scalar, const float* a, const float* b, float* y, int64_t count, Function function) {
  int64_t i = 0;
  const Vec left = splat(*a), right = splat(*b);
  const auto both = [&](auto get_a, auto get_b) {
    for (; i + kWidth <= count; i += kWidth) {
      prefetch_for_writing(y + i);
      store(y + i, function(get_a(a + i, kWidth), get_b(b + i, kWidth)));
    }
    if (i < count) store_some(y + i, function(get_a(a + i, count - i), get_b(b + i, count - i)), count - i);
  };
  const auto element = [](const float* p, int64_t n) { return n == kWidth ? load(p) : load_some(p, n); };
  switch (scalar) {
    case Scalar::kNone:
      return both(element, element);
    case Scalar::kLeft:
      return both([&](const float*, int64_t) { return left; }, element);
    case Scalar::kRight:
      return both(element, [&](const float*, int64_t) { return right; });
  }
}

void binary(BinaryOp op, Scalar scalar, const float* a, const float* b, float* y, int64_t count) {
  if (count == 0) return;
  switch (op) {
    case BinaryOp::kAdd:
      return map2(scalar, a, b, y, count, [](Vec u, Vec v) { return u + v; });
    case BinaryOp::kDiv:
      return map2(scalar, a, b, y, count, [](Vec u, Vec v) { return u / v; });
    case BinaryOp::kMax:
      return map2(scalar, a, b, y, count, [](Vec u, Vec v) { return maximum(u, v); });
    case BinaryOp::kMin:
      return map2(scalar, a, b, y, count, [](Vec u, Vec v) { return minimum(u, v); });
    case BinaryOp::kMul:
      return map2(scalar, a, b, y, count, [](Vec u, Vec v) { return u * v; });
    case BinaryOp::kSub:
      return map2(scalar, a, b, y, count, [](Vec u, Vec v) { return u - v; });
  }
}

// --- many numbers to one

/// The lanes moved down by kBy, those at the bottom back to the top.
template <int kBy, int... kLane>
inline Vec rotated(Vec v, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(v, v, (kLane + kBy) % kWidth...);
}

/// Folds the lanes into one number, in halves.
template <int kHalf = kWidth / 2, typename Function>
inline float fold_lanes(Vec v, Function function) {
  if constexpr (kHalf == 0) {
    return v[0];
  } else {
    const Vec other = rotated<kHalf>(v, std::make_integer_sequence<int, kWidth>());
    return fold_lanes<kHalf / 2>(function(v, other), function);
  }
}

inline double sum_of(Vec v) {
  double sums[kWidth];
  for (int i = 0; i < kWidth; ++i) sums[i] = static_cast<double>(v[i]);
  for (int half = kWidth / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) sums[i] += sums[i + half];
  return sums[0];
}

/// Elements whose sums stay in f32, four vectors of partial sums: each partial sum has at most 64 terms or so.
constexpr int64_t kSumBlock = 64 * 4 * kWidth;

template <typename Function>
inline double sum(const float* x, int64_t count, Function function) {
  double total = 0;
  for (int64_t first = 0; first < count; first += kSumBlock) {
    const float* p = x + first;
    const int64_t n = count - first < kSumBlock ? count - first : kSumBlock;
    Vec s0{}, s1{}, s2{}, s3{};
    int64_t i = 0;
    for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
      s0 += function(load(p + i));
      s1 += function(load(p + i + kWidth));
      s2 += function(load(p + i + 2 * kWidth));
      s3 += function(load(p + i + 3 * kWidth));
    }
    for (; i + kWidth <= n; i += kWidth) s0 += function(load(p + i));
    if (i < n) s1 += function(load_some(p + i, n - i));  // The functions map 0 to 0.
    total += sum_of((s0 + s1) + (s2 + s3));
  }
  return total;
}

/// For operations where the order does not matter and repeating an element does not either.
template <typename Function>
inline float fold(const float* x, int64_t count, Function function) {
  Vec best = splat(x[0]);
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) best = function(best, load(x + i));
  if (i < count) {
    Vec rest = load_some(x + i, count - i);
    for (int64_t lane = count - i; lane < kWidth; ++lane) rest[lane] = x[0];
    best = function(best, rest);
  }
  return fold_lanes(best, function);
}

double reduce(ReduceOp op, const float* x, int64_t count) {
  switch (op) {
    case ReduceOp::kSum:
      return sum(x, count, [](Vec v) { return v; });
    case ReduceOp::kSumAbs:
      return sum(x, count, [](Vec v) { return magnitude(v); });
    case ReduceOp::kSumSquare:
      return sum(x, count, [](Vec v) { return v * v; });
    case ReduceOp::kMax:
      return static_cast<double>(fold(x, count, [](Vec a, Vec b) { return maximum(a, b); }));
    case ReduceOp::kMin:
      return static_cast<double>(fold(x, count, [](Vec a, Vec b) { return minimum(a, b); }));
    case ReduceOp::kProd: {
      double product = 1;
      for (int64_t i = 0; i < count; ++i) product *= static_cast<double>(x[i]);
      return product;
    }
  }
  return 0;
}

void accumulate(ReduceOp op, const float* x, float* y, int64_t count) {
  const auto with = [&](auto function) {
    int64_t i = 0;
    for (; i + kWidth <= count; i += kWidth) store(y + i, function(load(y + i), load(x + i)));
    if (i < count) store_some(y + i, function(load_some(y + i, count - i), load_some(x + i, count - i)), count - i);
  };
  switch (op) {
    case ReduceOp::kSum:
      return with([](Vec a, Vec v) { return a + v; });
    case ReduceOp::kSumAbs:
      return with([](Vec a, Vec v) { return a + magnitude(v); });
    case ReduceOp::kSumSquare:
      return with([](Vec a, Vec v) { return a + v * v; });
    case ReduceOp::kMax:
      return with([](Vec a, Vec v) { return maximum(a, v); });
    case ReduceOp::kMin:
      return with([](Vec a, Vec v) { return minimum(a, v); });
    case ReduceOp::kProd:
      return with([](Vec a, Vec v) { return a * v; });
  }
}

// softmax() of a row that fits a vector.
inline void softmax_of_vector(const float* x, float* y, int64_t extent) {
  IntVec lanes;
  for (int i = 0; i < kWidth; ++i) lanes[i] = i;
  const IntVec inside = lanes < static_cast<int32_t>(extent);
  const Vec row = load_some(x, extent);
  const Vec largest = splat(fold_lanes(inside ? row : splat(x[0]), [](Vec a, Vec b) { return maximum(a, b); }));
  const Vec e = inside ? exponential(row - largest) : Vec{};
  store_some(y, e * splat(static_cast<float>(1.0 / sum_of(e))), extent);
}

void softmax(const float* x, float* y, int64_t rows, int64_t extent, bool log) {
  if (extent <= kWidth && !log) {
    for (int64_t row = 0; row < rows; ++row) softmax_of_vector(x + row * extent, y + row * extent, extent);
    return;
  }
  for (int64_t row = 0; row < rows; ++row, x += extent, y += extent) {
    const float largest = fold(x, extent, [](Vec a, Vec b) { return maximum(a, b); });
    const Vec shift = splat(largest);
    if (log) {
      double total = 0;
      int64_t i = 0;
      for (; i + kWidth <= extent; i += kWidth) total += sum_of(exponential(load(x + i) - shift));
      for (; i < extent; ++i) total += static_cast<double>(exponential(splat(x[i] - largest))[0]);
      const Vec log_total = splat(static_cast<float>(std::log(total)));
      map(x, y, extent, [&](Vec v) { return (v - shift) - log_total; });
      continue;
    }
    map(x, y, extent, [&](Vec v) { return exponential(v - shift); });
    const Vec scale = splat(static_cast<float>(1.0 / sum(y, extent, [](Vec v) { return v; })));
    map(y, y, extent, [&](Vec v) { return v * scale; });
  }
}

// --- matrix product

/// kRows rows by kVecs vectors of columns of c, all of k. B's panels have kPanelVecs vectors.
template <int kRows, int kVecs, int kPanelVecs>
inline void tile(const GemmTask& task, int64_t row, int64_t panel) {
  constexpr int kPanel = kPanelVecs * kWidth;
  const int64_t panel_step = kPanel * task.k;
  const float* b = task.b + panel * panel_step;
  Vec sums[kRows][kVecs];
#pragma GCC unroll 16
  for (int v = 0; v < kVecs; ++v)
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) sums[r][v] = Vec{};
  const int64_t block = task.a_block > 0 ? task.a_block : task.k;
  const float* a = task.a + row * task.lda;
  for (int64_t first = 0; first < task.k; first += block, a += task.a_step) {
    for (int64_t k = 0; k < block; ++k, b += kPanel) {
      Vec columns[kVecs];
#pragma GCC unroll 16
      for (int v = 0; v < kVecs; ++v) columns[v] = load(b + v / kPanelVecs * panel_step + v % kPanelVecs * kWidth);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const Vec value = splat(a[r * task.lda + k]);
#pragma GCC unroll 16
        for (int v = 0; v < kVecs; ++v) sums[r][v] += value * columns[v];
      }
    }
  }
  float* c = task.c + row * task.ldc + panel * kPanel;
  const float* bias = task.bias ? task.bias + panel * kPanel : nullptr;
  const int64_t columns = task.n - panel * kPanel;
  const bool whole = columns >= kVecs * kWidth;
  const auto count_of = [&](int v) { return whole || columns - v * kWidth > kWidth ? kWidth : columns - v * kWidth; };
#pragma GCC unroll 16
  for (int v = 0; v < kVecs; ++v) {
    const int64_t count = count_of(v);
    if (!bias || count <= 0) continue;
    const Vec value = count == kWidth ? load(bias + v * kWidth) : load_some(bias + v * kWidth, count);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) sums[r][v] += value;
  }
  if (task.clamp) {
    const Vec lo = splat(task.lo), hi = splat(task.hi);
#pragma GCC unroll 16
    for (int v = 0; v < kVecs; ++v)
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) sums[r][v] = at_most(at_least(sums[r][v], lo), hi);
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r, c += task.ldc) {
#pragma GCC unroll 16
    for (int v = 0; v < kVecs; ++v) {
      const int64_t count = count_of(v);
      if (count == kWidth) {
        store(c + v * kWidth, sums[r][v]);
      } else if (count > 0) {
        store_some(c + v * kWidth, sums[r][v], count);
      }
    }
  }
}

/// `rows` <= kMost rows.
template <int kMost, int kVecs, int kPanelVecs>
inline void some_rows(const GemmTask& task, int64_t row, int64_t rows, int64_t panel) {
  if (rows == kMost) return tile<kMost, kVecs, kPanelVecs>(task, row, panel);
  if constexpr (kMost > 1) some_rows<kMost - 1, kVecs, kPanelVecs>(task, row, rows, panel);
}

/// All rows of one panel, of which kVecs vectors are there: in tiles that are about as high as each other, as low ones
/// do not have enough independent sums to fill the pipelines.
template <int kMost, int kVecs, int kPanelVecs>
void rows_of_panel(const GemmTask& task, int64_t panel) {
  const int64_t tiles = (task.m + kMost - 1) / kMost;
  int64_t row = 0;
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t rows = (task.m - row + tiles - i - 1) / (tiles - i);
    some_rows<kMost, kVecs, kPanelVecs>(task, row, rows, panel);
    row += rows;
  }
}

template <int kPanelVecs>
void gemm_of_panels(const GemmTask& task, int64_t panel, int64_t last) {
  constexpr int kRows = TENON_SIMD_GEMM_ROWS * 2 / (kPanelVecs > 2 ? kPanelVecs : 2);
  if constexpr (kPanelVecs == 2) {
    // Few rows do not have them either, so several panels go together.
    if (task.m == 1) {
      for (; panel + 4 <= last; panel += 4) tile<1, 8, 2>(task, 0, panel);
    } else if (task.m == 2) {
      for (; panel + 2 <= last; panel += 2) tile<2, 4, 2>(task, 0, panel);
    }
  }
  for (; panel < last; ++panel) {
    const int64_t columns = task.n - panel * kPanelVecs * kWidth;
    if (columns > (kPanelVecs - 1) * kWidth) {
      rows_of_panel<kRows, kPanelVecs, kPanelVecs>(task, panel);
    } else if (columns > kWidth) {
      rows_of_panel<kRows, kPanelVecs == 3 ? 2 : 1, kPanelVecs>(task, panel);
    } else {
      rows_of_panel<kRows, 1, kPanelVecs>(task, panel);
    }
  }
}

void gemm(const GemmTask& task, int64_t first, int64_t last) {
  if (task.panel_vectors == 3) {
    gemm_of_panels<3>(task, first, last);
  } else if (task.panel_vectors == 2) {
    gemm_of_panels<2>(task, first, last);
  } else {
    gemm_of_panels<1>(task, first, last);
  }
}

// --- depthwise convolution

/// How many results of a row are computed together: what the registers hold beside the weights.
constexpr int kPixels = kWidth >= 16 ? 7 : 4;

/// kCount results from `pixel` on, at `y`. Of the window's rows, [kFirst, kLast) are inside the input; kLeft, kRight:
/// the first or last column that is read is padding.
template <int kCount, int kStride, int kFirst, int kLast, bool kLeft, bool kRight>
inline void pixels(const DepthwiseTask& task, int64_t pixel, float* y) {
  constexpr int kColumns = (kCount - 1) * kStride + 3;
  const int64_t channels = task.channels;
  const int64_t begin = (pixel * kStride - task.pad_left + (kLeft ? 1 : 0)) * channels;
  const Vec lo = splat(task.lo), hi = splat(task.hi);
  const auto vector_at = [&](int64_t channel, auto load_one, auto store_one) {
    Vec weights[9];
#pragma GCC unroll 9
    for (int i = kFirst * 3; i < kLast * 3; ++i) weights[i] = load_one(task.weights + i * channels + channel);
    const Vec bias = task.bias ? load_one(task.bias + channel) : Vec{};
    Vec sums[kCount];
#pragma GCC unroll 16
    for (int p = 0; p < kCount; ++p) sums[p] = bias;
#pragma GCC unroll 3
    for (int r = kFirst; r < kLast; ++r) {
      const float* x = task.rows[r] + begin + channel;
#pragma GCC unroll 32
      for (int column = kLeft ? 1 : 0; column < (kRight ? kColumns - 1 : kColumns); ++column, x += channels) {
        const Vec value = load_one(x);
#pragma GCC unroll 3
        for (int k = 0; k < 3; ++k) {
          const int p = column - k;
          if (p >= 0 && p % kStride == 0 && p / kStride < kCount) sums[p / kStride] += value * weights[r * 3 + k];
        }
      }
    }
#pragma GCC unroll 16
    for (int p = 0; p < kCount; ++p) store_one(y + p * channels + channel, at_most(at_least(sums[p], lo), hi));
  };
  int64_t channel = 0;
  for (; channel + kWidth <= channels; channel += kWidth) vector_at(channel, load, store);
  if (const int64_t rest = channels - channel; rest > 0) {
    vector_at(
        channel, [rest](const float* p) { return load_some(p, rest); },
        [rest](float* p, Vec v) { store_some(p, v, rest); });
  }
}

template <int kStride, int kFirst, int kLast>
void depthwise_row(const DepthwiseTask& task) {
  // Results from `edge` on read the padding on the right.
  const int64_t edge = (task.width - 3 + task.pad_left) / kStride + 1, end = task.first + task.count;
  const int64_t inside = end < edge ? end : edge;
  int64_t pixel = task.first;
  float* y = task.y;
  const auto some = [&](auto count, auto left, auto right) {
    pixels<count.value, kStride, kFirst, kLast, left.value, right.value>(task, pixel, y);
    pixel += count.value;
    y += count.value * task.channels;
  };
  const std::true_type yes;
  const std::false_type no;
  const std::integral_constant<int, 1> one;
  if (pixel == 0 && task.pad_left > 0) some(one, yes, no);
  while (pixel + kPixels <= inside) some(std::integral_constant<int, kPixels>(), no, no);
  if (pixel + 4 <= inside) some(std::integral_constant<int, 4>(), no, no);
  if (pixel + 2 <= inside) some(std::integral_constant<int, 2>(), no, no);
  if (pixel < inside) some(one, no, no);
  if (pixel < end) some(one, no, yes);
}

template <int kStride>
void depthwise_of_stride(const DepthwiseTask& task) {
  if (task.rows[0] == nullptr) {
    depthwise_row<kStride, 1, 3>(task);
  } else if (task.rows[2] == nullptr) {
    depthwise_row<kStride, 0, 2>(task);
  } else {
    depthwise_row<kStride, 0, 3>(task);
  }
}

void depthwise(const DepthwiseTask& task) {
  if (task.stride == 1) {
    depthwise_of_stride<1>(task);
  } else {
    depthwise_of_stride<2>(task);
  }
}

constexpr tenon::cpu::Simd kSimd = {TENON_SIMD_ISA, kWidth, gemm,       unary,    binary,
                                    softmax,        reduce, accumulate, depthwise};

}  // namespace

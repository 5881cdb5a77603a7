// SPDX-License-Identifier: Apache-2.0
#include "layers/native_host.h"

#include <fmt/core.h>
#include <tenon/dtype.h>
#include <tenon/shape.h>
#include <tenon/version.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace tenon {
namespace {

// The C header repeats what the C++ headers define; here the two are tied together.
#define TENON_TIE(c, cpp) static_assert(static_cast<int32_t>(c) == static_cast<int32_t>(cpp))
TENON_TIE(TENON_STATUS_INVALID_ARGUMENT, ErrorCode::kInvalidArgument);
TENON_TIE(TENON_STATUS_NOT_FOUND, ErrorCode::kNotFound);
TENON_TIE(TENON_STATUS_UNSUPPORTED, ErrorCode::kUnsupported);
TENON_TIE(TENON_STATUS_CORRUPT, ErrorCode::kCorrupt);
TENON_TIE(TENON_STATUS_IO, ErrorCode::kIo);
TENON_TIE(TENON_STATUS_OUT_OF_MEMORY, ErrorCode::kOutOfMemory);
TENON_TIE(TENON_STATUS_DEVICE, ErrorCode::kDevice);
TENON_TIE(TENON_STATUS_INTERNAL, ErrorCode::kInternal);
TENON_TIE(TENON_DTYPE_UNDEFINED, DType::kUndefined);
TENON_TIE(TENON_DTYPE_FLOAT32, DType::kFloat32);
TENON_TIE(TENON_DTYPE_UINT8, DType::kUInt8);
TENON_TIE(TENON_DTYPE_INT8, DType::kInt8);
TENON_TIE(TENON_DTYPE_UINT16, DType::kUInt16);
TENON_TIE(TENON_DTYPE_INT16, DType::kInt16);
TENON_TIE(TENON_DTYPE_INT32, DType::kInt32);
TENON_TIE(TENON_DTYPE_INT64, DType::kInt64);
TENON_TIE(TENON_DTYPE_STRING, DType::kString);
TENON_TIE(TENON_DTYPE_BOOL, DType::kBool);
TENON_TIE(TENON_DTYPE_FLOAT16, DType::kFloat16);
TENON_TIE(TENON_DTYPE_FLOAT64, DType::kFloat64);
TENON_TIE(TENON_DTYPE_UINT32, DType::kUInt32);
TENON_TIE(TENON_DTYPE_UINT64, DType::kUInt64);
TENON_TIE(TENON_DTYPE_COMPLEX64, DType::kComplex64);
TENON_TIE(TENON_DTYPE_COMPLEX128, DType::kComplex128);
TENON_TIE(TENON_DTYPE_BFLOAT16, DType::kBFloat16);
TENON_TIE(TENON_DTYPE_FLOAT8E4M3FN, DType::kFloat8E4M3FN);
TENON_TIE(TENON_DTYPE_FLOAT8E4M3FNUZ, DType::kFloat8E4M3FNUZ);
TENON_TIE(TENON_DTYPE_FLOAT8E5M2, DType::kFloat8E5M2);
TENON_TIE(TENON_DTYPE_FLOAT8E5M2FNUZ, DType::kFloat8E5M2FNUZ);
TENON_TIE(TENON_DTYPE_UINT4, DType::kUInt4);
TENON_TIE(TENON_DTYPE_INT4, DType::kInt4);
TENON_TIE(TENON_DTYPE_FLOAT4E2M1, DType::kFloat4E2M1);
TENON_TIE(TENON_DTYPE_FLOAT8E8M0, DType::kFloat8E8M0);
#undef TENON_TIE
static_assert(TENON_DTYPE_COUNT == kDTypeCount, "a dtype was added: plugin_abi.h needs it, too");
static_assert(TENON_ABI_MAX_RANK == kMaxRank);

// A code that is added to ErrorCode makes this switch incomplete, which the compiler reports.
constexpr bool has_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kUnsupported:
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kDevice:
    case ErrorCode::kInternal:
      return true;
  }
  return false;
}
static_assert(has_status(static_cast<ErrorCode>(TENON_STATUS_COUNT - 1)) &&
              !has_status(static_cast<ErrorCode>(TENON_STATUS_COUNT)));

thread_local std::string reported;

void report(tenon_string message) noexcept {
  try {
    reported.assign(message.data == nullptr ? "" : message.data, message.data == nullptr ? 0 : message.size);
  } catch (...) {
    reported.clear();  // The status says enough when there is no memory for the text.
  }
}

void* allocate(size_t size, size_t alignment) noexcept {
  if (alignment < sizeof(void*)) alignment = sizeof(void*);
  if ((alignment & (alignment - 1)) != 0 || size > SIZE_MAX - alignment) return nullptr;
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void release(void* memory) noexcept { std::free(memory); }

}  // namespace

int threads_of_this_run() noexcept {
#ifdef _OPENMP
  return omp_in_parallel() != 0 ? 1 : omp_get_max_threads();
#else
  return 1;
#endif
}

const tenon_host& native_host() noexcept {
  constexpr std::string_view kVersion = TENON_VERSION_STRING;
  static constexpr tenon_host kHost = {sizeof(tenon_host), TENON_ABI_VERSION, {kVersion.data(), kVersion.size()},
                                       &allocate,          &release,          &report,
                                       &host_parallel_for};
  return kHost;
}

std::string take_report() { return std::exchange(reported, std::string()); }

void require_ok(tenon_status status, std::string_view function, std::string_view origin) {
  if (status == TENON_STATUS_OK) return;
  std::string text = take_report();
  if (status < 0 || status >= TENON_STATUS_COUNT) {
    throw Error(ErrorCode::kInternal,
                fmt::format("{} returned the status {}, which does not exist: a bug in the plugin {}", function, status,
                            origin));
  }
  const auto code = static_cast<ErrorCode>(status);
  if (text.empty()) text = fmt::format("failed with '{}' and gave no reason", error_code_name(code));
  throw Error(code, fmt::format("{} (from {} in the plugin {})", text, function, origin));
}

tenon_status host_parallel_for(int64_t count, int64_t grain,
                               tenon_status (*body)(void* context, int64_t begin, int64_t end),
                               void* context) noexcept {
  if (count <= 0) return TENON_STATUS_OK;
  const int64_t most = count / std::max<int64_t>(grain, 1) + (count % std::max<int64_t>(grain, 1) != 0 ? 1 : 0);
  const int64_t parts = std::min<int64_t>(threads_of_this_run(), most);
  if (parts <= 1) return body(context, 0, count);
  // Whole cache lines of any element type go to one thread, where the grain allows it.
  const int64_t step = std::max((count / parts + 63) / 64 * 64, grain);
  tenon_status failure = TENON_STATUS_OK;
  std::string text;
  std::mutex mutex;
#pragma omp parallel for schedule(static, 1) num_threads(static_cast<int>(parts))
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t begin = std::min(part * step, count);
    const int64_t end = part + 1 == parts ? count : std::min(begin + step, count);
    const tenon_status status = begin < end ? body(context, begin, end) : TENON_STATUS_OK;
    if (status != TENON_STATUS_OK) {
      const std::lock_guard lock(mutex);
      failure = status;
      text = take_report();
    }
  }
  if (failure != TENON_STATUS_OK) reported = std::move(text);
  return failure;
}

}  // namespace tenon

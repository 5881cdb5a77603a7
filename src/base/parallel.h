// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

// Parallel loops.
namespace tenon {

/// body(begin, end, thread) on `threads` threads, which share [0, count) evenly and have numbers from 0; on this one
/// alone, as number 0, when that is 1: whatever team of the caller's it belongs to. `body` must not throw.
template <typename Body>
void parallel_for_threads(int threads, int64_t count, const Body& body) {
  threads = static_cast<int>(std::min<int64_t>(threads, count));
#ifdef _OPENMP
  if (threads > 1) {
#pragma omp parallel num_threads(threads)
    {
      const int team = omp_get_num_threads(), index = omp_get_thread_num();
      body(count * index / team, count * (index + 1) / team, index);
    }
    return;
  }
#endif
  if (count > 0) body(int64_t{0}, count, 0);
}

/// The same for a body that may throw: once all threads are done, one of their exceptions is thrown here.
template <typename Body>
void try_parallel_for_threads(int threads, int64_t count, const Body& body) {
  std::exception_ptr failure;
  parallel_for_threads(threads, count, [&](int64_t begin, int64_t end, int thread) {
    try {
      body(begin, end, thread);
    } catch (...) {
#ifdef _OPENMP
#pragma omp critical
#endif
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

/// The same as the first for a body(begin, end) that need not know which thread it is on.
template <typename Body>
void parallel_for(int threads, int64_t count, const Body& body) {
  parallel_for_threads(threads, count, [&](int64_t begin, int64_t end, int) { body(begin, end); });
}

}  // namespace tenon

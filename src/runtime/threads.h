// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

// OpenMP's thread count, which is a setting of the calling thread.
namespace tenon {

/// As many as the process may use: the processors of its affinity mask, or OMP_NUM_THREADS.
inline int default_threads() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

/// Sets the calling thread's count and puts it back at the end. Two thread-local loads and stores.
class ThreadScope {
 public:
#ifdef _OPENMP
  explicit ThreadScope(int threads) : before_(omp_get_max_threads()), changed_(threads != before_) {
    if (changed_) omp_set_num_threads(threads);
  }
  ~ThreadScope() {
    if (changed_) omp_set_num_threads(before_);
  }
#else
  explicit ThreadScope(int) {}
  ~ThreadScope() = default;
#endif
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

#ifdef _OPENMP
 private:
  int before_;
  bool changed_;
#endif
};

}  // namespace tenon

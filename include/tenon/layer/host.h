// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/plugin_abi.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

// Errors, memory and threads: what a layer has from the Tenon that loaded it. Part of <tenon/layer.h>.

// Whatever a plugin's compiler flags are, two plugins must never share the SDK's tables and variables.
#define TENON_SDK_HIDDEN __attribute__((visibility("hidden")))
// Apart from the code that runs.
#define TENON_SDK_COLD __attribute__((noinline, cold))

namespace tenon {

/// An error with a status of its own. Layers may throw any std::exception: std::bad_alloc becomes "out of memory",
/// std::logic_error and its kinds "invalid argument", others "internal error". The message should say what was given
/// and what is required; Tenon adds the node's name.
class LayerError : public std::runtime_error {
 public:
  explicit LayerError(const std::string& message, tenon_status status = TENON_STATUS_INVALID_ARGUMENT)
      : std::runtime_error(message), status_(status) {}
  [[nodiscard]] tenon_status status() const noexcept { return status_; }

 private:
  tenon_status status_;
};

namespace sdk TENON_SDK_HIDDEN {

/// The Tenon that loaded this plugin; null when a layer is used without one, as its author's unit tests do.
inline const tenon_host* host = nullptr;

/// A call into Tenon failed; what went wrong is reported already.
struct Reported {
  tenon_status status;
};

inline void check(tenon_status status) {
  if (status != TENON_STATUS_OK) throw Reported{status};
}

inline tenon_status report(tenon_status status, const char* text) noexcept {
  if (host != nullptr) host->report({text, std::char_traits<char>::length(text)});
  return status;
}

/// Runs `body()`, which may throw, and returns a status: the one place where exceptions end.
template <typename Body>
tenon_status guard(Body&& body) noexcept {
  try {
    body();
    return TENON_STATUS_OK;
  } catch (const Reported& reported) {
    return reported.status;
  } catch (const LayerError& error) {
    return report(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return report(TENON_STATUS_OUT_OF_MEMORY, "memory ran out");
  } catch (const std::logic_error& error) {
    return report(TENON_STATUS_INVALID_ARGUMENT, error.what());
  } catch (const std::exception& error) {
    return report(TENON_STATUS_INTERNAL, error.what());
  } catch (...) {
    return report(TENON_STATUS_INTERNAL, "it threw something that is not a std::exception");
  }
}

inline void require_dtype(tenon_dtype given, tenon_dtype wanted, const char* given_name, const char* wanted_name) {
  if (given != wanted) {
    throw LayerError(std::string("a tensor of ") + given_name + " was given, but the layer takes " + wanted_name);
  }
}

inline void* allocate(size_t size, size_t alignment) {
  void* memory = host == nullptr ? ::operator new(size, std::align_val_t(alignment), std::nothrow)
                                 : host->allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

inline void release(void* memory, size_t alignment) noexcept {
  if (host == nullptr) {
    ::operator delete(memory, std::align_val_t(alignment));
  } else {
    host->release(memory);
  }
}

}  // namespace sdk TENON_SDK_HIDDEN

/// `size` elements of plain memory from Tenon's allocator, aligned to 64 bytes: workspaces and prepared weights. Zero
/// at first.
template <typename T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64,
                "Buffer<T>: T is a plain type; for others use std::vector");

 public:
  Buffer() = default;
  explicit Buffer(size_t size) : data_(static_cast<T*>(sdk::allocate(bytes(size), 64))), size_(size) {
    for (size_t i = 0; i < size; ++i) ::new (static_cast<void*>(data_ + i)) T();
  }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { sdk::release(data_, 64); }

  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] T& operator[](size_t index) noexcept { return data_[index]; }
  [[nodiscard]] const T& operator[](size_t index) const noexcept { return data_[index]; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }

 private:
  static size_t bytes(size_t size) {
    if (size > (static_cast<size_t>(-1) >> 1) / sizeof(T)) throw std::bad_alloc();
    return size == 0 ? 1 : size * sizeof(T);
  }

  T* data_ = nullptr;
  size_t size_ = 0;
};

/// Calls `body(begin, end)` for parts of [0, count) on the threads that the run may use; each part but the last has at
/// least `grain` steps. An exception that leaves `body` leaves parallel_for.
template <typename Body>
void parallel_for(int64_t count, int64_t grain, const Body& body) {
  if (sdk::host == nullptr) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
  struct Call {
    const Body& body;
    std::mutex mutex;
    std::exception_ptr error;
  } call{body, {}, nullptr};
  const tenon_status status = sdk::host->parallel_for(
      count, grain,
      [](void* context, int64_t begin, int64_t end) -> tenon_status {
        Call& self = *static_cast<Call*>(context);
        try {
          self.body(begin, end);
          return TENON_STATUS_OK;
        } catch (...) {
          const std::lock_guard<std::mutex> lock(self.mutex);
          self.error = std::current_exception();
          return TENON_STATUS_INTERNAL;
        }
      },
      &call);
  if (call.error) std::rethrow_exception(call.error);
  sdk::check(status);
}

}  // namespace tenon

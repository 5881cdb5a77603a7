// SPDX-License-Identifier: Apache-2.0

// The readers of arrays, archives and pictures on any bytes.
#include <tenon/io.h>

#include <sys/mman.h>
#include <unistd.h>
#include <cstdlib>
#include <string>

namespace {

// A file in memory that can be opened by its path.
class MemoryFile {
 public:
  MemoryFile(const uint8_t* data, size_t size) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (descriptor_ < 0 || ::write(descriptor_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

template <typename Read>
void attempt(Read&& read) {
  try {
    read();
  } catch (const tenon::Error& error) {
    if (error.code() == tenon::ErrorCode::kInternal) throw;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const MemoryFile file(data, size);
  attempt([&] { (void)identical(tenon::load_npy(file.path()), tenon::Tensor()); });
  attempt([&] { (void)tenon::load_npz(file.path()); });
  attempt([&] {
    const tenon::Tensor image = tenon::load_image(file.path());
    constexpr int64_t kSmall = 1 << 16;  // Preparing takes long for large pictures, and has no more to find in them.
    if (image.count() > kSmall) return;
    const tenon::TensorType type{tenon::DType::kFloat32, tenon::parse_shape("N,1,28,28")};
    for (const auto preparation : {tenon::ImagePreparation::kResize, tenon::ImagePreparation::kDigit})
      attempt([&] { (void)tenon::image_input(image, type, {.preparation = preparation}); });
  });
  return 0;
}

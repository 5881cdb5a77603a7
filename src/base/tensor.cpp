// SPDX-License-Identifier: Apache-2.0
#include <tenon/tensor.h>

#include <fmt/core.h>

#include <cstdlib>
#include <cstring>

namespace tenon {
namespace {

std::shared_ptr<void> allocate(int64_t bytes) {
  // aligned_alloc wants a multiple of the alignment; one unit at least keeps data() of empty tensors distinct from
  // null.
  const size_t rounded = (static_cast<size_t>(bytes) / kTensorAlignment + 1) * kTensorAlignment;
  void* memory = std::aligned_alloc(kTensorAlignment, rounded);
  if (memory == nullptr) {
    throw Error(ErrorCode::kOutOfMemory, fmt::format("cannot allocate {} bytes for a tensor", bytes));
  }
  return {memory, std::free};
}

}  // namespace

Tensor Tensor::empty(DType dtype, const Dims& dims) {
  auto memory = allocate(bytes_for(dtype, dims.count()));
  Tensor tensor = shared(memory, memory.get(), dtype, dims);
  tensor.read_only_ = false;
  return tensor;
}

Tensor Tensor::zeros(DType dtype, const Dims& dims) {
  Tensor tensor = empty(dtype, dims);
  std::memset(tensor.mutable_data(), 0, static_cast<size_t>(tensor.size_bytes()));
  return tensor;
}

Tensor Tensor::copy_of(const void* values, int64_t value_count, DType dtype, const Dims& dims) {
  if (value_count != dims.count()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} values are given for a tensor of shape {}, which has {} elements", value_count,
                            to_string(dims), dims.count()));
  }
  return copy_of(TensorView{values, dtype, dims});
}

Tensor Tensor::copy_of(const TensorView& view) {
  Tensor tensor = empty(view.dtype, view.dims);
  if (const int64_t bytes = view.size_bytes(); bytes > 0) {
    std::memcpy(tensor.mutable_data(), view.data, static_cast<size_t>(bytes));
  }
  return tensor;
}

Tensor Tensor::of_strings(std::vector<std::string> values, const Dims& dims) {
  if (static_cast<int64_t>(values.size()) != dims.count()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} strings are given for a tensor of shape {}, which has {} elements", values.size(),
                            to_string(dims), dims.count()));
  }
  auto storage = std::make_shared<const std::vector<std::string>>(std::move(values));
  return shared(storage, storage.get(), DType::kString, dims);
}

Tensor Tensor::borrow(void* data, DType dtype, const Dims& dims, std::function<void()> release) {
  std::shared_ptr<void> owner(data, [release = std::move(release)](void*) {
    if (release) release();
  });
  Tensor tensor = shared(std::move(owner), data, dtype, dims);
  tensor.read_only_ = false;
  return tensor;
}

Tensor Tensor::shared(std::shared_ptr<const void> owner, const void* data, DType dtype, const Dims& dims) {
  if (dtype != DType::kString) (void)bytes_for(dtype, dims.count());
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.read_only_ = true;
  tensor.dims_ = dims;
  tensor.storage_ = std::move(owner);
  tensor.data_ = data;
  return tensor;
}

int64_t Tensor::size_bytes() const { return dtype_bits(dtype_) == 0 ? 0 : bytes_for(dtype_, dims_.count()); }

void* Tensor::mutable_data() {
  if (read_only_) {
    throw Error(ErrorCode::kInvalidArgument,
                "the tensor's storage is read-only (a mapped file or shared); copy it first");
  }
  return const_cast<void*>(data_);  // NOLINT: data_ came in as void* for storage that is not read-only
}

const std::vector<std::string>& Tensor::strings() const {
  require_dtype(DType::kString);
  return *static_cast<const std::vector<std::string>*>(data_);
}

MutableTensorView Tensor::mutable_view() { return {mutable_data(), dtype_, dims_}; }

Tensor Tensor::reshaped(const Dims& dims) const {
  if (dims.count() != dims_.count()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a tensor of shape {} cannot be seen as {}: {} elements against {}", to_string(dims_),
                            to_string(dims), dims_.count(), dims.count()));
  }
  Tensor tensor = *this;
  tensor.dims_ = dims;
  return tensor;
}

void Tensor::require_dtype(DType wanted) const {
  if (dtype_ != wanted) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the tensor holds {}, not {}", dtype_name(dtype_), dtype_name(wanted)));
  }
}

bool identical(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.dims() == b.dims())) return false;
  if (a.dtype() == DType::kString) return a.strings() == b.strings();
  const auto bytes = static_cast<size_t>(a.size_bytes());
  return bytes == 0 || a.data() == b.data() || std::memcmp(a.data(), b.data(), bytes) == 0;
}

}  // namespace tenon

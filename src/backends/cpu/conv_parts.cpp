// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/conv_parts.h"

#include <algorithm>
#include <map>
#include <tuple>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace tenon::cpu {
namespace {

// What a part writes: it stays in the second cache beside what it reads.
constexpr int64_t kPartBytes = 256 << 10;
// Below this much, the whole result does.
constexpr int64_t kLeastBytes = 96 << 10;
constexpr int64_t kFloatBytes = 4;

using onednn::check;

onednn::Memory memory_of(const_dnnl_memory_desc_t desc) {
  dnnl_memory_t raw = nullptr;
  check(dnnl_memory_create(&raw, desc, onednn::engine(), DNNL_MEMORY_NONE), "create a memory");
  return onednn::Memory(raw);
}

void point(const onednn::Memory& memory, const void* data) {
  // oneDNN takes no const pointers; a source is only read.
  check(dnnl_memory_set_data_handle(memory.get(), const_cast<void*>(data)), "bind a tensor");  // NOLINT
}

// Primitives that are made while it lives are for one thread.
class OneThread {
 public:
#ifdef _OPENMP
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }

 private:
  int before_;
#endif
};

// A primitive with arguments for each thread.
class BandPrimitive {
 public:
  BandPrimitive(onednn::PrimitiveDesc desc, const ConvBands& bands) : desc_(std::move(desc)) {
    dnnl_primitive_t raw = nullptr;
    check(dnnl_primitive_create(&raw, desc_.get()), "create a primitive");
    primitive_.reset(raw);
    std::vector<int> args = {DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WEIGHTS};
    if (bands.bias_input >= 0) args.push_back(DNNL_ARG_BIAS);
    args.push_back(DNNL_ARG_SCRATCHPAD);
    for (int thread = 0; thread < bands.threads; ++thread) {
      Arguments& arguments = arguments_.emplace_back();
      for (const int arg : args) {
        arguments.memories.push_back(memory_of(dnnl_primitive_desc_query_md(desc_.get(), dnnl_query_exec_arg_md, arg)));
        arguments.exec.push_back({arg, arguments.memories.back().get()});
      }
      point(arguments.memories[2], bands.weights);
      dnnl_stream_t stream = nullptr;
      check(dnnl_stream_create(&stream, onednn::engine(), dnnl_stream_default_flags), "create a stream");
      arguments.stream.reset(stream);
    }
  }

  [[nodiscard]] int64_t scratch_bytes() const {
    return static_cast<int64_t>(dnnl_memory_desc_get_size(onednn::layout(desc_.get(), dnnl_query_scratchpad_md)));
  }

  void run(int thread, const void* src, void* dst, const void* bias, void* scratch) const {
    const Arguments& arguments = arguments_[static_cast<size_t>(thread)];
    point(arguments.memories[0], src);
    point(arguments.memories[1], dst);
    if (bias != nullptr) point(arguments.memories[3], bias);
    point(arguments.memories.back(), scratch);
    check(dnnl_primitive_execute(primitive_.get(), arguments.stream.get(), static_cast<int>(arguments.exec.size()),
                                 arguments.exec.data()),
          "run a primitive");
  }

 private:
  struct Arguments {
    std::vector<onednn::Memory> memories;
    std::vector<dnnl_exec_arg_t> exec;
    onednn::Stream stream;
  };

  onednn::PrimitiveDesc desc_;
  onednn::Primitive primitive_;
  std::vector<Arguments> arguments_;  // By thread.
};

class ConvParts final : public Parts {
 public:
  explicit ConvParts(const ConvBands& bands, int64_t rows) : bands_(bands) {
    for (int64_t row = 0; row < bands.out_rows; row += rows) first_rows_.push_back(row);
    first_rows_.push_back(bands.out_rows);
  }

  // False when there is no primitive for a band.
  bool make_primitives(const std::function<onednn::PrimitiveDesc(const Band&)>& make) {
    std::map<std::tuple<int64_t, int64_t, int64_t, int64_t>, size_t> known;
    for (size_t i = 0; i + 1 < first_rows_.size(); ++i) {
      const Band band = band_of(first_rows_[i], first_rows_[i + 1]);
      result_ = std::max(result_, aligned_bytes(band.rows_out * bands_.out_row_elements * kFloatBytes));
      if (band.rows_in < 1 || band.pad_begin < 0 || band.pad_end < 0) return false;  // It reads padding only.
      const auto [entry, is_new] =
          known.try_emplace({band.rows_in, band.rows_out, band.pad_begin, band.pad_end}, primitives_.size());
      if (is_new) {
        onednn::PrimitiveDesc desc = make(band);
        if (!desc) return false;
        primitives_.emplace_back(std::move(desc), bands_);
        scratch_ = std::max(scratch_, primitives_.back().scratch_bytes());
      }
      parts_.push_back({band.first_in, entry->second});
    }
    scratch_ = aligned_bytes(scratch_);
    return true;
  }

  [[nodiscard]] int64_t workspace_bytes() const { return (scratch_ + result_) * bands_.threads; }

  [[nodiscard]] int64_t count() const override { return bands_.images * static_cast<int64_t>(parts_.size()); }
  [[nodiscard]] int threads() const override { return bands_.threads; }
  [[nodiscard]] int64_t granularity() const override { return bands_.out_row_elements; }
  void run(int64_t first, int64_t last, int thread, std::span<const TensorView> inputs, Finished& finished,
           void* workspace) const override {
    for (int64_t index = first; index < last; ++index) run_part(index, thread, inputs, finished, workspace);
  }

 private:
  struct Part {
    int64_t first_in;
    size_t primitive;
  };

  void run_part(int64_t index, int thread, std::span<const TensorView> inputs, Finished& finished,
                void* workspace) const {
    const auto parts = static_cast<int64_t>(parts_.size());
    const int64_t image = index / parts;
    const auto number = static_cast<size_t>(index % parts);
    const Part& part = parts_[number];
    const float* src = inputs[0].as<float>() + (image * bands_.in_rows + part.first_in) * bands_.in_row_elements;
    const void* bias = bands_.bias_input < 0 ? nullptr : inputs[static_cast<size_t>(bands_.bias_input)].data;
    std::byte* result = static_cast<std::byte*>(workspace) + (scratch_ + result_) * thread;
    primitives_[part.primitive].run(thread, src, result, bias, result + result_);
    const int64_t rows = image * bands_.out_rows;
    finished.take((rows + first_rows_[number]) * bands_.out_row_elements,
                  (rows + first_rows_[number + 1]) * bands_.out_row_elements, result);
  }

  // What the rows [first, last) of the output read.
  [[nodiscard]] Band band_of(int64_t first, int64_t last) const {
    const int64_t begin = first * bands_.stride - bands_.pad_begin;
    const int64_t end = (last - 1) * bands_.stride - bands_.pad_begin + bands_.span;
    Band band;
    band.rows_out = last - first;
    band.first_in = std::clamp<int64_t>(begin, 0, bands_.in_rows);
    band.rows_in = std::clamp<int64_t>(end, 0, bands_.in_rows) - band.first_in;
    band.pad_begin = band.first_in - begin;
    band.pad_end = end - band.first_in - band.rows_in;
    return band;
  }

  ConvBands bands_;
  std::vector<int64_t> first_rows_;  // Of the bands in the output, and one behind the last.
  std::vector<Part> parts_;          // Of one image.
  std::vector<BandPrimitive> primitives_;
  int64_t scratch_ = 0, result_ = 0;  // Bytes that a thread needs.
};

}  // namespace

std::unique_ptr<Parts> make_conv_parts(const ConvBands& bands,
                                       const std::function<onednn::PrimitiveDesc(const Band&)>& make) {
  const int64_t row_bytes = bands.out_row_elements * kFloatBytes;
  const int64_t image_bytes = row_bytes * bands.out_rows;
  if (image_bytes * bands.images < kLeastBytes * bands.threads) return nullptr;
  int64_t rows = std::clamp<int64_t>(kPartBytes / std::max<int64_t>(row_bytes, 1), 1, bands.out_rows);
  // As many for each thread.
  if (bands.images < bands.threads) rows = std::min(rows, (bands.out_rows + bands.threads - 1) / bands.threads);
  const int64_t wanted = (bands.out_rows + rows - 1) / rows;
  const int64_t even = bands.images > 1 ? wanted : (wanted + bands.threads - 1) / bands.threads * bands.threads;
  rows = (bands.out_rows + even - 1) / even;
  // Bands above must not read what lies above the image only.
  if (rows * bands.stride < bands.pad_begin || bands.span > bands.in_rows) return nullptr;
  [[maybe_unused]] const OneThread scope;
  auto parts = std::make_unique<ConvParts>(bands, rows);
  return parts->make_primitives(make) ? std::move(parts) : nullptr;
}

int64_t parts_workspace_bytes(const Parts& parts) { return static_cast<const ConvParts&>(parts).workspace_bytes(); }

}  // namespace tenon::cpu

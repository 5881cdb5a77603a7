// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/kernel.h"
#include "ops/epilogue.h"

#include <oneapi/dnnl/dnnl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

// oneDNN's C interface with owners, and a kernel that runs one oneDNN primitive. Only the sources of this folder see
// it.
namespace tenon::onednn {

/// Throws kOutOfMemory, or kInternal naming `what` and the status.
void check(dnnl_status_t status, const char* what);

template <typename T, dnnl_status_t (*kDestroy)(T)>
struct Destroy {
  using pointer = T;
  void operator()(T handle) const noexcept { kDestroy(handle); }
};
template <typename T, dnnl_status_t (*kDestroy)(T)>
using Owner = std::unique_ptr<T, Destroy<T, kDestroy>>;

using Attributes = Owner<dnnl_primitive_attr_t, dnnl_primitive_attr_destroy>;
using MemoryDesc = Owner<dnnl_memory_desc_t, dnnl_memory_desc_destroy>;
using Memory = Owner<dnnl_memory_t, dnnl_memory_destroy>;
using PostOps = Owner<dnnl_post_ops_t, dnnl_post_ops_destroy>;
using Primitive = Owner<dnnl_primitive_t, dnnl_primitive_destroy>;
using PrimitiveDesc = Owner<dnnl_primitive_desc_t, dnnl_primitive_desc_destroy>;
using Stream = Owner<dnnl_stream_t, dnnl_stream_destroy>;

/// The process's CPU engine.
[[nodiscard]] dnnl_engine_t engine();

/// A dense f32 descriptor of logical extents `dims`; `order` lists the axes from the outermost in memory to the
/// innermost.
[[nodiscard]] MemoryDesc dense(const Dims& dims, std::span<const int> order);
/// Row-major.
[[nodiscard]] MemoryDesc dense(const Dims& dims);
/// With these strides, in elements.
[[nodiscard]] MemoryDesc strided(const Dims& dims, std::span<const int64_t> strides);
/// A layout that the primitive may choose.
[[nodiscard]] MemoryDesc any(const Dims& dims);
/// 0 dimensions: "not there".
[[nodiscard]] MemoryDesc none();

/// How oneDNN names axes: logically always [n, c, spatial...]. A tensor whose memory is [n, spatial..., c] is described
/// by a permutation.
[[nodiscard]] Dims channels_first(const Dims& dims, bool channels_last);
[[nodiscard]] MemoryDesc image(const Dims& dims, bool channels_last);

/// One argument of a primitive: which input or output of the node it is, or memory of its own.
struct Argument {
  int arg = 0;        ///< DNNL_ARG_…
  int input = -1;     ///< Index, or -1.
  int output = -1;    ///< Index, or -1.
  Tensor fixed = {};  ///< Packed weights and the like.
};

/// The node's epilogue as oneDNN's post-ops.
struct Epilogue {
  Attributes attributes;            ///< Also asks for a scratchpad that is ours.
  std::vector<Argument> arguments;  ///< Operands of binary steps.
  std::vector<MemoryDesc> descs;    ///< Of `arguments`.
  int sum_input = -1;               ///< The input that is added by accumulating into the destination, -1 if none.
};

/// Why oneDNN cannot take the node's epilogue; empty when it can.
[[nodiscard]] std::string epilogue_problem(const Problem& problem);
/// `channels_last`: the result and its operands lie so in memory. `accumulate`: an Add of a whole tensor may become a
/// sum into the destination, which saves reading it through a second stream.
[[nodiscard]] Epilogue make_epilogue(const Problem& problem, bool channels_last, bool accumulate);

/// True when every type that is present is f32 and no tensor is empty; else `reason` says what is not.
[[nodiscard]] Verdict all_f32(const Problem& problem);

/// Null when oneDNN has no implementation of it. Its own reference implementations ("ref") are slower than ours are
/// obvious, and count as none.
template <typename Create, typename... Arguments>
[[nodiscard]] PrimitiveDesc try_desc(Create create, Arguments... arguments) {
  dnnl_primitive_desc_t desc = nullptr;
  if (create(&desc, engine(), arguments...) != dnnl_success) return nullptr;
  return PrimitiveDesc(desc);
}
[[nodiscard]] std::string implementation(const_dnnl_primitive_desc_t desc);
[[nodiscard]] bool is_slow(const_dnnl_primitive_desc_t desc);

/// The layout that the primitive chose for an argument (dnnl_query_weights_md …). Valid as long as `desc`.
[[nodiscard]] const_dnnl_memory_desc_t layout(const_dnnl_primitive_desc_t desc, dnnl_query_t what, int index = 0);

/// `source`, laid out as `from`, in the layout `to`: itself when they are equal, else packed once in `packed`. `name`
/// tells what the layout is of.
[[nodiscard]] Tensor packed(const Tensor& source, const_dnnl_memory_desc_t from, const_dnnl_memory_desc_t to,
                            PackedWeights& packed);

/// Runs a primitive. Arguments are bound anew only when their addresses change, so a run allocates nothing of ours.
class PrimitiveKernel : public Kernel {
 public:
  /// `sum_input`: see Epilogue; that input's content is brought into output 0 first unless it lies there already.
  PrimitiveKernel(PrimitiveDesc desc, std::vector<Argument> arguments, int sum_input = -1);
  ~PrimitiveKernel() override;

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
           void* workspace) const override;
  [[nodiscard]] int64_t workspace_bytes() const override { return workspace_bytes_; }
  [[nodiscard]] bool in_place(size_t index) const override {
    return (sum_input_ >= 0 && index == static_cast<size_t>(sum_input_)) || (any_in_place_ && index == 0);
  }
  [[nodiscard]] std::string detail() const override { return implementation(desc_.get()); }
  /// Declares that input 0 may be overwritten (eltwise, softmax …).
  void allow_in_place() { any_in_place_ = true; }

 private:
  struct Bound {
    Argument argument;
    Memory memory;
  };

  PrimitiveDesc desc_;
  Primitive primitive_;
  Stream stream_;
  std::vector<Bound> bound_;
  std::vector<dnnl_exec_arg_t> exec_;
  std::unique_ptr<const void*[]> last_;  // Per argument: the address it is bound to now.
  Memory scratch_;
  int64_t workspace_bytes_ = 0;
  int sum_input_;
  bool any_in_place_ = false;
};

}  // namespace tenon::onednn

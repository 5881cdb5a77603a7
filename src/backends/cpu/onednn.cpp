// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/onednn.h"

#include <fmt/core.h>

#include <cstring>
#include <numeric>

namespace tenon::onednn {
namespace {

using Engine = Owner<dnnl_engine_t, dnnl_engine_destroy>;

struct Unary {
  std::string_view op;
  dnnl_alg_kind_t algorithm;
  float alpha, beta;           // Used unless the step has its own.
  bool step_alpha, step_beta;  // The step's parameters are oneDNN's.
};

constexpr Unary kUnary[] = {
    {"Abs", dnnl_eltwise_abs, 0, 0, false, false},
    {"Clip", dnnl_eltwise_clip, 0, 0, true, true},
    {"Elu", dnnl_eltwise_elu, 0, 0, true, false},
    {"Exp", dnnl_eltwise_exp, 0, 0, false, false},
    {"Gelu", dnnl_eltwise_gelu_erf, 0, 0, false, false},  // alpha 1: the tanh form
    {"HardSigmoid", dnnl_eltwise_hardsigmoid, 0, 0, true, true},
    {"HardSwish", dnnl_eltwise_hardswish, 1.0F / 6, 0.5F, false, false},
    {"LeakyRelu", dnnl_eltwise_relu, 0, 0, true, false},
    {"Log", dnnl_eltwise_log, 0, 0, false, false},
    {"Mish", dnnl_eltwise_mish, 0, 0, false, false},
    {"Relu", dnnl_eltwise_relu, 0, 0, false, false},
    {"Round", dnnl_eltwise_round, 0, 0, false, false},
    {"Sigmoid", dnnl_eltwise_logistic, 0, 0, false, false},
    {"Softplus", dnnl_eltwise_soft_relu, 1, 0, false, false},
    {"Sqrt", dnnl_eltwise_sqrt, 0, 0, false, false},
    {"Swish", dnnl_eltwise_swish, 0, 0, true, false},
    {"Tanh", dnnl_eltwise_tanh, 0, 0, false, false},
};

struct Binary {
  std::string_view op;
  dnnl_alg_kind_t algorithm;
};

constexpr Binary kBinary[] = {
    {"Add", dnnl_binary_add}, {"Div", dnnl_binary_div}, {"Max", dnnl_binary_max},
    {"Min", dnnl_binary_min}, {"Mul", dnnl_binary_mul}, {"Sub", dnnl_binary_sub},
};

template <typename Row, size_t kCount>
const Row* find(const Row (&rows)[kCount], std::string_view op) {
  for (const Row& row : rows)
    if (row.op == op) return &row;
  return nullptr;
}

std::span<const dnnl_dim_t> query_dims(const_dnnl_memory_desc_t desc, dnnl_query_t what, int count) {
  const dnnl_dim_t* values = nullptr;
  if (dnnl_memory_desc_query(desc, what, static_cast<void*>(&values)) != dnnl_success) return {};
  return {values, static_cast<size_t>(count)};
}

int query_int(const_dnnl_memory_desc_t desc, dnnl_query_t what) {
  int value = 0;
  check(dnnl_memory_desc_query(desc, what, &value), "query a layout");
  return value;
}

/// All that distinguishes blocked layouts, as text.
std::string layout_text(const_dnnl_memory_desc_t desc) {
  dnnl_format_kind_t kind = dnnl_format_kind_undef;
  check(dnnl_memory_desc_query(desc, dnnl_query_format_kind, static_cast<void*>(&kind)), "query a layout");
  const int rank = query_int(desc, dnnl_query_ndims_s32);
  const int blocks = kind == dnnl_blocked ? query_int(desc, dnnl_query_inner_nblks_s32) : 0;
  std::string text = fmt::format("onednn {} {}", static_cast<int>(kind), dnnl_memory_desc_get_size(desc));
  for (const auto& [what, count] :
       {std::pair{dnnl_query_dims, rank}, std::pair{dnnl_query_padded_dims, rank}, std::pair{dnnl_query_strides, rank},
        std::pair{dnnl_query_inner_blks, blocks}, std::pair{dnnl_query_inner_idxs, blocks}}) {
    text += '|';
    for (const dnnl_dim_t value : query_dims(desc, what, count)) text += fmt::format("{},", value);
  }
  return text;
}

/// The operand of a binary step with as many axes as the result.
Dims broadcast_dims(const Dims& operand, size_t rank) {
  Dims dims;
  for (size_t i = operand.size(); i < rank; ++i) dims.push_back(1);
  for (const int64_t extent : operand) dims.push_back(extent);
  return dims;
}

}  // namespace

void check(dnnl_status_t status, const char* what) {
  if (status == dnnl_success) return;
  if (status == dnnl_out_of_memory)
    throw Error(ErrorCode::kOutOfMemory, fmt::format("oneDNN: out of memory ({})", what));
  throw Error(ErrorCode::kInternal,
              fmt::format("oneDNN: status {} ({}); this is a bug in Tenon", static_cast<int>(status), what));
}

dnnl_engine_t engine() {
  static const Engine instance = [] {
    dnnl_engine_t raw = nullptr;
    check(dnnl_engine_create(&raw, dnnl_cpu, 0), "create the CPU engine");
    return Engine(raw);
  }();
  return instance.get();
}

MemoryDesc strided(const Dims& dims, std::span<const int64_t> strides) {
  dnnl_memory_desc_t raw = nullptr;
  check(dnnl_memory_desc_create_with_strides(&raw, dims.rank(), dims.data(), dnnl_f32, strides.data()),
        "describe a tensor");
  return MemoryDesc(raw);
}

MemoryDesc dense(const Dims& dims, std::span<const int> order) {
  int64_t strides[kMaxRank] = {};
  int64_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    const auto axis = static_cast<size_t>(order[i]);
    strides[axis] = stride;
    stride *= std::max<int64_t>(dims[axis], 1);
  }
  return strided(dims, {strides, dims.size()});
}

MemoryDesc dense(const Dims& dims) {
  int order[kMaxRank];
  std::iota(std::begin(order), std::end(order), 0);
  return dense(dims, {order, dims.size()});
}

MemoryDesc any(const Dims& dims) {
  dnnl_memory_desc_t raw = nullptr;
  check(dnnl_memory_desc_create_with_tag(&raw, dims.rank(), dims.data(), dnnl_f32, dnnl_format_tag_any),
        "describe a tensor");
  return MemoryDesc(raw);
}

MemoryDesc none() {
  dnnl_memory_desc_t raw = nullptr;
  check(dnnl_memory_desc_create_with_tag(&raw, 0, nullptr, dnnl_f32, dnnl_format_tag_undef), "describe no tensor");
  return MemoryDesc(raw);
}

Dims channels_first(const Dims& dims, bool channels_last) {
  if (!channels_last || dims.rank() < 3) return dims;
  Dims result{dims[0], dims.back()};
  for (size_t i = 1; i + 1 < dims.size(); ++i) result.push_back(dims[i]);
  return result;
}

MemoryDesc image(const Dims& dims, bool channels_last) {
  if (!channels_last || dims.rank() < 3) return dense(dims);
  int order[kMaxRank] = {0};
  for (int i = 2; i < dims.rank(); ++i) order[i - 1] = i;
  order[dims.rank() - 1] = 1;
  return dense(channels_first(dims, true), {order, dims.size()});
}

std::string epilogue_problem(const Problem& problem) {
  const Dims& result = problem.outputs[0].dims;
  for (const EpilogueStep& step : epilogue_of(problem.node)) {
    if (step.operand < 0) {
      if (!find(kUnary, step.op)) return fmt::format("its epilogue has {}, which oneDNN does not fuse", step.op);
      continue;
    }
    if (!find(kBinary, step.op)) return fmt::format("its epilogue has {}, which oneDNN does not fuse", step.op);
    const Dims& operand = problem.inputs[static_cast<size_t>(step.operand)].dims;
    if (operand.rank() > result.rank())
      return fmt::format("the operand of {} has a higher rank than the result", step.op);
  }
  return {};
}

Epilogue make_epilogue(const Problem& problem, bool channels_last, bool accumulate) {
  Epilogue epilogue;
  dnnl_primitive_attr_t raw_attributes = nullptr;
  check(dnnl_primitive_attr_create(&raw_attributes), "create attributes");
  epilogue.attributes.reset(raw_attributes);
  check(dnnl_primitive_attr_set_scratchpad_mode(raw_attributes, dnnl_scratchpad_mode_user), "set the scratchpad mode");

  const std::vector<EpilogueStep> steps = epilogue_of(problem.node);
  if (steps.empty()) return epilogue;
  dnnl_post_ops_t raw_ops = nullptr;
  check(dnnl_post_ops_create(&raw_ops), "create post-ops");
  const PostOps ops(raw_ops);
  const Dims& result = problem.outputs[0].dims;
  for (size_t i = 0; i < steps.size(); ++i) {
    const EpilogueStep& step = steps[i];
    if (step.operand < 0) {
      const Unary& row = *find(kUnary, step.op);
      const auto algorithm = step.op == "Gelu" && step.alpha != 0 ? dnnl_eltwise_gelu_tanh : row.algorithm;
      check(
          dnnl_post_ops_append_eltwise(raw_ops, algorithm, row.step_alpha ? static_cast<float>(step.alpha) : row.alpha,
                                       row.step_beta ? static_cast<float>(step.beta) : row.beta),
          "append a post-op");
      continue;
    }
    const Dims& operand = problem.inputs[static_cast<size_t>(step.operand)].dims;
    if (accumulate && epilogue.sum_input < 0 && step.op == "Add" && operand == result &&
        !problem.constants[static_cast<size_t>(step.operand)]) {
      check(dnnl_post_ops_append_sum(raw_ops, 1.0F, 0, dnnl_data_type_undef), "append a sum");
      epilogue.sum_input = step.operand;
      continue;
    }
    MemoryDesc desc = image(broadcast_dims(operand, result.size()), channels_last);
    check(dnnl_post_ops_append_binary(raw_ops, find(kBinary, step.op)->algorithm, desc.get()), "append a post-op");
    epilogue.arguments.push_back(
        {.arg = DNNL_ARG_ATTR_MULTIPLE_POST_OP(static_cast<int>(i)) | DNNL_ARG_SRC_1, .input = step.operand});
    epilogue.descs.push_back(std::move(desc));
  }
  check(dnnl_primitive_attr_set_post_ops(raw_attributes, raw_ops), "set post-ops");
  return epilogue;
}

Verdict all_f32(const Problem& problem) {
  const auto look = [](std::span<const TensorView> views, const char* what) -> std::string {
    for (size_t i = 0; i < views.size(); ++i) {
      if (views[i].dtype == DType::kUndefined) continue;
      if (views[i].dtype != DType::kFloat32)
        return fmt::format("{} {} is {}; it takes f32", what, i, dtype_name(views[i].dtype));
      if (views[i].dims.count() == 0) return fmt::format("{} {} is empty", what, i);
    }
    return {};
  };
  std::string reason = look(problem.inputs, "input");
  if (reason.empty()) reason = look(problem.outputs, "output");
  return reason.empty() ? Verdict::yes() : Verdict::no(reason);
}

std::string implementation(const_dnnl_primitive_desc_t desc) {
  const char* text = nullptr;
  if (dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, static_cast<void*>(&text)) != dnnl_success || !text)
    return {};
  return text;
}

bool is_slow(const_dnnl_primitive_desc_t desc) { return implementation(desc).starts_with("ref"); }

const_dnnl_memory_desc_t layout(const_dnnl_primitive_desc_t desc, dnnl_query_t what, int index) {
  return dnnl_primitive_desc_query_md(desc, what, index);
}

Tensor packed(const Tensor& source, const_dnnl_memory_desc_t from, const_dnnl_memory_desc_t to, PackedWeights& packed) {
  if (dnnl_memory_desc_equal(from, to)) return source;
  return packed.get(source, layout_text(from) + ">" + layout_text(to), [&] {
    Tensor result = Tensor::zeros(DType::kUInt8, {static_cast<int64_t>(dnnl_memory_desc_get_size(to))});
    dnnl_memory_t raw = nullptr;
    // oneDNN takes no const pointers; a source is only read.
    check(dnnl_memory_create(&raw, from, engine(), const_cast<void*>(source.data())), "wrap weights");  // NOLINT
    const Memory src(raw);
    check(dnnl_memory_create(&raw, to, engine(), result.mutable_data()), "wrap weights");
    const Memory dst(raw);
    dnnl_primitive_desc_t raw_desc = nullptr;
    check(dnnl_reorder_primitive_desc_create(&raw_desc, from, engine(), to, engine(), nullptr), "pack weights");
    const PrimitiveDesc desc(raw_desc);
    dnnl_primitive_t raw_primitive = nullptr;
    check(dnnl_primitive_create(&raw_primitive, raw_desc), "pack weights");
    const Primitive primitive(raw_primitive);
    dnnl_stream_t raw_stream = nullptr;
    check(dnnl_stream_create(&raw_stream, engine(), dnnl_stream_default_flags), "create a stream");
    const Stream stream(raw_stream);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, src.get()}, {DNNL_ARG_TO, dst.get()}};
    check(dnnl_primitive_execute(raw_primitive, raw_stream, 2, arguments), "pack weights");
    check(dnnl_stream_wait(raw_stream), "pack weights");
    return result;
  });
}

PrimitiveKernel::PrimitiveKernel(PrimitiveDesc desc, std::vector<Argument> arguments, int sum_input)
    : desc_(std::move(desc)), sum_input_(sum_input) {
  dnnl_primitive_t raw_primitive = nullptr;
  check(dnnl_primitive_create(&raw_primitive, desc_.get()), "create a primitive");
  primitive_.reset(raw_primitive);
  dnnl_stream_t raw_stream = nullptr;
  check(dnnl_stream_create(&raw_stream, engine(), dnnl_stream_default_flags), "create a stream");
  stream_.reset(raw_stream);
  const auto add = [&](int arg) {
    dnnl_memory_t raw = nullptr;
    const auto* desc_of_arg = dnnl_primitive_desc_query_md(desc_.get(), dnnl_query_exec_arg_md, arg);
    check(dnnl_memory_create(&raw, desc_of_arg, engine(), DNNL_MEMORY_NONE), "create a memory");
    exec_.push_back({arg, raw});
    return Memory(raw);
  };
  for (Argument& argument : arguments) {
    Memory memory = add(argument.arg);
    if (argument.fixed.defined()) {
      check(dnnl_memory_set_data_handle(memory.get(), const_cast<void*>(argument.fixed.data())),
            "bind weights");  // NOLINT
    }
    bound_.push_back({std::move(argument), std::move(memory)});
  }
  last_ = std::make_unique<const void*[]>(bound_.size() + 1);
  workspace_bytes_ = static_cast<int64_t>(dnnl_memory_desc_get_size(layout(desc_.get(), dnnl_query_scratchpad_md)));
  if (workspace_bytes_ > 0) scratch_ = add(DNNL_ARG_SCRATCHPAD);
}

PrimitiveKernel::~PrimitiveKernel() = default;

void PrimitiveKernel::run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                          void* workspace) const {
  if (sum_input_ >= 0) {
    const TensorView& addend = inputs[static_cast<size_t>(sum_input_)];
    if (addend.data != outputs[0].data)
      std::memcpy(outputs[0].data, addend.data, static_cast<size_t>(addend.size_bytes()));
  }
  const auto bind = [](dnnl_memory_t memory, const void*& last, const void* data) {
    if (last == data) return;
    check(dnnl_memory_set_data_handle(memory, const_cast<void*>(data)), "bind a tensor");  // NOLINT: see packed()
    last = data;
  };
  for (size_t i = 0; i < bound_.size(); ++i) {
    const Argument& argument = bound_[i].argument;
    if (argument.input >= 0) {
      bind(bound_[i].memory.get(), last_[i], inputs[static_cast<size_t>(argument.input)].data);
    } else if (argument.output >= 0) {
      bind(bound_[i].memory.get(), last_[i], outputs[static_cast<size_t>(argument.output)].data);
    }
  }
  if (scratch_) bind(scratch_.get(), last_[bound_.size()], workspace);
  check(dnnl_primitive_execute(primitive_.get(), stream_.get(), static_cast<int>(exec_.size()), exec_.data()),
        "run a primitive");
}

}  // namespace tenon::onednn

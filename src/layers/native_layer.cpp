// SPDX-License-Identifier: Apache-2.0
#include "layers/native_layer.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <optional>
#include <utility>

#include "layers/elementwise.h"
#include "layers/guarded_buffer.h"
#include "layers/native_host.h"

namespace tenon {
namespace {

// Parts of an element-wise layer: below this many elements a second thread costs more than it saves.
constexpr int64_t kElementwiseGrain = 16384;
constexpr int64_t kLeastGuard = int64_t{4} << 10, kMostGuard = int64_t{1} << 20;

[[noreturn]] void fail_plugin(const LayerInfo& info, const std::string& what) {
  throw Error(ErrorCode::kInternal, fmt::format("{}: a bug in the plugin {}", what, info.origin));
}

bool check_every_run() {
  const char* variable = std::getenv("TENON_CHECK_LAYERS");
  return variable != nullptr && *variable != '\0' && std::strcmp(variable, "0") != 0;
}

tenon_tensor to_native(const TensorView& view) {
  return {const_cast<void*>(view.data), view.dims.data(), view.dims.rank(), static_cast<tenon_dtype>(view.dtype)};
}

// Symbols and numbers, as one call to infer sees them.
class SymbolTable {
 public:
  int64_t number_of(const Dim& dim) {
    if (dim.is_constant()) return dim.value();
    if (dim.is_unknown()) return TENON_DIM_UNKNOWN;
    const auto [it, added] = numbers_.emplace(dim.symbol(), -2 - static_cast<int64_t>(names_.size()));
    if (added) names_.push_back(dim.symbol());
    return it->second;
  }
  [[nodiscard]] Dim dim_of(int64_t number) const {
    if (number >= TENON_DIM_UNKNOWN) return Dim(number);
    const auto index = static_cast<uint64_t>(-2 - number);
    return index < names_.size() ? Dim(names_[index]) : Dim();
  }

 private:
  std::map<std::string, int64_t, std::less<>> numbers_;
  std::vector<std::string> names_;
};

tenon_type to_native(const TensorType& type, SymbolTable& symbols) {
  tenon_type result{static_cast<tenon_dtype>(type.dtype), -1, {}};
  if (type.dtype == DType::kUndefined) result.rank = 0;
  if (!type.shape) return result;
  if (type.shape->size() > static_cast<size_t>(kMaxRank)) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("an input has rank {}, but the highest is {}", type.shape->size(), kMaxRank));
  }
  result.rank = static_cast<int32_t>(type.shape->size());
  for (size_t i = 0; i < type.shape->size(); ++i) result.dims[i] = symbols.number_of((*type.shape)[i]);
  return result;
}

bool concrete(const TensorType& type) {
  return type.dtype == DType::kUndefined || (type.shape && to_dims(*type.shape));
}

// The field values of one instance in the form of the ABI, with the memory they point to.
class NativeValues {
 public:
  NativeValues(const LayerInfo& info, const Attributes& fields) {
    values_.reserve(info.fields.size());
    bools_.resize(info.fields.size());
    strings_.resize(info.fields.size());
    for (size_t i = 0; i < info.fields.size(); ++i) {
      const auto found = fields.find(info.fields[i].name);
      if (found == fields.end() || found->second.index() != info.fields[i].fallback.index()) {
        throw Error(ErrorCode::kInternal,
                    fmt::format("the field '{}' was not completed by check_fields()", info.fields[i].name));
      }
      values_.push_back(convert(found->second, i));
    }
  }
  [[nodiscard]] const tenon_value* data() const noexcept { return values_.data(); }
  [[nodiscard]] size_t size() const noexcept { return values_.size(); }

 private:
  tenon_value convert(const Attribute& attribute, size_t i) {
    if (const auto* flag = std::get_if<bool>(&attribute)) return {TENON_KIND_BOOL, 0, *flag ? 1 : 0, 0, nullptr, 0};
    if (const auto* integer = std::get_if<int64_t>(&attribute)) return {TENON_KIND_INT, 0, *integer, 0, nullptr, 0};
    if (const auto* number = std::get_if<double>(&attribute)) return {TENON_KIND_FLOAT, 0, 0, *number, nullptr, 0};
    if (const auto* text = std::get_if<std::string>(&attribute)) {
      return {TENON_KIND_STRING, 0, 0, 0, text->data(), text->size()};
    }
    if (const auto* ints = std::get_if<std::vector<int64_t>>(&attribute)) {
      return {TENON_KIND_INTS, 0, 0, 0, ints->data(), ints->size()};
    }
    if (const auto* floats = std::get_if<std::vector<double>>(&attribute)) {
      return {TENON_KIND_FLOATS, 0, 0, 0, floats->data(), floats->size()};
    }
    if (const auto* flags = std::get_if<std::vector<bool>>(&attribute)) {
      bools_[i].assign(flags->begin(), flags->end());
      return {TENON_KIND_BOOLS, 0, 0, 0, bools_[i].data(), bools_[i].size()};
    }
    for (const std::string& text : std::get<std::vector<std::string>>(attribute)) {
      strings_[i].push_back({text.data(), text.size()});
    }
    return {TENON_KIND_STRINGS, 0, 0, 0, strings_[i].data(), strings_[i].size()};
  }

  std::vector<tenon_value> values_;
  std::vector<std::vector<uint8_t>> bools_;
  std::vector<std::vector<tenon_string>> strings_;
};

// What the plugin prepared, and the arrays that a run fills in, so that it need not allocate.
class NativeState final : public LayerState {
 public:
  explicit NativeState(std::shared_ptr<const NativeTable> table) : table_(std::move(table)) {}
  ~NativeState() override {
    if (plugin_state != nullptr) table_->layer.release(plugin_state);
  }

  tenon_state* plugin_state = nullptr;
  std::vector<tenon_tensor> inputs, outputs;
  // Element-wise layers: the number of elements of each input, then of the output; and the bytes to the next element of
  // each input, 0 where all read one, then of each output.
  std::vector<int64_t> counts, steps;
  std::vector<TensorType> declared;  // Data-dependent layers: what the type rule says of the outputs.
  bool check_next = true;
  bool check_always = check_every_run();
  bool quick_in_place = false;  // measure_in_place()

 private:
  std::shared_ptr<const NativeTable> table_;  // Shared with the layer and its instances; the state may outlive both.
};

// More tensors than anybody's element-wise layer has would need an array from the heap in every part.
constexpr size_t kMostTensorsInParts = 16;

bool divisible(const NativeState& state) {
  const auto whole_bytes = [](const tenon_tensor& tensor) {
    return dtype_bits(static_cast<DType>(tensor.dtype)) % 8 == 0;
  };
  return state.inputs.size() <= kMostTensorsInParts && state.outputs.size() <= kMostTensorsInParts &&
         std::all_of(state.inputs.begin(), state.inputs.end(), whole_bytes) &&
         std::all_of(state.outputs.begin(), state.outputs.end(), whole_bytes);
}

// Where element 0 would be if element `at` were at `data`; elements are `step` bytes apart.
void* element_0(const void* data, int64_t at, int64_t step) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): nothing is read before `data`
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(data) - static_cast<uintptr_t>(at * step));
}

// The outputs of a data-dependent layer while it runs.
struct DynamicRun {
  const LayerInfo& info;
  const NativeState& state;
  const LayerInstance::Allocate& allocate;
  struct Slot {
    bool allocated = false;
    Dims dims;
    std::optional<GuardedBuffer> guarded;
  };
  std::vector<Slot> slots;
  int64_t guard = 0;
  std::exception_ptr error;

  void* give(size_t index, const int64_t* dims, int32_t rank) {
    if (index >= slots.size())
      fail_plugin(info, fmt::format("output {} was allocated, but there are {}", index, slots.size()));
    Slot& slot = slots[index];
    if (slot.allocated) fail_plugin(info, fmt::format("output {} was allocated twice", index));
    if (rank < 0 || rank > kMaxRank) fail_plugin(info, fmt::format("output {} was given rank {}", index, rank));
    slot.dims = Dims(std::span(dims, static_cast<size_t>(rank)));
    const TensorType& declared = state.declared[index];
    bool fits = !declared.shape || declared.shape->size() == slot.dims.size();
    for (size_t i = 0; fits && declared.shape && i < slot.dims.size(); ++i) {
      const Dim& extent = (*declared.shape)[i];
      fits = !extent.is_constant() || extent.value() == slot.dims[i];
    }
    if (!fits) {
      fail_plugin(info, fmt::format("output {} was given the shape {}, but the layer's type rule says {}", index,
                                    to_string(slot.dims), to_string(declared)));
    }
    slot.allocated = true;
    if (guard == 0) return allocate(index, slot.dims).data;
    return slot.guarded.emplace(bytes_for(declared.dtype, slot.dims.count()), guard).data();
  }

  static tenon_status call(void* context, size_t index, const int64_t* dims, int32_t rank, void** out_data) noexcept {
    auto& run = *static_cast<DynamicRun*>(context);
    try {
      *out_data = run.give(index, dims, rank);
      return TENON_STATUS_OK;
    } catch (...) {
      run.error = std::current_exception();  // Thrown again when the layer has returned, whatever it returns.
      return TENON_STATUS_INVALID_ARGUMENT;
    }
  }
};

class NativeInstance final : public LayerInstance {
 public:
  NativeInstance(std::shared_ptr<const NativeTable> table, const Attributes& fields)
      : table_(std::move(table)), info_(table_->info) {
    const NativeValues values(info_, fields);
    require_ok(table_->layer.create(&table_->layer, values.data(), values.size(), &instance_), "create", info_.origin);
  }
  ~NativeInstance() override { table_->layer.destroy(instance_); }
  NativeInstance(const NativeInstance&) = delete;
  NativeInstance& operator=(const NativeInstance&) = delete;

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::unique_ptr<LayerState> prepare(std::span<const TensorView> inputs,
                                      std::span<const TensorView> outputs) const override;
  void run(LayerState* state, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
           const Allocate& allocate) const override;
  StretchFacts stretches(const LayerState* state) const override;
  void run_stretch(const LayerState* state, const void* first, std::span<const TensorView> inputs,
                   std::span<const MutableTensorView> outputs, int64_t begin, int64_t end) const override;
  void run_elements(const LayerState* state, const void* from, void* to, int64_t count) const override;

 private:
  void run_dynamic(NativeState& state, const Allocate& allocate, int64_t guard) const;
  void run_guarded(NativeState& state, std::span<const MutableTensorView> outputs, int64_t guard) const;
  void run_direct(NativeState& state) const;
  void run_parts(NativeState& state) const;
  void check_claim(NativeState& state, std::span<const MutableTensorView> outputs,
                   const std::vector<GuardedBuffer>& results) const;
  bool agrees(NativeState& state, std::span<const MutableTensorView> outputs, const std::vector<GuardedBuffer>& results,
              bool in_place_in_parts) const;
  tenon_status run_part(const NativeState& state, int64_t begin, int64_t end) const noexcept;
  tenon_status run_range(const NativeState& state, int64_t begin, int64_t end) const noexcept;
  template <typename Input, typename Output>
  tenon_status run_range(const NativeState& state, int64_t begin, int64_t end, const Input& input,
                         const Output& output) const noexcept;
  tenon_status call_elements(const NativeState& state, const void* from, void* to, int64_t count) const noexcept;
  bool measure_in_place(const NativeState& state) const;
  void require_intact(const GuardedBuffer& buffer, size_t index, const TensorType& type) const;

  std::shared_ptr<const NativeTable> table_;  // Shared with the layer and the states made from this.
  const LayerInfo& info_;
  tenon_instance* instance_ = nullptr;
};

std::vector<TensorType> NativeInstance::infer(std::span<const TensorType> inputs) const {
  SymbolTable symbols;
  std::vector<tenon_type> given;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].dtype == DType::kString) {
      throw Error(ErrorCode::kUnsupported, fmt::format("input {} holds strings, which a native layer cannot take", i));
    }
    given.push_back(to_native(inputs[i], symbols));
  }
  const auto output_count = static_cast<size_t>(info_.outputs);
  std::vector<tenon_type> types(output_count, tenon_type{TENON_DTYPE_UNDEFINED, -1, {}});
  if (table_->layer.infer == nullptr) {
    types.assign(output_count, given.at(0));
  } else {
    require_ok(table_->layer.infer(instance_, given.data(), given.size(), types.data(), types.size()), "infer",
               info_.origin);
  }
  std::vector<TensorType> result;
  const bool inputs_concrete = std::all_of(inputs.begin(), inputs.end(), concrete);
  for (size_t i = 0; i < output_count; ++i) {
    const tenon_type& type = types[i];
    if (!is_valid_dtype(type.dtype) || type.dtype == TENON_DTYPE_UNDEFINED || type.dtype == TENON_DTYPE_STRING) {
      fail_plugin(info_, fmt::format("its type rule gives output {} the dtype number {}", i, type.dtype));
    }
    if (type.rank < -1 || type.rank > kMaxRank) {
      fail_plugin(info_, fmt::format("its type rule gives output {} the rank {}", i, type.rank));
    }
    TensorType& output = result.emplace_back(TensorType{static_cast<DType>(type.dtype), std::nullopt});
    if (type.rank >= 0) {
      output.shape.emplace();
      for (int32_t axis = 0; axis < type.rank; ++axis) output.shape->push_back(symbols.dim_of(type.dims[axis]));
    }
    if (inputs_concrete && !info_.data_dependent && !concrete(output)) {
      fail_plugin(info_,
                  fmt::format("its type rule gives output {} as {} although all inputs are known, and the layer is not "
                              "declared to be data-dependent",
                              i, to_string(output)));
    }
  }
  if (info_.elementwise) {
    const std::string contradiction = elementwise_contradiction(inputs, result);
    if (!contradiction.empty()) fail_plugin(info_, contradiction);
    require_elementwise_inputs(inputs);
  }
  return result;
}

std::unique_ptr<LayerState> NativeInstance::prepare(std::span<const TensorView> inputs,
                                                    std::span<const TensorView> outputs) const {
  auto state = std::make_unique<NativeState>(table_);
  for (const TensorView& input : inputs) state->inputs.push_back(to_native(input));
  for (const TensorView& output : outputs) state->outputs.push_back(to_native(output));
  if (info_.data_dependent) {
    std::vector<TensorType> types;
    for (const TensorView& input : inputs) types.push_back({input.dtype, to_shape(input.dims)});
    state->declared = infer(types);
    state->outputs.clear();
    for (const TensorType& type : state->declared) {
      state->outputs.push_back({nullptr, nullptr, 0, static_cast<tenon_dtype>(type.dtype)});
    }
  }
  if (info_.elementwise) {
    // One vector for `counts`, filled before its elements are pointed to.
    for (const TensorView& input : inputs) state->counts.push_back(input.dims.count());
    state->counts.push_back(outputs[0].dims.count());
    for (size_t i = 0; i < state->inputs.size(); ++i) {
      state->inputs[i].dims = &state->counts[i];
      state->inputs[i].rank = 1;
    }
    for (tenon_tensor& output : state->outputs) {
      output.dims = &state->counts.back();
      output.rank = 1;
    }
    const auto step_of = [&](const tenon_tensor& tensor) {
      return *tensor.dims == state->counts.back() ? dtype_bits(static_cast<DType>(tensor.dtype)) / 8 : 0;
    };
    for (const tenon_tensor& input : state->inputs) state->steps.push_back(step_of(input));
    for (const tenon_tensor& output : state->outputs) state->steps.push_back(step_of(output));
  }
  if (table_->layer.prepare != nullptr) {
    require_ok(table_->layer.prepare(instance_, state->inputs.data(), state->inputs.size(), state->outputs.data(),
                                     state->outputs.size(), &state->plugin_state),
               "prepare", info_.origin);
  }
  return state;
}

void NativeInstance::run(LayerState* state, std::span<const TensorView> inputs,
                         std::span<const MutableTensorView> outputs, const Allocate& allocate) const {
  if (!info_.has_cpu) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("the layer runs on CUDA only; the plugin {} has no version for the CPU", info_.origin));
  }
  if (state == nullptr) {
    std::vector<TensorView> output_views(outputs.begin(), outputs.end());
    const std::unique_ptr<LayerState> fresh = prepare(inputs, output_views);
    return run(fresh.get(), inputs, outputs, allocate);
  }
  auto& native = static_cast<NativeState&>(*state);
  const bool check = native.check_next || native.check_always;
  int64_t largest = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    native.inputs[i].data = const_cast<void*>(inputs[i].data);
    if (!info_.elementwise) native.inputs[i].dims = inputs[i].dims.data();
    if (check && inputs[i].dtype != DType::kUndefined) largest = std::max(largest, inputs[i].size_bytes());
  }
  if (info_.data_dependent) {
    run_dynamic(native, allocate, check ? std::clamp(largest, kLeastGuard, kMostGuard) : 0);
  } else {
    for (size_t i = 0; i < outputs.size(); ++i) {
      native.outputs[i].data = outputs[i].data;
      if (!info_.elementwise) native.outputs[i].dims = outputs[i].dims.data();
      if (check) largest = std::max(largest, outputs[i].size_bytes());
    }
    if (check) {
      run_guarded(native, outputs, std::clamp(largest, kLeastGuard, kMostGuard));
    } else {
      run_direct(native);
    }
  }
  native.check_next = false;
}

void NativeInstance::run_direct(NativeState& state) const {
  if (info_.elementwise && table_->layer.prepare == nullptr && divisible(state)) return run_parts(state);
  const tenon_run run{
      sizeof(tenon_run), 0,      state.inputs.data(), state.inputs.size(), state.outputs.data(), state.outputs.size(),
      nullptr,           nullptr};
  require_ok(table_->layer.run(instance_, state.plugin_state, &run), "run", info_.origin);
}

// The elements [begin, end) of an element-wise layer that is divisible().
tenon_status NativeInstance::run_range(const NativeState& state, int64_t begin, int64_t end) const noexcept {
  return run_range(
      state, begin, end, [&](size_t i) { return state.inputs[i].data; },
      [&](size_t i) { return state.outputs[i].data; });
}

// The same. In place, where that is slow (see measure_in_place()), the layer gets copies of its input, of some
// kilobytes, which stay in the first cache.
tenon_status NativeInstance::run_part(const NativeState& state, int64_t begin, int64_t end) const noexcept {
  size_t in_place = 0;
  while (in_place < state.inputs.size() &&
         (state.inputs[in_place].data != state.outputs[0].data || state.steps[in_place] == 0)) {
    ++in_place;
  }
  if (in_place == state.inputs.size() || state.quick_in_place) return run_range(state, begin, end);
  constexpr int64_t kBlockBytes = 8 << 10;
  alignas(64) std::byte block[kBlockBytes];
  const int64_t step = state.steps[in_place], most = kBlockBytes / step;
  const auto* source = static_cast<const std::byte*>(state.inputs[in_place].data);
  tenon_status status = TENON_STATUS_OK;
  for (int64_t at = begin; at < end && status == TENON_STATUS_OK; at += most) {
    const int64_t block_end = std::min(at + most, end);
    std::memcpy(block, source + at * step, static_cast<size_t>((block_end - at) * step));
    status = run_range(
        state, at, block_end,
        [&](size_t i) { return i == in_place ? element_0(block, at, step) : state.inputs[i].data; },
        [&](size_t i) { return state.outputs[i].data; });
  }
  return status;
}

// One call of the layer, on other memory than the state's: `input(i)`, `output(i)`, where element 0 is or would be.
template <typename Input, typename Output>
tenon_status NativeInstance::run_range(const NativeState& state, int64_t begin, int64_t end, const Input& input,
                                       const Output& output) const noexcept {
  const int64_t count = end - begin;
  const size_t input_count = state.inputs.size(), output_count = state.outputs.size();
  tenon_tensor inputs[kMostTensorsInParts], outputs[kMostTensorsInParts];
  const auto part_of = [&](const tenon_tensor& tensor, void* data, int64_t step) -> tenon_tensor {
    return {element_0(data, -begin, step), step == 0 ? tensor.dims : &count, 1, tensor.dtype};
  };
  for (size_t i = 0; i < input_count; ++i) inputs[i] = part_of(state.inputs[i], input(i), state.steps[i]);
  for (size_t i = 0; i < output_count; ++i)
    outputs[i] = part_of(state.outputs[i], output(i), state.steps[input_count + i]);
  const tenon_run run{sizeof(tenon_run), 0, inputs, input_count, outputs, output_count, nullptr, nullptr};
  return table_->layer.run(instance_, state.plugin_state, &run);
}

StretchFacts NativeInstance::stretches(const LayerState* state) const {
  if (state == nullptr || !info_.elementwise || table_->layer.prepare != nullptr) return {};
  const auto& native = static_cast<const NativeState&>(*state);
  return {.possible = !native.check_always && divisible(native),
          .ready = !native.check_next,
          .in_place = native.quick_in_place};
}

void NativeInstance::run_elements(const LayerState* state, const void* from, void* to, int64_t count) const {
  const auto& native = static_cast<const NativeState&>(*state);
  require_ok(call_elements(native, from, to, count), "run", info_.origin);
}

tenon_status NativeInstance::call_elements(const NativeState& state, const void* from, void* to,
                                           int64_t count) const noexcept {
  const tenon_tensor input{const_cast<void*>(from), &count, 1, state.inputs[0].dtype};  // It is only read.
  const tenon_tensor output{to, &count, 1, state.outputs[0].dtype};
  const tenon_run run{sizeof(tenon_run), 0, &input, 1, &output, 1, nullptr, nullptr};
  return table_->layer.run(instance_, state.plugin_state, &run);
}

// Whether the layer takes about as long when it writes over its input. With many compilers its loop then gives way to
// one element at a time, as what is stored might be read later. Its results are the same either way.
bool NativeInstance::measure_in_place(const NativeState& state) const {
  if (state.inputs.size() != 1 || state.outputs.size() != 1 || state.inputs[0].dtype != state.outputs[0].dtype ||
      state.counts[0] == 0) {
    return false;
  }
  constexpr int64_t kBytes = 8 << 10;
  constexpr int kRounds = 5;
  const int64_t count = std::min(state.counts[0], kBytes / state.steps[0]);
  alignas(64) std::byte buffers[2][kBytes];
  std::chrono::steady_clock::duration best[2];
  for (int round = 0; round < kRounds; ++round) {
    for (const bool in_place : {false, true}) {
      std::memcpy(buffers[0], state.inputs[0].data, static_cast<size_t>(count * state.steps[0]));
      const auto begin = std::chrono::steady_clock::now();
      if (call_elements(state, buffers[0], buffers[in_place ? 0 : 1], count) != TENON_STATUS_OK) {
        (void)take_report();
        return false;
      }
      const auto taken = std::chrono::steady_clock::now() - begin;
      best[in_place] = round == 0 ? taken : std::min(best[in_place], taken);
    }
  }
  return best[true] * 4 <= best[false] * 5;
}

void NativeInstance::run_stretch(const LayerState* state, const void* first, std::span<const TensorView> inputs,
                                 std::span<const MutableTensorView> outputs, int64_t begin, int64_t end) const {
  const auto& native = static_cast<const NativeState&>(*state);
  const auto input = [&](size_t i) {
    return i == 0 ? element_0(first, begin, native.steps[0]) : const_cast<void*>(inputs[i].data);  // They only read.
  };
  const auto output = [&](size_t i) { return outputs[i].data; };
  require_ok(run_range(native, begin, end, input, output), "run", info_.origin);
}

void NativeInstance::run_parts(NativeState& state) const {
  struct Call {
    const NativeInstance& layer;
    const NativeState& state;
  };
  const auto body = [](void* context, int64_t begin, int64_t end) -> tenon_status {
    const Call& call = *static_cast<const Call*>(context);
    return call.layer.run_part(call.state, begin, end);
  };
  Call call{*this, state};
  require_ok(host_parallel_for(state.counts.back(), kElementwiseGrain, body, &call), "run", info_.origin);
}

// Runs an element-wise layer once more, into other memory, and compares with the results it gave.
bool NativeInstance::agrees(NativeState& state, std::span<const MutableTensorView> outputs,
                            const std::vector<GuardedBuffer>& results, bool in_place_in_parts) const {
  const tenon_tensor first_input = state.inputs[0];
  std::vector<GuardedBuffer> buffers;
  buffers.reserve(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    state.outputs[i].data = buffers.emplace_back(outputs[i].size_bytes(), kLeastGuard).data();
  }
  const int64_t total = state.counts.back();
  tenon_status status = TENON_STATUS_OK;
  if (in_place_in_parts) {
    if (state.outputs[0].dtype == first_input.dtype) {
      std::memcpy(state.outputs[0].data, first_input.data, static_cast<size_t>(outputs[0].size_bytes()));
      state.inputs[0].data = state.outputs[0].data;
    }
    const int64_t middle = table_->layer.prepare == nullptr ? total / 2 : 0;
    if (middle > 0) status = run_range(state, 0, middle);
    if (status == TENON_STATUS_OK) status = run_range(state, middle, total);
  } else {
    status = run_range(state, 0, total);
  }
  state.inputs[0] = first_input;
  require_ok(status, "run", info_.origin);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (std::memcmp(buffers[i].data(), results[i].data(), static_cast<size_t>(outputs[i].size_bytes())) != 0)
      return false;
  }
  return true;
}

// A layer that is wrongly declared to be element-wise would give wrong results without an error.
void NativeInstance::check_claim(NativeState& state, std::span<const MutableTensorView> outputs,
                                 const std::vector<GuardedBuffer>& results) const {
  if (!divisible(state) || state.counts.back() == 0 || agrees(state, outputs, results, true)) return;
  if (!agrees(state, outputs, results, false)) return;  // It gives other results each time: nothing can be said.
  fail_plugin(info_, kNotElementwise);
}

void NativeInstance::require_intact(const GuardedBuffer& buffer, size_t index, const TensorType& type) const {
  const std::optional<int64_t> damage = buffer.damage();
  if (!damage) return;
  fail_plugin(info_, fmt::format("run wrote {} output {} ({}): {}", *damage < 0 ? "before" : "beyond the end of", index,
                                 to_string(type),
                                 *damage < 0 ? fmt::format("{} bytes before its first", -*damage)
                                             : fmt::format("at its byte {}", *damage)));
}

void NativeInstance::run_guarded(NativeState& state, std::span<const MutableTensorView> outputs, int64_t guard) const {
  std::vector<GuardedBuffer> buffers;
  buffers.reserve(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    state.outputs[i].data = buffers.emplace_back(outputs[i].size_bytes(), guard).data();
  }
  const tenon_run run{
      sizeof(tenon_run), 0,      state.inputs.data(), state.inputs.size(), state.outputs.data(), state.outputs.size(),
      nullptr,           nullptr};
  const tenon_status status = table_->layer.run(instance_, state.plugin_state, &run);
  for (size_t i = 0; i < outputs.size(); ++i) {
    require_intact(buffers[i], i, {outputs[i].dtype, to_shape(outputs[i].dims)});
  }
  require_ok(status, "run", info_.origin);
  if (info_.elementwise) {
    check_claim(state, outputs, buffers);
    state.quick_in_place = stretches(&state).possible && measure_in_place(state);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (const int64_t bytes = outputs[i].size_bytes(); bytes > 0) {
      std::memcpy(outputs[i].data, buffers[i].data(), static_cast<size_t>(bytes));
    }
  }
}

void NativeInstance::run_dynamic(NativeState& state, const Allocate& allocate, int64_t guard) const {
  DynamicRun dynamic{info_, state, allocate, std::vector<DynamicRun::Slot>(state.outputs.size()), guard, nullptr};
  const tenon_run run{
      sizeof(tenon_run), 0,       state.inputs.data(), state.inputs.size(), state.outputs.data(), state.outputs.size(),
      &DynamicRun::call, &dynamic};
  const tenon_status status = table_->layer.run(instance_, state.plugin_state, &run);
  if (dynamic.error) {
    (void)take_report();
    std::rethrow_exception(dynamic.error);
  }
  for (size_t i = 0; i < dynamic.slots.size(); ++i) {
    const DynamicRun::Slot& slot = dynamic.slots[i];
    if (slot.guarded) require_intact(*slot.guarded, i, {state.declared[i].dtype, to_shape(slot.dims)});
  }
  require_ok(status, "run", info_.origin);
  for (size_t i = 0; i < dynamic.slots.size(); ++i) {
    const DynamicRun::Slot& slot = dynamic.slots[i];
    if (!slot.allocated) fail_plugin(info_, fmt::format("run returned without allocating its output {}", i));
    if (!slot.guarded) continue;
    const MutableTensorView output = allocate(i, slot.dims);
    const int64_t bytes = bytes_for(state.declared[i].dtype, slot.dims.count());
    if (bytes > 0) std::memcpy(output.data, slot.guarded->data(), static_cast<size_t>(bytes));
  }
}

class NativeLayer final : public LayerType {
 public:
  explicit NativeLayer(NativeTable table) : table_(std::make_shared<NativeTable>(std::move(table))) {}
  const LayerInfo& info() const noexcept override { return table_->info; }
  std::unique_ptr<LayerInstance> create(const Attributes& fields) const override {
    return std::make_unique<NativeInstance>(table_, fields);
  }

 private:
  std::shared_ptr<const NativeTable> table_;  // Shared with the instances and their states.
};

}  // namespace

std::shared_ptr<const LayerType> make_native_layer(NativeTable table) {
  return std::make_shared<NativeLayer>(std::move(table));
}

}  // namespace tenon

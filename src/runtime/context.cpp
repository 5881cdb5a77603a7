// SPDX-License-Identifier: Apache-2.0
#include "runtime/context_impl.h"

#include "base/parallel.h"
#include "runtime/threads.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>

namespace tenon {
namespace {

double now_us() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The entry that was used longest ago.
template <typename Entry>
auto oldest(std::vector<Entry>& entries) {
  return std::min_element(entries.begin(), entries.end(),
                          [](const Entry& a, const Entry& b) { return a.last_used < b.last_used; });
}

/// Does a step on the stretches that the step before it finishes.
class NextStep final : public Finished {
 public:
  NextStep(const Segment& segment, const Step& step)
      : stretches_(*step.kernel->stretches()), inputs_(segment.inputs_of(step)), outputs_(segment.outputs_of(step)) {}
  void take(int64_t begin, int64_t end, const void* data) override {
    stretches_.run(begin, end, data, inputs_, outputs_);
  }

 private:
  const Stretches& stretches_;
  std::span<const TensorView> inputs_;
  std::span<const MutableTensorView> outputs_;
};

/// A step and the one after it, part by part.
void run_chain(const Segment& segment, size_t index, void* workspace) {
  const Step& first = segment.steps[index];
  const Parts& parts = *first.kernel->parts();
  try_parallel_for_threads(parts.threads(), parts.count(), [&](int64_t begin, int64_t end, int thread) {
    NextStep next(segment, segment.steps[index + 1]);
    parts.run(begin, end, thread, segment.inputs_of(first), next, workspace);
  });
}

bool is_aligned(const void* data, DType dtype) {
  const auto element_bytes = static_cast<uintptr_t>(std::max(1, dtype_bits(dtype) / 8));
  return reinterpret_cast<uintptr_t>(data) % std::min<uintptr_t>(element_bytes, alignof(double)) == 0;
}

/// An address for values without elements, which no arena needs to have room for.
alignas(kTensorAlignment) constexpr char kNothing[kTensorAlignment] = {};

}  // namespace

Context::Impl::Impl(std::shared_ptr<const Engine::Impl> from, ContextOptions with)
    : engine(std::move(from)),
      options(std::move(with)),
      backend_(&find_backend(options.backend)),
      threads_(options.threads) {
  if (threads_ < 0 || threads_ > 1024) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("the context is to run on {} threads but 0 (as many as the process may use) to 1024 are possible",
                    threads_));
  }
  if (threads_ == 0) threads_ = default_threads();
  externals_.assign(engine->program.values.size(), nullptr);
  dynamic_.resize(engine->program.values.size());
  staged_.resize(engine->inputs.size());
}

std::span<const TensorView> Context::Impl::run(std::span<const TensorView> given,
                                               std::span<const MutableTensorView> wanted) {
  const ThreadScope scope(threads_);
  ++clock_;
  Segment* segment = find(given);
  if (!segment) {
    chain.clear();
    segment = &specialise(given);
  }
  set_inputs(given);
  chain.clear();
  if (options.profile) run_start_us_ = now_us();
  for (;;) {
    chain.push_back(segment);
    make_room(*segment);
    place_results(*segment, given, wanted);
    bind(*segment);
    if (options.profile) {
      run_steps<true>(*segment);
    } else {
      run_steps<false>(*segment);
    }
    if (segment->end == Segment::End::kGraphEnd) return segment->results;
    segment = &advance(*segment);
  }
}

/// The plan for these dtypes and shapes, if there is one; the latest one is looked at first.
Segment* Context::Impl::find(std::span<const TensorView> given) {
  const std::vector<Port>& ports = engine->inputs;
  if (given.size() != ports.size()) return nullptr;
  for (size_t i = 0; i < given.size(); ++i)
    if (given[i].dtype != ports[i].type.dtype) return nullptr;
  for (auto entry = specialisations_.begin(); entry != specialisations_.end(); ++entry) {
    bool same = true;
    for (size_t i = 0; same && i < given.size(); ++i) same = entry->dims[i] == given[i].dims;
    if (!same) continue;
    entry->last_used = clock_;
    Segment* segment = entry->segment.get();
    if (entry != specialisations_.begin()) std::iter_swap(entry, specialisations_.begin());
    return segment;
  }
  return nullptr;
}

Segment& Context::Impl::specialise(std::span<const TensorView> given) {
  check(given);
  Specialisation entry;
  for (const TensorView& view : given) entry.dims.push_back(view.dims);
  entry.last_used = clock_;
  entry.segment = plan_segment({.program = engine->program,
                                .backend = *backend_,
                                .packed = engine->packed,
                                .code = engine->code,
                                .threads = threads_},
                               initial_values(engine->program, entry.dims));
  if (specialisations_.size() >= kKeptPlans) specialisations_.erase(oldest(specialisations_));
  specialisations_.insert(specialisations_.begin(), std::move(entry));
  return *specialisations_.front().segment;
}

void Context::Impl::check(std::span<const TensorView> given) const {
  const std::vector<Port>& ports = engine->inputs;
  const auto fail = [](std::string message) { throw Error(ErrorCode::kInvalidArgument, std::move(message)); };
  if (given.size() != ports.size()) {
    std::string names;
    for (const Port& port : ports)
      names += fmt::format("{}'{}' {}", names.empty() ? "" : ", ", port.name, to_string(port.type));
    fail(fmt::format("{} inputs are given but the engine takes {}: {}", given.size(), ports.size(), names));
  }
  struct Binding {
    int64_t extent;
    std::string where;
  };
  std::map<std::string, Binding> symbols;
  for (size_t i = 0; i < given.size(); ++i) {
    const TensorView& view = given[i];
    const Port& port = ports[i];
    const std::string found = std::string(dtype_name(view.dtype)) + to_string(view.dims);
    const auto mismatch = [&](const std::string& why) {
      fail(fmt::format("input '{}' is {} but {} is required: {}", port.name, found, to_string(port.type), why));
    };
    if (view.dtype != port.type.dtype) mismatch(fmt::format("convert it to {}", dtype_name(port.type.dtype)));
    if (!port.type.shape) continue;
    const Shape& shape = *port.type.shape;
    if (view.dims.size() != shape.size())
      mismatch(fmt::format("it has {} dimensions instead of {}", view.dims.size(), shape.size()));
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      const int64_t extent = view.dims[axis];
      if (shape[axis].is_constant() && shape[axis].value() != extent)
        mismatch(fmt::format("dimension {} is {} instead of {}", axis, extent, shape[axis].value()));
      if (!shape[axis].is_symbol()) continue;
      const auto [bound, is_new] = symbols.try_emplace(
          shape[axis].symbol(), Binding{extent, fmt::format("dimension {} of '{}'", axis, port.name)});
      if (!is_new && bound->second.extent != extent)
        mismatch(fmt::format("dimension {}, '{}', is {} but it is {} in {}", axis, shape[axis].symbol(), extent,
                             bound->second.extent, bound->second.where));
    }
  }
}

void Context::Impl::set_inputs(std::span<const TensorView> given) {
  for (size_t i = 0; i < given.size(); ++i) {
    const void* data = given[i].data;
    if (!data) {
      if (given[i].dims.count() > 0) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("input '{}' is {}{} but its data pointer is null", engine->inputs[i].name,
                                dtype_name(given[i].dtype), to_string(given[i].dims)));
      }
      data = kNothing;
    }
    if (!is_aligned(data, given[i].dtype)) {
      const int64_t bytes = given[i].size_bytes();
      if (!staged_[i].defined() || staged_[i].size_bytes() < bytes) staged_[i] = Tensor::empty(DType::kUInt8, {bytes});
      std::memcpy(staged_[i].mutable_data(), data, static_cast<size_t>(bytes));
      data = staged_[i].data();
    }
    externals_[static_cast<size_t>(engine->program.inputs[i])] = data;
  }
}

/// Memory for the segment's arena and workspace. What the arena held before is lost.
void Context::Impl::make_room(const Segment& segment) {
  const auto depth = static_cast<size_t>(segment.depth);
  if (arenas_.size() <= depth) arenas_.resize(depth + 1);
  const int64_t bytes = std::max<int64_t>(segment.arena_bytes, 1);
  if (!arenas_[depth].defined() || arenas_[depth].size_bytes() < bytes) {
    ++generation_;
    arenas_[depth] = Tensor();  // Freed first: both at once might not fit.
    arenas_[depth] = Tensor::empty(DType::kUInt8, {bytes});
  }
  if (segment.workspace_bytes > 0 && (!workspace_.defined() || workspace_.size_bytes() < segment.workspace_bytes)) {
    workspace_ = Tensor();
    workspace_ = Tensor::empty(DType::kUInt8, {segment.workspace_bytes});
  }
}

/// Where this run's results go: to the caller's memory if it takes them, else to the context's.
void Context::Impl::place_results(const Segment& segment, std::span<const TensorView> given,
                                  std::span<const MutableTensorView> wanted) {
  const auto overlaps = [](const MutableTensorView& a, const void* data, int64_t bytes) {
    const auto begin = reinterpret_cast<uintptr_t>(a.data), other = reinterpret_cast<uintptr_t>(data);
    return begin < other + static_cast<uintptr_t>(bytes) && other < begin + static_cast<uintptr_t>(a.size_bytes());
  };
  for (const Segment::DirectResult& result : segment.direct_results) {
    const TensorView& view = segment.results[result.index];
    const void*& place = externals_[static_cast<size_t>(result.value)];
    if (result.index < wanted.size()) {
      const MutableTensorView& to = wanted[result.index];
      bool fits = to.data != nullptr && to.dtype == view.dtype && to.dims == view.dims &&
                  (result.any_alignment || reinterpret_cast<uintptr_t>(to.data) % kTensorAlignment == 0) &&
                  is_aligned(to.data, to.dtype);
      for (size_t i = 0; fits && i < given.size(); ++i) fits = !overlaps(to, given[i].data, given[i].size_bytes());
      for (size_t i = 0; fits && i < wanted.size(); ++i)
        fits = i == result.index || wanted[i].data == nullptr || !overlaps(to, wanted[i].data, wanted[i].size_bytes());
      if (fits) {
        place = to.data;
        continue;
      }
    }
    results_.resize(std::max(results_.size(), result.index + 1));
    Tensor& own = results_[result.index];
    const int64_t bytes = std::max<int64_t>(view.size_bytes(), 1);
    if (!own.defined() || own.size_bytes() < bytes) own = Tensor::empty(DType::kUInt8, {bytes});
    place = own.mutable_data();
  }
}

const void* Context::Impl::pointer(const Place& place) const {
  switch (place.kind) {
    case Place::Kind::kNone:
      return nullptr;
    case Place::Kind::kConstant:
      return place.data;
    case Place::Kind::kExternal:
      return externals_[static_cast<size_t>(place.external)];
    case Place::Kind::kArena:
      return static_cast<const char*>(arenas_[static_cast<size_t>(place.depth)].data()) + place.offset;
  }
  return nullptr;
}

/// Points the segment's views at this run's memory: everything when an arena has moved, else only what is given anew.
void Context::Impl::bind(Segment& segment) {
  if (segment.bound != generation_) {
    const auto writable = [&](const Place& place) {
      return place.kind == Place::Kind::kArena
                 ? static_cast<char*>(arenas_[static_cast<size_t>(place.depth)].mutable_data()) + place.offset
                 : nullptr;
    };
    for (size_t i = 0; i < segment.inputs.size(); ++i) segment.inputs[i].data = pointer(segment.input_places[i]);
    for (size_t i = 0; i < segment.outputs.size(); ++i) segment.outputs[i].data = writable(segment.output_places[i]);
    for (size_t i = 0; i < segment.results.size(); ++i) segment.results[i].data = pointer(segment.result_places[i]);
    segment.bound = generation_;
  }
  for (const auto& [view, external] : segment.externals) view->data = externals_[static_cast<size_t>(external)];
  for (const auto& [view, external] : segment.external_outputs) {
    view->data = const_cast<void*>(externals_[static_cast<size_t>(external)]);  // A result's, which is ours to write.
  }
}

template <bool kProfile>
void Context::Impl::run_steps(Segment& segment) {
  void* workspace = workspace_.defined() ? workspace_.mutable_data() : nullptr;
  size_t index = 0;
  try {
    double begin = kProfile ? now_us() : 0;
    for (; index < segment.steps.size(); ++index) {
      const Step& step = segment.steps[index];
      const bool chained = step.chained && segment.steps[index + 1].kernel->stretches()->ready();
      if (chained) {
        run_chain(segment, index, workspace);
      } else {
        step.kernel->run(segment.inputs_of(step), segment.outputs_of(step), workspace);
      }
      if constexpr (kProfile) {
        const double end = now_us();
        segment.times[index].add(begin - run_start_us_, end - begin);
        if (chained) segment.times[index + 1].add(end - run_start_us_, 0);
        begin = end;
      }
      if (chained) ++index;
    }
  } catch (Error& error) {
    const NodeReport& report = segment.reports[segment.steps[index].report];
    error.add_context(fmt::format("while running {} '{}'", report.op, report.node));
    throw;
  }
}

TensorView Context::Impl::view_of(const Segment& segment, ValueId id) const {
  if (id == kNoValue) return {};
  const ValueState& state = segment.values[static_cast<size_t>(id)];
  return {pointer(state.place), state.dtype, state.dims};
}

/// From a segment that has run to the one that follows, which is planned if these values or shapes are new.
Segment& Context::Impl::advance(Segment& segment) {
  if (segment.end == Segment::End::kDataDependent) run_data_dependent(segment);
  const ProgramNode& node = engine->program.nodes[static_cast<size_t>(segment.end_node)];
  const auto matches = [&](const Child& child) {
    for (size_t i = 0; i < child.values.size(); ++i) {
      const Tensor& known = child.values[i];
      if (std::memcmp(known.data(), view_of(segment, segment.wanted[i]).data,
                      static_cast<size_t>(known.size_bytes())) != 0)
        return false;
    }
    for (size_t i = 0; i < child.dims.size(); ++i)
      if (!(child.dims[i] == dynamic_[static_cast<size_t>(node.outputs[i])].dims())) return false;
    return true;
  };
  const auto found = std::find_if(segment.children.begin(), segment.children.end(), matches);
  if (found != segment.children.end()) {
    found->last_used = clock_;
    return *found->segment;
  }

  Child child;
  child.last_used = clock_;
  std::vector<ValueState> values = segment.values;
  int first_node = segment.end_node;
  if (segment.end == Segment::End::kNeedsValues) {
    for (const ValueId id : segment.wanted) {
      child.values.push_back(Tensor::copy_of(view_of(segment, id)));
      values[static_cast<size_t>(id)].value = child.values.back();
    }
  } else {
    ++first_node;
    for (const ValueId id : node.outputs) {
      const Tensor& output = dynamic_[static_cast<size_t>(id)];
      child.dims.push_back(output.dims());
      values[static_cast<size_t>(id)] = {
          output.dtype(), output.dims(), {}, {.kind = Place::Kind::kExternal, .external = id}};
    }
  }
  child.segment = plan_segment({.program = engine->program,
                                .backend = *backend_,
                                .packed = engine->packed,
                                .code = engine->code,
                                .threads = threads_,
                                .depth = segment.depth + 1,
                                .first_node = first_node},
                               std::move(values));
  if (segment.children.size() >= kKeptPlans) segment.children.erase(oldest(segment.children));
  segment.children.push_back(std::move(child));
  return *segment.children.back().segment;
}

/// Runs the node that ends the segment; its outputs get memory of their own.
void Context::Impl::run_data_dependent(Segment& segment) {
  const ProgramNode& node = engine->program.nodes[static_cast<size_t>(segment.end_node)];
  std::vector<TensorView> inputs;
  for (const ValueId id : node.inputs) inputs.push_back(view_of(segment, id));
  std::vector<TensorType> types;
  for (const TensorView& input : inputs)
    types.push_back(input.dtype == DType::kUndefined ? TensorType{} : TensorType{input.dtype, to_shape(input.dims)});
  const std::vector<const Tensor*> unknown(inputs.size(), nullptr);

  const auto describe = [&] { return fmt::format("while running {} '{}'", node.node->op(), node.node->name()); };
  with_context(
      [&] {
        const std::vector<TensorType> outputs =
            node.layer ? node.layer->infer(types) : infer_node(*node.node, types, unknown).outputs;
        const auto allocate = [&](size_t index, const Dims& dims) -> MutableTensorView {
          if (index >= node.outputs.size()) {
            throw Error(ErrorCode::kInvalidArgument,
                        fmt::format("{} '{}': it allocates output {} but has {}", node.node->op(), node.node->name(),
                                    index, node.outputs.size()));
          }
          const auto id = static_cast<size_t>(node.outputs[index]);
          dynamic_[id] = Tensor::empty(outputs[index].dtype, dims);
          externals_[id] = dynamic_[id].data();
          return dynamic_[id].mutable_view();
        };
        std::vector<MutableTensorView> views(node.outputs.size());
        for (const ValueId id : node.outputs) dynamic_[static_cast<size_t>(id)] = Tensor();
        if (node.layer) {
          node.layer->run(segment.state.get(), inputs, views, allocate);
        } else {
          run_reference(*node.node, inputs, views, allocate);
        }
        for (size_t i = 0; i < node.outputs.size(); ++i) {
          if (!dynamic_[static_cast<size_t>(node.outputs[i])].defined()) {
            throw Error(ErrorCode::kInvalidArgument,
                        fmt::format("{} '{}': it decides the shape of output {} but did not allocate it",
                                    node.node->op(), node.node->name(), i));
          }
        }
      },
      describe);
}

void Context::Impl::reset_profile() {
  const auto reset = [](Segment& segment, const auto& self) -> void {
    for (StepTimes& times : segment.times) times = {};
    for (Child& child : segment.children) self(*child.segment, self);
  };
  for (Specialisation& entry : specialisations_) reset(*entry.segment, reset);
}

Context::Context(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;
Context::~Context() = default;

std::span<const TensorView> Context::run(std::span<const TensorView> inputs) { return impl_->run(inputs, {}); }
std::span<const TensorView> Context::run(std::span<const TensorView> inputs,
                                         std::span<const MutableTensorView> outputs) {
  return impl_->run(inputs, outputs);
}

std::vector<Tensor> Context::run(std::span<const Tensor> inputs) {
  std::vector<TensorView> views;
  views.reserve(inputs.size());
  for (const Tensor& input : inputs) views.push_back(input.view());
  std::vector<Tensor> results;
  for (const TensorView& view : impl_->run(views, {})) results.push_back(Tensor::copy_of(view));
  return results;
}

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include "ops/epilogue.h"
#include "ops/expression.h"
#include "runtime/memory_plan.h"
#include "runtime/segment.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

namespace tenon {
namespace {

/// Results up to this size that follow from shapes and constants are computed while planning, not in every run. It is
/// far above what shape arithmetic needs and far below what would make the plan a store of activations.
constexpr int64_t kFoldLimitBytes = 64 * 1024;

class LayerKernel final : public Kernel, private Stretches {
 public:
  LayerKernel(const ProgramNode& node, std::unique_ptr<LayerState> state) : node_(&node), state_(std::move(state)) {}

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    node_->layer->run(state_.get(), inputs, outputs, {});
  }
  [[nodiscard]] bool in_place(size_t index) const override { return node_->elementwise && index == 0; }
  [[nodiscard]] const Stretches* stretches() const override {
    return node_->elementwise && node_->layer->stretches(state_.get()).possible ? this : nullptr;
  }

 private:
  [[nodiscard]] bool ready() const override { return node_->layer->stretches(state_.get()).ready; }
  [[nodiscard]] bool anywhere() const override { return node_->inputs.size() == 1 && node_->outputs.size() == 1; }
  [[nodiscard]] bool quick_in_place() const override { return node_->layer->stretches(state_.get()).in_place; }
  void run(int64_t begin, int64_t end, const void* first, std::span<const TensorView> inputs,
           std::span<const MutableTensorView> outputs) const override {
    node_->layer->run_stretch(state_.get(), first, inputs, outputs, begin, end);
  }
  void run_elements(const void* from, void* to, int64_t count) const override {
    node_->layer->run_elements(state_.get(), from, to, count);
  }

  const ProgramNode* node_;
  std::unique_ptr<LayerState> state_;
};

/// Brings a value that lies elsewhere into the context's memory: a graph output that is a graph input.
class CopyKernel final : public Kernel {
 public:
  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    const auto bytes = static_cast<size_t>(inputs[0].size_bytes());
    if (bytes > 0) std::memcpy(outputs[0].data, inputs[0].data, bytes);
  }
};

bool all_concrete(std::span<const TensorType> types) {
  return std::all_of(types.begin(), types.end(), [](const TensorType& type) {
    return type.dtype != DType::kUndefined && type.shape && to_dims(*type.shape);
  });
}

std::string op_text(const Node& node) {
  std::string text = display_name(node);
  if (node.domain().empty())
    for (const EpilogueStep& step : epilogue_of(node)) text += "+" + step.op;
  return text;
}

class Planner {
 public:
  Planner(const PlanRequest& request, std::vector<ValueState> values) : request_(request) {
    segment_ = std::make_unique<Segment>();
    segment_->depth = request.depth;
    segment_->values = std::move(values);
    buffer_of_.assign(segment_->values.size(), -1);
    for (size_t i = 0; i < request.program.nodes.size(); ++i) {
      for (const ValueId id : request.program.nodes[i].inputs)
        if (id != kNoValue) readers_[id].push_back(static_cast<int>(i));
    }
  }

  std::unique_ptr<Segment> plan() {
    const auto node_count = static_cast<int>(request_.program.nodes.size());
    int index = request_.first_node;
    while (index < node_count) {
      const ProgramNode& node = request_.program.nodes[static_cast<size_t>(index)];
      const int planned =
          with_context([&] { return plan_node(node, index); },
                       [&] { return fmt::format("while planning {} '{}'", node.node->op(), node.node->name()); });
      if (planned == 0) break;
      index += planned;
    }
    segment_->end_node = index;
    if (segment_->end == Segment::End::kGraphEnd) {
      plan_results();
      take_out_results();
    }
    place_buffers();
    collect_externals();
    segment_->times.resize(segment_->steps.size());
    return std::move(segment_);
  }

 private:
  struct Buffer {
    BufferLife life;
    std::vector<ValueId> values;
  };

  ValueState& state(ValueId id) { return segment_->values[static_cast<size_t>(id)]; }
  const ProgramValue& program_value(ValueId id) const { return request_.program.values[static_cast<size_t>(id)]; }

  /// The node's part of the plan, and that of nodes after it if one kernel runs them all. How many they are; 0 when the
  /// segment ends before the node.
  int plan_node(const ProgramNode& node, int index) {
    const Inferred inferred = infer(node);
    if (!set_outputs(node, inferred)) {
      end_segment(node, inferred);
      return 0;
    }
    if (make_view(node) || fold(node)) return 1;
    std::string reason;
    if (const int nodes = add_sequence(index, reason); nodes > 0) return nodes;
    add_step(node, index);
    if (!reason.empty()) segment_->reports.back().rejections.push_back(std::move(reason));
    return 1;
  }

  Inferred infer(const ProgramNode& node) {
    const std::vector<TensorType> types = input_types(node);
    Inferred inferred;
    if (node.layer) {
      inferred.outputs = node.layer->infer(types);
    } else {
      inferred = infer_node(*node.node, types, input_values(node));
    }
    if (inferred.outputs.size() < node.outputs.size()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{} '{}': it gives {} outputs but the node has {}", node.node->op(), node.node->name(),
                              inferred.outputs.size(), node.outputs.size()));
    }
    inferred.outputs.resize(node.outputs.size());
    return inferred;
  }

  /// The outputs' types; false when they are not known yet.
  bool set_outputs(const ProgramNode& node, const Inferred& inferred) {
    if (node.data_dependent || !all_concrete(inferred.outputs)) return false;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      ValueState& out = state(node.outputs[i]);
      out.dtype = inferred.outputs[i].dtype;
      out.dims = *to_dims(*inferred.outputs[i].shape);
    }
    return true;
  }

  std::vector<TensorType> input_types(const ProgramNode& node) {
    std::vector<TensorType> types;
    types.reserve(node.inputs.size());
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) {
        types.emplace_back();
      } else {
        types.push_back({state(id).dtype, to_shape(state(id).dims)});
      }
    }
    return types;
  }

  std::vector<const Tensor*> input_values(const ProgramNode& node) {
    std::vector<const Tensor*> values;
    values.reserve(node.inputs.size());
    for (const ValueId id : node.inputs)
      values.push_back(id != kNoValue && state(id).value.defined() ? &state(id).value : nullptr);
    return values;
  }

  void end_segment(const ProgramNode& node, const Inferred& inferred) {
    for (const size_t input : inferred.needs_value) {
      const ValueId id = input < node.inputs.size() ? node.inputs[input] : kNoValue;
      if (id == kNoValue || state(id).value.defined()) continue;
      if (std::find(segment_->wanted.begin(), segment_->wanted.end(), id) == segment_->wanted.end())
        segment_->wanted.push_back(id);
    }
    if (!node.data_dependent && !segment_->wanted.empty()) {
      segment_->end = Segment::End::kNeedsValues;
      return;
    }
    if (node.layer && !node.data_dependent) {
      std::string shapes;
      for (const TensorType& type : inferred.outputs) shapes += " " + to_string(type);
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("{} '{}': for concrete input shapes the layer's type rule gives{} but every extent must be "
                      "known then, unless the layer declares that its output shapes depend on data",
                      node.node->op(), node.node->name(), shapes));
    }
    segment_->end = Segment::End::kDataDependent;
    if (node.layer)
      segment_->state = node.layer->prepare(input_views(node), std::vector<TensorView>(node.outputs.size()));
    report(node, {}, "", "decides its output's shape as it runs");
  }

  /// True when output 0 is input 0 under another shape, so that nothing has to run.
  bool make_view(const ProgramNode& node) {
    if (!node.op || !node.op->view || node.outputs.size() != 1 || node.inputs.empty() || node.inputs[0] == kNoValue)
      return false;
    const ValueId from = node.inputs[0], to = node.outputs[0];
    ValueState& out = state(to);
    const ValueState& in = state(from);
    if (in.dtype != out.dtype || in.dims.count() != out.dims.count() || !epilogue_of(*node.node).empty()) return false;
    out.place = in.place;
    if (in.value.defined()) {
      out.value = in.value.reshaped(out.dims);
    } else if (const int buffer = buffer_of_[static_cast<size_t>(from)]; buffer >= 0) {
      join(to, buffer);
    }
    report(node, out.dims, "", fmt::format("view of '{}'", program_value(from).value->name()));
    return true;
  }

  /// True when the outputs are known already: all inputs are, or only their shapes matter.
  bool fold(const ProgramNode& node) {
    if (!node.op) return false;
    std::vector<Tensor> outputs;
    if (node.node->op() == "Shape" || node.node->op() == "Size") {
      Tensor result = Tensor::empty(state(node.outputs[0]).dtype, state(node.outputs[0]).dims);
      run_reference(*node.node, input_views(node), std::vector<MutableTensorView>{result.mutable_view()});
      outputs.push_back(std::move(result));
    } else {
      int64_t bytes = 0;
      for (const ValueId id : node.outputs) {
        if (state(id).dtype == DType::kString) return false;
        bytes += bytes_for(state(id).dtype, state(id).dims.count());
      }
      if (bytes > kFoldLimitBytes && !node.inputs.empty()) return false;
      const std::vector<const Tensor*> known = input_values(node);
      for (size_t i = 0; i < known.size(); ++i)
        if (node.inputs[i] != kNoValue && !known[i]) return false;
      outputs = evaluate(*node.node, known);
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      ValueState& out = state(node.outputs[i]);
      out.value = std::move(outputs[i]);
      out.place = {.kind = Place::Kind::kConstant, .data = out.value.data()};
    }
    report(node, state(node.outputs[0]).dims, "", "known from the shapes");
    return true;
  }

  std::vector<TensorView> input_views(const ProgramNode& node) {
    std::vector<TensorView> views;
    views.reserve(node.inputs.size());
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) {
        views.emplace_back();
      } else {
        views.push_back(
            {state(id).value.defined() ? state(id).value.data() : nullptr, state(id).dtype, state(id).dims});
      }
    }
    return views;
  }

  /// What a node's Problem looks at.
  struct ProblemViews {
    ProblemViews(Planner& planner, const ProgramNode& node)
        : inputs(planner.input_views(node)), constants(planner.input_values(node)) {
      for (const ValueId id : node.outputs)
        outputs.push_back({nullptr, planner.state(id).dtype, planner.state(id).dims});
    }
    std::vector<TensorView> inputs, outputs;
    std::vector<const Tensor*> constants;
  };

  Problem problem_of(const ProgramNode& node, const ProblemViews& views) {
    return {.node = *node.node,
            .inputs = views.inputs,
            .outputs = views.outputs,
            .constants = views.constants,
            .threads = request_.threads,
            .packed = &request_.packed,
            .code = &request_.code,
            .followed = is_followed(node)};
  }

  ChosenKernel kernel_for(const ProgramNode& node, const ProblemViews& views) {
    if (const auto found = made_.find(&node); found != made_.end()) {
      ChosenKernel kernel = std::move(found->second);
      made_.erase(found);
      return kernel;
    }
    if (!node.layer) return choose_kernel(request_.backend, problem_of(node, views));
    return {.kernel = std::make_unique<LayerKernel>(node, node.layer->prepare(views.inputs, views.outputs)),
            .name = node.callback ? "callback" : "layer"};
  }

  /// A step for the node and some that follow it, if the backend has one kernel for them. How many they are, or 0 and
  /// perhaps the reason.
  int add_sequence(int index, std::string& reason) {
    const ProgramNode& first = request_.program.nodes[static_cast<size_t>(index)];
    if (!request_.backend.begins_sequence || !request_.backend.begins_sequence(*first.node)) return 0;
    constexpr size_t kMostNodes = 5;  // That a sequence may have.
    std::vector<const ProgramNode*> nodes{&first};
    while (nodes.size() < kMostNodes) {
      const ProgramNode* next = only_reader(*nodes.back(), index + static_cast<int>(nodes.size()));
      if (next == nullptr || next->outputs.size() != 1 || !knows_outputs(*next)) break;
      nodes.push_back(next);
    }
    std::vector<ProblemViews> views;
    for (const ProgramNode* node : nodes) views.emplace_back(*this, *node);
    std::vector<Problem> problems;
    for (size_t i = 0; i < nodes.size(); ++i) problems.push_back(problem_of(*nodes[i], views[i]));
    std::vector<std::pair<const ProgramNode*, ChosenKernel>> made;
    SequenceKernel sequence = request_.backend.sequence(problems, [&](size_t i) -> const Kernel& {
      return with_context(
          [&]() -> const Kernel& {
            return *made.emplace_back(nodes[i], kernel_for(*nodes[i], views[i])).second.kernel;
          },
          [&] { return fmt::format("for {} '{}'", nodes[i]->node->op(), nodes[i]->node->name()); });
    });
    reason = std::move(sequence.reason);
    if (sequence.kernel == nullptr) {
      for (auto& entry : made) made_.insert(std::move(entry));
      return 0;
    }

    nodes.resize(sequence.nodes);
    const ProgramNode& last = *nodes.back();
    std::vector<ValueId> inputs = first.inputs;
    for (const ProgramNode* node : std::span(nodes).subspan(1)) {
      inputs.push_back(kNoValue);
      inputs.insert(inputs.end(), node->inputs.begin() + 1, node->inputs.end());
    }
    for (const ProgramNode* node : std::span(nodes).first(nodes.size() - 1))
      report(*node, state(node->outputs[0]).dims, "", fmt::format("part of the step for '{}'", last.node->name()));
    new_buffer(last.outputs[0], index);
    report(last, state(last.outputs[0]).dims,
           fmt::format("{}.{} ({})", request_.backend.name, sequence.name, sequence.kernel->detail()),
           fmt::format("with the {} before it, whose time it has",
                       nodes.size() == 2 ? "node" : fmt::format("{} nodes", nodes.size() - 1)));
    push_step(std::move(sequence.kernel), inputs, last.outputs);
    for (auto& [node, chosen] : made) segment_->kernels.push_back(std::move(chosen.kernel));
    return static_cast<int>(nodes.size());
  }

  /// Whether the outputs' types can be told already; then they are set, and will be again when it is the node's turn,
  /// for which an error waits, too.
  bool knows_outputs(const ProgramNode& node) {
    try {
      return set_outputs(node, infer(node));
    } catch (const Error&) {
      return false;
    }
  }

  /// The node at `index`, if it and nothing else reads what `node` gives, as its input 0.
  const ProgramNode* only_reader(const ProgramNode& node, int index) const {
    if (node.outputs.size() != 1 || program_value(node.outputs[0]).last_use == kReadByCaller) return nullptr;
    const auto found = readers_.find(node.outputs[0]);
    if (found == readers_.end() || found->second.size() != 1 || found->second[0] != index) return nullptr;
    const ProgramNode& reader = request_.program.nodes[static_cast<size_t>(index)];
    return reader.inputs[0] == node.outputs[0] ? &reader : nullptr;
  }

  void add_step(const ProgramNode& node, int index) {
    const Dims dims = node.outputs.empty() ? Dims{} : state(node.outputs[0]).dims;
    const bool empty =
        std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return state(id).dims.count() == 0; });
    if (empty && node.op) {
      for (const ValueId id : node.outputs) new_buffer(id, index);
      report(node, dims, "", "empty");
      return;
    }
    ChosenKernel chosen = kernel_for(node, ProblemViews(*this, node));
    const std::string note = take_over_input(node, index, *chosen.kernel);
    for (const ValueId id : node.outputs)
      if (state(id).place.kind == Place::Kind::kNone) new_buffer(id, index);

    const std::string detail = chosen.kernel->detail();
    NodeReport& entry = report(node, dims, detail.empty() ? chosen.name : chosen.name + " (" + detail + ")", note);
    entry.rejections = std::move(chosen.rejections);
    push_step(std::move(chosen.kernel), node.inputs, node.outputs);
    if (chain_steps()) {
      std::string& chained = segment_->reports[segment_->reports.size() - 1].note;
      chained += (chained.empty() ? "" : ", ") + std::string("in parts with the step before, whose time has both");
    }
  }

  /// Whether all that reads the node's output is a step that may work element by element.
  bool is_followed(const ProgramNode& node) const {
    const auto found = readers_.find(node.outputs.empty() ? kNoValue : node.outputs[0]);
    const ProgramNode* reader = found == readers_.end() ? nullptr : only_reader(node, found->second[0]);
    if (reader == nullptr || reader->callback) return false;  // A call of a function is too dear for a few rows.
    return reader->elementwise || (reader->op != nullptr && reader->node->op() == kExpressionOp);
  }

  /// Joins the last two steps when the second one works element by element on what the first one gives, in its place.
  bool chain_steps() {
    if (segment_->steps.size() < 2) return false;
    Step& first = segment_->steps[segment_->steps.size() - 2];
    const Step& second = segment_->steps.back();
    const Parts* parts = first.kernel->parts();
    const Stretches* stretches = second.kernel->stretches();
    if (parts == nullptr || stretches == nullptr || second.input_count == 0) return false;
    const ValueId result = output_ids_[first.first_output], read = input_ids_[second.first_input];
    const ValueId written = output_ids_[second.first_output];
    if (result != read || buffer_of_[static_cast<size_t>(written)] != buffer_of_[static_cast<size_t>(result)])
      return false;
    if (parts->granularity() % stretches->granularity() != 0) return false;
    first.chained = true;
    return true;
  }

  /// Lets output 0 lie where an input lies that nobody reads afterwards, if the kernel can do that.
  std::string take_over_input(const ProgramNode& node, int index, const Kernel& kernel) {
    const ValueId out = node.outputs[0];
    const int64_t bytes = bytes_for(state(out).dtype, state(out).dims.count());
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue || !kernel.in_place(i)) continue;
      const int buffer = buffer_of_[static_cast<size_t>(id)];
      if (buffer < 0 || state(id).dtype != state(out).dtype) continue;
      const BufferLife& life = buffers_[static_cast<size_t>(buffer)].life;
      if (life.last > index || bytes_for(state(id).dtype, state(id).dims.count()) != bytes || life.bytes != bytes)
        continue;
      const auto readers = std::count_if(node.inputs.begin(), node.inputs.end(), [&](ValueId other) {
        return other != kNoValue && buffer_of_[static_cast<size_t>(other)] == buffer;
      });
      if (readers != 1) continue;
      state(out).place = state(id).place;
      join(out, buffer);
      return fmt::format("in place of '{}'", program_value(id).value->name());
    }
    return {};
  }

  void new_buffer(ValueId id, int step) {
    const int64_t bytes = bytes_for(state(id).dtype, state(id).dims.count());
    const auto buffer = static_cast<int>(buffers_.size());
    buffers_.push_back({{bytes, step, step}, {}});
    state(id).place = {.kind = Place::Kind::kArena, .depth = request_.depth};
    join(id, buffer);
  }

  void join(ValueId id, int buffer) {
    buffer_of_[static_cast<size_t>(id)] = buffer;
    Buffer& entry = buffers_[static_cast<size_t>(buffer)];
    entry.values.push_back(id);
    entry.life.last = std::max(entry.life.last, program_value(id).last_use);
  }

  void push_step(std::unique_ptr<Kernel> kernel, std::span<const ValueId> inputs, std::span<const ValueId> outputs) {
    Segment& segment = *segment_;
    Step step{kernel.get(),           segment.inputs.size(), inputs.size(),
              segment.outputs.size(), outputs.size(),        segment.reports.size() - 1};
    for (const ValueId id : inputs) {
      segment.inputs.push_back(id == kNoValue ? TensorView{} : TensorView{nullptr, state(id).dtype, state(id).dims});
      input_ids_.push_back(id);
    }
    for (const ValueId id : outputs) {
      segment.outputs.push_back({nullptr, state(id).dtype, state(id).dims});
      output_ids_.push_back(id);
    }
    segment.workspace_bytes = std::max(segment.workspace_bytes, kernel->workspace_bytes());
    segment.steps.push_back(step);
    segment.kernels.push_back(std::move(kernel));
  }

  /// The graph's outputs; those that would lie in the caller's memory are copied.
  void plan_results() {
    for (const ValueId id : request_.program.outputs) {
      ValueId source = id;
      const Place& place = state(id).place;
      if (place.kind == Place::Kind::kExternal && is_input(place.external)) source = copy_of(id);
      result_ids_.push_back(source);
      segment_->results.push_back({nullptr, state(source).dtype, state(source).dims});
    }
  }

  bool is_input(ValueId id) const {
    const auto& inputs = request_.program.inputs;
    return std::find(inputs.begin(), inputs.end(), id) != inputs.end();
  }

  /// A new value (behind the program's own) that holds a copy.
  ValueId copy_of(ValueId from) {
    const auto copy = static_cast<ValueId>(segment_->values.size());
    segment_->values.push_back(
        {state(from).dtype, state(from).dims, {}, {.kind = Place::Kind::kArena, .depth = request_.depth}});
    const auto after_all_nodes = static_cast<int>(request_.program.nodes.size());
    const int64_t bytes = bytes_for(state(copy).dtype, state(copy).dims.count());
    buffer_of_.push_back(static_cast<int>(buffers_.size()));
    buffers_.push_back({{bytes, after_all_nodes, kReadByCaller}, {copy}});
    segment_->reports.push_back({.node = program_value(from).value->name(),
                                 .op = "(copy)",
                                 .shape = std::string(dtype_name(state(copy).dtype)) + to_string(state(copy).dims),
                                 .kernel = "copy",
                                 .note = "an output that is an input"});
    push_step(std::make_unique<CopyKernel>(), std::array{from}, std::array{copy});
    return copy;
  }

  NodeReport& report(const ProgramNode& node, const Dims& dims, std::string kernel, std::string note) {
    const DType dtype = node.outputs.empty() ? DType::kUndefined : state(node.outputs[0]).dtype;
    segment_->reports.push_back(
        {.node = node.node->name(),
         .op = op_text(*node.node),
         .shape = dtype == DType::kUndefined ? "?" : std::string(dtype_name(dtype)) + to_string(dims),
         .kernel = std::move(kernel),
         .note = std::move(note)});
    return segment_->reports.back();
  }

  /// Whether a user's layer that is not element-wise reads or writes the buffer.
  bool layer_touches(int buffer) const {
    const auto touches = [&](const std::vector<ValueId>& ids) {
      return std::any_of(ids.begin(), ids.end(),
                         [&](ValueId id) { return id != kNoValue && buffer_of_[static_cast<size_t>(id)] == buffer; });
    };
    return std::any_of(request_.program.nodes.begin(), request_.program.nodes.end(), [&](const ProgramNode& node) {
      return node.layer != nullptr && !node.elementwise && (touches(node.inputs) || touches(node.outputs));
    });
  }

  /// Takes buffers that are results out of the arena: they lie where the caller of a run wants them.
  void take_out_results() {
    for (size_t i = 0; i < result_ids_.size(); ++i) {
      const ValueId id = result_ids_[i];
      const int buffer = buffer_of_[static_cast<size_t>(id)];
      const bool has_number = static_cast<size_t>(id) < request_.program.values.size();
      if (buffer < 0 || !has_number || state(id).place.kind != Place::Kind::kArena) continue;
      Buffer& taken = buffers_[static_cast<size_t>(buffer)];
      if (taken.life.bytes != bytes_for(state(id).dtype, state(id).dims.count())) continue;
      taken.life.bytes = 0;
      for (const ValueId other : taken.values) state(other).place = {.kind = Place::Kind::kExternal, .external = id};
      segment_->direct_results.push_back({i, id, !layer_touches(buffer)});
    }
  }

  void place_buffers() {
    std::vector<BufferLife> lives;
    lives.reserve(buffers_.size());
    for (const Buffer& buffer : buffers_) {
      BufferLife life = buffer.life;
      life.last = std::min(life.last, kReadByCaller - 1);  // The planner looks one step beyond the last.
      lives.push_back(life);
    }
    const MemoryPlan memory = plan_memory(lives);
    for (size_t i = 0; i < buffers_.size(); ++i) {
      for (const ValueId id : buffers_[i].values)
        if (state(id).place.kind == Place::Kind::kArena) state(id).place.offset = memory.offsets[i];
    }
    segment_->arena_bytes = memory.bytes;
    segment_->lower_bound_bytes = memory.lower_bound;
  }

  void collect_externals() {
    Segment& segment = *segment_;
    std::unordered_set<const void*> constants;
    for (size_t i = 0; i < input_ids_.size(); ++i) {
      const ValueId id = input_ids_[i];
      segment.input_places.push_back(id == kNoValue ? Place{} : state(id).place);
      if (segment.input_places.back().kind == Place::Kind::kExternal)
        segment.externals.emplace_back(&segment.inputs[i], segment.input_places.back().external);
      if (segment.input_places.back().kind == Place::Kind::kConstant && constants.insert(state(id).value.data()).second)
        segment.constant_bytes += state(id).value.size_bytes();
    }
    for (size_t i = 0; i < output_ids_.size(); ++i) {
      segment.output_places.push_back(state(output_ids_[i]).place);
      if (segment.output_places.back().kind == Place::Kind::kExternal)
        segment.external_outputs.emplace_back(&segment.outputs[i], segment.output_places.back().external);
    }
    for (size_t i = 0; i < result_ids_.size(); ++i) {
      segment.result_places.push_back(state(result_ids_[i]).place);
      if (segment.result_places.back().kind == Place::Kind::kExternal)
        segment.externals.emplace_back(&segment.results[i], segment.result_places.back().external);
    }
  }

  const PlanRequest& request_;
  std::unique_ptr<Segment> segment_;
  std::vector<Buffer> buffers_;
  std::vector<int> buffer_of_;  // Per value; -1: not in this segment's arena.
  std::unordered_map<ValueId, std::vector<int>> readers_;
  std::unordered_map<const ProgramNode*, ChosenKernel> made_;  // For a sequence that came to nothing.
  std::vector<ValueId> input_ids_, output_ids_, result_ids_;
};

}  // namespace

std::vector<ValueState> initial_values(const Program& program, std::span<const Dims> inputs) {
  std::vector<ValueState> values(program.values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (const Tensor* constant = program.values[i].value->constant()) {
      values[i] = {
          constant->dtype(), constant->dims(), *constant, {.kind = Place::Kind::kConstant, .data = constant->data()}};
    }
  }
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    const ValueId id = program.inputs[i];
    ValueState& state = values[static_cast<size_t>(id)];
    state.dtype = program.values[static_cast<size_t>(id)].value->type().dtype;
    state.dims = inputs[i];
    state.place = {.kind = Place::Kind::kExternal, .external = id};
  }
  return values;
}

std::unique_ptr<Segment> plan_segment(const PlanRequest& request, std::vector<ValueState> values) {
  return Planner(request, std::move(values)).plan();
}

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "layers/layer_type.h"

namespace tenon {
namespace {

[[noreturn]] void rethrow_named(const std::string& where, const Error& error) {
  Error named(error.code(), fmt::format("{}: {}", where, error.message()));
  for (const std::string& context : error.context()) named.add_context(context);
  named.set_cause(error.cause());
  throw named;  // NOLINT(bugprone-exception-copy-constructor-throws): Error holds strings
}

// Runs `body()`; an Error that leaves it begins with `where`.
template <typename Body>
auto named(const std::string& where, const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Error& error) {
    rethrow_named(where, error);
  }
}

// An instance that knows whose it is: every error that leaves it names the node.
class NodeInstance final : public LayerInstance {
 public:
  NodeInstance(std::string where, std::unique_ptr<LayerInstance> instance)
      : where_(std::move(where)), instance_(std::move(instance)) {}

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return named(where_, [&] { return instance_->infer(inputs); });
  }
  std::unique_ptr<LayerState> prepare(std::span<const TensorView> inputs,
                                      std::span<const TensorView> outputs) const override {
    return named(where_, [&] { return instance_->prepare(inputs, outputs); });
  }
  void run(LayerState* state, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
           const Allocate& allocate) const override {
    named(where_, [&] { instance_->run(state, inputs, outputs, allocate); });
  }
  StretchFacts stretches(const LayerState* state) const override { return instance_->stretches(state); }
  void run_stretch(const LayerState* state, const void* first, std::span<const TensorView> inputs,
                   std::span<const MutableTensorView> outputs, int64_t begin, int64_t end) const override {
    named(where_, [&] { instance_->run_stretch(state, first, inputs, outputs, begin, end); });
  }
  void run_elements(const LayerState* state, const void* from, void* to, int64_t count) const override {
    named(where_, [&] { instance_->run_elements(state, from, to, count); });
  }

 private:
  std::string where_;
  std::unique_ptr<LayerInstance> instance_;
};

int version_of(const Node& node) {
  const Attribute* attribute = node.attribute(kLayerVersionAttribute);
  if (attribute == nullptr) return 0;
  const auto* version = std::get_if<int64_t>(attribute);
  if (version == nullptr || *version < 1 || *version > INT32_MAX) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} '{}': its layer's version is {}, but must be an int from 1", node.op(), node.name(),
                            to_string(*attribute)));
  }
  return static_cast<int>(*version);
}

void check_counts(const LayerInfo& info, const Node& node) {
  const auto inputs = static_cast<int64_t>(node.inputs().size());
  const auto outputs = static_cast<int64_t>(node.outputs().size());
  const auto fail = [&](int64_t given, const char* what, const std::string& wanted) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{} '{}': the node has {} {}, but the layer has {}", info.name,
                                                         node.name(), given, what, wanted));
  };
  if (inputs < info.min_inputs || (info.max_inputs >= 0 && inputs > info.max_inputs)) {
    fail(inputs, "inputs",
         info.max_inputs < 0                  ? fmt::format("at least {}", info.min_inputs)
         : info.min_inputs == info.max_inputs ? fmt::format("{}", info.min_inputs)
                                              : fmt::format("{} to {}", info.min_inputs, info.max_inputs));
  }
  if (outputs != info.outputs) fail(outputs, "outputs", fmt::format("{}", info.outputs));
}

}  // namespace

BoundLayer layer_of(const Node& node) {
  BoundLayer bound;
  const Attribute* kept = node.attribute(kLayerOriginAttribute);
  const auto* origin = kept == nullptr ? nullptr : std::get_if<std::string>(kept);
  bound.type = LayerRegistry::global().get(node.domain(), node.op(), version_of(node), node.name(),
                                           origin == nullptr ? std::string_view() : *origin);
  check_counts(bound.type->info(), node);
  Attributes given = node.attributes();
  std::erase_if(given, [](const auto& attribute) { return !is_field_name(attribute.first); });
  bound.fields = check_fields(bound.type->info(), given, node.name());
  return bound;
}

std::shared_ptr<const LayerInstance> instance_of(const Node& node) {
  const BoundLayer bound = layer_of(node);
  const std::string where = fmt::format("{} '{}'", node.op(), node.name());
  return std::make_shared<NodeInstance>(where, named(where, [&] { return bound.type->create(bound.fields); }));
}

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include <tenon/graph.h>

#include <fmt/core.h>

#include <algorithm>

namespace tenon {

void Node::set_op(std::string op, std::string domain) {
  op_ = std::move(op);
  domain_ = std::move(domain);
}

const Attribute* Node::attribute(std::string_view name) const noexcept {
  const auto found = attributes_.find(name);
  return found == attributes_.end() ? nullptr : &found->second;
}

Value* Node::output(size_t index) const {
  if (index >= outputs_.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} '{}' has {} outputs; output {} was asked for", op_, name_, outputs_.size(), index));
  }
  return outputs_[index];
}

void Node::set_input(size_t index, Value* value) {
  if (index >= inputs_.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} '{}' has {} inputs; input {} cannot be set", op_, name_, inputs_.size(), index));
  }
  if (Value* old = inputs_[index]; old != nullptr) {
    auto& uses = old->uses_;
    const auto use = std::find_if(uses.begin(), uses.end(),
                                  [&](const Use& u) { return u.node == this && u.index == static_cast<int>(index); });
    *use = uses.back();
    uses.pop_back();
  }
  inputs_[index] = value;
  if (value != nullptr) value->uses_.push_back({this, static_cast<int>(index)});
}

void Node::append_input(Value* value) {
  inputs_.push_back(nullptr);
  set_input(inputs_.size() - 1, value);
}

void Node::set_inputs(std::span<Value* const> values) {
  const std::vector<Value*> wanted(values.begin(), values.end());  // `values` may be our own inputs
  for (size_t i = 0; i < inputs_.size(); ++i) set_input(i, nullptr);
  inputs_.assign(wanted.size(), nullptr);
  for (size_t i = 0; i < wanted.size(); ++i) set_input(i, wanted[i]);
}

}  // namespace tenon

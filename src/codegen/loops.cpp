// SPDX-License-Identifier: Apache-2.0
#include "codegen/loops.h"

#include "base/checked.h"
#include "codegen/nest.h"
#include "codegen/split.h"
#include "codegen/walk.h"
#include "expr/simplify.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

namespace tenon::codegen {
namespace {

void check_requirements(const expr::Function& function) {
  for (const expr::Requirement& requirement : function.requirements) {
    const int64_t left = constant_of(function.nodes, requirement.left);
    const int64_t right = constant_of(function.nodes, requirement.right);
    if (left == right) continue;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a shape has {} elements where {} are required by a reshape", left, right));
  }
}

void check_bound(const expr::Function& function) {
  for (NodeId id = 0; id < function.nodes.size(); ++id) {
    const expr::Node& node = function.nodes[id];
    if (node.kind == expr::NodeKind::kField || node.kind == expr::NodeKind::kExtent || node.type.is_variable()) {
      throw Error(ErrorCode::kInternal, "a field, dimension or dtype is not bound; this is a bug in Tenon");
    }
  }
}

int64_t count_of(const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count = checked_mul(count, dim, "a tensor");
  return count;
}

Kernel kernel_of(const Stages& stages, const std::vector<int>& input_buffers, std::span<const Target> targets,
                 std::span<const int> buffers) {
  Kernel kernel;
  Formulas formulas(stages.function, input_buffers, targets, kernel);
  std::vector<Sink> sinks;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].fault >= 0) sinks.push_back({StatementKind::kCheck, formulas.add(targets[i].fault), -1});
    const NodeId value = formulas.add(targets[i].value);
    sinks.push_back({StatementKind::kStore, value, formulas.store(buffers[i], targets[i])});
  }
  // A kernel's code is straight, so the time that compiling it takes grows with its operations.
  constexpr double kMostOperations = 1 << 14;
  double operations = 0;
  for (NodeId id = 0; id < kernel.nodes.size(); ++id) operations += weight(kernel.nodes[id]);
  if (operations > kMostOperations) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("a kernel of it has {:.0f} operations; Tenon compiles up to {:.0f}: make "
                            "several layers of it",
                            operations, kMostOperations));
  }
  build_nest(formulas, sinks, kernel);
  return kernel;
}

Program lower(const expr::Function& function) {
  check_bound(function);
  const expr::Function simple = expr::simplify(function);
  check_requirements(simple);
  std::vector<int64_t> output_counts;  // Checked to fit before anything is made of them.
  for (const expr::Output& output : simple.outputs) {
    std::vector<int64_t> dims;
    for (const NodeId extent : output.shape) dims.push_back(constant_of(simple.nodes, extent));
    output_counts.push_back(count_of(dims));
  }
  const Split split = split_axes(simple);
  Stages stages = stages_of(legalize(split.function));
  Program program{.name = function.name, .buffers = {}, .kernels = {}};
  const auto add_buffer = [&](std::string name, ScalarType type, int64_t count, Buffer::Role role) {
    (void)bytes_for(type.dtype(), count);  // Checked to fit.
    program.buffers.push_back({std::move(name), type, count, role});
    return static_cast<int>(program.buffers.size()) - 1;
  };
  std::vector<int> input_buffers;
  for (size_t i = 0; i < stages.inputs; ++i) {
    const expr::Input& input = stages.function.inputs[i];
    input_buffers.push_back(add_buffer(input.name, input.type, to_dims(input.dims)->count(), Buffer::Role::kInput));
  }
  // Kernels by stage; what has equal extents shares one.
  struct Group {
    std::vector<Target> targets;
    std::vector<int> buffers;
  };
  std::map<std::pair<int, std::vector<int64_t>>, Group> groups;
  const auto add_target = [&](const Target& target, int buffer) {
    if (program.buffers[static_cast<size_t>(buffer)].count == 0) return;
    Group& group = groups[{target.stage, target.dims}];
    group.targets.push_back(target);
    group.buffers.push_back(buffer);
  };
  std::vector<int> output_buffers;
  for (size_t i = 0; i < output_counts.size(); ++i) {
    const expr::Output& output = simple.outputs[i];
    output_buffers.push_back(add_buffer(output.name, output.type, output_counts[i], Buffer::Role::kOutput));
  }
  for (size_t i = 0; i < stages.outputs.size(); ++i) {
    const Part& part = split.parts[i];
    stages.outputs[i].offset = part.offset;
    stages.outputs[i].steps = part.steps;
    add_target(stages.outputs[i], output_buffers[part.output]);
  }
  for (size_t i = 0; i < stages.temporaries.size(); ++i) {
    const Target& target = stages.temporaries[i];
    const expr::Input& input = stages.function.inputs[stages.inputs + i];
    input_buffers.push_back(add_buffer(input.name, input.type, count_of(target.dims), Buffer::Role::kTemporary));
    add_target(target, input_buffers.back());
  }
  for (const auto& [key, group] : groups) {
    program.kernels.push_back(kernel_of(stages, input_buffers, group.targets, group.buffers));
  }
  return program;
}

}  // namespace

std::vector<NodeId> Kernel::operands(NodeId id) const {
  const expr::Node& node = nodes[id];
  std::vector<NodeId> result = node.operands;
  if (node.kind != expr::NodeKind::kLoad) return result;
  const Access& access = accesses[static_cast<size_t>(node.number)];
  if (access.rest >= 0) result.push_back(access.rest);
  if (access.guard >= 0) result.push_back(access.guard);
  return result;
}

bool in_place(const Program& program, size_t input) {
  const auto first = std::find_if(program.buffers.begin(), program.buffers.end(),
                                  [](const Buffer& buffer) { return buffer.role == Buffer::Role::kOutput; });
  const auto output = static_cast<int>(first - program.buffers.begin());
  if (first == program.buffers.end() ||
      dtype_bits(first->type.dtype()) != dtype_bits(program.buffers[input].type.dtype())) {
    return false;
  }
  const auto touches = [](const Kernel& kernel, int buffer) {
    return std::any_of(kernel.accesses.begin(), kernel.accesses.end(),
                       [&](const Access& access) { return access.buffer == buffer; });
  };
  for (const Kernel& kernel : program.kernels) {
    const auto stores = std::count_if(kernel.accesses.begin(), kernel.accesses.end(),
                                      [&](const Access& access) { return access.buffer == output; });
    if (stores > 1) return false;
    if (stores == 0) continue;
    // The one that stores; those after it must not read the input any more.
    const bool is_last = std::none_of(&kernel + 1, program.kernels.data() + program.kernels.size(),
                                      [&](const Kernel& later) { return touches(later, static_cast<int>(input)); });
    const auto store = std::find_if(kernel.accesses.begin(), kernel.accesses.end(),
                                    [&](const Access& access) { return access.buffer == output; });
    return is_last && std::all_of(kernel.accesses.begin(), kernel.accesses.end(), [&](Access access) {
             if (access.buffer != static_cast<int>(input)) return true;
             access.buffer = output;
             return access == *store;
           });
  }
  return true;
}

bool is_map(const Program& program) {
  if (program.kernels.size() != 1 || program.buffers.size() != 2 || !in_place(program, 0)) return false;
  const Kernel& kernel = program.kernels[0];
  if (kernel.extent != program.buffers[1].count || kernel.body.size() != 1) return false;
  const auto is_index = [&](NodeId id) { return kernel.nodes[id].kind == expr::NodeKind::kIndex; };
  const std::vector<Statement>& body = kernel.body[0].body;
  return std::all_of(body.begin(), body.end(), [&](const Statement& statement) {
    if (statement.kind != StatementKind::kLet && statement.kind != StatementKind::kStore) return false;
    const std::vector<NodeId> operands = kernel.operands(statement.node);
    return !is_index(statement.node) && std::none_of(operands.begin(), operands.end(), is_index);
  });
}

Program loops_of(const expr::Function& function) {
  return with_context([&] { return lower(function); },
                      [&] { return fmt::format("while compiling layer '{}'", function.name); });
}

}  // namespace tenon::codegen

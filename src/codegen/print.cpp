// SPDX-License-Identifier: Apache-2.0
#include "codegen/loops.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace tenon::codegen {
namespace {

using expr::Node;
using expr::NodeKind;

std::string_view role_name(Buffer::Role role) {
  switch (role) {
    case Buffer::Role::kInput:
      return "input";
    case Buffer::Role::kOutput:
      return "output";
    default:
      return "temporary";
  }
}

class Printer {
 public:
  // `for_code`: without what the code is told when it runs.
  Printer(const Program& program, const Kernel& kernel, bool for_code)
      : program_(program), kernel_(kernel), for_code_(for_code) {}

  std::string run() {
    for (size_t i = 0; i < kernel_.scratch.size(); ++i) {
      text_ += fmt::format("  scratch s{}: {}[{}]\n", i, to_string(kernel_.scratch[i].type), kernel_.scratch[i].count);
    }
    statements(kernel_.body, 1, "");
    return std::move(text_);
  }

 private:
  // i, j, k … by level.
  static std::string variable(int level) {
    constexpr int kLetters = 'z' - 'i' + 1;
    if (level < kLetters) return std::string(1, static_cast<char>('i' + level));
    return fmt::format("i{}", level);
  }

  // People see the types of constants that are not f32 or i64; code depends on all of them.
  [[nodiscard]] std::string constant(const Node& node) const {
    if (expr::is_any(node.type, expr::kFloats | expr::kHalves)) {
      std::string text = fmt::format("{}", node.value.real());
      return node.type == expr::kF32 && !for_code_ ? text : text + ":" + to_string(node.type);
    }
    if (node.type == expr::kBool) return node.value.integer() != 0 ? "true" : "false";
    const std::string text = expr::is_any(node.type, expr::kUnsigneds)
                                 ? fmt::format("{}", static_cast<uint64_t>(node.value.integer()))
                                 : fmt::format("{}", node.value.integer());
    return node.type == expr::kI64 && !for_code_ ? text : text + ":" + to_string(node.type);
  }

  // A node where it is used: leaves are written out, others have a name.
  std::string use(NodeId id) {
    const Node& node = kernel_.nodes[id];
    if (node.kind == NodeKind::kConst) return constant(node);
    if (node.kind == NodeKind::kIndex) return variable(node.number);
    if (node.kind == NodeKind::kField) return fmt::format("r{}", node.number);
    const int next = static_cast<int>(names_.size());
    return fmt::format("%{}", names_.try_emplace(id, next).first->second);
  }

  std::string access(int number) {
    const Access& access = kernel_.accesses[static_cast<size_t>(number)];
    std::string sum;
    const auto add = [&](const std::string& term) { sum += (sum.empty() ? "" : " + ") + term; };
    for (size_t level = 0; level < access.steps.size(); ++level) {
      if (access.steps[level] == 0) continue;
      const std::string name = variable(static_cast<int>(level));
      add(access.steps[level] == 1 ? name : fmt::format("{}*{}", access.steps[level], name));
    }
    if (access.rest >= 0) add(use(access.rest));
    if (access.offset != 0 || sum.empty()) add(fmt::format("{}", access.offset));
    const std::string guard = access.guard < 0 ? "" : " if " + use(access.guard);
    const std::string name =
        for_code_ ? fmt::format("b{}", access.buffer) : program_.buffers[static_cast<size_t>(access.buffer)].name;
    return fmt::format("{}[{}]{}", name, sum, guard);
  }

  std::string value(const Node& node) {
    const auto operand = [&](size_t i) { return use(node.operands[i]); };
    switch (node.kind) {
      case NodeKind::kLoad:
        return access(node.number);
      case NodeKind::kUnary:
        return fmt::format("{}({})", expr::info(node.unary()).name, operand(0));
      case NodeKind::kBinary: {
        const expr::BinaryInfo& op = expr::info(node.binary());
        if (op.precedence == 0) return fmt::format("{}({}, {})", op.name, operand(0), operand(1));
        return fmt::format("{} {} {}", operand(0), op.name, operand(1));
      }
      case NodeKind::kSelect:
        return fmt::format("{} ? {} : {}", operand(0), operand(1), operand(2));
      default:
        return fmt::format("{}{}({})", to_string(node.type), node.cast_mode() == expr::CastMode::kBits ? " bits" : "",
                           operand(0));
    }
  }

  void statements(const std::vector<Statement>& body, int indent, const std::string& around) {
    for (const Statement& statement : body) {
      text_.append(static_cast<size_t>(indent) * 2, ' ');
      text_ += line(statement, around) + "\n";
      if (statement.kind == StatementKind::kFor) statements(statement.body, indent + 1, variable(statement.number));
    }
  }

  std::string line(const Statement& statement, const std::string& around) {
    switch (statement.kind) {
      case StatementKind::kLet: {
        const Node& node = kernel_.nodes[statement.node];
        const std::string text = value(node);
        return fmt::format("{}: {} = {}", use(statement.node), to_string(node.type), text);
      }
      case StatementKind::kFor:
        return fmt::format("{}{}for {} < {}", statement.parallel ? "parallel " : "", statement.vector ? "vector " : "",
                           variable(statement.number), extent_of(statement));
      case StatementKind::kAccumulate: {
        const Reduced& reduced = kernel_.reductions[static_cast<size_t>(statement.number)];
        const std::string type = for_code_ ? ":" + to_string(reduced.type) : "";
        return fmt::format("r{}{} {}= {}", statement.number, type, reduction_name(reduced.op), use(statement.node));
      }
      case StatementKind::kStore: {
        const std::string place = access(statement.number);
        return fmt::format("{} = {}", place, use(statement.node));
      }
      case StatementKind::kCheck:
        return fmt::format("fault if {}", use(statement.node));
      case StatementKind::kKeep:
        return fmt::format("s{}[{}] = {}", statement.number, around, use(statement.node));
      default:
        return fmt::format("{}: {} = s{}[{}]", use(statement.node), to_string(kernel_.nodes[statement.node].type),
                           statement.number, around);
    }
  }

  // A parallel loop gets its bounds when it runs.
  [[nodiscard]] int64_t extent_of(const Statement& loop) const { return for_code_ && loop.parallel ? 0 : loop.extent; }

  const Program& program_;
  const Kernel& kernel_;
  const bool for_code_;
  std::map<NodeId, int> names_;  // In the order of appearance.
  std::string text_;
};

}  // namespace

std::string print(const Program& program, const Kernel& kernel) { return Printer(program, kernel, false).run(); }

std::string code_text(const Program& program, const Kernel& kernel) {
  std::string text = "buffers";
  for (const Buffer& buffer : program.buffers) text += " " + to_string(buffer.type);
  return text + "\n" + Printer(program, kernel, true).run();
}

std::string print(const Program& program) {
  std::string text = fmt::format("program {}\n", program.name);
  for (const Buffer& buffer : program.buffers) {
    text += fmt::format("{} {}: {}[{}]\n", role_name(buffer.role), buffer.name, to_string(buffer.type), buffer.count);
  }
  for (size_t i = 0; i < program.kernels.size(); ++i) {
    text += fmt::format("kernel {}\n", i) + print(program, program.kernels[i]);
  }
  return text;
}

}  // namespace tenon::codegen

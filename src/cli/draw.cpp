// SPDX-License-Identifier: Apache-2.0
#include "cli/draw.h"

#include "cli/support.h"

#include <fmt/core.h>

#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unordered_map>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace tenon::cli {
namespace {

// For a label between double quotes.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n')
      result += "\\l";
    else
      result += c;
  }
  return result;
}

bool is_constant(const Node& node) { return node.domain().empty() && node.op() == "Const"; }

// The nodes by which dialects mark inputs and outputs.
bool is_end(const Node& node) {
  return node.domain().empty() && (node.op() == "Placeholder" || node.op() == "Input" || node.op() == "MarkOutput");
}

class Drawing {
 public:
  explicit Drawing(const Graph& graph) : graph_(graph) {}

  std::string text() {
    text_ =
        "digraph {\n  node [shape=box style=\"rounded,filled\" fillcolor=\"#f2f2f2\" fontname=\"Helvetica\" "
        "fontsize=11]\n"
        "  edge [fontname=\"Helvetica\" fontsize=9 color=\"#555555\"]\n";
    for (const Value* value : graph_.values())
      if (value->producer() == nullptr) source(*value);
    for (const Node* node : graph_.nodes()) box(*node);
    for (const Node* node : graph_.nodes()) {
      for (const Value* input : node->inputs())
        if (input != nullptr) edge(*input, id(node));
      for (const Node* before : node->control_inputs())
        text_ += fmt::format("  {} -> {} [style=dashed]\n", id(before), id(node));
    }
    size_t count = 0;
    for (const Value* output : graph_.outputs()) {
      if (output->producer() != nullptr && is_end(*output->producer())) continue;
      const std::string name = fmt::format("output{}", count++);
      end(name, output->name(), "");
      edge(*output, name);
    }
    return text_ + "}\n";
  }

 private:
  std::string id(const void* item) { return fmt::format("n{}", ids_.emplace(item, ids_.size()).first->second); }

  void end(const std::string& name, std::string_view label, std::string_view detail) {
    text_ += fmt::format("  {} [shape=ellipse fillcolor=\"#dcebfa\" label=\"{}{}{}\"]\n", name, escaped(label),
                         detail.empty() ? "" : "\\n", escaped(detail));
  }

  void constant(const std::string& name, std::string_view label, const TensorType& type) {
    text_ += fmt::format("  {} [shape=plaintext style=\"\" fontcolor=\"#777777\" fontsize=9 label=\"{}\\n{}\"]\n", name,
                         escaped(label), escaped(to_string(type)));
  }

  void source(const Value& value) {
    if (value.constant() != nullptr)
      constant(id(&value), value.name(), value.type());
    else
      end(id(&value), value.name(), to_string(value.type()));
  }

  void box(const Node& node) {
    if (is_constant(node) && !node.outputs().empty()) return constant(id(&node), node.name(), node.output()->type());
    if (is_end(node)) return end(id(&node), node.name(), node.op());
    std::string attributes;
    for (const auto& [name, value] : node.attributes())
      if (!name.starts_with("node."))  // What a format keeps for itself.
        attributes += fmt::format("{} = {}\n", name, to_string(value, 40));
    text_ += fmt::format("  {} [{}label=\"{}\\n{}\\n{}\"]\n", id(&node),
                         layer_name(graph_, node).empty() ? "" : "fillcolor=\"#ffd9a0\" penwidth=2 ",
                         escaped(node.op()), escaped(node.name()), escaped(attributes));
  }

  void edge(const Value& from, const std::string& to) {
    const std::string source = from.producer() == nullptr ? id(&from) : id(from.producer());
    const bool labelled = from.type().shape && (from.producer() == nullptr || !is_constant(*from.producer())) &&
                          from.constant() == nullptr;
    text_ += fmt::format("  {} -> {} [label=\" {}\"]\n", source, to, labelled ? escaped(to_string(from.type())) : "");
  }

  const Graph& graph_;
  std::string text_;
  std::unordered_map<const void*, size_t> ids_;
};

using File = std::unique_ptr<FILE, int (*)(FILE*)>;

File temporary_file() {
  File file(std::tmpfile(), std::fclose);
  if (file == nullptr)
    throw Error(ErrorCode::kIo, fmt::format("cannot make a temporary file: {}", std::strerror(errno)));
  return file;
}

void go_to_start(const File& file) {
  if (std::fseek(file.get(), 0, SEEK_SET) != 0) throw Error(ErrorCode::kIo, "cannot read a temporary file");
}

// What `dot -T<kind>` makes of the text.
std::string laid_out(const std::string& text, const std::string& kind) {
  const File in = temporary_file(), out = temporary_file();
  if (std::fwrite(text.data(), 1, text.size(), in.get()) != text.size() || std::fflush(in.get()) != 0)
    throw Error(ErrorCode::kIo, "cannot write a temporary file");
  go_to_start(in);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ::fileno(in.get()), 0);
  posix_spawn_file_actions_adddup2(&actions, ::fileno(out.get()), 1);
  std::string program = "dot", option = "-T" + kind;
  char* arguments[] = {program.data(), option.data(), nullptr};
  pid_t child = 0;
  const int failure = ::posix_spawnp(&child, "dot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failure == 0) {
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  // 127: what a shell, or a C library that finds out only after the fork, says of a program that is not there.
  if (failure == ENOENT || (failure == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)) {
    throw Error(
        ErrorCode::kUnsupported,
        "drawing needs the program 'dot' of Graphviz (apt-get install graphviz); --graph FILE.dot writes what it "
        "would be given");
  }
  if (failure != 0 || status != 0)
    throw Error(ErrorCode::kDevice, fmt::format("the program 'dot' failed (status {})", status));

  std::string result;
  char part[1 << 16];
  go_to_start(out);
  for (size_t size; (size = std::fread(part, 1, sizeof(part), out.get())) > 0;) result.append(part, size);
  return result;
}

}  // namespace

std::string dot_text(const Graph& graph) { return Drawing(graph).text(); }

void draw(const Graph& graph, const std::string& path) {
  const size_t dot = path.rfind('.');
  const std::string kind = dot == std::string::npos ? "" : path.substr(dot + 1);
  if (kind != "svg" && kind != "png" && kind != "pdf" && kind != "dot") {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("cannot draw into '{}': a name that ends in .svg, .png, .pdf or .dot is required", path));
  }
  const std::string text = dot_text(graph);
  save_text(kind == "dot" ? text : laid_out(text, kind), path);
}

}  // namespace tenon::cli

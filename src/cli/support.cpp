// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>

namespace tenon::cli {
namespace {

int report(bool json, int code, const std::string& message, const nlohmann::json& details = nullptr) {
  fmt::print(stderr, "tenon: {}\n", message);
  if (json) {
    nlohmann::json document{{"error", {{"exit_code", code}, {"message", message}}}};
    if (!details.is_null()) document["error"]["unsupported"] = details;
    print_json(document);
  }
  return code;
}

nlohmann::json to_json(const std::vector<UnsupportedNode>& nodes) {
  nlohmann::json list = nlohmann::json::array();
  for (const UnsupportedNode& node : nodes) {
    list.push_back({{"node", node.node}, {"op", node.op}, {"reason", node.reason}, {"remedy", node.remedy}});
  }
  return list;
}

// NAME:SHAPE[:ORDER]; a name may have colons.
void add_input(CompileOptions& options, const std::string& text) {
  size_t end = text.size(), colon = text.rfind(':');
  std::optional<InputOrder> order;
  if (colon != std::string::npos && text.find(':') < colon) order = input_order_named(text.substr(colon + 1));
  if (order) {
    end = colon;
    colon = text.rfind(':', end - 1);
  }
  if (colon == std::string::npos || colon == 0) {
    throw UsageError(fmt::format("the input shape '{}' must read NAME:SHAPE, as in 'InputLayer:1,28,28'", text));
  }
  const std::string name = text.substr(0, colon);
  try {
    options.input_shapes[name] = parse_shape(text.substr(colon + 1, end - colon - 1));
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  if (order) options.input_orders[name] = *order;
}

}  // namespace

int exit_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
      return kBadInput;
    case ErrorCode::kUnsupported:
      return kUnsupported;
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kDevice:
      return kDevice;
    case ErrorCode::kInternal:
      break;
  }
  return kInternal;
}

int guarded(bool json, int (*body)(const void*), const void* args) {
  try {
    return body(args);
  } catch (const UsageError& error) {
    return report(json, kUsage, error.what());
  } catch (const UnsupportedError& error) {
    return report(json, kUnsupported, error.what(), to_json(error.nodes()));
  } catch (const Error& error) {
    return report(json, exit_code(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return report(json, kDevice, "out of memory");
  } catch (const std::exception& error) {
    return report(json, kInternal, fmt::format("this is a bug in Tenon: {}", error.what()));
  }
}

Progress::Progress(std::string title) : title_(std::move(title)), terminal_(::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (terminal_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::update(std::string_view what, double share) {
  if (!terminal_) return;
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(share * kWidth);
  fmt::print(stderr, "\r\x1b[K{} [{:#<{}}{:.<{}}] {:3.0f}% {}", title_, "", filled, "", kWidth - filled, share * 100,
             what);
  std::fflush(stderr);
}

void load_plugins(const std::vector<std::string>& paths) {
  load_plugins_from_environment();
  for (const std::string& path : paths) (void)load_plugin(path);
}

Graph load_graph(const ModelArgs& args) {
  Graph graph = load(args.path);
  for (const std::string& mapping : args.maps) (void)map_to_layer(graph, mapping);
  return graph;
}

std::string layer_name(const Graph& graph, const Node& node) {
  if (!node.domain().empty()) return node.domain() + "::" + node.op();
  return graph.dialect() == "uff" && node.op().starts_with('_') ? node.op().substr(1) : "";
}

CompileOptions compile_options(const ModelArgs& args) {
  CompileOptions options;
  options.outputs = args.outputs;
  options.disabled_passes = args.disabled_passes;
  for (const std::string& text : args.shapes) add_input(options, text);
  return options;
}

Engine load_engine(const ModelArgs& args) {
  load_plugins(args.plugins);
  if (is_plan_file(args.path)) {
    if (!args.maps.empty() || !args.shapes.empty() || !args.outputs.empty() || !args.disabled_passes.empty()) {
      throw UsageError(
          fmt::format("'{}' is a plan, which is compiled already: mappings, shapes, outputs and passes are options for "
                      "compiling its model",
                      args.path));
    }
    return Engine::load(args.path, {.trust_code = args.trust_code, .trusted_keys = args.trusted_keys});
  }
  Progress progress("compiling");
  CompileOptions options = compile_options(args);
  options.progress = [&](std::string_view pass, double share) { progress.update(pass, share); };
  return tenon::compile(load_graph(args), options);
}

void print_notices(const Engine& engine) {
  for (const std::string& notice : engine.notices()) fmt::print(stderr, "notice: {}\n", notice);
}

std::map<std::string, int64_t> parse_dims(const std::vector<std::string>& texts) {
  std::map<std::string, int64_t> dims;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, status] = std::from_chars(text.data() + std::min(equals, text.size() - 1) + 1, end, value);
    if (equals == std::string::npos || equals == 0 || status != std::errc() || stop != end || value < 0) {
      throw UsageError(fmt::format("the dimension '{}' must read NAME=NUMBER, as in 'N=8'", text));
    }
    dims[text.substr(0, equals)] = value;
  }
  return dims;
}

Dims concrete(const Shape& shape, const std::map<std::string, int64_t>& dims) {
  Dims result;
  for (const Dim& dim : shape) {
    const auto found = dims.find(dim.symbol());
    result.push_back(dim.is_constant() ? dim.value() : found == dims.end() ? 1 : found->second);
  }
  return result;
}

Tensor random_tensor(DType dtype, const Dims& dims, uint64_t seed) {
  std::mt19937_64 random(seed);
  Tensor real = Tensor::empty(DType::kFloat32, dims);
  for (float& value : real.mutable_values<float>()) {
    // 24 bits of the generator, which is specified exactly, unlike the standard library's distributions.
    const auto unit = static_cast<float>(random() >> 40) * 0x1p-24F;
    value = is_float(dtype) ? 2 * unit - 1 : std::floor(10 * unit);
  }
  if (dtype == DType::kFloat32) return real;
  return cast(real, dtype);
}

void save_text(const std::string& text, const std::string& path) {
  const std::string temporary = path + ".tmp";
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  bool ok = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  ok = (file != nullptr && std::fclose(file) == 0) && ok;
  if (!ok || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    std::remove(temporary.c_str());
    throw Error(ErrorCode::kIo, fmt::format("cannot write '{}': {}", path, reason));
  }
}

nlohmann::json to_json(const std::string& name, const TensorType& type) {
  nlohmann::json shape = nullptr;
  if (type.shape) {
    shape = nlohmann::json::array();
    for (const Dim& dim : *type.shape) {
      if (dim.is_constant())
        shape.push_back(dim.value());
      else if (dim.is_symbol())
        shape.push_back(dim.symbol());
      else
        shape.push_back(nullptr);
    }
  }
  return {{"name", name}, {"dtype", dtype_name(type.dtype)}, {"shape", shape}};
}

nlohmann::json to_json(const Attribute& attribute) {
  return std::visit(
      [&](const auto& value) -> nlohmann::json {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, int64_t> || std::is_same_v<T, double> ||
                      std::is_same_v<T, std::vector<bool>> || std::is_same_v<T, std::vector<int64_t>> ||
                      std::is_same_v<T, std::vector<double>>) {
          return value;
        } else if constexpr (std::is_same_v<T, std::monostate>) {
          return nullptr;
        } else {
          return to_string(attribute);
        }
      },
      attribute);
}

void print_json(const nlohmann::json& document) {
  // Names in files may hold bytes that are not UTF-8; they are replaced rather than refused.
  fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace tenon::cli

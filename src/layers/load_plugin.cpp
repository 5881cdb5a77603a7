// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <tenon/plugins.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "layers/native_host.h"
#include "layers/native_layer.h"

namespace tenon {
namespace {

// Which file a plugin is, whatever path leads to it.
using FileId = std::pair<dev_t, ino_t>;

struct Loaded {
  std::mutex mutex;  // Held while a plugin's entry runs, so that it runs once.
  std::map<FileId, std::vector<std::string>> plugins;
};

Loaded& loaded() {
  static Loaded& instance = *new Loaded;
  return instance;
}

FileId identify(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    throw Error(ErrorCode::kNotFound, fmt::format("the plugin {} cannot be opened: {}", path, std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("the plugin {} is not a file", path));
  }
  return {info.st_dev, info.st_ino};
}

// Without a '/', dlopen would search the system's folders instead of this one.
std::string absolute(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  std::string result = resolved == nullptr ? path : resolved;
  std::free(resolved);
  return result;
}

const tenon_plugin* enter(const std::string& path) {
  void* library = ::dlopen(absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    throw Error(ErrorCode::kInvalidArgument, fmt::format("the plugin {} is not a shared library that can be loaded: {}",
                                                         path, reason == nullptr ? "no reason was given" : reason));
  }
  void* symbol = ::dlsym(library, TENON_PLUGIN_ENTRY_NAME);
  if (symbol == nullptr) {
    ::dlclose(library);
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} is a shared library, but not a plugin: it does not export {}; a plugin in C++ has "
                            "TENON_PLUGIN(MyLayer) in one of its sources",
                            path, TENON_PLUGIN_ENTRY_NAME));
  }
  // From here on the library stays loaded, whatever happens: its code has run.
  (void)take_report();
  return reinterpret_cast<tenon_plugin_entry_function>(symbol)(TENON_ABI_VERSION, &native_host());
}

}  // namespace

std::vector<std::string> load_plugin(const std::string& path) {
  Loaded& state = loaded();
  const std::lock_guard lock(state.mutex);
  const FileId id = identify(path);
  if (const auto found = state.plugins.find(id); found != state.plugins.end()) return found->second;
  const auto layers = read_plugin(enter(path), path);
  LayerRegistry::global().add_all(layers);
  std::vector<std::string> names;
  for (const auto& layer : layers) names.push_back(layer->info().name);
  state.plugins.emplace(id, names);
  return names;
}

int load_plugins_from_environment() {
  const char* variable = std::getenv("TENON_PLUGINS");
  std::string_view paths = variable == nullptr ? "" : variable;
  int count = 0;
  while (!paths.empty()) {
    const size_t end = std::min(paths.find(':'), paths.size());
    const std::string path(paths.substr(0, end));
    paths.remove_prefix(std::min(end + 1, paths.size()));
    if (path.empty()) continue;
    with_context([&] { return load_plugin(path); },
                 [] { return std::string("while loading what TENON_PLUGINS names"); });
    ++count;
  }
  return count;
}

std::vector<LayerSummary> layers() {
  std::vector<LayerSummary> result;
  for (const auto& layer : LayerRegistry::global().all()) {
    const LayerInfo& info = layer->info();
    LayerSummary summary{.domain = info.domain,
                         .name = info.name,
                         .version = info.version,
                         .doc = info.doc,
                         .kind = std::string(layer_kind_name(info.kind)),
                         .origin = info.origin,
                         .fields = {},
                         .min_inputs = info.min_inputs,
                         .max_inputs = info.max_inputs,
                         .outputs = info.outputs,
                         .elementwise = info.elementwise,
                         .data_dependent = info.data_dependent,
                         .cpu = info.has_cpu,
                         .cuda = info.has_cuda};
    for (const FieldSpec& field : info.fields) {
      summary.fields.push_back({field.name, field.fallback, field.required, field.doc});
    }
    result.push_back(std::move(summary));
  }
  return result;
}

}  // namespace tenon

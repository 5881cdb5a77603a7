// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>
#include <tenon/graph.h>

#include <string>
#include <vector>

// Loading users' layers, and looking at those that are loaded.
namespace tenon {

/// A field of a layer, as `tenon layers` shows it.
struct LayerFieldInfo {
  std::string name;
  Attribute fallback;
  bool required;
  std::string doc;
};

/// A layer that is loaded.
struct LayerSummary {
  std::string domain, name;
  int version;
  std::string doc;
  std::string kind;    ///< "native", "expression" or "callback".
  std::string origin;  ///< The plugin's path, or where the program defines the layer.
  std::vector<LayerFieldInfo> fields;
  int min_inputs, max_inputs, outputs;  ///< max_inputs -1: any number.
  bool elementwise, data_dependent, cpu, cuda;
};

/// Loads a plugin: a shared library that exports tenon_plugin_entry (see tenon/plugin_abi.h). **Runs its code**, so
/// Tenon does so only when asked: by this call, by `--plugin`, or by the environment variable TENON_PLUGINS (paths
/// separated by ':'), which load_plugins_from_environment() reads. Loading the same file again does nothing. The plugin
/// stays loaded until the process ends. Returns the names of its layers. Throws kNotFound (no file), kInvalidArgument
/// (not a shared library or not a plugin; the loader's message), kUnsupported (an ABI version that this build does not
/// speak, with both versions).
TENON_API std::vector<std::string> load_plugin(const std::string& path);

/// Loads what TENON_PLUGINS names; returns how many. The command line and the Python module call it once.
TENON_API int load_plugins_from_environment();

/// All loaded layers, by domain, name and version.
[[nodiscard]] TENON_API std::vector<LayerSummary> layers();

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/plugin_abi.h>

#include <memory>
#include <string>
#include <vector>

#include "layers/layer_type.h"

// Layers from plugins: the host side of tenon/plugin_abi.h.
namespace tenon {

/// A layer's table as this Tenon knows it (members that the plugin's header did not have are zero), checked.
struct NativeTable {
  tenon_layer layer{};
  LayerInfo info;
};

/// Reads and checks the table of a layer. Throws kInvalidArgument naming plugin, layer and what is wrong with it.
[[nodiscard]] NativeTable read_native_table(const tenon_layer* table, const std::string& origin);

/// The layer behind a table.
///
/// The first run with a state computes into memory of its own between guards (GuardedBuffer), of 4 KiB before each
/// output and 4 KiB to 1 MiB behind it (as much as the largest tensor of the call has), and then copies the results
/// out; so a layer that writes beyond an output is found and nothing is harmed. An element-wise layer is then run once
/// more, in place and in two parts, and must give the same. Later runs compute in place, at no extra cost and without
/// allocating. The environment variable TENON_CHECK_LAYERS=1, read when a state is made, has every run checked.
[[nodiscard]] std::shared_ptr<const LayerType> make_native_layer(NativeTable table);

/// The layers of a plugin that was loaded from `origin`. Throws kUnsupported for its ABI version, and kInvalidArgument.
[[nodiscard]] std::vector<std::shared_ptr<const LayerType>> read_plugin(const tenon_plugin* plugin,
                                                                        const std::string& origin);

}  // namespace tenon

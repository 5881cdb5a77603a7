// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/layer/bridge.h>
#include <tenon/layer/fields.h>
#include <tenon/layer/host.h>
#include <tenon/layer/shapes.h>
#include <tenon/layer/signature.h>
#include <tenon/layer/views.h>
#include <tenon/plugin_abi.h>

// Layers of your own in C++17 or later. Header-only: a plugin links nothing of Tenon.
//
//   struct Clip {
//     float lo = 0, hi = 6;
//     TENON_FIELDS(lo, hi)
//     void run(tenon::View<const float> x, tenon::View<float> y) const {
//       for (size_t i = 0; i < x.size(); ++i) y[i] = std::clamp(x[i], lo, hi);
//     }
//   };
//   TENON_PLUGIN(Clip)
//
// All else is optional, and found by its name; docs/writing-a-layer.md has an example of each:
//
//   static constexpr const char* name, *domain, *doc; static constexpr const char* field_docs[]; static constexpr int
//   version; static constexpr bool elementwise = true;               any layout, in place, in parts on several threads
//   tenon::Shapes outputs(const tenon::Shapes& inputs) const;     the outputs' shapes; without it they are input 0's
//   tenon::Types outputs(const tenon::Types& inputs) const;       the same with dtypes
//   State prepare(const tenon::Inputs& inputs) const;       made once per set of shapes; run gets it first: run(State&,
//   ...) void run(View<const double>, View<double>) const;       further dtypes, as overloads or as a template with
//   `dtypes` void run(tenon::Stream, ...) const;                     the CUDA version
//
// run may be called on several threads at once; errors are thrown (see LayerError).

/// Declares members as the layer's fields: parameters with these names, types and defaults. Types: bool, integers,
/// float, double, std::string, std::vector of these, and tenon::Required<T> for one without a default.
#define TENON_FIELDS(...)                               \
  auto tenon_fields() { return std::tie(__VA_ARGS__); } \
  static constexpr const char* tenon_field_names() { return #__VA_ARGS__; }

/// Makes the shared library a plugin that offers these layers. Once in a library, outside of any namespace.
#define TENON_PLUGIN(...)                                                                     \
  const tenon_plugin* tenon_plugin_entry(uint32_t host_abi_version, const tenon_host* host) { \
    return ::tenon::sdk::plugin_entry<__VA_ARGS__>(host_abi_version, host, #__VA_ARGS__);     \
  }

// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tenon::cli {
namespace {

nlohmann::json to_json(const LayerSummary& layer) {
  nlohmann::json fields = nlohmann::json::array();
  for (const LayerFieldInfo& field : layer.fields) {
    fields.push_back({{"name", field.name},
                      {"kind", attribute_kind(field.fallback)},
                      {"required", field.required},
                      {"default", field.required ? nlohmann::json(nullptr) : cli::to_json(field.fallback)},
                      {"doc", field.doc}});
  }
  return {{"domain", layer.domain},
          {"name", layer.name},
          {"version", layer.version},
          {"doc", layer.doc},
          {"kind", layer.kind},
          {"plugin", layer.origin},
          {"fields", fields},
          {"min_inputs", layer.min_inputs},
          {"max_inputs", layer.max_inputs},
          {"outputs", layer.outputs},
          {"elementwise", layer.elementwise},
          {"data_dependent", layer.data_dependent},
          {"cpu", layer.cpu},
          {"cuda", layer.cuda}};
}

std::string input_count(const LayerSummary& layer) {
  if (layer.max_inputs < 0) return fmt::format("{} or more inputs", layer.min_inputs);
  if (layer.max_inputs == layer.min_inputs)
    return fmt::format("{} input{}", layer.min_inputs, layer.min_inputs == 1 ? "" : "s");
  return fmt::format("{} to {} inputs", layer.min_inputs, layer.max_inputs);
}

void print(const LayerSummary& layer) {
  fmt::print("{}::{} version {}{}\n", layer.domain, layer.name, layer.version,
             layer.doc.empty() ? "" : ": " + layer.doc);
  fmt::print("  {}, {}, {} output{}{}{}{}{}\n", layer.kind, input_count(layer), layer.outputs,
             layer.outputs == 1 ? "" : "s", layer.elementwise ? ", element-wise" : "",
             layer.data_dependent ? ", data-dependent output shape" : "", layer.cpu ? ", CPU" : "",
             layer.cuda ? ", CUDA" : "");
  for (const LayerFieldInfo& field : layer.fields) {
    fmt::print("  {} ({}{}{}){}\n", field.name, attribute_kind(field.fallback),
               field.required ? ", required" : ", default ", field.required ? "" : to_string(field.fallback),
               field.doc.empty() ? "" : ": " + field.doc);
  }
  fmt::print("  from {}\n", layer.origin);
}

}  // namespace

int layers(const LayersArgs& args) {
  load_plugins(args.plugins);
  std::vector<LayerSummary> found = tenon::layers();
  if (!args.name.empty()) {
    std::erase_if(found, [&](const LayerSummary& layer) {
      return layer.name != args.name && layer.domain + "::" + layer.name != args.name;
    });
    if (found.empty()) {
      throw Error(ErrorCode::kNotFound,
                  fmt::format("no loaded layer is called '{}'; load its plugin with --plugin FILE", args.name));
    }
  }
  if (args.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const LayerSummary& layer : found) list.push_back(to_json(layer));
    print_json(list);
    return kOk;
  }
  if (found.empty()) fmt::print("no layers are loaded; load a plugin with --plugin FILE\n");
  for (const LayerSummary& layer : found) print(layer);
  return kOk;
}

}  // namespace tenon::cli

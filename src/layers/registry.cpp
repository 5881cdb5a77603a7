// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <map>
#include <mutex>
#include <shared_mutex>
#include <tuple>

#include "base/near_names.h"
#include "layers/layer_type.h"

namespace tenon {
namespace {

// Name first: find() without a namespace looks at a range. Newest version last.
using Key = std::tuple<std::string, std::string, int>;  // name, domain, version

Key key_of(const LayerInfo& info) { return {info.name, info.domain, info.version}; }

}  // namespace

std::string_view layer_kind_name(LayerKind kind) noexcept {
  switch (kind) {
    case LayerKind::kNative:
      return "native";
    case LayerKind::kExpression:
      return "expression";
    case LayerKind::kCallback:
      return "callback";
  }
  return "?";
}

struct LayerRegistry::Impl {
  mutable std::shared_mutex mutex;
  std::map<Key, std::shared_ptr<const LayerType>> layers;  // Shared with the instances that are made of them.
};

LayerRegistry::LayerRegistry() : impl_(std::make_unique<Impl>()) {}
LayerRegistry::~LayerRegistry() = default;

LayerRegistry& LayerRegistry::global() {
  // Never destroyed: engines in other static objects may outlive this file's.
  static LayerRegistry& registry = *new LayerRegistry;
  return registry;
}

void LayerRegistry::add(std::shared_ptr<const LayerType> layer) { add_all({&layer, 1}); }

void LayerRegistry::add_all(std::span<const std::shared_ptr<const LayerType>> layers) {
  const std::unique_lock lock(impl_->mutex);
  std::map<Key, std::shared_ptr<const LayerType>> added;
  for (const auto& layer : layers) {
    const LayerInfo& info = layer->info();
    const auto found = impl_->layers.find(key_of(info));
    if (found != impl_->layers.end() && found->second->info().origin == info.origin) continue;
    if (found != impl_->layers.end() || !added.emplace(key_of(info), layer).second) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("the layer '{}' version {} (namespace '{}') of {} is there already, from {}; give it another "
                      "version, name or namespace",
                      info.name, info.version, info.domain, info.origin,
                      found == impl_->layers.end() ? info.origin : found->second->info().origin));
    }
  }
  impl_->layers.merge(added);
}

void LayerRegistry::add_or_replace(std::shared_ptr<const LayerType> layer) {
  {
    const std::unique_lock lock(impl_->mutex);
    const auto found = impl_->layers.find(key_of(layer->info()));
    if (found != impl_->layers.end() && found->second->info().origin == layer->info().origin) {
      found->second = std::move(layer);
      return;
    }
  }
  add(std::move(layer));
}

std::shared_ptr<const LayerType> LayerRegistry::find(std::string_view domain, std::string_view name,
                                                     int version) const {
  const std::shared_lock lock(impl_->mutex);
  std::shared_ptr<const LayerType> best;
  for (auto it = impl_->layers.lower_bound({std::string(name), "", 0}); it != impl_->layers.end(); ++it) {
    const LayerInfo& info = it->second->info();
    if (info.name != name) break;
    if (!domain.empty() && info.domain != domain) continue;
    if (version != 0 && info.version != version) continue;
    // Without a namespace, the default one comes first, then the alphabet.
    if (best == nullptr || info.domain == best->info().domain ||
        (info.domain == kLayerDomain && best->info().domain != kLayerDomain)) {
      best = it->second;
    }
  }
  return best;
}

std::shared_ptr<const LayerType> LayerRegistry::get(std::string_view domain, std::string_view name, int version,
                                                    std::string_view node_name, std::string_view origin) const {
  if (auto found = find(domain, name, version)) return found;
  std::vector<std::string> names;
  std::string versions;
  for (const auto& layer : all()) {
    const LayerInfo& info = layer->info();
    names.push_back(info.domain == kLayerDomain ? info.name : info.domain + "::" + info.name);
    if (info.name == name && (domain.empty() || info.domain == domain)) {
      versions += fmt::format("{}{}", versions.empty() ? "" : ", ", info.version);
    }
  }
  const std::string wanted =
      domain.empty() || domain == kLayerDomain ? std::string(name) : fmt::format("{}::{}", domain, name);
  std::string text = fmt::format("{} '{}': its layer '{}'", name, node_name, wanted);
  if (version != 0) text += fmt::format(" version {}", version);
  text += " is not loaded";
  if (!versions.empty()) text += fmt::format(" (loaded: version {})", versions);
  if (origin.empty()) {
    text +=
        "; load the plugin that has it with --plugin FILE, tenon::load_plugin(\"FILE\") or the environment variable "
        "TENON_PLUGINS";
  } else {
    text += fmt::format(
        "; it is the function {}, which the plan does not hold: import its Python module first, or "
        "define_layer() it",
        origin);
  }
  // A name that is there in another version is no misspelling.
  if (versions.empty()) text += did_you_mean(wanted, names);
  throw Error(ErrorCode::kNotFound, std::move(text));
}

std::vector<std::shared_ptr<const LayerType>> LayerRegistry::all() const {
  const std::shared_lock lock(impl_->mutex);
  std::vector<std::shared_ptr<const LayerType>> result;
  for (const auto& [key, layer] : impl_->layers) result.push_back(layer);
  std::stable_sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    const LayerInfo &x = a->info(), &y = b->info();
    return std::tie(x.domain, x.name, x.version) < std::tie(y.domain, y.name, y.version);
  });
  return result;
}

}  // namespace tenon

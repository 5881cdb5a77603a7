// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <thread>

#include "layers/support.h"

namespace tenon {
namespace {

using test::expect_error;
using test::Subject;
using test::values_of;
using test::vector;

class Registry : public test::WithKinds {};

TEST_F(Registry, FindsTheNewestVersionUnlessOneIsNamed) {
  const LayerRegistry& registry = LayerRegistry::global();
  EXPECT_EQ(registry.find("acme", "Clip")->info().version, 2);
  EXPECT_EQ(registry.find("acme", "Clip", 1)->info().version, 1);
  EXPECT_EQ(registry.find("acme", "Clip", 3), nullptr);
  EXPECT_EQ(registry.find("nobody", "Clip"), nullptr);
  // Without a namespace the default one comes first.
  EXPECT_EQ(registry.find("", "Clip")->info().domain, "custom");
  EXPECT_EQ(registry.find("", "Clip", 2)->info().domain, "acme");
}

TEST_F(Registry, ANodeRunsTheVersionItNames) {
  EXPECT_EQ(values_of<float>(Subject("Clip", {}, {vector({0})}, 1, {}, "acme").run()[0])[0], 2);
  const Attributes version = {{std::string(kLayerVersionAttribute), int64_t{1}}};
  EXPECT_EQ(values_of<float>(Subject("Clip", version, {vector({0})}, 1, {}, "acme").run()[0])[0], 1);
  expect_error(ErrorCode::kInvalidArgument, "Clip 'here': its layer's version is 0, but must be an int from 1", [] {
    Subject("Clip", {{std::string(kLayerVersionAttribute), int64_t{0}}}, {vector({0})}, 1, {}, "acme");
  });
}

TEST_F(Registry, AMissingLayerIsNamedWithVersionNodeAndRemedy) {
  expect_error(ErrorCode::kNotFound,
               "Clipp 'here': its layer 'Clipp' is not loaded; load the plugin that has it with --plugin FILE, "
               "tenon::load_plugin(\"FILE\") or the environment variable TENON_PLUGINS; did you mean 'Clip'",
               [] { Subject("Clipp", {}, {vector({0})}); });
  expect_error(
      ErrorCode::kNotFound, "Clip 'here': its layer 'acme::Clip' version 7 is not loaded (loaded: version 1, 2); load",
      [] { Subject("Clip", {{std::string(kLayerVersionAttribute), int64_t{7}}}, {vector({0})}, 1, {}, "acme"); });
}

// A layer that was not made from a plugin.
class Stub final : public LayerType {
 public:
  Stub(std::string name, std::string origin) {
    info_.name = std::move(name);
    info_.origin = std::move(origin);
  }
  const LayerInfo& info() const noexcept override { return info_; }
  std::unique_ptr<LayerInstance> create(const Attributes&) const override { return nullptr; }

 private:
  LayerInfo info_;
};

TEST_F(Registry, ANameThatIsTakenIsRefusedAndNothingIsAdded) {
  const std::shared_ptr<const LayerType> layers[] = {std::make_shared<Stub>("StubNew", "here"),
                                                     std::make_shared<Stub>("Clip", "here")};
  expect_error(ErrorCode::kInvalidArgument,
               "the layer 'Clip' version 1 (namespace 'custom') of here is there already, from ",
               [&] { LayerRegistry::global().add_all(layers); });
  EXPECT_EQ(LayerRegistry::global().find("", "StubNew"), nullptr);
  LayerRegistry::global().add(layers[0]);
  LayerRegistry::global().add(std::make_shared<Stub>("StubNew", "here"));  // The same origin again: nothing.
  EXPECT_EQ(LayerRegistry::global().find("", "StubNew"), layers[0]);
}

TEST_F(Registry, IsUsedByManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) {
        LayerRegistry::global().add(std::make_shared<Stub>("Stub" + std::to_string(t) + "_" + std::to_string(i), "t"));
        EXPECT_NE(LayerRegistry::global().find("custom", "Clip"), nullptr);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(LayerRegistry::global().find("", "Stub3_199"), nullptr);
}

}  // namespace
}  // namespace tenon

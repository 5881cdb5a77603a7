// SPDX-License-Identifier: Apache-2.0
#include <tenon/plugins.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "layers/support.h"

namespace tenon {
namespace {

using test::expect_error;
using test::plugin;
using test::Subject;
using test::values_of;
using test::vector;

TEST(LoadPlugin, GivesTheLayersNamesAndDoesNothingTheSecondTime) {
  const std::vector<std::string> names = load_plugin(plugin("kinds"));
  EXPECT_EQ(names[0], "Clip");
  EXPECT_EQ(names.size(), 22U);
  const size_t count = layers().size();
  EXPECT_EQ(load_plugin(plugin("kinds")), names);
  // The same file by another path.
  const std::string link = ::testing::TempDir() + "tenon_plugin_link.so";
  std::remove(link.c_str());
  ASSERT_EQ(::symlink(plugin("kinds").c_str(), link.c_str()), 0);
  EXPECT_EQ(load_plugin(link), names);
  std::remove(link.c_str());
  EXPECT_EQ(layers().size(), count);
}

TEST(LoadPlugin, DescribesItsLayers) {
  (void)load_plugin(plugin("kinds"));
  const std::vector<LayerSummary> all = layers();
  const auto summary = [&](const std::string& domain, const std::string& name, int version) {
    return *std::find_if(all.begin(), all.end(), [&](const LayerSummary& layer) {
      return layer.domain == domain && layer.name == name && layer.version == version;
    });
  };
  const LayerSummary clip = summary("custom", "Clip", 1);
  EXPECT_EQ(clip.doc, "min(max(x, lo), hi)");
  EXPECT_EQ(clip.origin, plugin("kinds"));
  ASSERT_EQ(clip.fields.size(), 2U);
  EXPECT_EQ(clip.fields[1].name, "hi");
  EXPECT_EQ(clip.fields[1].doc, "the greatest value");
  EXPECT_TRUE(identical(clip.fields[1].fallback, Attribute(6.0)));
  EXPECT_FALSE(clip.fields[1].required);
  EXPECT_TRUE(clip.elementwise && clip.cpu && !clip.cuda && !clip.data_dependent);
  EXPECT_EQ(clip.outputs, 1);
  const LayerSummary linear = summary("custom", "Linear", 1);
  EXPECT_EQ(linear.min_inputs, 2);
  EXPECT_EQ(linear.max_inputs, 3);
  EXPECT_TRUE(summary("custom", "Positive", 1).data_dependent);
  EXPECT_EQ(summary("custom", "CountAll", 1).max_inputs, -1);
  EXPECT_TRUE(summary("custom", "Ramp", 1).fields[0].required);
  const LayerSummary both = summary("custom", "BothDevices", 1), cuda = summary("custom", "CudaOnly", 1);
  EXPECT_TRUE(both.cpu && both.cuda);
  EXPECT_TRUE(!cuda.cpu && cuda.cuda);
  EXPECT_EQ(summary("acme", "Clip", 2).version, 2);
}

TEST(LoadPlugin, RefusesWhatIsNoPlugin) {
  expect_error(ErrorCode::kNotFound, "the plugin /nowhere/libx.so cannot be opened: No such file",
               [] { (void)load_plugin("/nowhere/libx.so"); });
  expect_error(ErrorCode::kInvalidArgument, "is not a file", [] { (void)load_plugin(::testing::TempDir()); });
  const std::string text = ::testing::TempDir() + "tenon_not_a_library.so";
  std::FILE* file = std::fopen(text.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("hello", file);
  std::fclose(file);
  expect_error(ErrorCode::kInvalidArgument,
               "is not a shared library that can be loaded: ", [&] { (void)load_plugin(text); });
  std::remove(text.c_str());
  expect_error(ErrorCode::kInvalidArgument,
               "is a shared library, but not a plugin: it does not export tenon_plugin_entry",
               [] { (void)load_plugin(plugin("not_a_plugin")); });
}

struct Fault {
  const char* name;
  ErrorCode code;
  const char* message;
};

TEST(LoadPlugin, RefusesPluginsWithSomethingWrong) {
  const Fault faults[] = {
      {"future", ErrorCode::kUnsupported, "was built for version 2 of the plugin ABI, but this Tenon"},
      {"past", ErrorCode::kUnsupported, "was built for version 0 of the plugin ABI, but this Tenon"},
      {"refuses", ErrorCode::kUnsupported, "speaks the plugin ABI versions 1 to 1: I need the moon"},
      {"no_layers", ErrorCode::kInvalidArgument, "its list of 0 layers is empty, missing or too long"},
      {"short_table", ErrorCode::kInvalidArgument, "a table has 8 bytes but needs"},
      {"no_name", ErrorCode::kInvalidArgument, "'' cannot be a layer's name"},
      {"bad_name", ErrorCode::kInvalidArgument, "'Bad Name(' cannot be a layer's name: letters, digits"},
      {"no_run", ErrorCode::kInvalidArgument, "layer 'Faulty': run and run_cuda are both null"},
      {"bad_flags", ErrorCode::kInvalidArgument, "layer 'Faulty': its flags 0x80 are not known"},
      {"twice", ErrorCode::kInvalidArgument, "the layer 'Faulty' version 1 (namespace 'fault_twice') of"},
      {"no_release", ErrorCode::kInvalidArgument, "prepare and release go together"},
      {"bad_kind", ErrorCode::kInvalidArgument, "field 'alpha': its kind 77 does not exist"},
  };
  const size_t count = layers().size();
  for (const Fault& fault : faults) {
    SCOPED_TRACE(fault.name);
    const std::string path = plugin(std::string("fault_") + fault.name);
    for (int time = 0; time < 2; ++time) {  // A failure is not remembered as a success.
      expect_error(fault.code, fault.message, [&] { (void)load_plugin(path); });
      expect_error(fault.code, path, [&] { (void)load_plugin(path); });
    }
  }
  EXPECT_EQ(layers().size(), count);
}

TEST(LoadPlugin, ANameTakenByAnotherPluginIsRefused) {
  (void)load_plugin(plugin("fault_no_reason"));
  expect_error(ErrorCode::kInvalidArgument, "is there already, from " + plugin("fault_no_reason"),
               [] { (void)load_plugin(plugin("fault_conflict")); });
}

TEST(LoadPlugin, ReadsTheEnvironmentOnlyWhenAsked) {
  ASSERT_EQ(setenv("TENON_PLUGINS", (":" + plugin("plain_c") + "::" + plugin("kinds")).c_str(), 1), 0);
  EXPECT_EQ(load_plugins_from_environment(), 2);
  EXPECT_EQ(values_of<float>(Subject("PlainScale", {}, {vector({3})}).run()[0])[0], 6);
  ASSERT_EQ(setenv("TENON_PLUGINS", "/nowhere/liby.so", 1), 0);
  expect_error(ErrorCode::kNotFound, "while loading what TENON_PLUGINS names", [] { load_plugins_from_environment(); });
  ASSERT_EQ(unsetenv("TENON_PLUGINS"), 0);
  EXPECT_EQ(load_plugins_from_environment(), 0);
}

}  // namespace
}  // namespace tenon

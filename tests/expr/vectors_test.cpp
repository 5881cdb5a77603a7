// SPDX-License-Identifier: Apache-2.0
#include "vectors.h"

#include "expr/layers.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

// Layers by the interpreter against NumPy and SciPy: the cases that make_layer_vectors.py has written.
namespace tenon::test {
namespace {

struct Case {
  std::string layer;
  std::string line;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = [] {
    std::vector<Case> read;
    std::ifstream file(TENON_LAYER_VECTORS);
    for (std::string line; std::getline(file, line);) read.push_back({line.substr(0, line.find('/')), line});
    return read;
  }();
  return kCases;
}

std::map<std::string, double> parse_fields(const std::string& text) {
  std::map<std::string, double> fields;
  if (text.empty()) return fields;
  for (const std::string& item : split(text, " ")) {
    const size_t equals = item.find('=');
    fields[item.substr(0, equals)] = std::strtod(item.c_str() + equals + 1, nullptr);
  }
  return fields;
}

bool is_named(const std::string& layer) {
  const std::vector<std::string> names = named_layers();
  return std::find(names.begin(), names.end(), layer) != names.end();
}

class LayerVectors : public ::testing::TestWithParam<std::string> {};

// One test a layer; a failure names its row. The printed form read again must do the same.
TEST_P(LayerVectors, AgreeWithNumPy) {
  for (const Case& row : cases()) {
    if (row.layer != GetParam()) continue;
    const auto parts = split(row.line, " | ");
    SCOPED_TRACE(parts[0]);
    std::vector<Tensor> inputs;
    for (const std::string& text : split(parts[2], " ; ")) inputs.push_back(parse_tensor(text)->tensor);
    const LayerExpr layer = is_named(row.layer) ? named_layer(row.layer, std::string(dtype_name(inputs[0].dtype())))
                                                : function_layer(row.layer, inputs);
    SCOPED_TRACE(layer.to_string());
    const LayerExpr again = LayerExpr::parse(layer.to_string());
    EXPECT_TRUE(again == layer) << again.to_string();
    const std::vector<Tensor> outputs = again.evaluate(inputs, parse_fields(parts[1]));
    const auto expected = split(parts[3], " ; ");
    ASSERT_EQ(outputs.size(), expected.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      expect_vector(outputs[i], parse_tensor(expected[i]).value(), std::strtod(parts[4].c_str(), nullptr));
    }
  }
}

std::set<std::string> layers() {
  std::set<std::string> names;
  for (const Case& row : cases()) names.insert(row.layer);
  return names;
}

TEST(LayerVectorsFile, HasEveryNamedLayer) {
  EXPECT_GT(cases().size(), 400U) << TENON_LAYER_VECTORS << " is written by ctest -R expr_vectors";
  for (const std::string& name : named_layers()) EXPECT_TRUE(layers().contains(name)) << name;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LayerVectors);
INSTANTIATE_TEST_SUITE_P(, LayerVectors, ::testing::ValuesIn(layers()), [](const auto& row) { return row.param; });

}  // namespace
}  // namespace tenon::test

// SPDX-License-Identifier: Apache-2.0
#include "conversion/sources.h"
#include "conversion/tensorflow/patterns.h"
#include "conversion/tensorflow/rules.h"
#include "lowering/rewrite.h"
#include "lowering/tensorflow/obstacles.h"

namespace tenon::conversion {
namespace tensorflow {
namespace {

const Rule* find_rule(std::string_view op) {
  static const RuleTable table({image_rules(), pointwise_rules(), reshaping_rules(), selecting_rules()});
  return table.find(op);
}

const Tensor* constant(const Value& value) { return constant_of(&value); }

UnsupportedNode explain(const Node& node, const Graph& graph) {
  return lowering::tensorflow::obstacle(node, graph)
      .value_or(UnsupportedNode{node.name(), node.op(), "UFF has no form of this TensorFlow operator",
                                lowering::map_option(node)});
}

}  // namespace
}  // namespace tensorflow

const Source& tensorflow_source() {
  static constexpr Source kSource{tensorflow::find_rule, tensorflow::forwarded, tensorflow::constant,
                                  tensorflow::explain};
  return kSource;
}

}  // namespace tenon::conversion

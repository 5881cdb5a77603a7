// SPDX-License-Identifier: Apache-2.0
#include "lowering/uff_model.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

// A UFF graph and the TensorFlow graph that the converter made it of become the same standard graph. What TensorFlow's
// operators compute is tested against TensorFlow itself (tests/python/test_tf_ops.py).
namespace tenon {
namespace {

using test::Ints;
using test::UffModel;

// TensorFlow's graph under construction.
struct TfModel {
  Graph graph{"tf"};

  Value* input(const char* name, Shape shape) {
    return node("Placeholder", name, {},
                {{"dtype", DType::kFloat32}, {"shape", TensorType{DType::kUndefined, std::move(shape)}}});
  }
  Value* constant(const char* name, const Tensor& tensor) { return node("Const", name, {}, {{"value", tensor}}); }
  Value* counted(const char* name, const Dims& dims) { return constant(name, UffModel::counting(dims)); }
  Value* node(const char* op, const char* name, std::initializer_list<Value*> inputs, Attributes attributes = {}) {
    return graph.add_node(op, name, inputs, std::move(attributes))->output();
  }
};

struct Row {
  const char* name;
  std::function<Value*(UffModel&)> uff;
  std::function<Value*(TfModel&)> tf;
};

Value* image(UffModel& m) { return m.input("x", {-1, 5, 7, 4}); }
Value* image(TfModel& m) { return m.input("x", {-1, 5, 7, 4}); }
Value* matrix(UffModel& m) { return m.input("x", {-1, 6}); }
Value* matrix(TfModel& m) { return m.input("x", {-1, 6}); }
Tensor scalar(int32_t value) { return Tensor::scalar(value); }

// An operation of one operand with a function.
Row function(const char* op, const char* func, const char* tensorflow) {
  return {func, [=](UffModel& m) { return m.node(op, "y", {matrix(m)}, {{"func", func}}); },
          [=](TfModel& m) { return m.node(tensorflow, "y", {matrix(m)}); }};
}

// The same of two.
Row binary(const char* func, const char* tensorflow) {
  return {func, [=](UffModel& m) { return m.node("Binary", "y", {matrix(m), m.counted("w", {6})}, {{"func", func}}); },
          [=](TfModel& m) { return m.node(tensorflow, "y", {matrix(m), m.counted("w", {6})}); }};
}

Row reduction(const char* func, const char* tensorflow, bool keep_dims) {
  return {func,
          [=](UffModel& m) {
            return m.node("Reduce", "y", {image(m)}, {{"func", func}, {"axes", Ints{1, -1}}, {"keepdims", keep_dims}});
          },
          [=](TfModel& m) {
            return m.node(tensorflow, "y", {image(m), m.constant("axes", test::ints({1, -1}))},
                          {{"keep_dims", keep_dims}});
          }};
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      function("Unary", "abs", "Abs"),
      function("Unary", "acos", "Acos"),
      function("Unary", "acosh", "Acosh"),
      function("Unary", "asin", "Asin"),
      function("Unary", "asinh", "Asinh"),
      function("Unary", "atan", "Atan"),
      function("Unary", "atanh", "Atanh"),
      function("Unary", "ceil", "Ceil"),
      function("Unary", "cos", "Cos"),
      function("Unary", "cosh", "Cosh"),
      function("Unary", "exp", "Exp"),
      function("Unary", "floor", "Floor"),
      function("Unary", "log", "Log"),
      function("Unary", "neg", "Neg"),
      function("Unary", "rsqrt", "Rsqrt"),
      function("Unary", "sin", "Sin"),
      function("Unary", "sinh", "Sinh"),
      function("Unary", "sqrt", "Sqrt"),
      function("Unary", "square", "Square"),
      function("Unary", "tan", "Tan"),
      function("Activation", "elu", "Elu"),
      function("Activation", "relu", "Relu"),
      function("Activation", "relu6", "Relu6"),
      function("Activation", "selu", "Selu"),
      function("Activation", "sigmoid", "Sigmoid"),
      function("Activation", "softplus", "Softplus"),
      function("Activation", "softsign", "Softsign"),
      function("Activation", "tanh", "Tanh"),
      binary("add", "BiasAdd"),
      binary("div", "RealDiv"),
      binary("max", "Maximum"),
      binary("min", "Minimum"),
      binary("mul", "Mul"),
      binary("pow", "Pow"),
      binary("sub", "Sub"),
      reduction("max", "Max", false),
      reduction("mean", "Mean", true),
      reduction("min", "Min", true),
      reduction("prod", "Prod", false),
      reduction("sum", "Sum", false),
      {"leaky_relu", [](UffModel& m) { return m.node("LeakyRelu", "y", {matrix(m)}, {{"alpha", 0.25}}); },
       [](TfModel& m) { return m.node("LeakyRelu", "y", {matrix(m)}, {{"alpha", 0.25}}); }},
      {"softmax", [](UffModel& m) { return m.ordered("Softmax", "y", {matrix(m)}, {"N+C"}, {{"axis", int64_t{0}}}); },
       [](TfModel& m) { return m.node("Softmax", "y", {matrix(m)}); }},
      {"conv_valid",
       [](UffModel& m) {
         return m.ordered("Conv", "y", {image(m), m.counted("w", {3, 2, 4, 8})}, {"N+C", "+CK"},
                          {{"strides", Ints{2, 1}}, {"dilation", Ints{1, 1}}});
       },
       [](TfModel& m) {
         return m.node("Conv2D", "y", {image(m), m.counted("w", {3, 2, 4, 8})},
                       {{"strides", Ints{1, 2, 1, 1}}, {"padding", "VALID"}});
       }},
      {"conv_same_dilated",
       [](UffModel& m) {
         return m.ordered("Conv", "y", {image(m), m.counted("w", {3, 2, 4, 8})}, {"N+C", "+CK"},
                          {{"strides", Ints{2, 1}}, {"dilation", Ints{2, 2}}, {"implicit_padding", "same"}});
       },
       [](TfModel& m) {
         return m.node("Conv2D", "y", {image(m), m.counted("w", {3, 2, 4, 8})},
                       {{"strides", Ints{1, 2, 1, 1}}, {"dilations", Ints{1, 2, 2, 1}}, {"padding", "SAME"}});
       }},
      {"conv_explicit_nchw",
       [](UffModel& m) {
         return m.ordered("Conv", "y", {image(m), m.counted("w", {3, 2, 5, 8})}, {"NC+", "+CK"},
                          {{"padding", Ints{1, 2}}});
       },
       [](TfModel& m) {
         return m.node("Conv2D", "y", {image(m), m.counted("w", {3, 2, 5, 8})},
                       {{"strides", Ints{1, 1, 1, 1}},
                        {"padding", "EXPLICIT"},
                        {"data_format", "NCHW"},
                        {"explicit_paddings", Ints{0, 0, 0, 0, 1, 1, 2, 2}}});
       }},
      {"conv_grouped_by_filter",
       [](UffModel& m) {
         return m.ordered("Conv", "y", {image(m), m.counted("w", {1, 1, 2, 8})}, {"N+C", "+CK"},
                          {{"strides", Ints{1, 1}}});
       },
       [](TfModel& m) {
         return m.node("Conv2D", "y", {image(m), m.counted("w", {1, 1, 2, 8})},
                       {{"strides", Ints{1, 1, 1, 1}}, {"padding", "VALID"}});
       }},
      {"depthwise",
       [](UffModel& m) {
         return m.ordered("Conv", "y", {image(m), m.counted("w", {3, 2, 4, 2})}, {"N+C", "+CK"},
                          {{"strides", Ints{1, 1}}, {"number_groups", int64_t{4}}, {"implicit_padding", "same"}});
       },
       [](TfModel& m) {
         return m.node("DepthwiseConv2dNative", "y", {image(m), m.counted("w", {3, 2, 4, 2})},
                       {{"strides", Ints{1, 1, 1, 1}}, {"padding", "SAME"}});
       }},
      {"conv_transpose",
       [](UffModel& m) {
         return m.ordered("ConvTranspose", "y",
                          {image(m), m.counted("w", {3, 3, 8, 4}), m.constant("size", test::ints({2, 10, 14, 8}))},
                          {"N+C", "+KC"}, {{"strides", Ints{2, 2}}, {"implicit_padding", "same"}});
       },
       [](TfModel& m) {
         return m.node("Conv2DBackpropInput", "y",
                       {m.constant("size", test::ints({2, 10, 14, 8})), m.counted("w", {3, 3, 8, 4}), image(m)},
                       {{"strides", Ints{1, 2, 2, 1}}, {"padding", "SAME"}});
       }},
      {"max_pool",
       [](UffModel& m) {
         return m.ordered("Pool", "y", {image(m)}, {"N+C"},
                          {{"func", "max"}, {"kernel", Ints{2, 3}}, {"strides", Ints{2, 1}}});
       },
       [](TfModel& m) {
         return m.node("MaxPool", "y", {image(m)},
                       {{"ksize", Ints{1, 2, 3, 1}}, {"strides", Ints{1, 2, 1, 1}}, {"padding", "VALID"}});
       }},
      {"average_pool_same_nchw",
       [](UffModel& m) {
         return m.ordered(
             "Pool", "y", {image(m)}, {"NC+"},
             {{"func", "avg"}, {"kernel", Ints{2, 3}}, {"strides", Ints{2, 1}}, {"implicit_padding", "same"}});
       },
       [](TfModel& m) {
         return m.node("AvgPool", "y", {image(m)},
                       {{"ksize", Ints{1, 1, 2, 3}},
                        {"strides", Ints{1, 1, 2, 1}},
                        {"padding", "SAME"},
                        {"data_format", "NCHW"}});
       }},
      {"lrn_whatever_its_order_says",
       [](UffModel& m) {
         return m.ordered("LRN", "y", {image(m)}, {"NC+"},
                          {{"window_size", int64_t{2}}, {"alpha", 0.5}, {"beta", 0.75}, {"k", 2.0}});
       },
       [](TfModel& m) {
         return m.node("LRN", "y", {image(m)},
                       {{"depth_radius", int64_t{2}}, {"alpha", 0.5}, {"beta", 0.75}, {"bias", 2.0}});
       }},
      {"batch_norm",
       [](UffModel& m) {
         return m.ordered(
             "BatchNorm", "y",
             {image(m), m.counted("g", {4}), m.counted("b", {4}), m.counted("m", {4}), m.counted("v", {4})}, {"N+C"},
             {{"epsilon", 0.125}});
       },
       [](TfModel& m) {
         return m.node("FusedBatchNorm", "y",
                       {image(m), m.counted("g", {4}), m.counted("b", {4}), m.counted("m", {4}), m.counted("v", {4})},
                       {{"epsilon", 0.125}, {"is_training", false}});
       }},
      {"fully_connected",
       [](UffModel& m) { return m.ordered("FullyConnected", "y", {matrix(m), m.counted("w", {6, 3})}, {"NC", "CK"}); },
       [](TfModel& m) { return m.node("MatMul", "y", {matrix(m), m.counted("w", {6, 3})}); }},
      {"fully_connected_transposed",
       [](UffModel& m) {
         return m.ordered("FullyConnected", "y", {m.input("x", {6, 2}), m.counted("w", {3, 6})}, {"CN", "KC"});
       },
       [](TfModel& m) {
         return m.node("MatMul", "y", {m.input("x", {6, 2}), m.counted("w", {3, 6})},
                       {{"transpose_a", true}, {"transpose_b", true}});
       }},
      {"reshape",
       [](UffModel& m) { return m.node("Reshape", "y", {image(m), m.constant("to", test::ints({-1, 35, 4}))}); },
       [](TfModel& m) { return m.node("Reshape", "y", {image(m), m.constant("to", test::ints({-1, 35, 4}))}); }},
      {"expand_dims", [](UffModel& m) { return m.node("ExpandDims", "y", {matrix(m)}, {{"axis", int64_t{-1}}}); },
       [](TfModel& m) { return m.node("ExpandDims", "y", {matrix(m), m.constant("axis", scalar(-1))}); }},
      {"squeeze", [](UffModel& m) { return m.node("Squeeze", "y", {m.input("x", {-1, 1, 3})}, {{"axes", Ints{1}}}); },
       [](TfModel& m) { return m.node("Squeeze", "y", {m.input("x", {-1, 1, 3})}, {{"squeeze_dims", Ints{1}}}); }},
      {"squeeze_all", [](UffModel& m) { return m.node("Squeeze", "y", {m.input("x", {2, 1, 1})}, {{"axes", Ints{}}}); },
       [](TfModel& m) { return m.node("Squeeze", "y", {m.input("x", {2, 1, 1})}); }},
      {"transpose",
       [](UffModel& m) { return m.node("Transpose", "y", {image(m)}, {{"permutation", Ints{0, 2, 3, 1}}}); },
       [](TfModel& m) { return m.node("Transpose", "y", {image(m), m.constant("to", test::ints({0, 2, 3, 1}))}); }},
      {"concat",
       [](UffModel& m) {
         Value* x = matrix(m);
         return m.node("Concat", "y", {x, x}, {{"axis", int64_t{-1}}});
       },
       [](TfModel& m) {
         Value* x = matrix(m);
         return m.node("ConcatV2", "y", {x, x, m.constant("axis", scalar(-1))});
       }},
      {"stack",
       [](UffModel& m) {
         Value* x = matrix(m);
         return m.node("Stack", "y", {x, x}, {{"axis", int64_t{1}}});
       },
       [](TfModel& m) {
         Value* x = matrix(m);
         return m.node("Pack", "y", {x, x}, {{"axis", int64_t{1}}});
       }},
      {"shape", [](UffModel& m) { return m.node("Shape", "y", {image(m)}); },
       [](TfModel& m) { return m.node("Shape", "y", {image(m)}); }},
      {"strided_slice",
       [](UffModel& m) {
         return m.node("StridedSlice", "y",
                       {image(m), m.constant("b", test::ints({0, 1, 2})), m.constant("e", test::ints({0, 4, 3})),
                        m.constant("s", test::ints({1, 2, 1}))},
                       {{"begin_mask", int64_t{1}}, {"end_mask", int64_t{3}}, {"shrink_axis_mask", int64_t{4}}});
       },
       [](TfModel& m) {
         return m.node("StridedSlice", "y",
                       {image(m), m.constant("b", test::ints({0, 1, 2})), m.constant("e", test::ints({0, 4, 3})),
                        m.constant("s", test::ints({1, 2, 1}))},
                       {{"begin_mask", int64_t{1}},
                        {"end_mask", int64_t{3}},
                        {"shrink_axis_mask", int64_t{4}},
                        {"ellipsis_mask", int64_t{0}},
                        {"new_axis_mask", int64_t{0}}});
       }},
      {"pad",
       [](UffModel& m) {
         return m.node("Pad", "y", {matrix(m), m.constant("p", Tensor::from<int32_t>({0, 0, 1, 2}, {2, 2}))});
       },
       [](TfModel& m) {
         return m.node("Pad", "y", {matrix(m), m.constant("p", Tensor::from<int32_t>({0, 0, 1, 2}, {2, 2}))});
       }},
      {"arg_max", [](UffModel& m) { return m.node("ArgMax", "y", {matrix(m)}, {{"axis", int64_t{1}}}); },
       [](TfModel& m) {
         return m.node("ArgMax", "y", {matrix(m), m.constant("axis", scalar(1))}, {{"output_type", DType::kInt32}});
       }},
      {"arg_min", [](UffModel& m) { return m.node("ArgMin", "y", {image(m)}, {{"axis", int64_t{-1}}}); },
       [](TfModel& m) {
         return m.node("ArgMin", "y", {image(m), m.constant("axis", scalar(-1))}, {{"output_type", DType::kInt32}});
       }},
      {"gather", [](UffModel& m) { return m.node("Gather", "y", {matrix(m), m.constant("i", test::ints({1, 0}))}); },
       [](TfModel& m) { return m.node("Gather", "y", {matrix(m), m.constant("i", test::ints({1, 0}))}); }},
      {"gather_v2",
       [](UffModel& m) {
         return m.node("GatherV2", "y", {matrix(m), m.constant("i", test::ints({1, 0}))}, {{"axis", int64_t{1}}});
       },
       [](TfModel& m) {
         return m.node("GatherV2", "y",
                       {matrix(m), m.constant("i", test::ints({1, 0})), m.constant("axis", scalar(1))});
       }},
      // What the converter has no operation for, and keeps as it is.
      {"add_v2",
       [](UffModel& m) { return m.node("_AddV2", "y", {matrix(m), m.counted("w", {6})}, {{"T", DType::kFloat32}}); },
       [](TfModel& m) { return m.node("AddV2", "y", {matrix(m), m.counted("w", {6})}, {{"T", DType::kFloat32}}); }},
      {"resize",
       [](UffModel& m) {
         return m.node("_ResizeBilinear", "y", {image(m), m.constant("to", test::ints({10, 14}))},
                       {{"align_corners", true}, {"T", DType::kFloat32}});
       },
       [](TfModel& m) {
         return m.node("ResizeBilinear", "y", {image(m), m.constant("to", test::ints({10, 14}))},
                       {{"align_corners", true}, {"T", DType::kFloat32}});
       }},
      {"mirror_pad_as_python_3_writes_it",
       [](UffModel& m) {
         return m.node("_MirrorPad", "y", {matrix(m), m.constant("p", Tensor::from<int32_t>({0, 0, 1, 2}, {2, 2}))},
                       {{"mode", "b'REFLECT'"}});
       },
       [](TfModel& m) {
         return m.node("MirrorPad", "y", {matrix(m), m.constant("p", Tensor::from<int32_t>({0, 0, 1, 2}, {2, 2}))},
                       {{"mode", "REFLECT"}});
       }},
  };
  return all;
}

void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }

class SameAsTensorFlow : public testing::TestWithParam<Row> {};

TEST_P(SameAsTensorFlow, AsAStandardGraph) {
  UffModel uff;
  TfModel tf;
  tf.graph.set_outputs({GetParam().tf(tf)});
  const Graph from_uff = lower(uff.marked({GetParam().uff(uff)})), from_tf = lower(tf.graph);
  EXPECT_TRUE(identical(from_uff, from_tf)) << from_uff.to_string() << "\ninstead of\n" << from_tf.to_string();
}

INSTANTIATE_TEST_SUITE_P(Uff, SameAsTensorFlow, testing::ValuesIn(rows()),
                         [](const auto& row) { return std::string(row.param.name) + "_" + std::to_string(row.index); });

}  // namespace
}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include "ops/op_testing.h"

// What the type rules answer, with symbols and unknown extents, and what they refuse.
namespace tenon::testing {
namespace {

const Typed kAxis0 = i64({0});

struct Rule {
  const char* name;
  const char* op;
  std::vector<Typed> inputs;
  Attributes attributes;
  const char* expected;
  int outputs = 1;
};

void PrintTo(const Rule& rule, std::ostream* stream) { *stream << rule.op; }

std::string test_name(const char* op, const char* name) { return std::string(op) + "_" + name; }

class TypeRule : public ::testing::TestWithParam<Rule> {};

TEST_P(TypeRule, Gives) {
  const Rule& rule = GetParam();
  EXPECT_EQ(infer(rule.op, rule.inputs, rule.attributes, rule.outputs), rule.expected);
}

INSTANTIATE_TEST_SUITE_P(Broadcasting, TypeRule,
                         ::testing::ValuesIn(std::vector<Rule>{
                             {"constants", "Add", {"f32[2,3]", "f32[3]"}, {}, "f32[2,3]"},
                             {"scalar", "Add", {"f32[]", "f32[2,3]"}, {}, "f32[2,3]"},
                             {"both_ways", "Add", {"f32[2,1]", "f32[1,3]"}, {}, "f32[2,3]"},
                             {"empty", "Add", {"f32[0,3]", "f32[1,3]"}, {}, "f32[0,3]"},
                             {"empty_beats_unknown", "Add", {"f32[0]", "f32[N]"}, {}, "f32[0]"},
                             {"equal_symbols", "Add", {"f32[N,3]", "f32[N,3]"}, {}, "f32[N,3]"},
                             {"symbol_and_one", "Add", {"f32[N,3]", "f32[1,3]"}, {}, "f32[N,3]"},
                             {"symbol_and_missing", "Add", {"f32[N,3]", "f32[3]"}, {}, "f32[N,3]"},
                             {"symbol_and_constant", "Add", {"f32[N,3]", "f32[8,3]"}, {}, "f32[8,3]"},
                             {"two_symbols", "Add", {"f32[N,3]", "f32[M,3]"}, {}, "f32[?,3]"},
                             {"unknown_and_one", "Add", {"f32[?]", "f32[1]"}, {}, "f32[?]"},
                             {"unknown_and_symbol", "Add", {"f32[?]", "f32[N]"}, {}, "f32[?]"},
                             {"unknown_and_constant", "Add", {"f32[?]", "f32[7]"}, {}, "f32[7]"},
                             {"two_unknown", "Add", {"f32[?]", "f32[?]"}, {}, "f32[?]"},
                             {"unknown_rank", "Add", {"f32[...]", "f32[7]"}, {}, "f32[...]"},
                             {"predicate", "Less", {"f16[N,1]", "f16[4]"}, {}, "bool[N,4]"},
                             {"base_dtype", "Pow", {"i32[2]", "f64[2]"}, {}, "i32[2]"},
                             {"three", "Max", {"f32[N,1]", "f32[3]", "f32[4,1,1]"}, {}, "f32[4,N,3]"},
                             {"one", "Sum", {"bf16[N]"}, {}, "bf16[N]"},
                             {"slope", "PRelu", {"f32[N,3,H,W]", "f32[3,1,1]"}, {}, "f32[N,3,H,W]"},
                             {"choice", "Where", {"bool[N,1]", "i8[3]", "i8[]"}, {}, "i8[N,3]"},
                         }),
                         [](const auto& row) { return test_name(row.param.op, row.param.name); });

INSTANTIATE_TEST_SUITE_P(OneInput, TypeRule,
                         ::testing::ValuesIn(std::vector<Rule>{
                             {"keeps_the_type", "Relu", {"f32[N,?,3]"}, {}, "f32[N,?,3]"},
                             {"unknown_rank", "Relu", {"f16[...]"}, {}, "f16[...]"},
                             {"is_bool", "IsNaN", {"f32[N]"}, {}, "bool[N]"},
                             {"keeps_the_type", "Clip", {"i8[N,2]", "i8[]", "i8[]"}, {}, "i8[N,2]"},
                             {"without_minimum", "Clip", {"f32[N]", "", "f32[1]"}, {}, "f32[N]"},
                             {"unknown_bound", "Clip", {"f32[N]", "f32[?]"}, {}, "f32[N]"},
                             {"keeps_the_type", "Softmax", {"f32[N,10]"}, {}, "f32[N,10]"},
                             {"unknown_rank", "LogSoftmax", {"f32[...]"}, {{"axis", int64_t{7}}}, "f32[...]"},
                             {"keeps_the_type", "LRN", {"f32[N,C,5,5]"}, {{"size", int64_t{3}}}, "f32[N,C,5,5]"},
                             {"and_its_mask", "Dropout", {"f16[N,3]"}, {}, "f16[N,3], bool[N,3]", 2},
                             {"unknown_mode", "Dropout", {"f16[N,3]", "f32[]", "bool[]"}, {}, "f16[N,3]"},
                         }),
                         [](const auto& row) { return test_name(row.param.op, row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Matrices, TypeRule,
    ::testing::ValuesIn(std::vector<Rule>{
        {"constants", "MatMul", {"f32[2,3]", "f32[3,4]"}, {}, "f32[2,4]"},
        {"symbols", "MatMul", {"f32[N,3]", "f32[3,M]"}, {}, "f32[N,M]"},
        {"unknown_inner", "MatMul", {"f32[N,?]", "f32[3,4]"}, {}, "f32[N,4]"},
        {"row", "MatMul", {"f32[3]", "f32[3,4]"}, {}, "f32[4]"},
        {"column", "MatMul", {"f32[N,3]", "f32[3]"}, {}, "f32[N]"},
        {"dot", "MatMul", {"f32[3]", "f32[3]"}, {}, "f32[]"},
        {"batch", "MatMul", {"f64[B,1,2,3]", "f64[5,3,4]"}, {}, "f64[B,5,2,4]"},
        {"batch_of_vectors", "MatMul", {"i64[B,2,3]", "i64[3]"}, {}, "i64[B,2]"},
        {"unknown_rank", "MatMul", {"f32[...]", "f32[3,4]"}, {}, "f32[...]"},
        {"constants", "Gemm", {"f32[2,3]", "f32[3,4]", "f32[4]"}, {}, "f32[2,4]"},
        {"transposed", "Gemm", {"f32[3,N]", "f32[M,3]"}, {{"transA", int64_t{1}}, {"transB", int64_t{1}}}, "f32[N,M]"},
        {"unknown_rank", "Gemm", {"f32[...]", "f32[3,4]"}, {}, "f32[?,4]"},
        {"unknown_bias", "Gemm", {"f32[N,3]", "f32[3,4]", "f32[?]"}, {}, "f32[N,4]"},
    }),
    [](const auto& row) { return test_name(row.param.op, row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    AlongAxes, TypeRule,
    ::testing::ValuesIn(std::vector<Rule>{
        {"keeps_dimensions", "ReduceSum", {"f32[N,3,4]", kAxis0}, {}, "f32[1,3,4]"},
        {"removes_dimensions", "ReduceSum", {"f32[N,3,4]", i64({1, -1})}, {{"keepdims", int64_t{0}}}, "f32[N]"},
        {"all", "ReduceMax", {"f32[N,3]"}, {}, "f32[1,1]"},
        {"all_removed", "ReduceMax", {"f32[N,3]", i64({})}, {{"keepdims", int64_t{0}}}, "f32[]"},
        {"noop", "ReduceMean", {"f32[N,3]"}, {{"noop_with_empty_axes", int64_t{1}}}, "f32[N,3]"},
        {"unknown_axes", "ReduceSum", {"f32[N,3]", "i64[1]"}, {}, "f32[?,?]"},
        {"unknown_axes_removed", "ReduceSum", {"f32[N,3]", "i64[1]"}, {{"keepdims", int64_t{0}}}, "f32[...]"},
        {"unknown_rank", "ReduceSum", {"f32[...]", kAxis0}, {}, "f32[...]"},
        {"scalar", "ReduceSum", {"f32[]"}, {}, "f32[]"},
        {"keeps_dimensions", "ArgMax", {"f32[N,10]"}, {{"axis", int64_t{1}}}, "i64[N,1]"},
        {"removes_dimensions", "ArgMin", {"u8[N,10]"}, {{"axis", int64_t{-1}}, {"keepdims", int64_t{0}}}, "i64[N]"},
        {"unknown_rank", "ArgMax", {"f32[...]"}, {}, "i64[...]"},
        {"known_k", "TopK", {"f32[N,10]", i64({5})}, {}, "f32[N,5], i64[N,5]", 2},
        {"known_k_of_a_symbol", "TopK", {"f32[N,10]", i64({5})}, {{"axis", int64_t{0}}}, "f32[5,10]"},
        {"unknown_k", "TopK", {"f32[N,10]", "i64[1]"}, {}, "f32[N,?], i64[N,?]", 2},
        {"unknown_rank", "TopK", {"f32[...]", i64({5})}, {}, "f32[...], i64[...]", 2},
        {"keeps_the_type",
         "BatchNormalization",
         {"f32[N,3,H,W]", "f32[3]", "f32[3]", "f32[3]", "f32[?]"},
         {},
         "f32[N,3,H,W]"},
        {"channels_last",
         "BatchNormalization",
         {"f16[N,H,W,3]", "f32[3]", "f32[3]", "f32[3]", "f32[3]"},
         {{"channels_last", int64_t{1}}},
         "f16[N,H,W,3]"},
        {"and_statistics",
         "LayerNormalization",
         {"f16[N,T,8]", "f16[8]", "f16[8]"},
         {},
         "f16[N,T,8], f32[N,T,1], f32[N,T,1]",
         3},
        {"two_axes",
         "LayerNormalization",
         {"f32[N,4,8]", "f32[4,8]"},
         {{"axis", int64_t{1}}, {"stash_type", int64_t{11}}},
         "f32[N,4,8], f64[N,1,1]",
         2},
    }),
    [](const auto& row) { return test_name(row.param.op, row.param.name); });

struct Refusal {
  const char* name;
  const char* op;
  std::vector<Typed> inputs;
  Attributes attributes;
  const char* fragment;
  ErrorCode code = ErrorCode::kInvalidArgument;
  int outputs = 1;
};

void PrintTo(const Refusal& refusal, std::ostream* stream) { *stream << refusal.op; }

class TypeRuleRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(TypeRuleRefuses, WithAMessage) {
  const Refusal& row = GetParam();
  expect_error(row.code, row.fragment, [&] { (void)infer(row.op, row.inputs, row.attributes, row.outputs); });
  expect_error(row.code, std::string(row.op) + " 'it'",
               [&] { (void)infer(row.op, row.inputs, row.attributes, row.outputs); });
}

INSTANTIATE_TEST_SUITE_P(
    , TypeRuleRefuses,
    ::testing::ValuesIn(std::vector<Refusal>{
        {"shapes", "Add", {"f32[2,3]", "f32[2]"}, {}, "input 1 has shape [2], which does not broadcast with [2,3]"},
        {"third_shape",
         "Max",
         {"f32[2]", "f32[1]", "f32[3]"},
         {},
         "input 2 has shape [3], which does not broadcast with [2]"},
        {"dtypes", "Add", {"f32[2]", "f64[2]"}, {}, "inputs 0 and 1 have dtypes f32 and f64 but must have the same"},
        {"bool", "Add", {"bool[2]", "bool[2]"}, {}, "input 0 has dtype bool but f32, u8,"},
        {"string", "Equal", {"string[2]", "string[2]"}, {}, "input 0 has dtype string but"},
        {"float", "And", {"f32[2]", "f32[2]"}, {}, "input 0 has dtype f32 but bool is required"},
        {"integer", "Exp", {"i32[2]"}, {}, "input 0 has dtype i32 but f32, f16, f64 or bf16 is required"},
        {"unsigned_", "Neg", {"u8[2]"}, {}, "input 0 has dtype u8 but"},
        {"direction",
         "BitShift",
         {"u8[2]", "u8[2]"},
         {{"direction", std::string("UP")}},
         "the attribute 'direction' is 'UP' but 'RIGHT' or 'LEFT' is required"},
        {"approximate",
         "Gelu",
         {"f32[2]"},
         {{"approximate", std::string("sigmoid")}},
         "the attribute 'approximate' is 'sigmoid' but 'none' or 'tanh' is required"},
        {"slope",
         "PRelu",
         {"f32[3]", "f32[2,3]"},
         {},
         "the slope has shape [2,3], which does not broadcast to the input's [3]"},
        {"float_condition", "Where", {"f32[2]", "f32[2]", "f32[2]"}, {}, "input 0 has dtype f32 but bool is required"},
        {"mixed_choice", "Where", {"bool[2]", "f32[2]", "i32[2]"}, {}, "inputs 1 and 2 have dtypes f32 and i32"},
        {"vector_bound",
         "Clip",
         {"f32[2]", "f32[2]"},
         {},
         "the bound in input 1 has shape [2] but a scalar is required"},
        {"bound_dtype", "Clip", {"f32[2]", "", "i32[]"}, {}, "inputs 0 and 2 have dtypes f32 and i32"},
        {"scalar", "MatMul", {"f32[]", "f32[2]"}, {}, "a scalar cannot be multiplied"},
        {"inner",
         "MatMul",
         {"f32[2,3]", "f32[2,3]"},
         {},
         "[2,3] and [2,3] but the inner dimensions 3 and 2 must be equal"},
        {"batch", "MatMul", {"f32[2,1,3]", "f32[5,3,2]"}, {}, "whose batch dimensions do not broadcast"},
        {"rank", "Gemm", {"f32[1,2,3]", "f32[3,4]"}, {}, "input 0 has shape [1,2,3] but a matrix (rank 2) is required"},
        {"inner", "Gemm", {"f32[2,3]", "f32[4,3]"}, {}, "the inner dimensions 3 and 4 must be equal"},
        {"bias",
         "Gemm",
         {"f32[2,3]", "f32[3,4]", "f32[3]"},
         {},
         "input 2 has shape [3], which does not broadcast to [2,4]"},
        {"axis", "Softmax", {"f32[2,3]"}, {{"axis", int64_t{2}}}, "axis 2 is given but -2 to 1 is required for rank 2"},
        {"scalar", "Softmax", {"f32[]"}, {}, "axis -1 is given but the input is a scalar, which has none"},
        {"axis", "ReduceSum", {"f32[2,3]", i64({0, -3})}, {}, "axis -3 is given but -2 to 1 is required for rank 2"},
        {"float_axes",
         "ReduceSum",
         {"f32[2,3]", f32({1}, {0})},
         {},
         "input 1 has dtype f32 but an integer dtype is required"},
        {"nothing", "ArgMax", {"f32[2,0]"}, {{"axis", int64_t{1}}}, "the axis has no elements to choose from"},
        {"k_too_large", "TopK", {"f32[N,4]", i64({5})}, {}, "k is 5 but axis 1 of [N,4] has 4 elements"},
        {"k_negative", "TopK", {"f32[N,4]", i64({-1})}, {}, "k is -1 but one number of 0 or more is required"},
        {"k_list", "TopK", {"f32[N,4]", i64({1, 2})}, {}, "k is a list of 2 but one number"},
        {"k_dtype", "TopK", {"f32[N,4]", "i32[1]"}, {}, "input 1 has dtype i32 but i64 is required"},
        {"channels",
         "BatchNormalization",
         {"f32[N,3]", "f32[3]", "f32[4]", "f32[3]", "f32[3]"},
         {},
         "the bias has shape [4] but one element for each of the [3] channels of f32[N,3] is required"},
        {"matrix_parameter",
         "BatchNormalization",
         {"f32[N,3]", "f32[3,1]", "f32[3]", "f32[3]", "f32[3]"},
         {},
         "the scale has shape [3,1] but one element"},
        {"rank",
         "BatchNormalization",
         {"f32[3]", "f32[3]", "f32[3]", "f32[3]", "f32[3]"},
         {},
         "the input has shape [3] but a batch and a channel dimension are required"},
        {"training",
         "BatchNormalization",
         {"f32[N,3]", "f32[3]", "f32[3]", "f32[3]", "f32[3]"},
         {{"training_mode", int64_t{1}}},
         "export the model for inference",
         ErrorCode::kUnsupported},
        {"training_outputs",
         "BatchNormalization",
         {"f32[N,3]", "f32[3]", "f32[3]", "f32[3]", "f32[3]"},
         {},
         "more than one output",
         ErrorCode::kUnsupported,
         3},
        {"size", "LRN", {"f32[N,3]"}, {{"size", int64_t{0}}}, "size is 0 but 1 or more is required"},
        {"rank", "LRN", {"f32[3]"}, {{"size", int64_t{3}}}, "a batch and a channel dimension are required"},
        {"training",
         "Dropout",
         {"f32[2]", "", Tensor::scalar(true)},
         {},
         "export the model for inference",
         ErrorCode::kUnsupported},
        {"scale",
         "LayerNormalization",
         {"f32[N,8]", "f32[4]"},
         {},
         "the scale has shape [4], which does not broadcast to [N,8]"},
        {"stash",
         "LayerNormalization",
         {"f32[N,8]", "f32[8]"},
         {{"stash_type", int64_t{99}}},
         "the attribute 'stash_type' is 99 but ONNX dtype numbers are 0 to 24"},
        {"unknown_dtype", "Relu", {Typed::without_dtype()}, {}, "the dtype of input 0"},
    }),
    [](const auto& row) { return test_name(row.param.op, row.param.name); });

TEST(InferNode, TellsWhichValuesItNeeds) {
  Graph graph;
  Value* x = graph.add_input("x", {DType::kFloat32, Shape{Dim("N"), Dim(4)}});
  Value* k = graph.add_input("k", {DType::kInt64, Shape{Dim(1)}});
  const Node* node = graph.add_node("TopK", "top", {x, k});
  const TensorType types[] = {x->type(), k->type()};
  EXPECT_EQ(infer_node(*node, types, {}).needs_value, std::vector<size_t>{1});
  const Tensor two = i64({2});
  const Tensor* values[] = {nullptr, &two};
  EXPECT_TRUE(infer_node(*node, types, values).needs_value.empty());
}

TEST(RunReference, RefusesTrainingThatOnlyShowsWhenItRuns) {
  Graph graph;
  Value* x = graph.add_input("x", {DType::kFloat32, Shape{Dim(1)}});
  Value* mode = graph.add_input("mode", {DType::kBool, Shape{}});
  const Node* node = graph.add_node("Dropout", "it", {x, nullptr, mode});
  const Tensor data = f32({1}, {1});
  const Tensor training = Tensor::scalar(true);
  Tensor result = Tensor::zeros(DType::kFloat32, {1});
  const TensorView inputs[] = {data.view(), {}, training.view()};
  const MutableTensorView outputs[] = {result.mutable_view()};
  expect_error(ErrorCode::kUnsupported, "training_mode is true", [&] { run_reference(*node, inputs, outputs); });
}

}  // namespace
}  // namespace tenon::testing

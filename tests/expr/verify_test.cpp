// SPDX-License-Identifier: Apache-2.0
#include "expr/verify.h"

#include "errors.h"

#include <functional>

// What the verifier does not let pass, though the nodes could be made.
namespace tenon::expr {
namespace {

using test::expect_error;

// y[n] = x[n], to be broken.
Function copy() {
  Function function;
  function.name = "Copy";
  function.inputs.push_back({"x", kF32, {Dim("n")}});
  const NodeId extent = function.dim(Dim("n"));
  const NodeId element = function.nodes.load(0, kF32, {function.nodes.index(0, extent)});
  function.outputs.push_back({"y", kF32, {extent}, element});
  return function;
}

TEST(Verify, AcceptsWhatIsRight) { EXPECT_NO_THROW(verify(copy())); }

struct Row {
  const char* name;
  ErrorCode code;
  const char* fragment;
  std::function<void(Function&)> spoil;
};

const NodeId kElement = 2;

const Row kRows[] = {
    {"LayerName", ErrorCode::kInvalidArgument, "a layer is called 'no name'", [](Function& f) { f.name = "no name"; }},
    {"WordAsName", ErrorCode::kInvalidArgument, "an input is called 'where'",
     [](Function& f) { f.inputs[0].name = "where"; }},
    {"DTypeAsName", ErrorCode::kInvalidArgument, "an output is called 'f32'",
     [](Function& f) { f.outputs[0].name = "f32"; }},
    {"ReductionAsInput", ErrorCode::kInvalidArgument, "called 'sum', as a reduction is",
     [](Function& f) { f.inputs[0].name = "sum"; }},
    {"NameTwice", ErrorCode::kInvalidArgument, "the name 'x' is used twice",
     [](Function& f) { f.outputs[0].name = "x"; }},
    {"NoOutput", ErrorCode::kInvalidArgument, "it has no output", [](Function& f) { f.outputs.clear(); }},
    {"StringInput", ErrorCode::kUnsupported, "input 'x' has dtype string",
     [](Function& f) { f.inputs[0].type = DType::kString; }},
    {"UndeclaredVariable", ErrorCode::kInvalidArgument, "a dtype variable that is not declared",
     [](Function& f) { f.inputs[0].type = ScalarType::variable(3); }},
    {"UnknownDimension", ErrorCode::kInvalidArgument, "every dimension must be a constant or a known name",
     [](Function& f) { f.inputs[0].dims[0] = Dim(); }},
    {"RankOfInput", ErrorCode::kInvalidArgument, "read at 1 indices but has 2 dimensions",
     [](Function& f) { f.inputs[0].dims.emplace_back(3); }},
    {"DTypeOfInput", ErrorCode::kInvalidArgument, "read as f32 but is f64",
     [](Function& f) { f.inputs[0].type = kF64; }},
    {"DTypeOfOutput", ErrorCode::kInvalidArgument, "output 'y' is f64 but its formula gives f32",
     [](Function& f) { f.outputs[0].type = kF64; }},
    {"NoSuchInput", ErrorCode::kInvalidArgument, "it has no input 1",
     [](Function& f) { f.outputs[0].value = f.nodes.load(1, kF32, {f.nodes[kElement].operands[0]}); }},
    {"NoSuchField", ErrorCode::kInvalidArgument, "it has no field 0",
     [](Function& f) { f.outputs[0].value = f.nodes.field(0, kF32); }},
    {"NoSuchDimension", ErrorCode::kInvalidArgument, "it has no dimension 5",
     [](Function& f) { f.outputs[0].shape[0] = f.nodes.extent(5); }},
    {"ForeignIndex", ErrorCode::kInvalidArgument, "an index that is no axis",
     [](Function& f) { f.outputs[0].value = f.nodes.load(0, kF32, {f.nodes.index(1, f.outputs[0].shape[0])}); }},
    {"FreshIndex", ErrorCode::kInvalidArgument, "outside of the compute() or reduction",
     [](Function& f) {
       f.outputs[0].value = f.nodes.load(0, kF32, {f.nodes.index(kFirstFresh, f.outputs[0].shape[0])});
     }},
    {"IndexOfAnotherExtent", ErrorCode::kInvalidArgument, "an index of another extent than its axis 0 has",
     [](Function& f) { f.outputs[0].shape[0] = f.nodes.integer(4); }},
    {"TwoExtents", ErrorCode::kInvalidArgument, "one index with two extents",
     [](Function& f) {
       const NodeId other = f.nodes.index(0, f.nodes.integer(4));
       f.outputs[0].value =
           f.nodes.load(0, kF32, {f.nodes.binary(BinaryOp::kAdd, f.nodes[kElement].operands[0], other)});
     }},
    {"ExtentFromElement", ErrorCode::kInvalidArgument, "depends on an index or element",
     [](Function& f) { f.outputs[0].shape[0] = f.nodes.cast(kElement, kI64); }},
    {"ExtentOfFloat", ErrorCode::kInvalidArgument, "an extent that is not i64",
     [](Function& f) { f.outputs[0].shape[0] = kElement; }},
    {"LongExtent", ErrorCode::kUnsupported, "made of more than 128 numbers",
     [](Function& f) {
       NodeId& extent = f.outputs[0].shape[0];
       for (int i = 0; i < 10; ++i) extent = f.nodes.binary(BinaryOp::kAdd, extent, extent);
     }},
    {"ReductionOfAnotherExtent", ErrorCode::kInvalidArgument, "a variable of another extent than it binds",
     [](Function& f) {
       const int variable = f.nodes.fresh_variables(1);
       const NodeId element = f.nodes.load(0, kF32, {f.nodes.index(variable, f.outputs[0].shape[0])});
       f.outputs[0].value = f.nodes.reduce(Reduction::kSum, variable, {f.nodes.integer(4)}, element);
       f = compact(f);  // Without the open index.
     }},
    {"FormulaThatIsNotThere", ErrorCode::kInvalidArgument, "has no formula",
     [](Function& f) { f.outputs[0].value = 99; }},
    {"ManyFields", ErrorCode::kUnsupported, "it has 257 fields; Tenon stops at 256",
     [](Function& f) { f.fields.resize(257, {"f", kF64, {}}); }},
    {"FieldOfF32", ErrorCode::kInvalidArgument, "field 'f' is of kind f32",
     [](Function& f) { f.fields.push_back({"f", kF32, {}}); }},
    {"RankOfOutput", ErrorCode::kUnsupported, "17 dimensions; Tenon stops at 16",
     [](Function& f) { f.outputs[0].shape.resize(17, f.outputs[0].shape[0]); }},
};

class Broken : public ::testing::TestWithParam<Row> {};

TEST_P(Broken, IsRefused) {
  Function function = copy();
  GetParam().spoil(function);
  expect_error(GetParam().code, GetParam().fragment, [&] { verify(function); });
}

INSTANTIATE_TEST_SUITE_P(Verify, Broken, ::testing::ValuesIn(kRows), [](const auto& row) { return row.param.name; });

TEST(Nodes, EqualOnesAreOne) {
  Nodes nodes;
  const NodeId one = nodes.constant(kF32, Scalar::real(1)), zero = nodes.constant(kF32, Scalar::real(0.0));
  EXPECT_EQ(nodes.binary(BinaryOp::kAdd, one, zero), nodes.binary(BinaryOp::kAdd, one, zero));
  EXPECT_NE(zero, nodes.constant(kF32, Scalar::real(-0.0)));
  EXPECT_NE(one, nodes.constant(kF64, Scalar::real(1)));
}

TEST(Nodes, EqualReductionsAreOneWhereverTheyStand) {
  Nodes nodes;
  const NodeId extent = nodes.integer(3);
  const auto sum = [&](NodeId row) {
    const int k = nodes.fresh_variables(1);
    return nodes.reduce(Reduction::kSum, k, {extent}, nodes.load(0, kF32, {row, nodes.index(k, extent)}));
  };
  const NodeId row = nodes.index(0, extent);
  EXPECT_EQ(sum(row), sum(row));
  // Also inside of another reduction, whose variable is numbered above.
  const int l = nodes.fresh_variables(1);
  const NodeId both = nodes.binary(BinaryOp::kAdd, sum(nodes.index(l, extent)), sum(row));
  const Node& outer = nodes[nodes.reduce(Reduction::kMax, l, {extent}, both)];
  EXPECT_EQ(outer.number, kFirstBound + 1);
  EXPECT_EQ(nodes[outer.body()].operands[1], sum(row));
}

TEST(Nodes, StopAtALimit) {
  Nodes nodes;
  expect_error(ErrorCode::kUnsupported, "make several layers of it", [&] {
    for (int64_t i = 0;; ++i) nodes.integer(i);
  });
}

TEST(Nodes, NestedReductionsStopAtALimit) {
  Nodes nodes;
  expect_error(ErrorCode::kUnsupported, "nested over more than 47 variables", [&] {
    const NodeId extent = nodes.integer(2);
    NodeId body = nodes.constant(kF32, Scalar::real(1));
    for (;;) body = nodes.reduce(Reduction::kSum, nodes.fresh_variables(1), {extent}, body);
  });
}

TEST(Nodes, DTypesMustFit) {
  Nodes nodes;
  const NodeId f = nodes.constant(kF32, Scalar::real(1)), i = nodes.integer(1);
  const NodeId h = nodes.constant(DType::kFloat16, Scalar::real(1)), b = nodes.constant(kBool, Scalar::integer(1));
  const auto refuse = [](const char* fragment, auto&& make) {
    expect_error(ErrorCode::kInvalidArgument, fragment, make);
  };
  refuse("+ is given f32 and i64 but one dtype is required; cast one", [&] { nodes.binary(BinaryOp::kAdd, f, i); });
  refuse("exp is given i64 but f32 or f64 is required", [&] { nodes.unary(UnaryOp::kExp, i); });
  refuse("exp is given f16 but f32 or f64 is required; cast it to f32", [&] { nodes.unary(UnaryOp::kExp, h); });
  refuse("where is given a condition of f32", [&] { nodes.select(f, f, f); });
  refuse("where is given f32 and i64", [&] { nodes.select(b, f, i); });
  refuse("bits is given f32 to read as i64", [&] { nodes.cast(f, kI64, CastMode::kBits); });
  refuse("an index has dtype f32 but i64 is required", [&] { nodes.load(0, kF32, {f}); });
  refuse("the value outside has dtype i64", [&] { nodes.load(0, kF32, {i}, Outside::kValue, i); });
  refuse("all is given f32 but bool is required", [&] { nodes.reduce(Reduction::kAll, kFirstFresh, {i}, f); });
}

}  // namespace
}  // namespace tenon::expr

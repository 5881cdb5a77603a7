// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"
#include "plan/plan.h"
#include "plan/plan_generated.h"
#include "plan/plan_image.h"
#include "plan/sample_plan.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <functional>

namespace tenon {
namespace {

using Image = std::vector<std::byte>;

// The error that reading the bytes gives; fails the test if there is none.
Error error_of(Image bytes) {
  try {
    (void)read_plan(MappedFile::from_memory("broken.plan", std::move(bytes)));
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorCode::kInternal, ""};
}

void expect_refused(Image bytes, ErrorCode code, std::string_view fragment) {
  const Error error = error_of(std::move(bytes));
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_NE(error.message().find(fragment), std::string::npos) << error.what();
  EXPECT_NE(error.message().find("'broken.plan'"), std::string::npos) << error.what();
}

TEST(PlanCorruption, EveryFlippedByteIsFound) {
  const Image good = plan_bytes(test::sample_plan());
  for (size_t i = 0; i < good.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      Image bad = good;
      bad[i] ^= std::byte{flip};
      const Error error = error_of(std::move(bad));
      ASSERT_TRUE(error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported)
          << i << ": " << error.what();
    }
  }
}

TEST(PlanCorruption, EveryPrefixIsFound) {
  const Image good = plan_bytes(test::sample_plan());
  for (size_t size = 0; size < good.size(); ++size) {
    const Error error = error_of(Image(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
    ASSERT_EQ(error.code(), ErrorCode::kCorrupt) << size << ": " << error.what();
  }
}

TEST(PlanCorruption, BytesAfterTheEndAreFound) {
  Image bytes = plan_bytes(test::sample_plan());
  bytes.push_back(std::byte{0});
  expect_refused(std::move(bytes), ErrorCode::kCorrupt, "was written with");
}

// With the hashes made right again, a changed byte reaches the checks behind them: an error or a graph that is sound.
TEST(PlanCorruption, EveryFlippedByteBehindTheHashesIsHarmless) {
  const Image good = plan_bytes(test::sample_plan());
  int refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x02, 0x80, 0xff}) {
      Image bad = good;
      bad[i] ^= std::byte{flip};
      test::reseal(bad);
      try {
        read_plan(MappedFile::from_memory("broken.plan", std::move(bad))).graph.validate();
      } catch (const Error& error) {
        ++refused;
        ASSERT_TRUE(error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported)
            << i << ": " << error.what();
      }
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(PlanCorruption, OtherFilesAreNoPlans) {
  const std::string_view text = "\x0a\x10 some other file that is long enough to have a header in it, and more";
  Image bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  EXPECT_FALSE(looks_like_plan(*MappedFile::from_memory("broken.plan", bytes)));
  expect_refused(bytes, ErrorCode::kCorrupt, "is not a plan");
}

TEST(PlanCorruption, NewerMajorVersionNamesBoth) {
  Image bytes = plan_bytes(test::sample_plan());
  test::put(bytes, 8, uint16_t{plan_format::kMajor + 1});
  test::put(bytes, 10, uint16_t{7});
  test::reseal(bytes);
  const Error error = error_of(std::move(bytes));
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_NE(error.message().find("plan format 2.7"), std::string::npos) << error.what();
  EXPECT_NE(error.message().find("reads plan format 1.2"), std::string::npos) << error.what();
}

TEST(PlanCorruption, NewerMinReaderIsUnsupported) {
  Image bytes = plan_bytes(test::sample_plan());
  test::put(bytes, 10, uint16_t{9});
  test::put(bytes, 14, uint16_t{4});
  test::reseal(bytes);
  expect_refused(std::move(bytes), ErrorCode::kUnsupported, "needs a reader of 1.4 or newer");
}

TEST(PlanCorruption, NewerMinorVersionIsRead) {
  Image bytes = plan_bytes(test::sample_plan());
  test::put(bytes, 10, uint16_t{9});
  test::reseal(bytes);
  EXPECT_TRUE(identical(read_plan(MappedFile::from_memory("newer.plan", bytes)).graph, test::sample_plan().graph));
}

// --- sections

struct Parts {
  Image tables, constants;
};

Parts parts_of(const Plan& plan) {
  const Image file = plan_bytes(plan);
  const auto section = [&](size_t index) {
    const size_t at = plan_format::kHeaderBytes + index * plan_format::kSectionBytes;
    const auto from = file.begin() + static_cast<std::ptrdiff_t>(test::get<uint64_t>(file, at + 8));
    return Image(from, from + static_cast<std::ptrdiff_t>(test::get<uint64_t>(file, at + 16)));
  };
  return {section(0), section(1)};
}

TEST(PlanCorruption, ImageByHandIsTheFile) {
  const Parts parts = parts_of(test::sample_plan());
  EXPECT_EQ(test::plan_image({{1, parts.tables}, {2, parts.constants}}), plan_bytes(test::sample_plan()));
}

TEST(PlanCorruption, UnknownSectionIsIgnored) {
  const Parts parts = parts_of(test::sample_plan());
  const Image extra(100, std::byte{42});
  const Image file = test::plan_image({{1, parts.tables}, {77, extra}, {2, parts.constants}});
  EXPECT_TRUE(identical(read_plan(MappedFile::from_memory("newer.plan", file)).graph, test::sample_plan().graph));
}

TEST(PlanCorruption, MissingSectionIsFound) {
  const Parts parts = parts_of(test::sample_plan());
  expect_refused(test::plan_image({{1, parts.tables}}), ErrorCode::kCorrupt, "the constants section is missing");
  expect_refused(test::plan_image({{2, parts.constants}}), ErrorCode::kCorrupt, "the graph section is missing");
}

TEST(PlanCorruption, RepeatedSectionIsFound) {
  const Parts parts = parts_of(test::sample_plan());
  expect_refused(test::plan_image({{1, parts.tables}, {1, parts.tables}, {2, parts.constants}}), ErrorCode::kCorrupt,
                 "the graph section occurs twice");
}

TEST(PlanCorruption, EmptyTablesAreFound) {
  const Parts parts = parts_of(test::sample_plan());
  expect_refused(test::plan_image({{1, {}}, {2, parts.constants}}), ErrorCode::kCorrupt, "does not hold the tables");
}

// --- what tables mean: a row is one thing wrong with an otherwise sound plan

struct Spec {
  std::string dialect = "standard";
  int32_t input_dtype = 1;
  std::vector<int64_t> input_dims = {2, 3};
  bool has_shape = true;
  std::string symbol;  // Of the first input dimension, if any.
  std::string input_name = "x";
  std::string constant_name = "c";
  int32_t constant_dtype = 1;
  std::vector<int64_t> constant_dims = {3};
  uint64_t offset = 0, length = 12;
  std::vector<std::string> constant_strings;
  std::string node_name = "add";
  std::string op = "Add";
  std::string domain;
  std::vector<int32_t> node_inputs = {0, 1};
  std::vector<std::string> node_outputs = {"y"};
  std::vector<int32_t> control_inputs;
  std::vector<std::string> attribute_names;
  int attribute_kind = 2;
  std::vector<int64_t> attribute_ints = {1};
  std::vector<int32_t> outputs = {2};
  int copies_of_attribute = 0;  // More attributes that refer to the very same table.
};

Image image_of(const Spec& spec) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<fb::Dim>> dims;
  for (size_t i = 0; i < spec.input_dims.size(); ++i) {
    const auto symbol = i == 0 && !spec.symbol.empty()
                            ? builder.CreateString(spec.symbol == "<empty>" ? "" : spec.symbol)
                            : flatbuffers::Offset<flatbuffers::String>();
    dims.push_back(fb::CreateDim(builder, spec.input_dims[i], symbol));
  }
  const auto type_of = [&] {
    return fb::CreateType(builder, spec.input_dtype, spec.has_shape, builder.CreateVector(dims));
  };
  const auto input = fb::CreateValue(builder, builder.CreateString(spec.input_name), type_of());
  const auto tensor =
      fb::CreateTensor(builder, spec.constant_dtype, builder.CreateVector(spec.constant_dims), spec.offset, spec.length,
                       spec.constant_strings.empty()
                           ? flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>>()
                           : builder.CreateVectorOfStrings(spec.constant_strings));
  const auto constant = fb::CreateConstant(builder, builder.CreateString(spec.constant_name), tensor);
  std::vector<flatbuffers::Offset<fb::Value>> node_outputs;
  for (const auto& name : spec.node_outputs)
    node_outputs.push_back(fb::CreateValue(builder, builder.CreateString(name), type_of()));
  std::vector<flatbuffers::Offset<fb::Attribute>> attributes;
  for (const auto& name : spec.attribute_names) {
    attributes.push_back(fb::CreateAttribute(builder, builder.CreateString(name),
                                             static_cast<fb::AttributeKind>(spec.attribute_kind),
                                             builder.CreateVector(spec.attribute_ints)));
  }
  for (int i = 0; i < spec.copies_of_attribute; ++i) attributes.push_back(attributes.front());
  const auto node = fb::CreateNode(builder, builder.CreateString(spec.node_name), builder.CreateString(spec.op),
                                   builder.CreateString(spec.domain), builder.CreateVector(spec.node_inputs),
                                   builder.CreateVector(node_outputs), builder.CreateVector(attributes),
                                   builder.CreateVector(spec.control_inputs));
  const auto inputs = builder.CreateVector(&input, 1);
  const auto constants = builder.CreateVector(&constant, 1);
  const auto nodes = builder.CreateVector(&node, 1);
  const auto outputs = builder.CreateVector(spec.outputs);
  const auto graph = fb::CreateGraph(builder, builder.CreateString(spec.dialect), builder.CreateString("g"), 0, inputs,
                                     constants, nodes, outputs);
  builder.Finish(fb::CreatePlan(builder, builder.CreateString("tenon 9.9"), 0, graph));
  const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  const float values[3] = {1, 2, 3};
  return test::plan_image({{1, bytes}, {2, std::as_bytes(std::span(values))}});
}

TEST(PlanCorruption, SoundSpecIsRead) {
  const Plan plan = read_plan(MappedFile::from_memory("sound.plan", image_of(Spec{})));
  EXPECT_EQ(plan.graph.node_count(), 1U);
  EXPECT_EQ(plan.graph.find_value("c")->constant()->values<float>()[2], 3.0F);
}

struct Row {
  const char* name;
  std::function<void(Spec&)> damage;
  const char* fragment;
  ErrorCode code = ErrorCode::kCorrupt;
};

const Row kRows[] = {
    {"ForeignDialect", [](Spec& s) { s.dialect = "tf"; }, "the graph's dialect is 'tf'"},
    {"EmptyValueName", [](Spec& s) { s.input_name = ""; }, "a value's name is empty"},
    {"TwoValuesOfOneName", [](Spec& s) { s.constant_name = "x"; }, "constant 0 'x': two values are named 'x'"},
    {"NodeOutputOfATakenName", [](Spec& s) { s.node_outputs = {"c"}; }, "two values are named 'c'"},
    {"InvalidDtype", [](Spec& s) { s.input_dtype = 99; }, "input 0 'x': dtype 99 is not one of 0 to 24"},
    {"NegativeDtype", [](Spec& s) { s.input_dtype = -1; }, "dtype -1"},
    {"NegativeExtent", [](Spec& s) { s.input_dims = {2, -3}; }, "the extent -3 is negative"},
    {"ExtentAndName", [](Spec& s) { s.symbol = "N"; }, "both a name and the extent 2"},
    {"EmptyDimensionName", [](Spec& s) { s.symbol = "<empty>", s.input_dims = {-1, 3}; },
     "a dimension's name is empty"},
    {"DimsWithoutShape", [](Spec& s) { s.has_shape = false; }, "a type without a shape has dimensions"},
    {"RankOfAType", [](Spec& s) { s.input_dims.assign(17, 1); }, "the rank is 17, but may be 16 at most"},
    {"RankOfATensor", [](Spec& s) { s.constant_dims.assign(17, 1); }, "the rank is 17"},
    {"NegativeExtentOfATensor", [](Spec& s) { s.constant_dims = {-3}; }, "the extent -3 is negative"},
    {"OverflowingTensor", [](Spec& s) { s.constant_dims = {1LL << 40, 1LL << 40}; }, "constant 0 'c'"},
    {"UndefinedTensor", [](Spec& s) { s.constant_dtype = 0; }, "a tensor's dtype is undefined"},
    {"WrongLength", [](Spec& s) { s.length = 8; }, "f32[3] takes 12 bytes, but 8 are given"},
    {"UnalignedOffset", [](Spec& s) { s.offset = 4; }, "offset 4 of a tensor is not a multiple of 64"},
    {"OffsetBeyondTheEnd", [](Spec& s) { s.offset = 64; }, "pass the end of the constants section, which has 12"},
    {"LengthBeyondTheEnd", [](Spec& s) { s.constant_dims = {4}, s.length = 16; }, "16 bytes at offset 0 pass the end"},
    {"HugeOffset", [](Spec& s) { s.offset = ~uint64_t{63}; }, "pass the end"},
    {"StringsInNumbers", [](Spec& s) { s.constant_strings = {"a"}; }, "a tensor of f32 has strings"},
    {"BytesOfStrings", [](Spec& s) { s.constant_dtype = 8; }, "a tensor of strings has bytes"},
    {"TooFewStrings", [](Spec& s) { s.constant_dtype = 8, s.length = 0, s.constant_strings = {"a"}; },
     "a string tensor of shape [3] has 1 strings"},
    {"EmptyNodeName", [](Spec& s) { s.node_name = ""; }, "the node's name is empty"},
    {"EmptyOperator", [](Spec& s) { s.op = ""; }, "the node's operator is empty"},
    {"UnknownOperator", [](Spec& s) { s.op = "Frobnicate"; },
     "node 0 'add': this Tenon has no operator 'Frobnicate'; the plan was made by tenon 9.9", ErrorCode::kUnsupported},
    {"TooFewInputs", [](Spec& s) { s.node_inputs = {0}; }, "inputs"},
    {"LaterValue", [](Spec& s) { s.node_inputs = {0, 5}; },
     "node 0 'add': value 5 is referred to, but only values 0 to 1 exist"},
    {"OwnOutput", [](Spec& s) { s.node_inputs = {0, 2}; }, "value 2 is referred to, but only values 0 to 1 exist here"},
    {"NegativeValue", [](Spec& s) { s.node_inputs = {0, -2}; }, "value -2 is referred to"},
    {"TooManyOutputs", [](Spec& s) { s.node_outputs = {"y", "z"}; }, "outputs"},
    {"ControlInput", [](Spec& s) { s.control_inputs = {0}; }, "control input 0 is not one of the 0 nodes before it"},
    {"GraphOutput", [](Spec& s) { s.outputs = {3}; }, "value 3 is referred to"},
    {"UnknownAttribute", [](Spec& s) { s.attribute_names = {"colour"}; }, "colour"},
    {"AttributesOutOfOrder", [](Spec& s) { s.domain = "custom", s.attribute_names = {"b", "a"}; },
     "attribute 1 'a': the names of attributes are not in"},
    {"AttributeTwice", [](Spec& s) { s.domain = "custom", s.attribute_names = {"a", "a"}; }, "not in ascending order"},
    {"SingleValueOfTwo", [](Spec& s) { s.domain = "custom", s.attribute_names = {"a"}, s.attribute_ints = {1, 2}; },
     "a single value is stored as 2 values"},
    {"SingleValueMissing", [](Spec& s) { s.domain = "custom", s.attribute_names = {"a"}, s.attribute_kind = 3; },
     "a single value is stored as 0 values"},
    {"BoolOfTwo",
     [](Spec& s) { s.domain = "custom", s.attribute_names = {"a"}, s.attribute_kind = 1, s.attribute_ints = {2}; },
     "a bool is 2"},
    {"AttributeKind", [](Spec& s) { s.domain = "custom", s.attribute_names = {"a"}, s.attribute_kind = 19; },
     "attribute kind 19 is not one of 0 to 18"},
    {"TablesSharedWithoutEnd",
     [](Spec& s) { s.domain = "custom", s.attribute_names = {"a"}, s.copies_of_attribute = 100000; },
     "does not hold the tables"},
};

class PlanTables : public testing::TestWithParam<Row> {};

TEST_P(PlanTables, DamageIsFound) {
  Spec spec;
  GetParam().damage(spec);
  expect_refused(image_of(spec), GetParam().code, GetParam().fragment);
}

INSTANTIATE_TEST_SUITE_P(All, PlanTables, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace tenon

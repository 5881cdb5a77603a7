// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "errors.h"
#include "layers/layer_type.h"

namespace tenon {
namespace {

using test::expect_error;

LayerInfo info_of(Attribute fallback, bool required = false) {
  LayerInfo info;
  info.name = "Thing";
  info.fields = {{"field", std::move(fallback), required, ""}, {"other", int64_t{1}, false, ""}};
  return info;
}

Attribute checked(Attribute fallback, Attribute given) {
  return check_fields(info_of(std::move(fallback)), {{"field", std::move(given)}}, "node").at("field");
}

TEST(CheckFields, FillsInDefaults) {
  const Attributes fields = check_fields(info_of(2.5), {{"other", int64_t{4}}}, "node");
  EXPECT_TRUE(identical(fields.at("field"), Attribute(2.5)));
  EXPECT_TRUE(identical(fields.at("other"), Attribute(int64_t{4})));
  EXPECT_EQ(fields.size(), 2U);
}

TEST(CheckFields, WidensWhatLosesNothing) {
  const struct {
    Attribute fallback, given, expected;
  } rows[] = {
      {0.0, int64_t{6}, 6.0},
      {int64_t{0}, 6.0, int64_t{6}},
      {int64_t{0}, true, int64_t{1}},
      {false, int64_t{1}, true},
      {std::vector<int64_t>{}, int64_t{3}, std::vector<int64_t>{3}},
      {std::vector<int64_t>{}, std::vector<double>{1, 2}, std::vector<int64_t>{1, 2}},
      {std::vector<double>{}, std::vector<int64_t>{1, 2}, std::vector<double>{1, 2}},
      {std::vector<double>{}, int64_t{1}, std::vector<double>{1}},
      {std::vector<std::string>{}, std::string("a"), std::vector<std::string>{"a"}},
      {std::vector<std::string>{}, std::vector<int64_t>{}, std::vector<std::string>{}},
      {0.0, true, 1.0},
      {false, 1.0, true},
      {std::vector<bool>{}, std::vector<int64_t>{0, 1}, std::vector<bool>{false, true}},
      {std::string("x"), std::string("y"), std::string("y")},
  };
  for (const auto& row : rows) {
    EXPECT_TRUE(identical(checked(row.fallback, row.given), row.expected)) << to_string(row.given);
  }
}

TEST(CheckFields, RefusesWhatWouldLose) {
  const struct {
    Attribute fallback, given;
    const char* message;
  } rows[] = {
      {0.0, std::string("six"), "Thing 'node': the field 'field' is \"six\" (string), but must be of kind float"},
      {int64_t{0}, 6.5, "(float), but must be of kind int"},
      {int64_t{0}, 1e300, "(float), but must be of kind int"},
      {0.0, (int64_t{1} << 53) + 2, "(int), but must be of kind float"},
      {false, int64_t{2}, "(int), but must be of kind bool"},
      {std::vector<int64_t>{}, std::vector<double>{0.5}, "(floats), but must be of kind ints"},
      {int64_t{0}, std::vector<int64_t>{1, 2}, "(ints), but must be of kind int"},
      {0.0, Attribute(), "(none), but must be of kind float"},
      {std::string(), DType::kFloat32, "(dtype), but must be of kind string"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.message);
    expect_error(ErrorCode::kInvalidArgument, row.message, [&] { checked(row.fallback, row.given); });
  }
}

TEST(CheckFields, NamesUnknownAndMissingOnes) {
  expect_error(ErrorCode::kInvalidArgument,
               "Thing 'node': the field 'fields' was given, but the layer has only field, other; did you mean 'field'?",
               [] { (void)check_fields(info_of(1.0), {{"fields", 1.0}}, "node"); });
  expect_error(ErrorCode::kInvalidArgument,
               "Thing 'node': the field 'field' (float) is missing, but it has no default; write Thing(field=...)",
               [] { (void)check_fields(info_of(1.0, true), {}, "node"); });
  LayerInfo bare;
  bare.name = "Bare";
  expect_error(ErrorCode::kInvalidArgument, "Bare 'node': the field 'lo' was given, but the layer has no fields",
               [&] { (void)check_fields(bare, {{"lo", 1.0}}, "node"); });
}

}  // namespace
}  // namespace tenon

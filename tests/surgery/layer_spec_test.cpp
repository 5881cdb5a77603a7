// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "errors.h"

namespace tenon {
namespace {

using test::expect_error;

TEST(LayerText, ReadsEveryKindOfField) {
  const LayerSpec spec = parse_layer(
      "my::Clip( lo=0, hi=6.5, mode='e\\'dge', axes=[1, 2], s=[1,2.5], on=true, names=[\"a\"], none=[], big=-1e3 )");
  EXPECT_EQ(spec.domain, "my");
  EXPECT_EQ(spec.name, "Clip");
  EXPECT_EQ(std::get<int64_t>(spec.fields.at("lo")), 0);
  EXPECT_EQ(std::get<double>(spec.fields.at("hi")), 6.5);
  EXPECT_EQ(std::get<std::string>(spec.fields.at("mode")), "e'dge");
  EXPECT_EQ(std::get<std::vector<int64_t>>(spec.fields.at("axes")), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(std::get<std::vector<double>>(spec.fields.at("s")), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(std::get<bool>(spec.fields.at("on")), true);
  EXPECT_EQ(std::get<std::vector<std::string>>(spec.fields.at("names")), (std::vector<std::string>{"a"}));
  EXPECT_EQ(std::get<double>(spec.fields.at("big")), -1000);
  EXPECT_TRUE(parse_layer("Clip").fields.empty());
}

TEST(LayerText, NothingBeforeTheColonsIsTheGraphsOwnDialect) {
  const LayerSpec spec = parse_layer("::ConcatV2(axis=2)");
  EXPECT_EQ(spec.domain, "");
  EXPECT_EQ(spec.name, "ConcatV2");
  EXPECT_EQ(std::get<int64_t>(spec.fields.at("axis")), 2);
}

TEST(LayerText, MistakesPointAtTheirPlace) {
  struct Row {
    const char* text;
    const char* message;
  };
  for (const Row& row :
       {Row{"Clip(lo)", "at character 8: '=' is required"}, Row{"Clip(lo=)", "'' is not a number"},
        Row{"Clip(lo=1", "')' is required after the last field"}, Row{"Clip(lo=1) x", "nothing more is expected"},
        Row{"(lo=1)", "a layer's name is required"}, Row{"::(lo=1)", "a layer's name after '::' is required"},
        Row{"Clip(s='a)", "string is not closed"}, Row{"Clip(a=[1,'x'])", "must be of one kind"},
        Row{"Clip(a=1, a=2)", "'a' is given twice"}})
    expect_error(ErrorCode::kInvalidArgument, row.message, [&] { (void)parse_layer(row.text); });
}

}  // namespace
}  // namespace tenon

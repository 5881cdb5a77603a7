// SPDX-License-Identifier: Apache-2.0
#include "errors.h"
#include "formats/scratch_file.h"
#include "formats/uff/dialect.h"
#include "formats/uff/uff.h"
#include "formats/uff_builder.h"

#include <tenon/formats.h>

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace tenon::uff {
namespace {

using test::expect_error;
using test::from_hex;
using test::Message;
using test::ScratchFile;
using test::uff_file;
using test::uff_node;

Graph read(const Message& message) { return read_uff(test::as_file(message)); }
Graph read_text(std::string_view text) { return read_uff_text(test::as_file(Message().raw(text))); }

// The attributes of a node "n" of text that has these fields only.
Attributes fields_of(const std::string& fields) {
  return read_text("graphs { nodes { id: 'n' operation: '_Op' " + fields + " } }").find_node("n")->attributes();
}
// What "value { data }" is read as.
Attribute value_of(const std::string& data) { return fields_of("fields { key: 'f' value { " + data + " } }").at("f"); }

std::string text_of(const Graph& graph, bool shorten = false) {
  const ScratchFile file;
  save_text(graph, file.path(), shorten);
  return file.content();
}

// The text form and the binary form of a graph are read as the same graph, and its text never changes.
void expect_same_in_both_forms(const Graph& graph) {
  const std::string text = text_of(graph);
  const Graph from_text = read_text(text);
  EXPECT_TRUE(identical(graph, from_text)) << text;
  EXPECT_EQ(text_of(from_text), text);
  const ScratchFile binary;
  save(graph, binary.path());
  EXPECT_TRUE(identical(load(binary.path()), from_text)) << text;
}

constexpr std::string_view kSmall = R"(version: 1
descriptor_core_version: 1
descriptors {
  id: "tensorflow_extension"
  version: 1
}
graphs {
  id: "main"
  nodes {
    id: "x"
    operation: "Input"
    fields {
      key: "dtype"
      value {
        dtype: DT_FLOAT32
      }
    }
    fields {
      key: "shape"
      value {
        i_list {
          val: -1
          val: 2
        }
      }
    }
  }
  nodes {
    id: "c"
    operation: "Const"
    fields {
      key: "dtype"
      value {
        dtype: 77
      }
    }
    fields {
      key: "values"
      value {
        ref: "weights_c"
      }
    }
  }
  nodes {
    id: "MarkOutput_0"
    inputs: "x"
    operation: "MarkOutput"
  }
}
referenced_data {
  key: "unread"
  value {
    dim_orders_list {
      val {
        orders {
          key: -1
          value {
            val: 0
            val: 2
            val: 2147483647
          }
        }
      }
    }
  }
}
referenced_data {
  key: "weights_c"
  value {
    blob: "\000\377\'\"\\\n\t7"
  }
}
)";

TEST(UffText, IsPrintedAsProtobufDoes) {
  const Graph graph = read_text(kSmall);
  EXPECT_EQ(text_of(graph), kSmall);
  EXPECT_EQ(to_string(graph.find_value("x")->type()), "f32[?,2]");
  const auto& blob = std::get<Tensor>(*resolve(*graph.find_node("c")->attribute("values")));
  EXPECT_EQ(std::string(static_cast<const char*>(blob.data()), 8), std::string("\0\xff'\"\\\n\t7", 8));
  expect_same_in_both_forms(graph);
}

TEST(UffText, EveryKindOfDataIsTheSameInBothForms) {
  expect_same_in_both_forms(read(test::uff_dense_net()));
  Message node = uff_node("n", "_Op", {}, test::uff_every_data());
  node.integer(50, -1).text(51, "t\x80").float64(52, 0.1).float32(53, 1).message(100, test::uff_entry("x", Message()));
  Message file = uff_file({node, uff_node("MarkOutput_0", "MarkOutput", {"n"})},
                          {{"shared", test::uff_int(1)}, {"unread", test::uff_blob("b")}});
  file.message(4, test::uff_graph({node}, "second")).text(4, "no graph").integer(70, 7);
  file.message(3, Message().text(1, "x").integer(3, 1).integer(9, 5));
  file.message(100, test::uff_entry("e", test::uff_ref("shared")));
  expect_same_in_both_forms(read(file));
}

TEST(UffText, DoublesReadBackExactly) {
  std::mt19937_64 random(7);
  std::vector<double> values = {0.0,
                                -0.0,
                                1.0,
                                0.1,
                                1e300,
                                std::numeric_limits<double>::denorm_min(),
                                std::numeric_limits<double>::max(),
                                std::numeric_limits<double>::infinity(),
                                -std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN(),
                                -std::numeric_limits<double>::quiet_NaN(),
                                std::bit_cast<double>(0x7ff0000000000001),
                                std::bit_cast<double>(0xfff8000000000123)};
  for (int i = 0; i < 1000; ++i) values.push_back(std::bit_cast<double>(random()));
  Graph graph("uff");
  graph.add_node("_Op", "n", {}, {{"list", values}});
  for (const double value : values) graph.add_node("_Op", "", {}, {{"d", value}});
  graph.set_outputs({graph.find_value("n")});
  const Graph again = read_text(text_of(graph));
  EXPECT_TRUE(identical(*again.find_node("n")->attribute("list"), Attribute(values)));
  expect_same_in_both_forms(again);
}

// Random graphs over all kinds of Data.
class RandomGraph {
 public:
  explicit RandomGraph(uint64_t seed) : random_(seed) {}

  Message file() {
    UffNodes nodes;
    const size_t count = 1 + below(6);
    for (size_t i = 0; i < count; ++i) {
      std::vector<std::string> inputs;
      for (size_t k = below(3); k > 0; --k) inputs.push_back("n" + std::to_string(below(count)));
      nodes.push_back(uff_node("n" + std::to_string(i), "_" + text(1 + below(5)), inputs, map()));
      for (const auto& [key, value] : map()) nodes.back().message(100, test::uff_entry(key, value));
    }
    for (size_t i = below(3); i > 0; --i)
      nodes.push_back(uff_node("m" + std::to_string(i), "MarkOutput", {"n0", "n" + std::to_string(below(count))}));
    nodes.push_back(uff_node("mark", "MarkOutput"));
    test::UffFields pool;
    for (size_t i = 0; i < 4; ++i) pool.emplace_back("d" + std::to_string(i), data());
    Message message = uff_file(nodes, pool);
    for (const auto& [key, value] : map()) message.message(100, test::uff_entry(key, value));
    return message;
  }

 private:
  using UffNodes = std::vector<Message>;

  size_t below(size_t limit) { return random_() % limit; }
  int64_t number() { return static_cast<int64_t>(random_() >> below(64)) * (below(2) == 0 ? 1 : -1); }
  std::string text(size_t size) {
    std::string result;
    while (result.size() < size) result += static_cast<char>(below(256));
    return result;
  }
  std::vector<int64_t> numbers(int64_t limit = 0) {
    std::vector<int64_t> result;
    for (size_t i = below(4); i > 0; --i)
      result.push_back(limit == 0 ? number() : static_cast<int64_t>(below(static_cast<size_t>(limit))));
    return result;
  }
  int64_t dtype() {
    constexpr int64_t kNumbers[] = {0, 0x10008, 0x10010, 0x10020, 0x10040, 0x20010, 0x20020, 7, -1};
    return kNumbers[below(std::size(kNumbers))];
  }
  Message packed(const std::vector<int64_t>& values) {
    return values.empty() ? Message() : Message().packed(1, values);
  }
  Message orders() {
    Message result;
    int64_t key = number();
    for (size_t i = below(3); i > 0; --i) result.message(1, Message().integer(1, key++).message(2, packed(numbers())));
    return result;
  }
  test::UffFields map() {
    test::UffFields fields;
    for (size_t i = below(5); i > 0; --i) fields.emplace_back("f" + std::to_string(i) + text(below(2)), data());
    return fields;
  }
  Message data() {
    Message list;
    switch (below(17)) {
      case 0:
        return test::uff_string(text(below(20)));
      case 1:
        for (size_t i = below(4); i > 0; --i) list.text(1, text(below(5)));
        return Message().message(2, list);
      case 2:
        return test::uff_double(std::bit_cast<double>(random_()));
      case 3: {
        std::string doubles = text(8 * below(4));
        return Message().message(4, doubles.empty() ? list : list.text(1, doubles));
      }
      case 4:
        return test::uff_bool(below(2) != 0);
      case 5:
        return Message().message(6, packed(numbers(2)));
      case 6:
        return test::uff_int(number());
      case 7:
        return Message().message(8, packed(numbers()));
      case 8:
        return test::uff_blob(text(below(40)));
      case 9:
        return test::uff_ref("d" + std::to_string(below(6)));
      case 10:
        return test::uff_dtype(dtype());
      case 11:
        return Message().message(102, packed({dtype(), dtype()}));
      case 12:
        return Message().message(103, orders());
      case 13:
        for (size_t i = below(3); i > 0; --i) list.message(1, orders());
        return Message().message(104, list);
      case 14:
        return Message().text(200, text(below(5))).integer(201, number());
      case 15:
        return Message().message(8, Message().packed(1, {number()}).text(2, text(3)));
      default:
        return {};
    }
  }

  std::mt19937_64 random_;
};

TEST(UffText, RandomGraphsAreTheSameInBothForms) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    expect_same_in_both_forms(read(RandomGraph(seed).file()));
  }
}

TEST(UffText, AllThatTheTextFormatAllowsIsRead) {
  const Graph graph = read_text(R"(# A comment before everything.
    version: 0x1; descriptor_core_version: 01,
    descriptors < id: 'tensorflow' "_exten" # in between
                      'sion' version: 1 >
    graphs: {
      id: "main",
      nodes: [ { id: "x" operation: "Input" fields: [] }, < id: 'y' operation: '_Op' inputs: ["x", 'x'] > ];
      nodes { id: "m" inputs: "y" operation: "MarkOutput" }
    }
    # The end.)");
  EXPECT_EQ(std::get<int64_t>(graph.properties().at("version")), 1);
  EXPECT_EQ(std::get<std::vector<Function>>(graph.properties().at("descriptors"))[0]->name, "tensorflow_extension");
  EXPECT_EQ(graph.find_node("y")->inputs().size(), 2U);
  EXPECT_EQ(graph.find_value("x")->uses().size(), 2U);

  using Ints = std::vector<int64_t>;
  using Doubles = std::vector<double>;
  EXPECT_EQ(std::get<Ints>(value_of("i_list { val: [1, -2, 0x10, 010] val: - 5 }")), (Ints{1, -2, 16, 8, -5}));
  EXPECT_EQ(std::get<Ints>(value_of("i_list { val: [] }")), Ints());
  EXPECT_EQ(std::get<Ints>(value_of("i_list < val: 9223372036854775807 val: -9223372036854775808 >")),
            (Ints{INT64_MAX, INT64_MIN}));
  EXPECT_EQ(std::get<Doubles>(value_of("d_list { val: [1, .5, 2., 1e-3, 1.5F, 10f, INF, -infinity, -0] }")),
            (Doubles{1, .5, 2, 1e-3, 1.5, 10, INFINITY, -INFINITY, 0}));
  EXPECT_TRUE(std::signbit(std::get<double>(value_of("d: -0.0"))));
  EXPECT_TRUE(std::isnan(std::get<double>(value_of("d: nan"))));
  EXPECT_EQ(std::get<std::vector<bool>>(value_of("b_list { val: [true, True, t, 1, false, False, f, 0] }")),
            (std::vector<bool>{true, true, true, true, false, false, false, false}));
  EXPECT_EQ(std::get<DType>(value_of("dtype: DT_FLOAT32")), DType::kFloat32);
  EXPECT_EQ(std::get<DType>(value_of("dtype: 131104")), DType::kFloat32);
  EXPECT_EQ(std::get<Function>(value_of("dtype: -4"))->name, kDType);
  for (const char* key : {"-1", "OE_SPECIAL"}) {
    const std::string data = "dim_orders { orders { key: " + std::string(key) + " value { val: [0, 1] } } }";
    EXPECT_EQ(orders_of(value_of(data)), (std::vector<Order>{{0, 1}})) << key;
  }
  EXPECT_EQ(
      std::get<std::string>(value_of(R"(s: '\a\b\f\n\r\t\v\\\'\"\?' "\0\1234\x4a\XfFz" '\u00e4\U0001F600\u20ac')")),
      std::string("\a\b\f\n\r\t\v\\'\"?\0S4J\xffz\u00e4\U0001F600\u20ac", 26));
  EXPECT_EQ(std::get<Function>(value_of("50: 3 51 { 1: 'a' } 52: 0x00000001"))->attributes.size(), 1U);
  EXPECT_EQ(std::get<int64_t>(value_of("7: 5")), 5);  // i, by its number.
  EXPECT_EQ(std::get<Ints>(value_of("8 { val: 5 }")), Ints{5});
  EXPECT_TRUE(std::holds_alternative<std::monostate>(fields_of("fields { key: 'f' }").at("f")));
}

TEST(UffText, ErrorsNameTheLineAndColumn) {
  const auto expect = [](const std::string& fragment, const std::string& text) {
    expect_error(ErrorCode::kCorrupt, fragment, [&] { (void)read_text(text); });
    expect_error(ErrorCode::kCorrupt, "while reading the UFF text 'test.pb'", [&] { (void)read_text(text); });
  };
  expect("line 2, column 12: ':' is required after 'version'", "# c\n  version  1");
  expect("line 1, column 1: a MetaGraph has no field 'graph'; did you mean 'graphs'?", "graph { }");
  expect("line 1, column 1: the name of a field is required", "{ }");
  expect("the name of a field is required", "[type.url/x] { }");
  expect("a MetaGraph has 'version' only once", "version: 1 version: 1");
  expect("'{' is required", "graphs: 1");
  expect("'}' is required", "graphs { id: 'a'");
  expect("the name of a field is required", "graphs < id: 'a' }");
  expect("a string in quotes is required", "graphs { id: 5 }");
  expect("the string has no end", "graphs { id: 'a\n' }");
  expect("the string has no end", "graphs { id: 'a");
  expect("a value is required", "version: ");
  expect("'one' is no value of 'version'", "version: one");
  expect("'08' is no value of 'version'", "version: 08");
  expect("'1.5' is no value of 'version'", "version: 1.5");
  expect("the number 9223372036854775808 is too large", "version: 9223372036854775808");
  expect("is too large", "version: 99999999999999999999");
  expect("'0' is no number of a field", "0: 1");
  expect("'19000' is no number of a field", "19000: 1");
  expect("'536870912' is no number of a field", "536870912: 1");
  expect("':' is required after '9'", "9 1");
  expect("'x' stands where fields are known by number only", "9 { x: 1 }");
  const auto expect_data = [&](const std::string& fragment, const std::string& data) {
    expect(fragment, "graphs { nodes { id: 'n' operation: '_Op' fields { key: 'f' value { " + data + " } } } }");
  };
  expect_data("'s' is a second value of one Data", "i: 1 s: 'x'");
  expect_data("'maybe' is neither true nor false", "b: maybe");
  expect_data("'1.5.5' is no number", "d: 1.5.5");
  expect_data("'0x10' is no number", "d: 0x10");
  expect_data("'f' is no number", "d: f");
  expect_data("the number 1e999 is beyond what a double holds", "d: 1e999");
  expect_data("'DT_FLOAT' is no value of 'dtype'", "dtype: DT_FLOAT");
  expect_data("a ListInt64 has no field 'value'", "i_list { value: 1 }");
  expect_data("']' is required", "i_list { val: [1 2] }");
  expect_data("an octal escape ends at \\377", R"(s: '\400')");
  expect_data("the escape sequence has no digits", R"(s: '\xg')");
  expect_data("the escape sequence is none", R"(s: '\q')");
  expect_data("the escape sequence is none", "s: '\\");
  expect_data("a code point in 4 hexadecimal digits is required", R"(s: '\u12')");
  expect_data("a code point in 4 hexadecimal digits is required", R"(s: '\ud800')");
  expect_data("a code point in 8 hexadecimal digits is required", R"(s: '\U00110000')");
  // What only the reader of graphs sees has the line of its node.
  expect("while reading Unary 'y' in line 3", "graphs {\n\n  nodes { id: 'y' operation: 'Unary' inputs: 'gone' }\n}");
  expect("node 1 in line 2 is a second node named 'x'",
         "graphs { nodes { id: 'x' operation: 'a' }\n nodes { id: 'x' operation: 'a' } }");
}

TEST(UffText, NestingIsBounded) {
  const auto nested = [](int depth) {
    std::string text = "graphs { nodes { id: 'm' operation: 'MarkOutput' } } ";
    for (int i = 0; i < depth; ++i) text += "9 {";
    return text + std::string(static_cast<size_t>(depth), '}');
  };
  EXPECT_TRUE(read_text(nested(60)).properties().contains("unknown"));
  expect_error(ErrorCode::kCorrupt, "messages nest deeper than 64", [&] { (void)read_text(nested(1000000)); });
}

TEST(UffText, EveryCutTextIsReported) {
  size_t read_well = 0;
  for (size_t size = 0; size < kSmall.size(); ++size) {
    try {
      EXPECT_EQ(read_text(kSmall.substr(0, size)).node_count(), 3U) << size;  // Cut between the entries of the data.
      ++read_well;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorrupt) << size;
    }
  }
  EXPECT_EQ(read_well, 5U);
}

TEST(UffText, ShortenedBlobsAreTold) {
  const Graph graph = read(uff_file({test::uff_const("long", {17}), test::uff_const("short", {16})},
                                    {{"weights_long", test::uff_blob(std::string(68, 'w'))},
                                     {"weights_short", test::uff_blob(std::string(64, 'w'))}}));
  const std::string text = text_of(graph, true);
  EXPECT_NE(text.find("blob: \"(...68 bytes...)\""), std::string::npos) << text;
  const Graph again = read_text(text);
  const auto blob = [&](const Graph& of, const char* name) {
    return std::get<Tensor>(*resolve(*of.find_node(name)->attribute("values")));
  };
  EXPECT_TRUE(is_left_out(blob(again, "long")));
  EXPECT_FALSE(is_left_out(blob(again, "short")));
  EXPECT_FALSE(is_left_out(blob(graph, "long")));
}

}  // namespace
}  // namespace tenon::uff

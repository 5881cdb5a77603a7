// SPDX-License-Identifier: Apache-2.0
#include "expr/parse.h"

#include "expr/lexer.h"
#include "expr/rewrite.h"
#include "expr/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace tenon::expr {
namespace {

// A scalar that is read: a node, or a literal or field that takes the dtype of its surroundings.
struct Value {
  NodeId node = -1;
  std::string literal = {};
  int field = -1;

  [[nodiscard]] bool is_weak() const { return node < 0; }
};

using Expected = std::optional<ScalarType>;

class Parser {
 public:
  Parser(Function& function, std::string_view text) : function_(function), nodes_(function.nodes), lexer_(text) {}

  void layer() {
    guarded([&] {
      header();
      while (lexer_.token().kind != Token::Kind::kEnd) statement();
      if (next_output_ < types_.size()) lexer_.fail_found(fmt::format("a formula for output {}", next_output_ + 1));
    });
  }

  NodeId scalar(const std::map<std::string, NodeId>& names, ScalarType type) {
    NodeId result = -1;
    guarded([&] {
      lets_.clear();
      for (const auto& [name, node] : names) lets_[name] = {node, {}};
      const Value value = expression(type);
      result = value.is_weak() ? strong(value, type) : value.node;
      if (lexer_.token().kind != Token::Kind::kEnd) lexer_.fail_found("the end");
    });
    return result;
  }

 private:
  static constexpr int kMaxDepth = 256;

  struct Let {
    NodeId node;
    std::vector<NodeId> variables;  // Index nodes, in the order that they are read in.
  };
  struct Type {
    ScalarType type;
    std::vector<NodeId> shape;
  };

  // What the nodes say of a formula (dtypes that do not fit, say) is at the place that is being read.
  template <typename Body>
  void guarded(Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      if (error.message().starts_with("line ")) throw;
      lexer_.fail(error.message(), error.code());
    }
  }

  void expect(std::string_view sign) {
    if (!lexer_.accept(sign)) lexer_.fail_found(fmt::format("'{}'", sign));
  }

  std::string name(const char* what) {
    if (lexer_.token().kind != Token::Kind::kName || !is_name(lexer_.token().text)) lexer_.fail_found(what);
    return std::string(lexer_.take().text);
  }

  template <typename Item>
  void list(std::string_view end, Item&& item) {
    if (lexer_.accept(end)) return;
    do item();
    while (lexer_.accept(","));
    expect(end);
  }

  // --- the head

  void header() {
    expect("layer");
    function_.name = name("a layer's name");
    expect("(");
    if (!lexer_.is(";") && !lexer_.is(")")) {
      do input();
      while (lexer_.accept(","));
    }
    if (lexer_.accept(";")) {
      do field();
      while (lexer_.accept(","));
    }
    expect(")");
    expect("->");
    do output_type();
    while (lexer_.accept(","));
    if (lexer_.token().kind == Token::Kind::kString) function_.doc = unquoted(lexer_.take().text);
  }

  [[nodiscard]] std::optional<ScalarType> find_type(std::string_view text) const {
    if (const auto dtype = dtype_from_name(text); dtype && dtype_name(*dtype) == text) return *dtype;
    const auto& variables = function_.dtype_variables;
    const auto found = std::find(variables.begin(), variables.end(), text);
    if (found == variables.end()) return std::nullopt;
    return ScalarType::variable(static_cast<int>(found - variables.begin()));
  }

  ScalarType type() {
    const auto found = find_type(lexer_.token().text);
    if (!found) lexer_.fail_found("a dtype (f32, i64 …), or one that an input leaves open,");
    lexer_.take();
    return *found;
  }

  void input() {
    const std::string its_name = name("an input's name");
    expect(":");
    if (!find_type(lexer_.token().text)) {
      function_.dtype_variables.push_back(name("a dtype"));
      function_.inputs.push_back({its_name, find_type(function_.dtype_variables.back()).value(), {}});
    } else {
      function_.inputs.push_back({its_name, type(), {}});
    }
    expect("[");
    list("]", [&] {
      Dim dim = lexer_.token().kind == Token::Kind::kNumber ? Dim(integer()) : Dim(name("a dimension"));
      if (dim.is_symbol()) (void)function_.symbol(dim.symbol());
      function_.inputs.back().dims.push_back(std::move(dim));
      if (function_.symbols.size() > kMaxInputs * kMaxRank) lexer_.fail("too many dimensions", ErrorCode::kUnsupported);
    });
  }

  int64_t integer() {
    int64_t value = 0;
    const std::string_view text = lexer_.token().text;
    const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc() || stop != text.data() + text.size()) lexer_.fail_found("an integer");
    lexer_.take();
    return value;
  }

  void field() {
    Field field{name("a field's name"), kF64, {}};
    expect("=");
    const bool is_bool = lexer_.is("true") || lexer_.is("false");
    const std::string text = is_bool ? std::string(lexer_.take().text) : literal();
    const bool is_integer = text.find_first_not_of("-0123456789") == std::string::npos;
    field.kind = is_bool ? kBool : is_integer ? kI64 : kF64;
    field.fallback = is_bool ? Scalar::integer(text == "true" ? 1 : 0) : number(text, field.kind);
    function_.fields.push_back(std::move(field));
  }

  void output_type() {
    Type output{type(), {}};
    expect("[");
    list("]", [&] { output.shape.push_back(dimension()); });
    types_.push_back(std::move(output));
  }

  // In the head, names are dimensions.
  NodeId dimension() {
    in_head_ = true;
    const NodeId id = sum(kI64);
    in_head_ = false;
    return id;
  }

  // --- the lines below it

  void statement() {
    if (lexer_.accept("require")) {
      const NodeId left = dimension();
      expect("==");
      function_.requirements.push_back({left, dimension()});
    } else if (lexer_.accept("let")) {
      let();
    } else {
      output();
    }
  }

  void let() {
    const std::string its_name = name("a name");
    if (lets_.contains(its_name)) lexer_.fail(fmt::format("'{}' is named twice", its_name));
    Let let;
    if (lexer_.accept("[")) {
      list("]", [&] { let.variables.push_back(variable(std::nullopt)); });
    }
    expect("=");
    const Value value = expression(std::nullopt);
    if (value.is_weak()) lexer_.fail("the name stands for a number without a dtype; write f32(1), say");
    let.node = value.node;
    scope_.clear();
    lets_.emplace(its_name, std::move(let));
  }

  void output() {
    if (next_output_ == types_.size()) lexer_.fail_found("the end");
    const Type& type = types_[next_output_++];
    Output output{name("let, require or an output's name"), type.type, type.shape, -1};
    std::map<int, NodeId> axes;
    expect("[");
    list("]", [&] {
      const size_t axis = axes.size();
      if (axis == type.shape.size()) lexer_.fail(fmt::format("the output has {} dimensions only", axis));
      const NodeId index = variable(type.shape[axis]);
      axes[nodes_[index].number] = nodes_.index(static_cast<int>(axis), type.shape[axis]);
    });
    if (axes.size() != type.shape.size()) {
      lexer_.fail(fmt::format("{} indices are given but the output has {} dimensions", axes.size(), type.shape.size()));
    }
    expect("=");
    output.value = substitute(nodes_, strong(expression(type.type), type.type), axes);
    scope_.clear();
    function_.outputs.push_back(std::move(output));
  }

  // An index where it begins: "k < #c", or "c" for one that runs along the dimension of its name. One of equal name and
  // extent is the same everywhere, so that what a `let` names needs no rewriting where it is read.
  NodeId variable(std::optional<NodeId> extent) {
    const std::string its_name = name("an index");
    if (scope_.contains(its_name)) lexer_.fail(fmt::format("the index '{}' is there already", its_name));
    if (!extent && lexer_.accept("<")) extent = sum(kI64);
    if (!extent) {
      const auto symbol = function_.find_symbol(its_name);
      if (!symbol)
        lexer_.fail_found(fmt::format("'< extent' after the index '{}', which is no dimension's name,", its_name));
      extent = nodes_.extent(*symbol);
    }
    const auto [known, is_new] = variables_.try_emplace({its_name, *extent}, 0);
    if (is_new) known->second = nodes_.fresh_variables(1);
    return scope_[its_name] = nodes_.index(known->second, *extent);
  }

  // --- scalars

  struct DepthGuard {
    explicit DepthGuard(Parser& in) : parser(in) {
      if (++parser.depth_ > kMaxDepth) {
        parser.lexer_.fail(fmt::format("the formula is nested more than {} deep; name parts of it by let", kMaxDepth),
                           ErrorCode::kUnsupported);
      }
    }
    ~DepthGuard() { --parser.depth_; }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;
    Parser& parser;
  };

  NodeId sum(ScalarType type) { return strong(binary(info(BinaryOp::kAdd).precedence, type), type); }
  Value expression(Expected expected) { return binary(1, expected); }

  // The operator that comes next, if it binds at least as tightly.
  [[nodiscard]] std::optional<BinaryOp> operator_from(int precedence) const {
    for (int i = 0; i < kBinaryOps; ++i) {
      const auto op = static_cast<BinaryOp>(i);
      if (info(op).precedence >= precedence && info(op).precedence > 0 && lexer_.is(info(op).name)) return op;
    }
    return std::nullopt;
  }

  Value binary(int precedence, Expected expected) {
    Value left = unary(expected);
    while (const auto op = operator_from(precedence)) {
      lexer_.take();
      const Value right = binary(info(*op).precedence + 1, expected);
      left = combine(*op, left, right, expected);
    }
    return left;
  }

  Value combine(BinaryOp op, const Value& a, const Value& b, Expected expected) {
    const auto [left, right] = siblings(a, b, info(op).predicate ? std::nullopt : expected);
    return {nodes_.binary(op, left, right)};
  }

  // Two operands of one dtype, which one of them, or else the place, says.
  std::pair<NodeId, NodeId> siblings(const Value& a, const Value& b, Expected expected) {
    if (a.is_weak() && b.is_weak() && !expected) lexer_.fail("two numbers have no dtype; write f32(1), say, for one");
    const ScalarType type = !a.is_weak() ? nodes_[a.node].type : !b.is_weak() ? nodes_[b.node].type : *expected;
    return {strong(a, type), strong(b, type)};
  }

  NodeId strong(const Value& value, ScalarType type) {
    if (!value.is_weak()) {
      if (nodes_[value.node].type == type) return value.node;
      lexer_.fail(fmt::format("{} is found but {} is required; cast it: {}(…)",
                              function_.type_name(nodes_[value.node].type), function_.type_name(type),
                              function_.type_name(type)));
    }
    if (value.field >= 0) return nodes_.field(value.field, type);
    return nodes_.constant(type, number(value.literal, type));
  }

  // Digits with an optional sign, point and exponent, inf, -inf or nan.
  std::string literal() {
    std::string text = lexer_.accept("-") ? "-" : "";
    if (!lexer_.is_number()) lexer_.fail_found("a number");
    text += lexer_.take().text;
    return text == "-nan" ? "nan" : text;
  }

  Scalar number(const std::string& text, ScalarType type) const {
    const char* end = text.data() + text.size();
    int64_t integer = 0;
    if (const auto [stop, status] = std::from_chars(text.data(), end, integer); status == std::errc() && stop == end) {
      if (const auto value = from_number(type, integer); value && text != "-0") return *value;
    }
    uint64_t natural = 0;
    if (const auto [stop, status] = std::from_chars(text.data(), end, natural);
        type == ScalarType(DType::kUInt64) && status == std::errc() && stop == end) {
      return Scalar::integer(static_cast<int64_t>(natural));
    }
    double real = 0;
    const auto [stop, status] = std::from_chars(text.data(), end, real);
    const auto value = status == std::errc() && stop == end ? from_number(type, real) : std::nullopt;
    if (!value) lexer_.fail(fmt::format("{} does not have the value {}", function_.type_name(type), text));
    return *value;
  }

  Value unary(Expected expected) {
    const DepthGuard guard(*this);
    if (!lexer_.is("-")) return primary(expected);
    lexer_.take();
    if (lexer_.is_number()) {
      return {-1, "-" + std::string(lexer_.take().text)};
    }
    const Value x = unary(expected);
    if (x.is_weak() && !expected) lexer_.fail("a number has no dtype to negate in; write f32(lo), say");
    return {nodes_.unary(UnaryOp::kNeg, x.is_weak() ? strong(x, *expected) : x.node)};
  }

  Value primary(Expected expected) {
    if (lexer_.accept("(")) {
      const Value value = expression(expected);
      expect(")");
      return value;
    }
    if (lexer_.is_number()) {
      return {-1, std::string(lexer_.take().text)};
    }
    if (lexer_.accept("#")) return extent(name("a dimension"));
    if (lexer_.token().kind != Token::Kind::kName) lexer_.fail_found("a formula");
    const std::string word(lexer_.take().text);
    if (word == "true" || word == "false") return {nodes_.constant(kBool, Scalar::integer(word == "true" ? 1 : 0))};
    if (in_head_ && is_name(word) && find_field(word) < 0) return extent(word);
    if (word == "where") return where();
    if (word == "bits") {
      expect(".");
      return cast(type(), CastMode::kBits);
    }
    if (lexer_.is("[") || lexer_.is("(")) {
      if (const auto value = call(word)) return *value;
    }
    return named(word);
  }

  Value extent(const std::string& symbol) const {
    const auto found = function_.find_symbol(symbol);
    if (!found) lexer_.fail_taken(fmt::format("'{}' is not a dimension of an input", symbol));
    return {nodes_.extent(*found)};
  }

  // Functions, reductions and dtypes.
  std::optional<Value> call(const std::string& word) {
    const bool is_list = lexer_.is("[");
    for (int i = 0; is_list && i <= static_cast<int>(Reduction::kAll); ++i)
      if (reduction_name(static_cast<Reduction>(i)) == word) return reduce(static_cast<Reduction>(i));
    if (is_list) return std::nullopt;
    for (int i = 0; i < kUnaryOps; ++i) {
      const auto op = static_cast<UnaryOp>(i);
      if (info(op).name != word) continue;
      expect("(");
      const Value x = operand();
      expect(")");
      return Value{nodes_.unary(op, x.node)};
    }
    for (int i = 0; i < kBinaryOps; ++i) {
      const auto op = static_cast<BinaryOp>(i);
      if (info(op).name != word) continue;
      expect("(");
      const Value a = expression(std::nullopt);
      expect(",");
      const Value b = expression(std::nullopt);
      expect(")");
      return combine(op, a, b, std::nullopt);
    }
    if (const auto to = find_type(word)) return cast(*to, CastMode::kValue);
    return std::nullopt;
  }

  // Where nothing says a number's dtype.
  Value operand() {
    Value value = expression(std::nullopt);
    if (value.is_weak()) lexer_.fail("a number has no dtype here; write f32(1), say");
    return value;
  }

  // A number in parentheses is one of that dtype.
  Value cast(ScalarType to, CastMode mode) {
    expect("(");
    const Value value = mode == CastMode::kBits ? operand() : expression(std::nullopt);
    expect(")");
    if (value.is_weak()) return {strong(value, to)};
    return {nodes_.cast(value.node, to, mode)};
  }

  Value where() {
    expect("(");
    const NodeId condition = strong(expression(kBool), kBool);
    expect(",");
    const Value yes = expression(std::nullopt);
    expect(",");
    const Value no = expression(std::nullopt);
    expect(")");
    const auto [a, b] = siblings(yes, no, std::nullopt);
    return {nodes_.select(condition, a, b)};
  }

  Value reduce(Reduction op) {
    expect("[");
    std::vector<std::string> names;
    std::vector<int> variables;
    std::vector<NodeId> extents;
    list("]", [&] {
      names.emplace_back(lexer_.token().text);
      const Node& index = nodes_[variable(std::nullopt)];
      variables.push_back(index.number);
      extents.push_back(index.operands[0]);
    });
    if (names.empty()) lexer_.fail("an index to go through is required: sum[k < 3](…)");
    expect("(");
    const Value body = operand();
    expect(")");
    for (const std::string& bound : names) scope_.erase(bound);
    return {nodes_.reduce(op, variables, std::move(extents), body.node)};
  }

  [[nodiscard]] int find_field(std::string_view word) const {
    for (size_t i = 0; i < function_.fields.size(); ++i)
      if (function_.fields[i].name == word) return static_cast<int>(i);
    return -1;
  }

  // An index, what a `let` names, a field, or an element of an input.
  Value named(const std::string& word) {
    if (const auto found = scope_.find(word); found != scope_.end()) return {found->second};
    if (const auto found = lets_.find(word); found != lets_.end()) return read(word, found->second);
    if (const int field = find_field(word); field >= 0) return {-1, "", field};
    for (size_t i = 0; i < function_.inputs.size(); ++i)
      if (function_.inputs[i].name == word) return load(static_cast<int>(i));
    lexer_.fail_taken(
        fmt::format("'{}' is no index, field or input here{}", word,
                    function_.find_symbol(word) ? fmt::format("; for the dimension write #{}", word) : ""));
  }

  Value read(const std::string& word, const Let& let) {
    if (let.variables.empty()) return {let.node};
    expect("[");
    for (size_t i = 0; i < let.variables.size(); ++i) {
      if (i > 0) expect(",");
      if (sum(kI64) != let.variables[i]) {
        lexer_.fail(fmt::format("'{}' is read at other indices than it is named with", word));
      }
    }
    expect("]");
    return {let.node};
  }

  Value load(int number) {
    const Input& input = function_.inputs[static_cast<size_t>(number)];
    expect("[");
    std::vector<NodeId> indices;
    while (!lexer_.is("]") && !lexer_.is(";")) {
      if (!indices.empty()) expect(",");
      indices.push_back(strong(expression(kI64), kI64));
    }
    Outside outside = Outside::kError;
    NodeId value = -1;
    if (lexer_.accept(";")) {
      if (lexer_.accept("clamp")) {
        outside = Outside::kClamp;
      } else if (lexer_.accept("wrap")) {
        outside = Outside::kWrap;
      } else if (lexer_.accept("reflect")) {
        outside = Outside::kReflect;
      } else {
        outside = Outside::kValue;
        value = strong(expression(input.type), input.type);
      }
    }
    expect("]");
    if (indices.size() != input.dims.size()) {
      lexer_.fail(fmt::format("'{}' is read at {} indices but has {} dimensions", input.name, indices.size(),
                              input.dims.size()));
    }
    return {nodes_.load(number, input.type, std::move(indices), outside, value)};
  }

  Function& function_;
  Nodes& nodes_;
  Lexer lexer_;
  std::vector<Type> types_;  // Of the outputs.
  size_t next_output_ = 0;
  bool in_head_ = false;
  int depth_ = 0;
  std::map<std::string, Let, std::less<>> lets_;
  std::map<std::string, NodeId, std::less<>> scope_;         // The indices that are there: Index nodes.
  std::map<std::pair<std::string, NodeId>, int> variables_;  // By name and extent.
};

}  // namespace

Function parse(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("a layer of {} bytes is given; Tenon stops at {}", text.size(), kMaxTextBytes));
  }
  Function function;
  Parser(function, text).layer();
  function = compact(function);
  verify(function);
  return function;
}

NodeId parse_scalar(Function& function, std::string_view text, const std::map<std::string, NodeId>& names,
                    ScalarType type) {
  return Parser(function, text).scalar(names, type);
}

}  // namespace tenon::expr

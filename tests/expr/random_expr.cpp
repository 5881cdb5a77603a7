// SPDX-License-Identifier: Apache-2.0
#include "expr/random_expr.h"

#include "base/elements.h"

#include <cmath>
#include <limits>
#include <map>

namespace tenon::test {
namespace {

// The extents that the names stand for.
const std::map<std::string, int64_t>& extents() {
  static const std::map<std::string, int64_t> kExtents = {{"n", 2}, {"m", 3}, {"o", 1}};
  return kExtents;
}

}  // namespace

RandomLayer::RandomLayer(uint32_t seed, std::vector<DType> dtypes) : random_(seed), dtypes_(std::move(dtypes)) {
  LayerBuilder layer("Random");
  declare(layer);
  const int steps = 2 + below(8);
  for (int i = 0; i < steps; ++i) {
    try {
      if (const auto next = step()) tensors_.push_back(*next);
    } catch (const Error& error) {
      // Shapes or dtypes that do not fit together: the next throw may.
      if (error.code() != ErrorCode::kInvalidArgument) throw;
    }
  }
  std::vector<std::pair<std::string, Expr>> outputs = {{"y", tensors_.back()}};
  if (below(3) == 0) outputs.emplace_back("z", one_of(tensors_));
  function_ = expr::finish(tensors_.front().impl().trace, outputs);
}

void RandomLayer::declare(LayerBuilder& layer) {
  const std::vector<Dim> dims = {Dim("n"), Dim("m"), Dim("o"), Dim(1), Dim(2), Dim(3), Dim(5)};
  const int count = 1 + below(3);
  for (int i = 0; i < count; ++i) {
    Shape shape;
    for (int rank = below(4); rank > 0; --rank) shape.push_back(below(40) == 0 ? Dim(0) : one_of(dims));
    tensors_.push_back(layer.input("x" + std::to_string(i), one_of(dtypes_), shape));
  }
  if (below(2) == 0) tensors_.push_back(tensors_[0] * layer.field("factor", 3));
  if (below(2) == 0 && is_float(tensors_[0].dtype())) tensors_.push_back(tensors_[0] + layer.field("offset", 0.5));
}

std::vector<Tensor> RandomLayer::inputs() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<double> reals = {0.0, -0.0,  1.0,  -1.0, 0.5,       2.0,       -3.25,
                                     7.0, 100.0, 1e-3, NAN,  kInfinity, -kInfinity};
  const std::vector<int64_t> integers = {0, 1, 2, 3, 5, -1, -2, -7, 100, 127, -128, INT64_MAX, INT64_MIN};
  std::vector<Tensor> inputs;
  for (const expr::Input& input : function_.inputs) {
    Dims dims;
    for (const Dim& dim : input.dims) dims.push_back(dim.is_constant() ? dim.value() : extents().at(dim.symbol()));
    Tensor tensor = Tensor::zeros(input.type.dtype(), dims);
    for (int64_t i = 0; i < tensor.count(); ++i) {
      if (is_float(tensor.dtype()))
        store_f64(tensor.mutable_data(), tensor.dtype(), i, one_of(reals));
      else
        store_i64(tensor.mutable_data(), tensor.dtype(), i, one_of(integers));
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

std::optional<Expr> RandomLayer::any(int classes) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    const Expr& x = one_of(tensors_);
    if (expr::is_any(x.impl().type, classes)) return x;
  }
  return std::nullopt;
}

Expr RandomLayer::number(const Expr& beside) {
  if (expr::is_any(beside.impl().type, expr::kFloats | expr::kHalves)) {
    return one_of(std::vector<Expr>{0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, NAN});
  }
  return one_of(std::vector<Expr>{0, 1, 2, 3, 4, 7});
}

std::optional<Expr> RandomLayer::step() {
  switch (below(6)) {
    case 0:
      return arithmetic();
    case 1:
      return function_of_one();
    case 2:
      return comparison();
    case 3:
      return reduction();
    case 4:
      return view();
    default:
      return by_index();
  }
}

std::optional<Expr> RandomLayer::arithmetic() {
  using Function = Expr (*)(const Expr&, const Expr&);
  static const std::vector<Function> kAll = {operator+, operator-, operator*, operator/, operator%,
                                             mod,       pow,       minimum,   maximum};
  static const std::vector<Function> kIntegers =
      {operator&, operator|, operator^, operator<<, operator>>, floor_divide};
  const auto a = any(expr::kNumbers | expr::kHalves);
  if (!a) return std::nullopt;
  const bool is_integer = expr::is_any(a->impl().type, expr::kIntegers);
  const auto other = any(expr::class_of(a->impl().type));
  const Expr b = below(3) == 0 || !other ? number(*a) : *other;
  const Function f = is_integer && below(2) == 0 ? one_of(kIntegers) : one_of(kAll);
  return below(2) == 0 ? f(*a, b) : f(b, *a);
}

std::optional<Expr> RandomLayer::function_of_one() {
  using Function = Expr (*)(const Expr&);
  static const std::vector<Function> kFloats = {operator-, abs,  floor, ceil, round, sqrt, exp,     log,
                                                sin,       tanh, relu,  sign, erf,   mish, sigmoid, square};
  static const std::vector<Function> kIntegers = {operator-, abs, operator~, relu, sign, square};
  if (below(6) == 0) return cast(one_of(tensors_), one_of(dtypes_));
  const auto x = any(expr::kNumbers | expr::kHalves);
  if (!x) return std::nullopt;
  return one_of(expr::is_any(x->impl().type, expr::kIntegers) ? kIntegers : kFloats)(*x);
}

std::optional<Expr> RandomLayer::comparison() {
  using Function = Expr (*)(const Expr&, const Expr&);
  static const std::vector<Function> kCompare = {operator==, operator!=, operator<, operator<=, operator>};
  static const std::vector<Function> kLogic = {operator&, operator|, operator^};
  const auto a = any(expr::kNumbers | expr::kHalves), p = any(expr::kBools);
  switch (below(p ? 4 : 1)) {
    case 0: {
      if (!a) return std::nullopt;
      const auto b = any(expr::class_of(a->impl().type));
      return one_of(kCompare)(*a, below(2) == 0 || !b ? number(*a) : *b);
    }
    case 1:
      return below(2) == 0 ? ~*p : one_of(kLogic)(*p, any(expr::kBools).value_or(*p));
    default: {
      if (!a) return std::nullopt;
      const auto b = any(expr::class_of(a->impl().type));
      return where(*p, *a, below(2) == 0 || !b ? number(*a) : *b);
    }
  }
}

std::optional<Expr> RandomLayer::reduction() {
  const Expr x = one_of(tensors_);
  if (x.rank() == 0) return std::nullopt;
  const auto op = static_cast<Reduction>(below(8));
  const Axes axes = below(3) == 0 ? Axes() : Axes(axis(x));
  if (below(4) == 0 && expr::is_any(x.impl().type, expr::kFloats)) return softmax(x, axis(x));
  return reduce(op, x, axes, below(2) == 0);
}

std::optional<Expr> RandomLayer::view() {
  const Expr x = one_of(tensors_);
  if (x.rank() == 0) return below(2) == 0 ? unsqueeze(x, 0) : broadcast_to(x, {2, 1});
  const int at = axis(x);
  switch (below(9)) {
    case 0:
      return transpose(x);
    case 1:
      return reshape(x, {-1});
    case 2:
      return x.rank() > 1 ? reshape(x, {x.extent(0), -1}) : unsqueeze(x, {0, 2});
    case 3:
      return slice(x, at, below(2), x.extent(at), 1 + below(2));
    case 4:
      return slice(x, at, x.extent(at) - 1, -1 - x.extent(at), -1);
    case 5:
      return pad(x, at, below(3), below(3), static_cast<Outside>(1 + below(4)), 1);
    case 6:
      return concat({x, one_of(tensors_)}, at);
    case 7:
      return squeeze(x);
    default: {
      const auto indices = any(expr::kIntegers);
      if (!indices || indices->rank() > 2) return std::nullopt;
      return take(x, *indices, at, static_cast<Outside>(1 + below(4)));
    }
  }
}

// An integer scalar around an index.
Expr RandomLayer::index_near(const Expr& i) {
  switch (below(8)) {
    case 0:
      return i * 2 + 1;
    case 1:
      return i - 1;
    case 2:
      return floor_divide(i, 1 + below(3));
    case 3:
      return mod(i * 3 + below(2), 1 + below(3));
    case 4:
      return floor_divide(i * 6 + below(9), 1 + below(3));
    default:
      return i;
  }
}

std::optional<Expr> RandomLayer::by_index() {
  const Expr x = one_of(tensors_);
  if (x.rank() == 0 || x.rank() > 3) return std::nullopt;
  const Outside mode = outside();
  const auto read = [&](std::span<const Expr> index, const Expr& moved) {
    std::vector<Expr> places(index.begin(), index.end());
    places.back() = moved;
    return x.at(places, mode, 1);
  };
  const bool has_window = below(2) == 0 && x.impl().type != expr::kBool;
  const int width = 1 + below(3);
  const auto op = static_cast<Reduction>(below(6));
  const std::vector<Expr> shape = x.shape();
  return compute(std::span<const Expr>(shape), [&](std::span<const Expr> index) -> Expr {
    if (!has_window) return read(index, index_near(index.back()));
    return reduce_over(op, {width}, [&](const Expr& k) { return read(index, index_near(index.back() + k)); });
  });
}

}  // namespace tenon::test

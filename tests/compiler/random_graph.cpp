// SPDX-License-Identifier: Apache-2.0
#include "compiler/random_graph.h"

#include "base/elements.h"
#include "layers/infer.h"
#include "ops/pointwise.h"

#include <tenon/define_layer.h>
#include <tenon/error.h>
#include <tenon/expr_functions.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace tenon::test {
namespace {

using Ints = std::vector<int64_t>;

constexpr int64_t kMostElements = 600;
constexpr double kMostMagnitude = 1000;  // Of floats: f16 has them.
// Results that may differ by more are not computed: another element would hardly be told from this one.
constexpr double kMostError = 0.1;

bool is_of(DType dtype, uint32_t dtypes) { return (dtype_bit(dtype) & dtypes) != 0; }

// What one operation may differ by in two ways of computing it, relative to its operands and result: some ulps for
// elementary functions, and whether f16 and bf16 are rounded to in between or not.
double rounding(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return 0x1p-40;
    case DType::kFloat32:
      return 0x1p-21;
    case DType::kFloat16:
      return 0x1p-9;
    case DType::kBFloat16:
      return 0x1p-6;
    default:
      return 0;
  }
}

bool broadcast_together(const Dims& a, const Dims& b) {
  for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
    const int64_t m = a[static_cast<size_t>(a.rank() - i)], n = b[static_cast<size_t>(b.rank() - i)];
    if (m != n && m != 1 && n != 1) return false;
  }
  return true;
}

}  // namespace

std::string_view graph_kind_name(GraphKind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"Elements", "Reductions", "Views", "Layers", "All"};
  return kNames[static_cast<size_t>(kind)];
}

void define_random_layers() {
  const Attributes none;
  define_layer("Gate", {{"by", 1.0}},
               [](const Expr& x, const Expr& y, const LayerFields& f) { return x * sigmoid(y * f["by"]); });
  define_layer("Centre", none, [](const Expr& x, const LayerFields&) { return x - mean(x, -1, true); });
  define_layer("Before", none, [](const Expr& x, const LayerFields&) {
    const std::vector<Expr> shape = x.shape();
    return compute(std::span(shape), [&](std::span<const Expr> index) {
      std::vector<Expr> place(index.begin(), index.end());
      place.back() = place.back() - 1;
      return x.at(place, Outside::kClamp);
    });
  });
  define_layer("Window", none, [](const Expr& x, const LayerFields&) {
    const std::vector<Expr> shape = x.shape();
    return compute(std::span(shape), [&](std::span<const Expr> index) {
      return reduce_over(Reduction::kSum, {3}, [&](const Expr& k) {
        std::vector<Expr> place(index.begin(), index.end());
        place.back() = place.back() + k - 1;
        return x.at(place, Outside::kValue, 0);
      });
    });
  });
  define_layer("Parts", none,
               [](const Expr& x, const LayerFields&) { return std::array<Expr, 2>{maximum(x, 0), minimum(x, 0)}; });
}

Dims RandomGraph::Item::dims() const {
  Dims dims;
  for (const Dim& dim : *still->type().shape) dims.push_back(dim.value());
  return dims;
}

RandomGraph::RandomGraph(uint32_t seed, GraphKind kind) : dice_(seed), batch_(dice_.one_of<int64_t>({1, 2, 3, 3})) {
  if (dice_.one_in(20)) batch_ = 0;
  declare();
  for (int64_t steps = dice_.number(3, 14); steps > 0; --steps) {
    try {
      step(kind);
    } catch (const Error& error) {
      // Shapes or dtypes that do not fit together: the next throw may.
      if (error.code() != ErrorCode::kInvalidArgument) throw;
    }
  }
  finish();
}

void RandomGraph::declare() {
  const std::vector<DType> dtypes = {DType::kFloat32, DType::kFloat32, DType::kFloat32,
                                     DType::kFloat64, DType::kFloat16, DType::kBFloat16,
                                     DType::kInt32,   DType::kInt64,   DType::kUInt8};
  const DType dtype = dice_.one_of(dtypes);
  Shape shape;
  for (int64_t rank = dice_.number(1, 4); rank > 0; --rank) shape.emplace_back(dice_.number(1, 6));
  if (dice_.coin()) shape[0] = Dim("N");
  items_.push_back(input(dtype, shape));
  for (int64_t more = dice_.number(0, 2); more > 0; --more) {
    Shape other = shape;
    if (dice_.coin()) other.erase(other.begin(), other.begin() + dice_.number(0, static_cast<int64_t>(shape.size())));
    for (Dim& dim : other)
      if (dice_.one_in(3)) dim = Dim(1);
    items_.push_back(input(dice_.one_in(3) ? dice_.one_of(dtypes) : dtype, other));
  }
  if (dice_.one_in(3)) items_.push_back(input(DType::kBool, shape));
}

RandomGraph::Item RandomGraph::input(DType dtype, const Shape& shape) {
  Dims dims;
  for (const Dim& dim : shape) dims.push_back(dim.is_constant() ? dim.value() : batch_);
  const std::string name = "x" + std::to_string(inputs_.size());
  Item item{graph_.add_input(name, {dtype, shape}), still_.add_input(name, {dtype, to_shape(dims)})};
  Tensor tensor = Tensor::zeros(dtype, dims);
  for (int64_t i = 0; i < tensor.count(); ++i) {
    if (is_float(dtype))
      store_f64(tensor.mutable_data(), dtype, i, static_cast<double>(dice_.number(-64, 64)) / 64);
    else
      store_i64(tensor.mutable_data(), dtype, i, dice_.number(dtype_kind(dtype) == DTypeKind::kSigned ? -8 : 0, 8));
  }
  item.most = is_float(dtype) ? 1 : 8;
  inputs_.push_back(std::move(tensor));
  return item;
}

RandomGraph::Item RandomGraph::constant(Tensor tensor) {
  const std::string name = still_.fresh_name("c");
  return {graph_.add_constant(name, tensor), still_.add_constant(name, std::move(tensor))};
}

RandomGraph::Item RandomGraph::ints(Ints values) {
  const auto count = static_cast<int64_t>(values.size());
  return constant(Tensor::from<int64_t>(values, {count}));
}

RandomGraph::Item RandomGraph::numbers(DType dtype, const Dims& dims) {
  Tensor tensor = Tensor::zeros(dtype, dims);
  for (int64_t i = 0; i < tensor.count(); ++i)
    store_f64(tensor.mutable_data(), dtype, i, static_cast<double>(dice_.number(-8, 8)) / 8);
  return constant(std::move(tensor));
}

// The latest more often than any other, so that there are chains.
RandomGraph::Item& RandomGraph::any() {
  return dice_.coin() ? items_.back() : items_[static_cast<size_t>(dice_.number(0, std::ssize(items_) - 1))];
}

const RandomGraph::Item* RandomGraph::any_of(uint32_t dtypes) {
  for (int attempt = 0; attempt < 8; ++attempt)
    if (const Item& item = any(); is_of(item.dtype(), dtypes)) return &item;
  return nullptr;
}

const RandomGraph::Item& RandomGraph::beside(const Item& item, std::optional<DType> dtype) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    const Item& other = any();
    if (other.dtype() == dtype.value_or(item.dtype()) && broadcast_together(item.dims(), other.dims())) return other;
  }
  return item;
}

void RandomGraph::add(const std::string& op, const std::vector<Item>& operands, Attributes attributes,
                      const Bounds& bounds, size_t outputs, const std::string& domain) {
  const std::string name = still_.fresh_name(op);  // It has what did not fit, too.
  const auto added_to = [&](Graph& graph, Value* Item::* member) {
    std::vector<Value*> inputs;
    for (const Item& operand : operands) inputs.push_back(operand.*member);
    std::vector<std::string> names;
    for (size_t i = 0; i < outputs; ++i) names.push_back(name + ":" + std::to_string(i));
    Node* node = graph.add_node(op, name, inputs, names, attributes, domain);
    infer_outputs(*node);
    return node;
  };
  Node* still = added_to(still_, &Item::still);
  Node* node = added_to(graph_, &Item::value);
  for (size_t i = 0; i < outputs; ++i) {
    Item item{node->output(i), still->output(i), bounds.most, bounds.error};
    double scale = std::max(1.0, bounds.most);
    for (const Item& operand : operands)
      if (operand.value != nullptr && is_float(operand.dtype())) scale = std::max(scale, operand.most);
    item.error += bounds.roundings * scale * rounding(item.dtype());
    if (item.dims().count() > kMostElements || item.rank() > 5) return;
    if (is_float(item.dtype()) && (item.most > kMostMagnitude || item.error > kMostError)) return;
    items_.push_back(item);
  }
}

void RandomGraph::step(GraphKind kind) {
  using Step = void (RandomGraph::*)();
  using Self = RandomGraph;
  std::vector<Step> steps = {&Self::unary, &Self::binary};
  const auto with = [&](std::initializer_list<Step> more) { steps.insert(steps.end(), more); };
  const bool all = kind == GraphKind::kAll;
  if (all || kind == GraphKind::kElements) with({&Self::binary, &Self::logic, &Self::convert});
  if (all || kind == GraphKind::kReductions) with({&Self::reduction, &Self::reduction, &Self::normalisation});
  if (all || kind == GraphKind::kViews) with({&Self::move, &Self::move, &Self::cut, &Self::extend});
  if (all || kind == GraphKind::kLayers) with({&Self::layer, &Self::layer});
  if (all || kind == GraphKind::kLayers) with({&Self::product});
  (this->*dice_.one_of(steps))();
}

// A function of one element: how steep it is, and the largest result for arguments up to `most`.
void RandomGraph::unary() {
  struct Row {
    const char* op;
    double slope, most;  // `most` 0: as the argument.
  };
  const Item x = any();
  if (x.dtype() == DType::kBool) return add("Not", {x}, {}, {.roundings = 0});
  if (!is_float(x.dtype())) {
    const bool is_signed = dtype_kind(x.dtype()) == DTypeKind::kSigned;
    const std::string op = is_signed ? dice_.one_of<const char*>({"Neg", "Abs", "Sign", "Relu", "BitwiseNot"})
                                     : dice_.one_of<const char*>({"Abs", "BitwiseNot"});
    return add(op, {x}, {}, {.most = is_signed ? x.most + 1 : 255});
  }
  // These round nothing.
  if (dice_.one_in(3)) {
    const auto* op = dice_.one_of<const char*>({"Neg", "Abs", "Relu", "Identity"});
    return add(op, {x}, {}, {.most = x.most, .error = x.error, .roundings = 0});
  }
  const Row row = dice_.one_of<Row>({{"Tanh", 1, 1},
                                     {"Sigmoid", 0.25, 1},
                                     {"Sin", 1, 1},
                                     {"Cos", 1, 1},
                                     {"Erf", 1.13, 1},
                                     {"Softsign", 1, 1},
                                     {"Atan", 1, 1.6},
                                     {"HardSigmoid", 0.2, 1},
                                     {"LeakyRelu", 1, 0},
                                     {"HardSwish", 1.5, 0},
                                     {"Gelu", 1.13, 0},
                                     {"Exp", std::exp(std::min(x.most, 10.0)), std::exp(x.most)}});
  add(row.op, {x}, {}, {.most = row.most == 0 ? x.most : row.most, .error = row.slope * x.error});
}

void RandomGraph::binary() {
  const Item a = any(), b = beside(a);
  if (a.dtype() == DType::kBool) {
    return add(dice_.one_of<const char*>({"And", "Or", "Xor"}), {a, b}, {}, {.roundings = 0});
  }
  const double sum = a.most + b.most, product = a.most * b.most, error = a.error + b.error;
  // Integers wrap: theirs is what the dtype has at most.
  const bool exact = !is_float(a.dtype());
  const double all = a.dtype() == DType::kUInt8 ? 255 : 0;
  switch (dice_.number(0, exact ? 4 : 3)) {
    case 0:
      return add(dice_.one_of<const char*>({"Max", "Min"}), {a, b}, {},
                 {.most = std::max(a.most, b.most), .error = std::max(a.error, b.error), .roundings = 0});
    case 1:
      return add("Mul", {a, b}, {},
                 {.most = std::max(all, product), .error = a.error * (b.most + b.error) + b.error * a.most});
    case 4:
      return add(dice_.one_of<const char*>({"BitwiseAnd", "BitwiseOr", "BitwiseXor"}), {a, b}, {},
                 {.most = std::max(all, 2 * sum + 2)});
    default:
      return add(dice_.one_of<const char*>({"Add", "Sub"}), {a, b}, {}, {.most = std::max(all, sum), .error = error});
  }
}

// Comparisons, of what no rounding has touched, and choices.
void RandomGraph::logic() {
  if (const Item* condition = any_of(dtype_bit(DType::kBool)); condition != nullptr && dice_.coin()) {
    const Item which = *condition, a = any(), b = beside(a);
    if (!broadcast_together(which.dims(), a.dims()) || !broadcast_together(which.dims(), b.dims())) return;
    return add("Where", {which, a, b}, {},
               {.most = std::max(a.most, b.most), .error = std::max(a.error, b.error), .roundings = 0});
  }
  const Item a = any(), b = beside(a);
  if (a.error > 0 || b.error > 0) return;
  const bool is_bool = a.dtype() == DType::kBool;
  const auto* op = is_bool ? "Equal" : dice_.one_of<const char*>({"Equal", "Greater", "LessOrEqual", "Less"});
  add(op, {a, b}, {}, {.roundings = 0});
}

void RandomGraph::convert() {
  const Item x = any();
  const DType to = dice_.one_of({DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kInt32, DType::kInt64});
  if (!is_float(to) && is_float(x.dtype()) && x.error > 0) return;
  if (to == DType::kInt32 && x.most >= 0x1p31) return;
  add("Cast", {x}, {{"to", to}}, {.most = x.most, .error = x.error});
}

void RandomGraph::reduction() {
  const Item x = any();
  const Dims dims = x.dims();
  if (x.rank() == 0 || dims.count() == 0) return;  // Of nothing, results are infinite.
  Ints axes = {dice_.number(0, x.rank() - 1)};
  if (dice_.one_in(3)) axes = {-1};
  if (x.rank() > 1 && dice_.one_in(4)) axes = {x.rank() - 1, x.rank() - 2};
  double count = 1;
  for (const int64_t axis : axes) count *= static_cast<double>(dims[static_cast<size_t>((axis + x.rank()) % x.rank())]);
  const Attributes keep = {{"keepdims", dice_.number(0, 1)}};
  const auto reduce = [&](const char* op, const Bounds& bounds) { add(op, {x, ints(axes)}, keep, bounds); };
  if (x.error == 0 && x.dtype() != DType::kBool && dice_.one_in(6)) {
    Attributes attributes = keep;
    attributes.emplace("axis", axes[0]);
    return add(dice_.one_of<const char*>({"ArgMax", "ArgMin"}), {x}, attributes, {.most = count});
  }
  if (dice_.one_in(4) || x.dtype() == DType::kBool) {
    return reduce(dice_.one_of<const char*>({"ReduceMax", "ReduceMin"}),
                  {.most = x.most, .error = x.error, .roundings = 0});
  }
  // Each partial sum rounds.
  const double all = x.dtype() == DType::kUInt8 ? 255 : 0, sum = std::max(all, count * x.most);
  switch (dice_.number(0, is_float(x.dtype()) ? 4 : 2)) {
    case 0:
      return reduce("ReduceSum", {.most = sum, .error = count * x.error, .roundings = count});
    case 1:
      return reduce("ReduceMean", {.most = x.most, .error = x.error, .roundings = count});
    case 2:
      return reduce("ReduceL1", {.most = sum, .error = count * x.error, .roundings = count});
    case 3:
      return reduce("ReduceSumSquare",
                    {.most = sum * x.most, .error = 2 * sum * x.error + sum * x.error * x.error, .roundings = count});
    default:
      return reduce("ReduceLogSumExp",
                    {.most = x.most + std::log(count), .error = x.error, .roundings = count + x.most});
  }
}

void RandomGraph::normalisation() {
  const Item* chosen = any_of(kFloatDTypes);
  if (chosen == nullptr || chosen->rank() == 0) return;
  const Item x = *chosen;
  const int64_t axis = dice_.coin() ? -1 : dice_.number(0, x.rank() - 1);
  const Dims dims = x.dims();
  const auto count = static_cast<double>(dims[static_cast<size_t>((axis + x.rank()) % x.rank())]);
  switch (dice_.number(0, 2)) {
    case 0:
      return add("Softmax", {x}, {{"axis", axis}}, {.most = 1, .error = x.error, .roundings = count});
    case 1:
      return add("LogSoftmax", {x}, {{"axis", axis}},
                 {.most = 2 * x.most + std::log(std::max(1.0, count)), .error = 2 * x.error, .roundings = count});
    default: {
      // With a variance of at least 1/4 below the root, a result of at most the root of the count.
      const auto last = dims.rank() == 0 ? 1 : dims[static_cast<size_t>(dims.rank() - 1)];
      const double most = std::sqrt(static_cast<double>(last));
      const Item scale = numbers(x.dtype(), {last});
      return add("LayerNormalization", {x, scale}, {{"epsilon", 0.25}, {"stash_type", x.dtype()}},
                 {.most = most, .error = (4 + 4 * most) * x.error, .roundings = 8 + 4 * static_cast<double>(last)});
    }
  }
}

// Views of all elements.
void RandomGraph::move() {
  const Item x = any();
  const Bounds same = {.most = x.most, .error = x.error, .roundings = 0};
  const int64_t rank = x.rank();
  switch (dice_.number(0, 5)) {
    case 0: {
      Ints perm(static_cast<size_t>(rank));
      std::iota(perm.begin(), perm.end(), 0);
      for (size_t i = perm.size(); i > 1; --i)
        std::swap(perm[i - 1], perm[static_cast<size_t>(dice_.number(0, static_cast<int64_t>(i) - 1))]);
      return add("Transpose", {x}, {{"perm", perm}}, same);
    }
    case 1:
      return add("Unsqueeze", {x, ints({dice_.number(0, rank)})}, {}, same);
    case 2: {
      Ints axes;
      for (int64_t axis = 0; axis < rank; ++axis)
        if (const Dim& dim = (*x.value->type().shape)[static_cast<size_t>(axis)]; dim.is_constant() && dim.value() == 1)
          axes.push_back(axis);
      if (axes.empty()) return;
      return add("Squeeze", {x, ints(std::move(axes))}, {}, same);
    }
    case 3:
      if (x.dims().count() == 0) return;
      return add("Reshape", {x, ints(rank > 2 && dice_.coin() ? Ints{0, -1} : Ints{-1})}, {}, same);
    case 4: {
      // One dimension becomes two.
      if (rank == 0 || x.dims().count() == 0) return;
      Ints shape(static_cast<size_t>(rank), 0);
      const int64_t axis = dice_.number(0, rank - 1), extent = x.dims()[static_cast<size_t>(axis)];
      const int64_t inner = extent % 3 == 0 ? 3 : extent % 2 == 0 ? 2 : 1;
      shape[static_cast<size_t>(axis)] = -1;
      shape.insert(shape.begin() + axis + 1, inner);
      return add("Reshape", {x, ints(std::move(shape))}, {{"allowzero", int64_t{0}}}, same);
    }
    default:
      return add("Flatten", {x}, {{"axis", dice_.number(0, rank)}}, same);
  }
}

// Views of some elements.
void RandomGraph::cut() {
  const Item x = any();
  if (x.rank() == 0) return;
  const Bounds same = {.most = x.most, .error = x.error, .roundings = 0};
  const int64_t axis = dice_.number(0, x.rank() - 1), extent = x.dims()[static_cast<size_t>(axis)];
  switch (dice_.number(0, 2)) {
    case 0:
      if (dice_.coin()) return add("Slice", {x, ints({-1}), ints({INT64_MIN}), ints({axis}), ints({-1})}, {}, same);
      return add("Slice", {x, ints({dice_.number(0, 1)}), ints({INT64_MAX}), ints({axis}), ints({dice_.number(1, 2)})},
                 {}, same);
    case 1:
      if (extent < 2) return;
      return add("Split", {x, ints({1, extent - 1})}, {{"axis", axis}}, same, 2);
    default: {
      if (extent == 0) return;
      Ints places;
      for (int64_t i = dice_.number(1, 4); i > 0; --i) places.push_back(dice_.number(-extent, extent - 1));
      return add("Gather", {x, ints(std::move(places))}, {{"axis", axis}}, same);
    }
  }
}

// Views with more elements.
void RandomGraph::extend() {
  const Item x = any();
  if (x.rank() == 0) return;
  const Bounds same = {.most = x.most, .error = x.error, .roundings = 0};
  const int64_t axis = dice_.number(0, x.rank() - 1), extent = x.dims()[static_cast<size_t>(axis)];
  switch (dice_.number(0, 3)) {
    case 0: {
      const Item other = beside(x);
      const Bounds both = {
          .most = std::max(x.most, other.most), .error = std::max(x.error, other.error), .roundings = 0};
      return add("Concat", {x, other, x}, {{"axis", axis}}, both);
    }
    case 1: {
      const int64_t most = std::min<int64_t>(2, extent - 1);
      if (most < 0) return;
      Ints pads = {dice_.number(0, most), dice_.number(0, most)};
      const std::string mode = dice_.one_of<const char*>({"constant", "edge", "reflect"});
      // The optional value is left out.
      const Item none = {nullptr, nullptr, 0, 0};
      return add("Pad", {x, ints(std::move(pads)), none, ints({axis})}, {{"mode", mode}}, same);
    }
    case 2: {
      Ints shape(static_cast<size_t>(x.rank()), 1);
      shape.insert(shape.begin(), 2);
      return add("Expand", {x, ints(std::move(shape))}, {}, same);
    }
    default: {
      Ints repeats(static_cast<size_t>(x.rank()), 1);
      repeats[static_cast<size_t>(axis)] = 2;
      return add("Tile", {x, ints(std::move(repeats))}, {}, same);
    }
  }
}

void RandomGraph::layer() {
  const Item* chosen = any_of(kFloatDTypes | kSignedDTypes);
  if (chosen == nullptr || chosen->rank() == 0) return;
  const Item x = *chosen;
  const std::string domain(kLayerDomain);
  const auto last = static_cast<double>(x.dims()[static_cast<size_t>(x.rank() - 1)]);
  switch (dice_.number(0, 4)) {
    case 0: {
      if (!is_float(x.dtype())) return;
      const Item y = beside(x);
      const Bounds bounds = {.most = x.most, .error = x.error + (x.most + x.error) * y.error};
      return add("Gate", {x, y}, {{"by", dice_.one_of({0.5, 1.0, 2.0})}}, bounds, 1, domain);
    }
    case 1:
      if (!is_float(x.dtype())) return;
      return add("Centre", {x}, {}, {.most = 2 * x.most, .error = 2 * x.error, .roundings = last}, 1, domain);
    case 2:
      return add("Before", {x}, {}, {.most = x.most, .error = x.error, .roundings = 0}, 1, domain);
    case 3:
      return add("Window", {x}, {}, {.most = 3 * x.most, .error = 3 * x.error, .roundings = 3}, 1, domain);
    default:
      return add("Parts", {x}, {}, {.most = x.most, .error = x.error, .roundings = 0}, 2, domain);
  }
}

// What is no formula.
void RandomGraph::product() {
  const Item* chosen = any_of(dtype_bit(DType::kFloat32) | dtype_bit(DType::kFloat64));
  if (chosen == nullptr || chosen->rank() < 2) return;
  const Item x = *chosen;
  const int64_t length = x.dims()[static_cast<size_t>(x.rank() - 1)];
  const auto count = static_cast<double>(length);
  add("MatMul", {x, numbers(x.dtype(), {length, dice_.number(1, 5)})}, {},
      {.most = count * x.most, .error = count * x.error, .roundings = count});
}

// The last result, and perhaps some before it.
void RandomGraph::finish() {
  std::vector<Value*> outputs;
  for (size_t i = items_.size(); i-- > 0;) {
    const Item& item = items_[i];
    if (item.value->producer() == nullptr || (!outputs.empty() && !dice_.one_in(6))) continue;
    outputs.push_back(item.value);
    tolerances_.push_back(item.error);
  }
  if (outputs.empty()) {
    Node* node = graph_.add_node("Identity", graph_.fresh_name("Identity"), {items_[0].value});
    outputs.push_back(node->output());
    tolerances_.push_back(0);
  }
  graph_.set_outputs(outputs);
  graph_.remove_unreachable();
}

}  // namespace tenon::test

// SPDX-License-Identifier: Apache-2.0
#include "expr/layers.h"

#include <functional>
#include <map>
#include <stdexcept>

namespace tenon::test {
namespace {

using Build = std::function<LayerExpr(LayerBuilder&, const std::string& dtype)>;

LayerExpr relu6(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, c, h, w]");
  return layer.build(clamp(x, layer.field("lo", 0.0), layer.field("hi", 6.0)));
}

LayerExpr prelu(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, c, h]"), slope = layer.input("slope", dtype + "[c, 1]");
  return layer.build(where(x < 0, slope * x, x));
}

LayerExpr rms_norm(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, c]"), scale = layer.input("scale", dtype + "[c]");
  return layer.build(x * rsqrt(mean(square(x), -1, true) + layer.field("epsilon", 1e-5)) * scale);
}

Expr normalised(const Expr& x, const Axes& axes, const Expr& epsilon) {
  return (x - mean(x, axes, true)) / sqrt(variance(x, axes, true) + epsilon);
}

LayerExpr layer_norm(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, c]");
  const Expr scale = layer.input("scale", dtype + "[c]"), bias = layer.input("bias", dtype + "[c]");
  return layer.build(normalised(x, -1, layer.field("epsilon", 1e-5)) * scale + bias);
}

LayerExpr group_norm(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, c, h, w]");
  const Expr scale = layer.input("scale", dtype + "[c]"), bias = layer.input("bias", dtype + "[c]");
  const Expr n = x.extent(0), c = x.extent(1), h = x.extent(2), w = x.extent(3), groups = layer.field("groups", 2);
  const Expr grouped = reshape(x, {n, groups, c / groups, h, w});
  const Expr y = reshape(normalised(grouped, {2, 3, 4}, 1e-5), {n, c, h, w});
  return layer.build(y * unsqueeze(scale, {1, 2}) + unsqueeze(bias, {1, 2}));
}

LayerExpr softmax_with_temperature(LayerBuilder& layer, const std::string& dtype) {
  return layer.build(softmax(layer.input("x", dtype + "[n, c]") / layer.field("temperature", 1.0)));
}

LayerExpr rotary(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[s, 6]");
  const Expr cos = layer.input("cos", dtype + "[s, 3]"), sin = layer.input("sin", dtype + "[s, 3]");
  const Expr left = slice(x, 1, 0, 3), right = slice(x, 1, 3, 6);
  return layer.build(concat({left * cos - right * sin, right * cos + left * sin}, 1));
}

LayerExpr pixel_shuffle(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, c, h, w]");
  const Expr n = x.extent(0), c = x.extent(1), h = x.extent(2), w = x.extent(3);
  const Expr blocks = transpose(reshape(x, {n, c / 4, 2, 2, h, w}), {0, 1, 4, 2, 5, 3});
  return layer.build(reshape(blocks, {n, c / 4, h * 2, w * 2}));
}

LayerExpr bilinear(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, c, h, w]");
  const auto element = [&](const Expr& n, const Expr& c, const Expr& i, const Expr& j) {
    const Expr row = (cast(i, DType::kFloat32) + 0.5) / 2.0 - 0.5,
               column = (cast(j, DType::kFloat32) + 0.5) / 2.0 - 0.5;
    const Expr top = cast(floor(row), DType::kInt64), left = cast(floor(column), DType::kInt64);
    const Expr down = row - floor(row), right = column - floor(column);
    const auto at = [&](int di, int dj) { return x.at({n, c, top + di, left + dj}, Outside::kClamp); };
    return (at(0, 0) * (1.0 - right) + at(0, 1) * right) * (1.0 - down) +
           (at(1, 0) * (1.0 - right) + at(1, 1) * right) * down;
  };
  return layer.build(compute({x.extent(0), x.extent(1), x.extent(2) * 2, x.extent(3) * 2}, element));
}

LayerExpr non_local_mean(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, h, w]"), width = layer.field("width", 0.5);
  const auto element = [&](const Expr& n, const Expr& i, const Expr& j) {
    const auto near = [&](const Expr& di, const Expr& dj) {
      return x.at({n, i + di - 1, j + dj - 1}, Outside::kClamp);
    };
    const auto weight = [&](const Expr& di, const Expr& dj) { return exp(-square(near(di, dj) - x(n, i, j)) / width); };
    return reduce_over(Reduction::kSum, {3, 3},
                       [&](const Expr& di, const Expr& dj) { return weight(di, dj) * near(di, dj); }) /
           reduce_over(Reduction::kSum, {3, 3}, weight);
  };
  return layer.build(compute(x.shape(), element));
}

LayerExpr box_sum(LayerBuilder& layer, const std::string& dtype, Outside outside) {
  const Expr x = layer.input("x", dtype + "[n, h, w]");
  const auto element = [&](const Expr& n, const Expr& i, const Expr& j) {
    return reduce_over(Reduction::kSum, {3, 3},
                       [&](const Expr& di, const Expr& dj) { return x.at({n, i + di - 1, j + dj - 1}, outside); });
  };
  return layer.build(compute(x.shape(), element));
}

LayerExpr gated(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, c]"), gate = sigmoid(layer.input("gate", dtype + "[n, c]"));
  return layer.build({x * gate, gate});
}

LayerExpr quantise(LayerBuilder& layer, const std::string& dtype) {
  const Expr x = layer.input("x", dtype + "[n, c]"), scale = layer.field("scale", 1.0);
  const Expr quantised = cast(clamp(round(x / scale), -128, 127), DType::kInt8);
  return layer.build({quantised, cast_like(quantised, x) * scale});
}

const std::map<std::string, Build>& builders() {
  static const std::map<std::string, Build> kBuilders = {
      {"ReLU6", relu6},
      {"PRelu", prelu},
      {"RMSNorm", rms_norm},
      {"LayerNorm", layer_norm},
      {"GroupNorm", group_norm},
      {"Softmax", softmax_with_temperature},
      {"Rotary", rotary},
      {"PixelShuffle", pixel_shuffle},
      {"Bilinear", bilinear},
      {"NonLocalMean", non_local_mean},
      {"BoxSum", [](LayerBuilder& l, const std::string& dtype) { return box_sum(l, dtype, Outside::kValue); }},
      {"BoxSum_reflect",
       [](LayerBuilder& l, const std::string& dtype) { return box_sum(l, dtype, Outside::kReflect); }},
      {"BoxSum_wrap", [](LayerBuilder& l, const std::string& dtype) { return box_sum(l, dtype, Outside::kWrap); }},
      {"Gated", gated},
      {"Quantise", quantise},
  };
  return kBuilders;
}

using Inputs = std::span<const Expr>;
using Function = std::function<Expr(Inputs)>;

Function one(Expr (*f)(const Expr&)) {
  return [f](Inputs x) { return f(x[0]); };
}
Function two(Expr (*f)(const Expr&, const Expr&)) {
  return [f](Inputs x) { return f(x[0], x[1]); };
}
Function to(DType dtype) {
  return [dtype](Inputs x) { return cast(x[0], dtype); };
}
Function pad_1(Outside outside, bool computed = false) {
  return [=](Inputs x) { return pad(computed ? x[0] + x[0] : x[0], 1, 1, 2, outside, 0.5); };
}
Function take_1(Outside outside) {
  return [outside](Inputs x) { return take(x[0], x[1], 1, outside); };
}

std::map<std::string, Function> make_functions() {
  std::map<std::string, Function> functions = {
      {"abs", one(abs)},
      {"acos", one(acos)},
      {"acosh", one(acosh)},
      {"asin", one(asin)},
      {"asinh", one(asinh)},
      {"atan", one(atan)},
      {"atanh", one(atanh)},
      {"ceil", one(ceil)},
      {"cos", one(cos)},
      {"cosh", one(cosh)},
      {"erf", one(erf)},
      {"exp", one(exp)},
      {"expm1", one(expm1)},
      {"floor", one(floor)},
      {"hardswish", one(hardswish)},
      {"isinf", one(isinf)},
      {"isnan", one(isnan)},
      {"log", one(log)},
      {"log1p", one(log1p)},
      {"mish", one(mish)},
      {"neg", one(operator-)},
      {"reciprocal", one(reciprocal)},
      {"relu", one(relu)},
      {"round", one(round)},
      {"rsqrt", one(rsqrt)},
      {"sigmoid", one(sigmoid)},
      {"sign", one(sign)},
      {"sin", one(sin)},
      {"sinh", one(sinh)},
      {"softplus", one(softplus)},
      {"softsign", one(softsign)},
      {"sqrt", one(sqrt)},
      {"square", one(square)},
      {"tan", one(tan)},
      {"tanh", one(tanh)},
      {"add", two(operator+)},
      {"sub", two(operator-)},
      {"mul", two(operator*)},
      {"div", two(operator/)},
      {"rem", two(operator%)},
      {"mod", two(mod)},
      {"pow", two(pow)},
      {"minimum", two(minimum)},
      {"maximum", two(maximum)},
      {"and", two(operator&)},
      {"or", two(operator|)},
      {"xor", two(operator^)},
      {"shl", two(operator<<)},
      {"shr", two(operator>>)},
      {"eq", two(operator==)},
      {"ne", two(operator!=)},
      {"lt", two(operator<)},
      {"le", two(operator<=)},
      {"gt", two(operator>)},
      {"ge", two(operator>=)},
      {"floor_divide", two(floor_divide)},
      {"to_bool", to(DType::kBool)},
      {"to_i8", to(DType::kInt8)},
      {"to_u8", to(DType::kUInt8)},
      {"to_i32", to(DType::kInt32)},
      {"to_i64", to(DType::kInt64)},
      {"to_f16", to(DType::kFloat16)},
      {"to_bf16", to(DType::kBFloat16)},
      {"to_f32", to(DType::kFloat32)},
      {"pad_1", pad_1(Outside::kValue)},
      {"pad_reflect_1", pad_1(Outside::kReflect)},
      {"pad_wrap_1", pad_1(Outside::kWrap)},
      {"pad_clamp_1", pad_1(Outside::kClamp)},
      {"pad_computed_1", pad_1(Outside::kValue, true)},
      {"pad_reflect_computed_1", pad_1(Outside::kReflect, true)},
      {"take_1", take_1(Outside::kError)},
      {"take_clamp_1", take_1(Outside::kClamp)},
      {"take_wrap_1", take_1(Outside::kWrap)},
  };
  functions["bits_i32"] = [](Inputs x) { return bits(x[0], DType::kInt32); };
  functions["bits_u16"] = [](Inputs x) { return bits(x[0], DType::kUInt16); };
  functions["celu"] = [](Inputs x) { return celu(x[0]); };
  functions["elu"] = [](Inputs x) { return elu(x[0]); };
  functions["gelu"] = [](Inputs x) { return gelu(x[0]); };
  functions["gelu_tanh"] = [](Inputs x) { return gelu(x[0], true); };
  functions["hardsigmoid"] = [](Inputs x) { return hardsigmoid(x[0]); };
  functions["leaky_relu"] = [](Inputs x) { return leaky_relu(x[0]); };
  functions["selu"] = [](Inputs x) { return selu(x[0]); };
  functions["shrink"] = [](Inputs x) { return shrink(x[0]); };
  functions["swish"] = [](Inputs x) { return swish(x[0]); };
  functions["thresholded_relu"] = [](Inputs x) { return thresholded_relu(x[0]); };
  functions["where"] = [](Inputs x) { return where(x[0], x[1], x[2]); };
  for (int i = 0; i <= static_cast<int>(Reduction::kAll); ++i) {
    const auto reduction = static_cast<Reduction>(i);
    const std::string name(reduction_name(reduction));
    functions[name + "_all"] = [=](Inputs x) { return reduce(reduction, x[0]); };
    functions[name + "_first"] = [=](Inputs x) { return reduce(reduction, x[0], 0); };
    functions[name + "_last"] = [=](Inputs x) { return squeeze(reduce(reduction, x[0], -1, true), -1); };
  }
  functions["mean_all"] = [](Inputs x) { return mean(x[0]); };
  functions["mean_first"] = [](Inputs x) { return mean(x[0], 0); };
  functions["mean_last"] = [](Inputs x) { return mean(x[0], -1); };
  functions["variance_last"] = [](Inputs x) { return variance(x[0], -1); };
  functions["concat_1"] = [](Inputs x) { return concat(x, 1); };
  functions["matmul"] = [](Inputs x) { return matmul(x[0], x[1]); };
  functions["stack_1"] = [](Inputs x) { return stack(x, 1); };
  functions["flip"] = [](Inputs x) { return flip(x[0]); };
  functions["flip_last"] = [](Inputs x) { return flip(x[0], -1); };
  functions["windows"] = [](Inputs x) { return windows(x[0], {.size = {2, 3}}); };
  functions["windows_strided"] = [](Inputs x) {
    return windows(x[0], {.size = {2, 2}, .stride = {2, 1}, .dilation = {1, 2}, .before = {1, 0}, .after = {0, 2}},
                   Outside::kValue, -7);
  };
  functions["slice_1_4"] = [](Inputs x) { return slice(x[0], 1, 1, 4); };
  functions["slice_back"] = [](Inputs x) { return slice(x[0], 1, 4, -6, -1); };
  functions["slice_by_two"] = [](Inputs x) { return slice(x[0], 1, 1, 1000, 2); };
  functions["slice_last_two"] = [](Inputs x) { return slice(x[0], 1, -2, 5); };
  functions["transpose"] = [](Inputs x) { return transpose(x[0]); };
  functions["transpose_021"] = [](Inputs x) { return transpose(x[0], {0, 2, -2}); };
  functions["flatten"] = [](Inputs x) { return reshape(x[0], {-1}); };
  functions["merge_last"] = [](Inputs x) { return reshape(x[0], {x[0].extent(0), -1}); };
  functions["squeeze_unsqueeze"] = [](Inputs x) { return squeeze(unsqueeze(unsqueeze(x[0], 0), {2, 4}), 0); };
  functions["broadcast"] = [](Inputs x) { return broadcast_to(x[0], {4, 2, 5, 3}); };
  functions["iota"] = [](Inputs x) { return iota(x[0].extent(1)) + unsqueeze(iota(3) * 0, 1); };
  return functions;
}

}  // namespace

std::vector<std::string> named_layers() {
  std::vector<std::string> names;
  for (const auto& [name, build] : builders()) names.push_back(name);
  return names;
}

LayerExpr named_layer(const std::string& name, const std::string& dtype) {
  const auto found = builders().find(name);
  if (found == builders().end()) throw std::invalid_argument("no layer " + name);
  LayerBuilder builder(name);
  return found->second(builder, dtype);
}

LayerExpr function_layer(const std::string& name, std::span<const Tensor> inputs) {
  static const std::map<std::string, Function> kFunctions = make_functions();
  const auto found = kFunctions.find(name);
  if (found == kFunctions.end()) throw std::invalid_argument("no function " + name);
  LayerBuilder builder("Layer");
  std::vector<Expr> operands;
  for (const Tensor& input : inputs) {
    operands.push_back(builder.input("x" + std::to_string(operands.size()), input.dtype(), to_shape(input.dims())));
  }
  return builder.build(found->second(operands));
}

}  // namespace tenon::test

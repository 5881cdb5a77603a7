// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

namespace tenon {
namespace {

constexpr int64_t kMaxBlock = 1 << 16;  // Its square times an extent is checked, the square itself need not be.

void infer(InferContext& context) {
  require_movable(context, 0);
  const int64_t block = context.attributes().integer("blocksize");
  if (block < 1 || block > kMaxBlock) {
    context.fail(fmt::format("blocksize is {} but 1 to {} is required", block, kMaxBlock));
  }
  if (const std::string& mode = context.attributes().string("mode"); mode != "DCR" && mode != "CRD") {
    context.fail(fmt::format("mode is '{}' but DCR or CRD is required", mode));
  }
  const auto& shape = context.shape(0);
  if (!shape) return context.set_output(0, context.dtype(0), Shape(4));
  if (shape->size() != 4)
    context.fail(fmt::format("input 0 has shape {} but [N, C, H, W] is required", to_string(*shape)));
  Shape result = *shape;
  if (block > 1) {
    result[1] =
        result[1].is_constant() ? Dim(checked_mul(result[1].value(), block * block, "the number of channels")) : Dim();
  }
  for (size_t axis = 2; axis < 4 && block > 1; ++axis) {
    if (result[axis].is_constant() && result[axis].value() % block != 0) {
      context.fail(fmt::format("input 0 has extent {} along axis {} but a multiple of blocksize {} is required",
                               result[axis].value(), axis, block));
    }
    result[axis] = result[axis].is_constant() ? Dim(result[axis].value() / block) : Dim();
  }
  context.set_output(0, context.dtype(0), std::move(result));
}

// y[n, k, h, w] = x[n, c, h·b + i, w·b + j] with k = (i·b + j)·C + c (DCR) or (c·b + i)·b + j (CRD).
std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const Expr b = context.attributes().integer("blocksize");
  const bool depth_first = context.attributes().string("mode") == "DCR";
  const std::vector<Expr> shape = {x.extent(0), x.extent(1) * b * b, x.extent(2) / b, x.extent(3) / b};
  return {compute(shape, [&](const Expr& n, const Expr& k, const Expr& h, const Expr& w) {
    const Expr c = depth_first ? k % x.extent(1) : k / (b * b);
    const Expr place = depth_first ? k / x.extent(1) : k % (b * b);  // i·b + j
    return x(n, c, h * b + place / b, w * b + place % b);
  })};
}

}  // namespace

OpDef space_to_depth_op() {
  return {
      .name = "SpaceToDepth",
      .since_version = 28,
      .attributes = {{"blocksize", int64_t{0}, /*required=*/true}, {"mode", std::string("DCR")}},
      .infer = infer,
      .define = define,
      .moves = true,
      .summary =
          "Turns blocks of pixels into channels: [N, C, H b, W b] becomes [N, b² C, H, W]; the inverse of DepthToSpace "
          "of the same mode."};
}

}  // namespace tenon

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
  if (result[1].is_constant()) {
    if (result[1].value() % (block * block) != 0) {
      context.fail(fmt::format("input 0 has {} channels but a multiple of blocksize² = {} is required",
                               result[1].value(), block * block));
    }
    result[1] = Dim(result[1].value() / (block * block));
  } else if (block > 1) {
    result[1] = Dim();
  }
  for (size_t axis = 2; axis < 4 && block > 1; ++axis) {
    result[axis] =
        result[axis].is_constant() ? Dim(checked_mul(result[axis].value(), block, "the result's extent")) : Dim();
  }
  context.set_output(0, context.dtype(0), std::move(result));
}

// y[n, c, h·b + i, w·b + j] = x[n, k, h, w] with channel k = (i·b + j)·C + c (DCR) or (c·b + i)·b + j (CRD).
std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const Expr b = context.attributes().integer("blocksize");
  const bool depth_first = context.attributes().string("mode") == "DCR";
  const Expr channels = x.extent(1) / (b * b);
  return {compute({x.extent(0), channels, x.extent(2) * b, x.extent(3) * b},
                  [&](const Expr& n, const Expr& c, const Expr& h, const Expr& w) {
                    const Expr i = h % b;
                    const Expr j = w % b;
                    return x(n, depth_first ? (i * b + j) * channels + c : (c * b + i) * b + j, h / b, w / b);
                  })};
}

}  // namespace

OpDef depth_to_space_op() {
  return {.name = "DepthToSpace",
          .since_version = 28,
          .attributes = {{"blocksize", int64_t{0}, /*required=*/true}, {"mode", std::string("DCR")}},
          .infer = infer,
          .define = define,
          .moves = true,
          .summary =
              "Turns blocks of blocksize² channels into blocks of pixels: [N, C b², H, W] becomes [N, C, H b, W b]."};
}

}  // namespace tenon

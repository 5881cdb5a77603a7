// SPDX-License-Identifier: Apache-2.0
#include "lowering/operators.h"
#include "lowering/tensorflow/rules.h"

#include <numeric>

// Matrix products.
namespace tenon::lowering::tensorflow {
namespace {

void matmul(Rewrite& rewrite) {
  lowering::matmul(rewrite, rewrite.input(0), rewrite.flag("transpose_a"), rewrite.flag("transpose_b"));
}

// The value with its last two axes swapped. TensorFlow's adjoint is the transpose for real numbers.
Value* adjoint(Rewrite& rewrite, size_t index) {
  if (dtype_kind(rewrite.dtype(index)) == DTypeKind::kComplex)
    Rewrite::decline("the adjoint of complex matrices is not available");
  const int64_t rank = rewrite.rank(index);
  if (rank < 2) rewrite.fail("its inputs must have at least 2 dimensions");
  std::vector<int64_t> permutation(static_cast<size_t>(rank));
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  return rewrite.transposed(rewrite.input(index), permutation);
}

void batch_matmul(Rewrite& rewrite) {
  Value* x = rewrite.flag("adj_x") ? adjoint(rewrite, 0) : rewrite.input(0);
  Value* y = rewrite.flag("adj_y") ? adjoint(rewrite, 1) : rewrite.input(1);
  const DType from = rewrite.dtype(0), to = rewrite.type("Tout", from);
  if (to == from) {
    rewrite.emit("MatMul", {x, y});
    return;
  }
  rewrite.emit("MatMul", {rewrite.cast(x, to), rewrite.cast(y, to)});
}

constexpr Rule kRules[] = {
    {"BatchMatMul", batch_matmul},
    {"BatchMatMulV2", batch_matmul},
    {"BatchMatMulV3", batch_matmul},
    {"MatMul", matmul},
};

}  // namespace

std::span<const Rule> matmul_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow

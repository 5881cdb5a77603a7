// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"

namespace tenon {

OpDef size_op() {
  return {
      .name = "Size",
      .since_version = 25,
      .infer = [](InferContext& context) { context.set_output(0, DType::kInt64, Shape{}); },
      .reference = [](ReferenceContext& context) { *context.output().as<int64_t>() = context.input(0).dims.count(); },
      .summary = "The number of elements as an i64 scalar; reads the input's shape only, not its elements."};
}

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <string_view>

namespace tenon {
namespace {

bool is_complex(DType dtype) { return dtype_kind(dtype) == DTypeKind::kComplex; }

void check(const InferContext& context, DType to) {
  require_movable(context, 0);
  const DType from = context.dtype(0);
  if (to == DType::kString || to == DType::kUndefined || is_complex(to) != is_complex(from) ||
      (is_complex(to) && to != from)) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{} '{}': it casts {} to {}; Tenon casts between real numbers and bool",
                            context.node().op(), context.node().name(), dtype_name(from), dtype_name(to)));
  }
  const std::string& mode = context.attributes().string("round_mode");
  if (mode != "up" && mode != "down" && mode != "nearest") {
    context.fail(fmt::format("round_mode is '{}' but up, down or nearest is required", mode));
  }
}

/// Where an 8-bit float ends: magnitudes from `limit` on (above it when `limit` itself rounds down, to even) do not
/// fit.
struct Overflow {
  double limit;
  bool limit_fits;
};

// From the largest finite values 448, 240, 57344 and 57344, half a unit of their last place further.
bool overflows(DType dtype, double value) {
  Overflow at{};
  switch (dtype) {
    case DType::kFloat8E4M3FN:
      at = {464, true};
      break;
    case DType::kFloat8E4M3FNUZ:
      at = {248, false};
      break;
    case DType::kFloat8E5M2:
    case DType::kFloat8E5M2FNUZ:
      at = {61440, false};
      break;
    default:
      return false;
  }
  const double magnitude = std::fabs(value);
  return magnitude > at.limit || (magnitude == at.limit && !at.limit_fits);
}

// Cast-19 with saturate = 0: what does not fit becomes infinity, or NaN in types that have none.
void store_unsaturated(const MutableTensorView& y, int64_t index, double value) {
  if (!overflows(y.dtype, value)) return store_f64(y.data, y.dtype, index, value);
  if (y.dtype == DType::kFloat8E5M2) {
    y.as<uint8_t>()[index] = std::signbit(value) ? 0xFC : 0x7C;
  } else {
    store_f64(y.data, y.dtype, index, std::copysign(std::numeric_limits<double>::quiet_NaN(), value));
  }
}

// Cast-24 to f8e8m0: powers of two, rounded as round_mode says.
double power_of_two(double value, std::string_view mode) {
  if (!(value > 0) || std::isinf(value)) return value;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);  // 0.5 <= fraction < 1
  if (fraction == 0.5 || mode == "down" || (mode == "nearest" && fraction < 0.75)) --exponent;
  return std::ldexp(1, exponent);
}

std::vector<Expr> define(DefineContext& context) { return {cast(context.input(0), context.outputs()[0].dtype)}; }

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  clear_tail(y);
  if (x.dtype == y.dtype) return copy_run(y, 0, x, 0, x.dims.count());
  const bool saturate = context.attributes().flag("saturate");
  const bool to_float8 = is_float(y.dtype) && dtype_bits(y.dtype) == 8;
  if (!to_float8 || (saturate && y.dtype != DType::kFloat8E8M0)) return convert(x, y);
  const std::string& mode = context.attributes().string("round_mode");
  const int64_t count = x.dims.count();
  for (int64_t i = 0; i < count; ++i) {
    const double value = load_f64(x.data, x.dtype, i);
    if (y.dtype == DType::kFloat8E8M0) {
      store_f64(y.data, y.dtype, i, power_of_two(value, mode));
    } else {
      store_unsaturated(y, i, value);
    }
  }
}

std::vector<AttributeSpec> rounding() { return {{"round_mode", std::string("up")}, {"saturate", int64_t{1}}}; }

}  // namespace

OpDef cast_op() {
  OpDef op{
      .name = "Cast",
      .since_version = 25,
      .attributes = rounding(),
      .infer =
          [](InferContext& context) {
            const DType to = context.attributes().dtype("to");
            check(context, to);
            context.set_output(0, to, context.shape(0));
          },
      .define = define,
      .reference = reference,
      .summary =
          "Converts to dtype `to`: floats round to nearest even, floats to integers truncate (out of range saturates, "
          "NaN gives 0), to bool is x != 0; 8-bit floats saturate unless saturate is 0."};
  op.attributes.push_back({"to", DType::kUndefined, /*required=*/true});
  return op;
}

OpDef cast_like_op() {
  return {.name = "CastLike",
          .since_version = 25,
          .min_inputs = 2,
          .max_inputs = 2,
          .attributes = rounding(),
          .infer =
              [](InferContext& context) {
                const DType to = context.dtype(1);
                check(context, to);
                context.set_output(0, to, context.shape(0));
              },
          .define = define,
          .reference = reference,
          .summary = "Cast to the dtype of the second input, whose values do not matter."};
}

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include "ops/op_testing.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

// Nodes as a damaged or malicious file could have them: every operator with random shapes, values and attributes,
// extreme numbers among them. Each is refused with an Error, or gives outputs of the types that were inferred; nothing
// else may happen, above all not under the sanitizers. The seeds are fixed, so that a failure comes back.
namespace tenon::testing {
namespace {

class Hostile {
 public:
  explicit Hostile(const std::string& op) : random_(static_cast<unsigned>(std::hash<std::string>{}(op))) {}

  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[random_() % choices.size()];
  }

  // A new node. Half of them have one rank and one extent everywhere, so that they often fit together.
  void begin() {
    alike_ = random_() % 2 == 0;
    rank_ = pick({1, 2, 3, 3, 4, 4, 5});
    extent_ = pick({1, 2, 3});
  }

  // Mostly numbers that make sense somewhere.
  int64_t number() {
    constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    if (random_() % (alike_ ? 32 : 8) == 0)
      return pick<int64_t>({kMin, kMin + 1, -(int64_t{1} << 32), 1 << 16, kMax >> 31, kMax / 2, kMax});
    return pick<int64_t>({-2, -1, 0, 0, 1, 1, 1, 2, 2, 3, 4, 6});
  }

  Attribute attribute(const AttributeSpec& spec) {
    if (std::holds_alternative<int64_t>(spec.fallback)) return number();
    if (std::holds_alternative<double>(spec.fallback)) return pick<double>({0, 1, -0.75, 1e300, -1, INFINITY, NAN});
    if (std::holds_alternative<std::string>(spec.fallback)) {
      return pick<std::string>({"", "SAME_UPPER", "SAME_LOWER", "VALID", "reflect", "edge", "wrap", "linear", "cubic",
                                "align_corners", "asymmetric", "half_pixel_symmetric", "CRD", "add", "max", "floor"});
    }
    if (std::holds_alternative<DType>(spec.fallback)) return static_cast<DType>(random_() % kDTypeCount);
    if (std::holds_alternative<Tensor>(spec.fallback)) return input(2, DType::kFloat32);
    if (std::holds_alternative<std::vector<int64_t>>(spec.fallback)) {
      const auto spatial = static_cast<size_t>(std::max(rank_ - 2, 1));
      std::vector<int64_t> numbers(alike_ ? pick({spatial, 2 * spatial}) : random_() % 5);
      for (int64_t& n : numbers) n = number();
      return numbers;
    }
    return spec.fallback;
  }

  Dims dims(size_t index, bool list) {
    Dims result;
    if (!alike_) {
      for (auto rank = random_() % 5; rank > 0; --rank) result.push_back(pick<int64_t>({0, 1, 1, 2, 3, 4}));
    } else if (list && index > 0 && random_() % 4 != 0) {
      for (auto rank = random_() % 4 == 0 ? 0 : 1; rank > 0; --rank)
        result.push_back(pick({1, extent_, rank_, 2 * rank_}));
    } else {
      for (int rank = index == 0 || random_() % 2 == 0 ? rank_ : 1; rank > 0; --rank) result.push_back(extent_);
    }
    return result;
  }

  Tensor input(size_t index, DType dtype) {
    Tensor result = Tensor::zeros(dtype, dims(index, dtype == DType::kInt64));
    for (int64_t i = 0; i < result.count(); ++i) {
      if (dtype == DType::kInt64 || dtype == DType::kInt32) {
        store_i64(result.mutable_data(), dtype, i, number());
      } else {
        store_f64(result.mutable_data(), dtype, i, pick<double>({0, 1, 2, 0.5, -3, 1e30, INFINITY, NAN}));
      }
    }
    return result;
  }

  std::vector<Input> inputs(const OpDef& op) {
    const auto most = static_cast<unsigned>(op.max_inputs == kVariadic ? 3 : op.max_inputs);
    const auto least = static_cast<unsigned>(op.min_inputs);
    const DType dtype = pick(
        {DType::kFloat32, DType::kFloat32, DType::kFloat16, DType::kUInt8, DType::kInt64, DType::kInt4, DType::kBool});
    // How many quarters of the later inputs are lists of axes, pads, sizes …
    const auto lists = pick<unsigned>({0, 2, 4});
    std::vector<Input> result;
    for (auto count = least + random_() % (most - least + 1); count > 0; --count) {
      if (result.size() >= least && random_() % 4 == 0) {
        result.emplace_back();
      } else {
        result.emplace_back(input(result.size(), !result.empty() && random_() % 4 < lists ? DType::kInt64 : dtype));
      }
    }
    return result;
  }

  Attributes attributes(const OpDef& op) {
    Attributes result;
    for (const AttributeSpec& spec : op.attributes) {
      if (spec.required || random_() % 4 == 0) result[spec.name] = attribute(spec);
    }
    return result;
  }

 private:
  std::mt19937 random_;
  bool alike_ = false;
  int rank_ = 0;
  int extent_ = 0;
};

// False when the outputs would be large: what a file claims must not cost the tests memory.
bool is_small(const std::vector<TensorType>& types) {
  for (const TensorType& type : types) {
    const auto dims = type.shape ? to_dims(*type.shape) : std::nullopt;
    if (dims && dims->count() > 10000) return false;
  }
  return true;
}

TEST(HostileNodes, AreRefusedOrGiveWhatWasInferred) {
  int computed = 0;
  for (const OpDef& op : all_ops()) {
    SCOPED_TRACE(op.name);
    Hostile hostile(op.name);
    for (int i = 0; i < 500; ++i) {
      hostile.begin();
      try {
        OneNode one(op.name, hostile.inputs(op), hostile.attributes(op), op.min_outputs);
        std::vector<TensorType> types;
        std::vector<const Tensor*> values;
        for (const Value* value : one.node().inputs()) {
          values.push_back(value == nullptr ? nullptr : value->constant());
          types.push_back(value == nullptr ? TensorType{}
                                           : TensorType{values.back()->dtype(), to_shape(values.back()->dims())});
        }
        // As the compiler sees the node: no values, then all of them.
        (void)infer_node(one.node(), types, std::vector<const Tensor*>(values.size(), nullptr));
        const Inferred inferred = infer_node(one.node(), types, values);
        if (!is_small(inferred.outputs)) continue;
        const std::vector<Tensor> outputs = evaluate(one.node(), values);
        for (size_t k = 0; k < outputs.size(); ++k) {
          EXPECT_EQ(outputs[k].dtype(), inferred.outputs[k].dtype);
        }
        ++computed;
      } catch (const Error& error) {
        EXPECT_NE(error.code(), ErrorCode::kInternal) << error.what();
      }
    }
  }
  EXPECT_GT(computed, 3000);  // Not everything may be nonsense.
}

}  // namespace
}  // namespace tenon::testing

// SPDX-License-Identifier: Apache-2.0
#include "formats/tensorflow/output_count.h"

#include <algorithm>
#include <iterator>

namespace tenon::tensorflow {
namespace {

struct Fixed {
  std::string_view op;
  int64_t outputs;
};

// Operators whose number of outputs is fixed and not 1, by name (tensorflow/core/ops, TensorFlow 2.21).
constexpr Fixed kFixed[] = {
    {"Assert", 0},
    {"CombinedNonMaxSuppression", 4},
    {"FusedBatchNorm", 5},
    {"FusedBatchNormV2", 5},
    {"FusedBatchNormV3", 6},
    {"ListDiff", 2},
    {"Merge", 2},
    {"NoOp", 0},
    {"NonMaxSuppressionV4", 2},
    {"NonMaxSuppressionV5", 3},
    {"PrintV2", 0},
    {"RefMerge", 2},
    {"RefSwitch", 2},
    {"SoftmaxCrossEntropyWithLogits", 2},
    {"SparseSoftmaxCrossEntropyWithLogits", 2},
    {"Switch", 2},
    {"TopK", 2},
    {"TopKV2", 2},
    {"Unique", 2},
    {"UniqueV2", 2},
    {"UniqueWithCounts", 3},
};

struct Declared {
  std::string_view op, attribute;
};

// Operators with as many outputs as an int attribute says, or as a list of types has elements.
constexpr Declared kDeclared[] = {
    {"IdentityN", "T"},      {"If", "Tout"},          {"PartitionedCall", "Tout"},
    {"Split", "num_split"},  {"SplitV", "num_split"}, {"StatefulPartitionedCall", "Tout"},
    {"StatelessIf", "Tout"}, {"StatelessWhile", "T"}, {"Unpack", "num"},
    {"While", "T"},
};

// The row of a table that is sorted by operator, or null.
template <typename Table>
const auto* find_row(const Table& table, std::string_view op) {
  const auto* row =
      std::lower_bound(std::begin(table), std::end(table), op,
                       [](const auto& candidate, std::string_view wanted) { return candidate.op < wanted; });
  return row != std::end(table) && row->op == op ? row : nullptr;
}

}  // namespace

int64_t output_count(std::string_view op, const Attributes& attributes) noexcept {
  if (const Fixed* row = find_row(kFixed, op)) return row->outputs;
  const Declared* row = find_row(kDeclared, op);
  if (row == nullptr) return 1;
  const auto attribute = attributes.find(row->attribute);
  if (attribute == attributes.end()) return 1;
  if (const auto* number = std::get_if<int64_t>(&attribute->second)) return *number;
  if (const auto* types = std::get_if<std::vector<DType>>(&attribute->second))
    return static_cast<int64_t>(types->size());
  return 1;
}

bool has_training_outputs(std::string_view op) noexcept { return op.substr(0, 14) == "FusedBatchNorm"; }

}  // namespace tenon::tensorflow

// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/memory.h"

#include "codegen/llvm/scalars.h"

#include <bit>
#include <set>
#include <vector>

namespace tenon::codegen {

using expr::ScalarType;
using llvm::Value;

namespace {

bool has_gathers(Isa isa, unsigned bits) { return isa == Isa::kX86V4 && bits >= 32; }

Value* address(Builder& b, ScalarType type, Value* base, Value* place) {
  return b.CreateGEP(memory_type(b, type), base, place);
}

llvm::Align alignment(Builder& b, ScalarType type) {
  return llvm::Align(memory_type(b, type)->getScalarSizeInBits() / 8);
}

Value* from_memory(Builder& b, ScalarType type, Value* value) {
  return type == expr::kBool ? b.CreateICmpNE(value, llvm::Constant::getNullValue(value->getType())) : value;
}

Value* to_memory(Builder& b, ScalarType type, Value* value) {
  return type == expr::kBool ? b.CreateZExt(value, Builder::like(value, b.getInt8Ty())) : value;
}

Value* zero_where_not(Builder& b, Value* guard, Value* value) {
  if (guard == nullptr) return value;
  return b.CreateSelect(b.splat(guard, Builder::lanes(value)), value, llvm::Constant::getNullValue(value->getType()));
}

Value* both(Builder& b, Value* a, Value* c) {
  if (a == nullptr || c == nullptr) return a == nullptr ? c : a;
  return b.CreateAnd(a, c);
}

}  // namespace

bool has_masks(Isa isa, ScalarType type) {
  return isa == Isa::kX86V4 || (isa == Isa::kX86V3 && type != expr::kBool && dtype_bits(type.dtype()) >= 32);
}

Value* load_one(Builder& b, ScalarType type, Value* base, Value* place, Value* guard) {
  if (guard != nullptr) place = b.CreateSelect(guard, place, b.getInt64(0));
  Value* value = b.CreateAlignedLoad(memory_type(b, type), address(b, type, base, place), alignment(b, type));
  return zero_where_not(b, guard, from_memory(b, type, value));
}

Value* load_run(Builder& b, ScalarType type, const Run& run, const Lanes& lanes, Value* guard) {
  llvm::Type* element = memory_type(b, type);
  llvm::Type* vector = Builder::type(element, lanes.count);
  const bool masked = has_masks(b.isa(), type);
  Value* mask = guard == nullptr ? lanes.mask : both(b, b.splat(guard, lanes.count), lanes.mask);
  const bool one_guard = guard != nullptr && Builder::lanes(guard) == 0;
  if (run.step != 1 && mask == nullptr) {
    std::vector<int64_t> distances;
    for (unsigned lane = 0; lane < lanes.count; ++lane) distances.push_back(run.step * lane);
    if (Value* value = load_pattern(b, type, run.base, run.first, distances, 0)) return value;
  }
  if (run.step != 1 || (guard != nullptr && !one_guard && !masked)) {
    Value* numbers = b.CreateMul(b.lane_numbers(lanes.count), Builder::integer(b.lane_numbers(lanes.count), run.step));
    Value* places = b.CreateAdd(b.splat(run.first, lanes.count), numbers);
    return load_gather(b, type, run.base, places, lanes, guard);
  }
  if (mask == nullptr) {
    Value* start = address(b, type, run.base, run.first);
    return from_memory(b, type, b.CreateAlignedLoad(vector, start, alignment(b, type)));
  }
  if (masked) {
    Value* start = address(b, type, run.base, run.first);
    Value* zero = llvm::Constant::getNullValue(vector);
    return from_memory(b, type, b.CreateMaskedLoad(vector, start, alignment(b, type), mask, zero));
  }
  // Through memory: the lanes that count, one by one.
  llvm::AllocaInst* buffer = b.variable(vector);
  b.CreateStore(llvm::Constant::getNullValue(vector), buffer);
  Value* count = lanes.active == nullptr ? b.getInt64(lanes.count) : lanes.active;
  if (one_guard) count = b.CreateSelect(guard, count, b.getInt64(0));
  b.loop(b.getInt64(0), count, 1, [&](Value* k) {
    Value* from = address(b, type, run.base, b.CreateAdd(run.first, k));
    b.CreateStore(b.CreateAlignedLoad(element, from, alignment(b, type)), b.CreateGEP(element, buffer, k));
  });
  return from_memory(b, type, b.CreateLoad(vector, buffer));
}

Value* load_pattern(Builder& b, ScalarType type, Value* base, Value* first, std::span<const int64_t> distances,
                    int64_t ahead) {
  constexpr size_t kMostPieces = 4;
  constexpr int64_t kWidestGap = 4;
  const auto lanes = static_cast<int64_t>(distances.size());
  // Pieces that begin and end at an element that is wanted.
  struct Piece {
    int64_t begin, count;
  };
  std::vector<Piece> pieces;
  const std::set<int64_t> wanted(distances.begin(), distances.end());
  for (auto at = wanted.begin(); at != wanted.end();) {
    const int64_t begin = *at;
    int64_t last = begin;
    for (; at != wanted.end() && *at - last <= kWidestGap && *at - begin < lanes; ++at) last = *at;
    const auto length = static_cast<uint64_t>(last - begin + 1);
    const auto count = static_cast<int64_t>(std::bit_floor(length));
    pieces.push_back({begin, count});
    if (!std::has_single_bit(length)) pieces.push_back({last - count + 1, count});
  }
  if (pieces.size() > kMostPieces) return nullptr;
  llvm::Type* element = memory_type(b, type);
  Value* result = nullptr;
  for (const Piece& piece : pieces) {
    Value* start = address(b, type, base, b.CreateAdd(first, b.getInt64(static_cast<uint64_t>(piece.begin))));
    if (ahead != 0)
      prefetch(b, type, base, b.CreateAdd(first, b.getInt64(static_cast<uint64_t>(piece.begin + ahead))),
               /*to_write=*/false);
    llvm::Type* vector = Builder::type(element, static_cast<unsigned>(piece.count));
    Value* loaded = b.CreateAlignedLoad(vector, start, alignment(b, type));
    std::vector<int> picked, merged;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const int64_t place = distances[static_cast<size_t>(lane)] - piece.begin;
      const bool here = place >= 0 && place < piece.count;
      picked.push_back(here ? static_cast<int>(place) : -1);
      merged.push_back(static_cast<int>(here ? lanes + lane : lane));
    }
    Value* placed = b.CreateShuffleVector(loaded, picked);
    result = result == nullptr ? placed : b.CreateShuffleVector(result, placed, merged);
  }
  return from_memory(b, type, result);
}

Value* load_gather(Builder& b, ScalarType type, Value* base, Value* places, const Lanes& lanes, Value* guard) {
  llvm::Type* element = memory_type(b, type);
  llvm::Type* vector = Builder::type(element, lanes.count);
  Value* mask = both(b, lanes.mask, guard == nullptr ? nullptr : b.splat(guard, lanes.count));
  if (has_gathers(b.isa(), element->getScalarSizeInBits())) {
    Value* all = mask == nullptr ? b.splat(b.getTrue(), lanes.count) : mask;
    Value* zero = llvm::Constant::getNullValue(vector);
    return from_memory(b, type,
                       b.CreateMaskedGather(vector, address(b, type, base, places), alignment(b, type), all, zero));
  }
  // Lanes that do not count read the first element, which is there.
  if (mask != nullptr) places = b.CreateSelect(mask, places, llvm::Constant::getNullValue(places->getType()));
  Value* value = llvm::PoisonValue::get(vector);
  for (unsigned lane = 0; lane < lanes.count; ++lane) {
    Value* from = address(b, type, base, b.CreateExtractElement(places, lane));
    value = b.CreateInsertElement(value, b.CreateAlignedLoad(element, from, alignment(b, type)), lane);
  }
  return zero_where_not(b, mask, from_memory(b, type, value));
}

void prefetch(Builder& b, ScalarType type, Value* base, Value* place, bool to_write) {
  b.CreateIntrinsic(llvm::Intrinsic::prefetch, {b.getPtrTy()},
                    {address(b, type, base, place), b.getInt32(to_write ? 1 : 0),
                     b.getInt32(/*locality: all caches=*/3), b.getInt32(/*data=*/1)});
}

void store_one(Builder& b, ScalarType type, Value* base, Value* place, Value* value) {
  b.CreateAlignedStore(to_memory(b, type, value), address(b, type, base, place), alignment(b, type));
}

void store_run(Builder& b, ScalarType type, const Run& run, const Lanes& lanes, Value* value) {
  value = to_memory(b, type, value);
  llvm::Type* element = memory_type(b, type);
  Value* start = address(b, type, run.base, run.first);
  if (run.step == 1 && lanes.mask == nullptr) {
    b.CreateAlignedStore(value, start, alignment(b, type));
    return;
  }
  if (run.step == 1 && has_masks(b.isa(), type)) {
    b.CreateMaskedStore(value, start, alignment(b, type), lanes.mask);
    return;
  }
  llvm::AllocaInst* buffer = b.variable(value->getType());
  b.CreateStore(value, buffer);
  Value* count = lanes.active == nullptr ? b.getInt64(lanes.count) : lanes.active;
  b.loop(b.getInt64(0), count, 1, [&](Value* k) {
    Value* place = b.CreateAdd(run.first, b.CreateMul(k, b.getInt64(static_cast<uint64_t>(run.step))));
    Value* one = b.CreateLoad(element, b.CreateGEP(element, buffer, k));
    b.CreateAlignedStore(one, address(b, type, run.base, place), alignment(b, type));
  });
}

}  // namespace tenon::codegen

// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/emit.h"

#include "codegen/llvm/memory.h"
#include "codegen/llvm/reduction.h"
#include "codegen/llvm/scalars.h"
#include "codegen/nest.h"

#include <llvm/IR/Module.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

namespace tenon::codegen {
namespace {

using expr::Node;
using expr::NodeKind;
using llvm::Value;

constexpr unsigned kVectorBytes = 64;
// How far ahead of its stores a loop asks for the lines: more gains 2 % in memory, and costs 10 % in the caches.
constexpr uint64_t kBytesAhead = 1024;

class Emitter {
 public:
  Emitter(const Program& program, const Kernel& kernel, Isa isa, llvm::Module& module)
      : program_(program),
        kernel_(kernel),
        b_(module.getContext(), isa),
        values_(static_cast<size_t>(kernel.nodes.size())),
        recalled_(static_cast<size_t>(kernel.nodes.size())),
        results_(kernel.reductions.size()),
        accumulators_(kernel.reductions.size()) {
    llvm::Type* pointer = b_.getPtrTy();
    auto* type = llvm::FunctionType::get(b_.getVoidTy(), {pointer, b_.getInt64Ty(), b_.getInt64Ty()}, false);
    function_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "kernel", module);
    for (const char* attribute : {"nounwind", "no-jump-tables"}) function_->addFnAttr(attribute, "true");
    function_->setDoesNotThrow();
    function_->addFnAttr("prefer-vector-width", "512");
    function_->addFnAttr("min-legal-vector-width", "512");
    b_.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "", function_));
  }

  void run() {
    Value* arguments = function_->getArg(0);
    Value* tensors = b_.CreateLoad(b_.getPtrTy(), arguments);
    fault_ = b_.CreateLoad(b_.getPtrTy(), b_.CreateConstGEP1_64(b_.getPtrTy(), arguments, 1));
    for (size_t i = 0; i < program_.buffers.size(); ++i) {
      buffers_.push_back(b_.CreateLoad(b_.getPtrTy(), b_.CreateConstGEP1_64(b_.getPtrTy(), tensors, i)));
    }
    for (const Scratch& row : kernel_.scratch) {
      // Vectors are stored whole, even the last one.
      const int64_t count = row.count + kVectorBytes;
      rows_.push_back(b_.variable(llvm::ArrayType::get(memory_type(b_, row.type), static_cast<uint64_t>(count))));
    }
    begin_ = function_->getArg(1);
    end_ = function_->getArg(2);
    const bool is_parallel = std::any_of(kernel_.body.begin(), kernel_.body.end(),
                                         [](const Statement& statement) { return statement.parallel; });
    if (is_parallel)
      statements(kernel_.body);
    else
      b_.when(b_.CreateICmpSLT(begin_, end_), [&] { statements(kernel_.body); });
    b_.CreateRetVoid();
  }

 private:
  // --- loops

  void statements(const std::vector<Statement>& body) {
    for (const Statement& statement : body) this->statement(statement);
  }

  void statement(const Statement& statement) {
    switch (statement.kind) {
      case StatementKind::kLet:
        recalled_[static_cast<size_t>(statement.node)] = 0;
        set(statement.node, compute(statement.node));
        break;
      case StatementKind::kFor:
        loop(statement);
        break;
      case StatementKind::kAccumulate:
        accumulators_[static_cast<size_t>(statement.number)].add(b_, use(statement.node), factors_of(statement.node),
                                                                 position(statement.number), lanes_, copy_);
        break;
      case StatementKind::kStore:
        store(statement);
        break;
      case StatementKind::kCheck:
        check(use(statement.node));
        break;
      case StatementKind::kKeep: {
        const ScalarType type = kernel_.nodes[statement.node].type;
        const Run run{rows_[static_cast<size_t>(statement.number)], level_.back(), 1};
        if (lanes_.count == 0)
          store_one(b_, type, run.base, run.first, use(statement.node));
        else
          store_run(b_, type, run, {lanes_.count, nullptr, nullptr}, vector(use(statement.node)));
        break;
      }
      case StatementKind::kRecall: {
        const ScalarType type = kernel_.nodes[statement.node].type;
        const Run run{rows_[static_cast<size_t>(statement.number)], level_.back(), 1};
        recalled_[static_cast<size_t>(statement.node)] = 1;
        set(statement.node, lanes_.count == 0 ? load_one(b_, type, run.base, run.first, nullptr)
                                              : load_run(b_, type, run, {lanes_.count, nullptr, nullptr}, nullptr));
        break;
      }
    }
  }

  void loop(const Statement& loop) {
    std::vector<int> begun;  // Reductions whose outermost loop this is.
    begin_reductions(loop, loop.number, begun, loop.vector ? &loop : nullptr);
    Value* begin = loop.parallel ? begin_ : b_.getInt64(0);
    Value* end = loop.parallel ? end_ : b_.getInt64(static_cast<uint64_t>(loop.extent));
    const auto body = [&](Value* index) {
      const std::vector<Statement>* outside = std::exchange(around_, &loop.body);
      level_.push_back(index);
      extents_.push_back(loop.extent);
      statements(loop.body);
      extents_.pop_back();
      level_.pop_back();
      around_ = outside;
    };
    if (loop.vector)
      vectors(loop, begin, end, body);
    else
      b_.loop(begin, end, 1, body);
    for (const int number : begun) {
      results_[static_cast<size_t>(number)] = accumulators_[static_cast<size_t>(number)].finish(b_);
    }
  }

  // The iterations of a vector loop, in steps of its width: a few at a time, one at a time, and what is left.
  void vectors(const Statement& loop, Value* begin, Value* end, const std::function<void(Value*)>& body) {
    const unsigned width = width_of(loop);
    const unsigned copies = copies_of(loop);
    const auto whole = [&](Value* from, unsigned step) {
      return b_.CreateAdd(from, b_.CreateAnd(b_.CreateSub(end, from), b_.getInt64(~uint64_t{step - 1})));
    };
    vector_level_ = loop.number;
    whole_steps_ = !loop.parallel;
    next_rows_ = next_rows(loop);
    spreads_.clear();
    if (loop.parallel) begin = align(loop, begin, end, width, body);
    lanes_ = {width, nullptr, nullptr};
    const int64_t known = loop.extent / width;  // Where it is not parallel.
    if (copies > 1 && (loop.parallel || known >= copies)) {
      Value* stop = whole(begin, copies * width);
      b_.loop(begin, stop, copies * width, [&](Value* first) {
        for (copy_ = 0; copy_ < copies; ++copy_) body(b_.CreateAdd(first, b_.getInt64(uint64_t{copy_} * width)));
        copy_ = 0;
      });
      begin = stop;
    }
    if (loop.parallel || copies == 1) {
      Value* stop = whole(begin, width);
      if (loop.parallel || known > 0) b_.loop(begin, stop, width, body);
      begin = stop;
    } else {
      for (copy_ = 0; copy_ < known % copies; ++copy_) {
        body(begin);
        begin = b_.CreateAdd(begin, b_.getInt64(width));
      }
      copy_ = 0;
    }
    if (loop.parallel || loop.extent % width != 0) {
      b_.when(b_.CreateICmpSLT(begin, end), [&] {
        lanes_ = first_lanes(width, b_.CreateSub(end, begin));
        body(begin);
      });
    }
    lanes_ = {};
    vector_level_ = -1;
  }

  Lanes first_lanes(unsigned width, Value* active) {
    return {width, active, b_.CreateICmpULT(b_.lane_numbers(width), b_.splat(active, width))};
  }

  // Runs what comes before the place where the stores of whole vectors are aligned, and gives that place: a vector
  // that lies in two lines of the cache takes twice the time to store.
  Value* align(const Statement& loop, Value* begin, Value* end, unsigned width,
               const std::function<void(Value*)>& body) {
    const auto store = std::find_if(loop.body.begin(), loop.body.end(),
                                    [](const Statement& s) { return s.kind == StatementKind::kStore; });
    if (store == loop.body.end()) return begin;
    const Access& access = kernel_.accesses[static_cast<size_t>(store->number)];
    const ScalarType type = kernel_.nodes[store->node].type;
    const auto bytes = static_cast<uint64_t>(memory_type(b_, type)->getScalarSizeInBits() / 8);
    if (access.step(loop.number) != 1 || bytes * width % kVectorBytes != 0 || !has_masks(b_.isa(), type)) return begin;
    level_.push_back(begin);
    Value* first =
        b_.CreateGEP(memory_type(b_, type), buffers_[static_cast<size_t>(access.buffer)], shared_place(access));
    level_.pop_back();
    Value* missing =
        b_.CreateAnd(b_.CreateNeg(b_.CreatePtrToInt(first, b_.getInt64Ty())), b_.getInt64(kVectorBytes - 1));
    Value* count = b_.CreateUDiv(missing, b_.getInt64(bytes));
    Value* all = b_.CreateSub(end, begin);
    count = b_.CreateSelect(b_.CreateICmpSLT(count, all), count, all);
    b_.when(b_.CreateICmpNE(count, b_.getInt64(0)), [&] {
      lanes_ = first_lanes(width, count);
      body(begin);
    });
    return b_.CreateAdd(begin, count);
  }

  // What the loop around will read in its next iteration, if `loop` is the one there that stores: rows of a few lines
  // that a reduction goes over first, which waits for each of them.
  std::vector<const Access*> next_rows(const Statement& loop) const {
    constexpr int64_t kMostBytes = 8192;
    std::vector<const Access*> rows;
    const auto has = [](const Statement& statement, StatementKind kind) {
      return std::any_of(statement.body.begin(), statement.body.end(),
                         [&](const Statement& inner) { return inner.kind == kind; });
    };
    if (around_ == nullptr || !has(loop, StatementKind::kStore)) return rows;
    for (const Statement& before : *around_) {
      if (!before.vector || before.extent != loop.extent || !has(before, StatementKind::kAccumulate)) continue;
      for (const Statement& let : before.body) {
        if (let.kind != StatementKind::kLet || kernel_.nodes[let.node].kind != NodeKind::kLoad) continue;
        const Node& load = kernel_.nodes[let.node];
        const Access& access = kernel_.accesses[static_cast<size_t>(load.number)];
        const int64_t bytes = access.step(loop.number - 1) * (dtype_bits(load.type.dtype()) / 8);
        const bool is_row =
            access.step(loop.number) == 1 && access.rest < 0 && bytes >= kVectorBytes && bytes <= kMostBytes;
        const auto is_same = [&](const Access* row) { return *row == access; };
        if (is_row && std::none_of(rows.begin(), rows.end(), is_same)) rows.push_back(&access);
      }
    }
    return rows;
  }

  // How many elements further a loop around will read what a vector loop reads now, if that is in another page and not
  // just what follows: the processor does not fetch it by itself. Else 0.
  int64_t ahead_of(const Access& access, ScalarType type) const {
    constexpr int64_t kPageBytes = 4096;
    if (lanes_.mask != nullptr) return 0;
    bool in_order = access.rest < 0;
    int64_t next = 1, ahead = 0;
    for (int level = vector_level_; level >= 0; --level) {
      const int64_t step = access.step(level), bytes = step * (dtype_bits(type.dtype()) / 8);
      in_order &= step == next;
      if (in_order) next *= extents_[static_cast<size_t>(level)];
      if (level < vector_level_ && bytes >= kPageBytes && bytes <= 2 * kPageBytes) ahead = step;
    }
    if (in_order || ahead == 0) return 0;
    const bool is_read = std::any_of(kernel_.accesses.begin(), kernel_.accesses.end(), [&](const Access& other) {
      return other.buffer == access.buffer && other.steps == access.steps && other.rest == access.rest &&
             other.offset - ahead == access.offset;
    });
    return is_read ? 0 : ahead;
  }

  // How many vectors of a loop are worked on at a time: several of what is done in a few instructions, so that counting
  // and waiting for sums do not matter.
  unsigned copies_of(const Statement& loop) const {
    constexpr double kLight = 32;
    double sum = 0;
    for (const Statement& statement : loop.body) {
      if (statement.kind == StatementKind::kFor) return 1;
      sum += statement.kind == StatementKind::kLet ? weight(kernel_.nodes[statement.node]) : 1;
    }
    if (sum > kLight) return 1;
    return in_pairs(loop) ? 2 : 4;
  }

  // Whether a loop takes two vectors as one: the instructions of a function wait for each other, and those of the
  // other vector run meanwhile. Narrower registers hold several parts of a vector as it is. Not where sums are taken:
  // their order would be another than on those.
  bool in_pairs(const Statement& loop) const {
    const auto calls = [&](const Statement& statement) {
      if (statement.kind != StatementKind::kLet) return false;
      const Node& node = kernel_.nodes[statement.node];
      if (!expr::is_any(node.type, expr::kFloats)) return false;
      if (node.kind == NodeKind::kBinary) return node.binary() == expr::BinaryOp::kPow;
      return node.kind == NodeKind::kUnary && is_elementary(node.unary());
    };
    const auto is_other = [](const Statement& statement) {
      return statement.kind == StatementKind::kFor || statement.kind == StatementKind::kAccumulate;
    };
    return b_.isa() == Isa::kX86V4 && std::any_of(loop.body.begin(), loop.body.end(), calls) &&
           std::none_of(loop.body.begin(), loop.body.end(), is_other);
  }

  // Those that statements within accumulate and whose first loop has this level. `vector` is the vector loop between,
  // if any.
  void begin_reductions(const Statement& at, int level, std::vector<int>& begun, const Statement* vector) {
    for (const Statement& statement : at.body) {
      if (statement.kind == StatementKind::kFor) {
        begin_reductions(statement, level, begun, statement.vector ? &statement : vector);
      }
      if (statement.kind != StatementKind::kAccumulate) continue;
      const auto number = static_cast<size_t>(statement.number);
      const Reduced& reduced = kernel_.reductions[number];
      if (reduced.level != level) continue;
      // The lanes are those of a vector loop within, whose partial results come together at the end; or of one around.
      unsigned width = 0;
      if (vector != nullptr)
        width = width_of(*vector);
      else if (vector_level_ >= 0 && varies(reduced.value, vector_level_))
        width = lanes_.count;
      accumulators_[number] = Accumulator(b_, reduced.op, reduced.type, width, vector != nullptr,
                                          vector != nullptr ? copies_of(*vector) : 1);
      begun.push_back(statement.number);
    }
  }

  // The place of what is accumulated now, row-major over the reduction's loops.
  Value* position(int number) {
    const Reduced& reduced = kernel_.reductions[static_cast<size_t>(number)];
    if (reduced.op != Reduction::kArgMin && reduced.op != Reduction::kArgMax) return nullptr;
    Value* place = b_.getInt64(0);
    for (size_t i = 0; i < reduced.extents.size(); ++i) {
      const int level = reduced.level + static_cast<int>(i);
      place = b_.CreateMul(place, Builder::integer(place, reduced.extents[i]));
      Value* index = index_of(level);
      if (Builder::lanes(index) != 0) place = b_.splat(place, lanes_.count);
      if (Builder::lanes(place) != 0) index = b_.splat(index, lanes_.count);
      place = b_.CreateAdd(place, index);
    }
    return place;
  }

  // So many lanes that the widest values fill a vector; what is computed of indices takes several then. A short loop
  // gets fewer, but not a parallel one, whose code serves all extents.
  unsigned width_of(const Statement& loop) {
    unsigned widest = 0;
    widen(loop, loop.number, widest);
    const unsigned width = (in_pairs(loop) ? 2 : 1) * kVectorBytes / std::max(widest, 1U);
    if (loop.parallel || loop.extent >= width) return width;
    return std::max(2U, static_cast<unsigned>(std::bit_ceil(static_cast<uint64_t>(loop.extent))));
  }
  void widen(const Statement& at, int level, unsigned& widest) {
    for (const Statement& statement : at.body) {
      if (statement.kind == StatementKind::kFor) widen(statement, level, widest);
      if (statement.node < 0 || !(statement.kind == StatementKind::kStore || varies(statement.node, level))) continue;
      const ScalarType type = kernel_.nodes[statement.node].type;
      const bool is_index = type == expr::kI64 && statement.kind == StatementKind::kLet &&
                            kernel_.nodes[statement.node].kind != NodeKind::kLoad;
      if (type != expr::kBool && !is_index)
        widest = std::max(widest, static_cast<unsigned>(dtype_bits(type.dtype()) / 8));
    }
  }

  // Whether a node differs between the iterations of the loop at that level around it.
  bool varies(NodeId id, int level) {
    std::vector<char>& known = varies_[level];
    if (known.empty()) {
      for (NodeId node = 0; node < kernel_.nodes.size(); ++node) known.push_back(varies_by(node, level, known) ? 1 : 0);
    }
    return known[static_cast<size_t>(id)] != 0;
  }
  bool varies_by(NodeId id, int level, const std::vector<char>& known) const {
    const Node& node = kernel_.nodes[id];
    const auto at = [&](NodeId operand) { return known[static_cast<size_t>(operand)] != 0; };
    if (node.kind == NodeKind::kIndex) return node.number == level;
    if (node.kind == NodeKind::kField) {
      const Reduced& reduced = kernel_.reductions[static_cast<size_t>(node.number)];
      return reduced.level > level && at(reduced.value);
    }
    if (node.kind == NodeKind::kLoad && kernel_.accesses[static_cast<size_t>(node.number)].step(level) != 0)
      return true;
    const std::vector<NodeId> operands = kernel_.operands(id);
    return std::any_of(operands.begin(), operands.end(), at);
  }

  // --- values

  void set(NodeId id, Value* value) { values_[static_cast<size_t>(id)] = value; }

  Value* index_of(int level) {
    Value* index = level_[static_cast<size_t>(level)];
    if (level != vector_level_) return index;
    return b_.CreateAdd(b_.splat(index, lanes_.count), b_.lane_numbers(lanes_.count));
  }

  Value* use(NodeId id) {
    const Node& node = kernel_.nodes[id];
    if (node.kind == NodeKind::kConst) return constant(b_, node.type, node.value);
    if (node.kind == NodeKind::kIndex) return index_of(node.number);
    if (node.kind == NodeKind::kField) return results_[static_cast<size_t>(node.number)];
    return values_[static_cast<size_t>(id)];
  }
  Value* vector(Value* value) { return b_.splat(value, lanes_.count); }

  // Operands of one shape: vectors as soon as one is.
  std::vector<Value*> operands(const Node& node) {
    std::vector<Value*> values;
    bool any = false;
    for (const NodeId operand : node.operands) {
      values.push_back(use(operand));
      any = any || Builder::lanes(values.back()) != 0;
    }
    if (any)
      for (Value*& value : values) value = vector(value);
    return values;
  }

  Value* compute(NodeId id) {
    const Node& node = kernel_.nodes[id];
    if (node.kind == NodeKind::kLoad) return load(node);
    const std::vector<Value*> x = operands(node);
    const ScalarType type = kernel_.nodes[node.operands[0]].type;
    switch (node.kind) {
      case NodeKind::kUnary:
        return unary(b_, node.unary(), type, x[0]);
      case NodeKind::kBinary:
        if (Value* fused = sum_with_product(node, x)) return fused;
        return binary(b_, node.binary(), type, x[0], x[1]);
      case NodeKind::kSelect:
        return b_.CreateSelect(x[0], x[1], x[2]);
      default:
        return cast(b_, node.cast_mode(), type, node.type, x[0]);
    }
  }

  // What a product that need not be rounded is made of, where both are at hand and one instruction adds it; else none.
  std::optional<Factors> factors_of(NodeId id) {
    const Node& node = kernel_.nodes[id];
    const bool fuses = node.kind == NodeKind::kBinary && node.binary() == expr::BinaryOp::kFastMul &&
                       expr::is_any(node.type, expr::kFloats) && has_fma(b_.isa()) &&
                       recalled_[static_cast<size_t>(id)] == 0;
    if (!fuses) return std::nullopt;
    return Factors{use(node.operands[0]), use(node.operands[1])};
  }

  // a * b + c, a * b - c or c - a * b by one instruction; null if the node is none of them. `x` are the operands.
  Value* sum_with_product(const Node& node, const std::vector<Value*>& x) {
    const bool subtracts = node.binary() == expr::BinaryOp::kSub;
    if (!subtracts && node.binary() != expr::BinaryOp::kAdd) return nullptr;
    for (size_t i = 0; i < 2; ++i) {
      std::optional<Factors> factors = factors_of(node.operands[i]);
      if (!factors) continue;
      Value* other = x[1 - i];
      if (subtracts && i == 0) other = b_.CreateFNeg(other);
      if (subtracts && i == 1) factors->a = b_.CreateFNeg(factors->a);
      return multiply_add(b_, *factors, other);
    }
    return nullptr;
  }

  // The part of an address that all lanes share: without the steps of the vector loop, which count from `level_`.
  Value* shared_place(const Access& access) {
    Value* place = b_.getInt64(static_cast<uint64_t>(access.offset));
    for (size_t level = 0; level < access.steps.size(); ++level) {
      if (access.steps[level] == 0) continue;
      Value* step = b_.getInt64(static_cast<uint64_t>(access.steps[level]));
      place = b_.CreateAdd(place, b_.CreateMul(level_[level], step));
    }
    return place;
  }

  Value* load(const Node& node) {
    const Access& access = kernel_.accesses[static_cast<size_t>(node.number)];
    Value* base = buffers_[static_cast<size_t>(access.buffer)];
    Value* place = shared_place(access);
    Value* rest = access.rest < 0 ? nullptr : use(access.rest);
    Value* guard = access.guard < 0 ? nullptr : use(access.guard);
    const int64_t step = vector_level_ < 0 ? 0 : access.step(vector_level_);
    if (rest != nullptr && Builder::lanes(rest) != 0) {
      if (Value* value = load_pattern(access, node.type, base, place, rest)) return value;
      Value* places = b_.CreateAdd(vector(place), rest);
      if (step != 0) places = b_.CreateAdd(places, scaled_lanes(step));
      return load_gather(b_, node.type, base, places, lanes_, guard);
    }
    if (rest != nullptr) place = b_.CreateAdd(place, rest);
    if (const int64_t ahead = step == 1 ? ahead_of(access, node.type) : 0; ahead != 0)
      prefetch_vector(node.type, base, b_.CreateAdd(place, b_.getInt64(static_cast<uint64_t>(ahead))),
                      /*to_write=*/false);
    if (step != 0) return load_run(b_, node.type, {base, place, step}, lanes_, guard);
    if (guard != nullptr && Builder::lanes(guard) != 0)
      return load_gather(b_, node.type, base, vector(place), lanes_, guard);
    return load_one(b_, node.type, base, place, guard);
  }
  // The load if its places in the lanes are at the same distances from the first one in every vector; else null.
  Value* load_pattern(const Access& access, ScalarType type, Value* base, Value* place, Value* rest) {
    if (!whole_steps_ || lanes_.mask != nullptr || access.guard >= 0) return nullptr;
    std::optional<Spread> spread = spread_of(access.rest);
    if (!spread) return nullptr;
    for (size_t lane = 0; lane < lanes_.count; ++lane) {
      int64_t& distance = spread->distances[lane];
      int64_t step = 0;
      if (__builtin_mul_overflow(static_cast<int64_t>(lane), access.step(vector_level_), &step) ||
          __builtin_add_overflow(distance, step, &distance))
        return nullptr;
    }
    Value* first = b_.CreateAdd(place, b_.CreateExtractElement(rest, uint64_t{0}));
    return codegen::load_pattern(b_, type, base, first, spread->distances, ahead_of(access, type));
  }

  // An integer in the lanes of a vector loop that begins at a multiple of its width.
  struct Spread {
    int64_t unit;                    // The first lane's is a multiple of it; 0: it is 0.
    std::vector<int64_t> distances;  // From the first lane's.
  };
  // That of a node; nullopt if it differs between vectors.
  const std::optional<Spread>& spread_of(NodeId id) {
    while (spreads_.size() <= static_cast<size_t>(id)) {
      std::optional<Spread> next = spread(static_cast<NodeId>(spreads_.size()));
      spreads_.push_back(std::move(next));
    }
    return spreads_[static_cast<size_t>(id)];
  }
  // The same from those of its operands, which come before it.
  std::optional<Spread> spread(NodeId id) {
    const Node& node = kernel_.nodes[id];
    if (node.type != expr::kI64) return std::nullopt;
    if (const auto value = kernel_.nodes.integer_value(id)) return Spread{*value, std::vector<int64_t>(lanes_.count)};
    if (!varies(id, vector_level_)) return Spread{1, std::vector<int64_t>(lanes_.count)};
    if (node.kind == NodeKind::kIndex) {
      Spread spread{lanes_.count, {}};
      for (unsigned lane = 0; lane < lanes_.count; ++lane) spread.distances.push_back(lane);
      return spread;
    }
    // One that may wrap has a range that says nothing.
    if (node.kind != NodeKind::kBinary || kernel_.nodes.range(id) == expr::full_range(node.type)) return std::nullopt;
    std::optional<Spread> spread = spreads_[static_cast<size_t>(node.operands[0])];
    const std::optional<Spread>& other = spreads_[static_cast<size_t>(node.operands[1])];
    if (!spread || !other) return std::nullopt;
    const int64_t number = kernel_.nodes.integer_value(node.operands[1]).value_or(0);
    switch (node.binary()) {
      case expr::BinaryOp::kAdd:
        spread->unit = std::gcd(spread->unit, other->unit);
        for (size_t lane = 0; lane < lanes_.count; ++lane) {
          int64_t& distance = spread->distances[lane];
          if (__builtin_add_overflow(distance, other->distances[lane], &distance)) return std::nullopt;
        }
        return spread;
      case expr::BinaryOp::kMul:
        if (number == 0 || __builtin_mul_overflow(spread->unit, number, &spread->unit)) return std::nullopt;
        for (int64_t& distance : spread->distances)
          if (__builtin_mul_overflow(distance, number, &distance)) return std::nullopt;
        return spread;
      case expr::BinaryOp::kFloorDiv:
      case expr::BinaryOp::kMod: {
        if (number <= 0 || spread->unit % number != 0) return std::nullopt;
        const bool is_mod = node.binary() == expr::BinaryOp::kMod;
        for (int64_t& distance : spread->distances) {
          const int64_t rest = distance % number < 0 ? distance % number + number : distance % number;
          int64_t whole = 0;
          if (__builtin_sub_overflow(distance, rest, &whole)) return std::nullopt;
          distance = is_mod ? rest : whole / number;
        }
        spread->unit = is_mod ? 0 : spread->unit / number;
        return spread;
      }
      default:
        return std::nullopt;
    }
  }

  Value* scaled_lanes(int64_t step) {
    Value* numbers = b_.lane_numbers(lanes_.count);
    return b_.CreateMul(numbers, Builder::integer(numbers, step));
  }

  void store(const Statement& statement) {
    const Access& access = kernel_.accesses[static_cast<size_t>(statement.number)];
    const ScalarType type = kernel_.nodes[statement.node].type;
    Value* base = buffers_[static_cast<size_t>(access.buffer)];
    Value* place = shared_place(access);
    if (lanes_.count == 0) {
      store_one(b_, type, base, place, use(statement.node));
      return;
    }
    store_run(b_, type, {base, place, access.step(vector_level_)}, lanes_, vector(use(statement.node)));
    if (access.step(vector_level_) != 1 || lanes_.mask != nullptr) return;
    // The processor fetches by itself what is read on and on, but not what is written.
    const auto written = 8 * kBytesAhead / static_cast<uint64_t>(dtype_bits(type.dtype()));
    prefetch_vector(type, base, b_.CreateAdd(place, b_.getInt64(written)), /*to_write=*/true);
    for (const Access* row : next_rows_) {
      const auto number = static_cast<size_t>(row->buffer);
      Value* next = b_.CreateAdd(shared_place(*row), b_.getInt64(static_cast<uint64_t>(row->step(vector_level_ - 1))));
      prefetch_vector(program_.buffers[number].type, buffers_[number], next, /*to_write=*/false);
    }
  }
  // Asks for the lines of all lanes, the first of which is at `place`.
  void prefetch_vector(ScalarType type, Value* base, Value* place, bool to_write) {
    const auto bits = static_cast<uint64_t>(dtype_bits(type.dtype()));
    const uint64_t elements = 8 * kVectorBytes / bits;  // Of a line, which is as long as a vector.
    for (uint64_t first = 0; first < lanes_.count; first += elements)
      prefetch(b_, type, base, b_.CreateAdd(place, b_.getInt64(first)), to_write);
  }

  void check(Value* fault) {
    if (Builder::lanes(fault) != 0) {
      if (lanes_.mask != nullptr) fault = b_.CreateAnd(fault, lanes_.mask);
      fault = b_.CreateOrReduce(fault);
    }
    b_.when(fault, [&] {
      llvm::StoreInst* store = b_.CreateAlignedStore(b_.getInt64(1), fault_, llvm::Align(8));
      store->setAtomic(llvm::AtomicOrdering::Monotonic);  // Several threads may fail at once.
    });
  }

  const Program& program_;
  const Kernel& kernel_;
  Builder b_;
  llvm::Function* function_;
  Value* fault_ = nullptr;
  Value* begin_ = nullptr;
  Value* end_ = nullptr;
  std::vector<Value*> buffers_;
  std::vector<Value*> rows_;
  const std::vector<Statement>* around_ = nullptr;  // The body that is being emitted.
  std::vector<const Access*> next_rows_;            // Of the vector loop that is.
  std::vector<int64_t> extents_;                    // Of the loops around.
  std::vector<Value*> level_;   // The variables of the loops around; of a vector loop its first lane's.
  std::vector<Value*> values_;  // By node.
  std::vector<char> recalled_;  // By node: whether its value comes from a scratch row.
  std::vector<Value*> results_;
  std::vector<Accumulator> accumulators_;
  std::map<int, std::vector<char>> varies_;
  Lanes lanes_;
  int vector_level_ = -1;
  bool whole_steps_ = false;                    // The vector loop's variable is a multiple of its width.
  std::vector<std::optional<Spread>> spreads_;  // In the vector loop, by node, as far as they were asked for.
  unsigned copy_ = 0;                           // Which of the vectors that are worked on at a time.
};

}  // namespace

void emit(const Program& program, const Kernel& kernel, Isa isa, llvm::Module& module) {
  Emitter(program, kernel, isa, module).run();
}

}  // namespace tenon::codegen

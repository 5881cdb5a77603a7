// SPDX-License-Identifier: Apache-2.0
#include "runtime/memory_plan.h"

#include <tenon/tensor.h>

#include "base/checked.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace tenon {
namespace {

constexpr auto kAlignment = static_cast<int64_t>(kTensorAlignment);

int64_t aligned(int64_t bytes) { return checked_add(bytes, kAlignment - 1, "the arena") / kAlignment * kAlignment; }

bool alive_together(const BufferLife& a, const BufferLife& b) { return a.first <= b.last && b.first <= a.last; }

/// The most bytes alive at one step: a sweep over births and deaths.
int64_t most_alive(std::span<const BufferLife> buffers) {
  struct Event {
    int step;
    int64_t bytes;  // Deaths are negative and take effect one step after the last use.
  };
  std::vector<Event> events;
  events.reserve(buffers.size() * 2);
  for (const BufferLife& buffer : buffers) {
    events.push_back({buffer.first, aligned(buffer.bytes)});
    events.push_back({buffer.last + 1, -aligned(buffer.bytes)});
  }
  std::sort(events.begin(), events.end(),
            [](const Event& a, const Event& b) { return a.step != b.step ? a.step < b.step : a.bytes < b.bytes; });
  int64_t alive = 0, most = 0;
  for (const Event& event : events) {
    alive = checked_add(alive, event.bytes, "the arena");
    most = std::max(most, alive);
  }
  return most;
}

struct Placed {
  int64_t begin, end;
  size_t buffer;
};

/// The offset of the tightest gap of at least `bytes` between `placed` (sorted by begin), else behind the last.
int64_t tightest_gap(const std::vector<Placed>& neighbours, int64_t bytes) {
  int64_t best = -1, best_size = std::numeric_limits<int64_t>::max(), end = 0;
  for (const Placed& other : neighbours) {
    const int64_t gap = other.begin - end;
    if (gap >= bytes && gap < best_size) {
      best = end;
      best_size = gap;
    }
    end = std::max(end, other.end);
  }
  return best >= 0 ? best : end;
}

MemoryPlan place_in_order(std::span<const BufferLife> buffers, const std::vector<size_t>& order) {
  MemoryPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  std::vector<Placed> placed;  // Sorted by begin.
  std::vector<Placed> neighbours;
  for (const size_t index : order) {
    const int64_t bytes = aligned(buffers[index].bytes);
    if (bytes == 0) continue;
    neighbours.clear();
    for (const Placed& other : placed)
      if (alive_together(buffers[index], buffers[other.buffer])) neighbours.push_back(other);
    const int64_t begin = tightest_gap(neighbours, bytes);
    const Placed entry{begin, checked_add(begin, bytes, "the arena"), index};
    placed.insert(std::upper_bound(placed.begin(), placed.end(), entry,
                                   [](const Placed& a, const Placed& b) { return a.begin < b.begin; }),
                  entry);
    plan.offsets[index] = begin;
    plan.bytes = std::max(plan.bytes, entry.end);
  }
  return plan;
}

}  // namespace

MemoryPlan plan_memory(std::span<const BufferLife> buffers) {
  const int64_t lower_bound = most_alive(buffers);
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});

  const auto length = [&](size_t i) { return int64_t{buffers[i].last} - buffers[i].first; };
  const auto by_time = [&](size_t a, size_t b) { return buffers[a].first < buffers[b].first; };
  const auto by_size = [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; };
  const auto by_length = [&](size_t a, size_t b) { return length(a) > length(b); };

  MemoryPlan best;
  best.bytes = std::numeric_limits<int64_t>::max();
  const auto attempt = [&](const auto& less) {
    if (best.bytes == lower_bound) return;
    std::stable_sort(order.begin(), order.end(), less);
    MemoryPlan plan = place_in_order(buffers, order);
    if (plan.bytes < best.bytes) best = std::move(plan);
  };
  // Each sort is stable, so ties keep the order of the one before: by size, then by time; by length, then by size.
  std::stable_sort(order.begin(), order.end(), by_time);
  attempt(by_size);
  attempt(by_length);
  attempt(by_time);
  best.lower_bound = lower_bound;
  return best;
}

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include "runtime/context_impl.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

// What a Context tells about its latest run: times, memory and the choice of kernels.
namespace tenon {
namespace {

/// `text` in at most `width` characters; a longer one loses its middle.
std::string shortened(const std::string& text, size_t width) {
  if (text.size() <= width) return text;
  const size_t head = (width - 2) / 2;
  return text.substr(0, head) + ".." + text.substr(text.size() - (width - 2 - head));
}

}  // namespace

MemoryReport Context::memory() const {
  MemoryReport report;
  for (const Segment* segment : impl_->chain) {
    report.arena_bytes += segment->arena_bytes;
    report.lower_bound_bytes += segment->lower_bound_bytes;
    report.workspace_bytes = std::max(report.workspace_bytes, segment->workspace_bytes);
    report.constant_bytes += segment->constant_bytes;
    report.steps += static_cast<int>(segment->steps.size());
  }
  if (!impl_->chain.empty()) report.constant_bytes += impl_->engine->packed.bytes();
  return report;
}

std::vector<StepProfile> Context::profile() const {
  std::vector<StepProfile> rows;
  if (!impl_->options.profile) return rows;
  for (const Segment* segment : impl_->chain) {
    for (size_t i = 0; i < segment->steps.size(); ++i) {
      const NodeReport& report = segment->reports[segment->steps[i].report];
      const StepTimes& times = segment->times[i];
      rows.push_back({.node = report.node,
                      .op = report.op,
                      .kernel = report.kernel,
                      .shape = report.shape,
                      .runs = times.runs,
                      .total_us = times.total_us,
                      .min_us = times.min_us});
    }
  }
  return rows;
}

void Context::reset_profile() { impl_->reset_profile(); }

std::string Context::profile_table() const {
  const std::vector<StepProfile> rows = profile();
  double total_us = 0;
  size_t node_width = 4, op_width = 2, kernel_width = 6;
  for (const StepProfile& row : rows) {
    total_us += row.total_us;
    node_width = std::clamp(row.node.size(), node_width, size_t{44});
    op_width = std::clamp(row.op.size(), op_width, size_t{24});
    kernel_width = std::clamp(row.kernel.size(), kernel_width, size_t{44});
  }
  std::string table = fmt::format("{:>6} {:>10} {:>10} {:>8}  {:<{}}  {:<{}}  {:<{}}  {}\n", "%", "mean us", "min us",
                                  "runs", "node", node_width, "op", op_width, "kernel", kernel_width, "shape");
  for (const StepProfile& row : rows) {
    table += fmt::format("{:>6.1f} {:>10.2f} {:>10.2f} {:>8}  {:<{}}  {:<{}}  {:<{}}  {}\n",
                         total_us > 0 ? 100 * row.total_us / total_us : 0.0,
                         row.runs > 0 ? row.total_us / static_cast<double>(row.runs) : 0.0, row.min_us, row.runs,
                         shortened(row.node, node_width), node_width, shortened(row.op, op_width), op_width,
                         shortened(row.kernel, kernel_width), kernel_width, row.shape);
  }
  return table;
}

std::string Context::chrome_trace() const {
  // The format's "complete" events: ph X, times in microseconds.
  nlohmann::json events = nlohmann::json::array();
  for (const Segment* segment : impl_->chain) {
    for (size_t i = 0; i < segment->steps.size(); ++i) {
      const NodeReport& report = segment->reports[segment->steps[i].report];
      const StepTimes& times = segment->times[i];
      if (times.runs == 0) continue;
      events.push_back({{"name", report.node},
                        {"cat", report.op},
                        {"ph", "X"},
                        {"ts", times.last_start_us},
                        {"dur", times.last_us},
                        {"pid", 1},
                        {"tid", 1},
                        {"args", {{"op", report.op}, {"kernel", report.kernel}, {"shape", report.shape}}}});
    }
  }
  const nlohmann::json trace = {{"traceEvents", std::move(events)}, {"displayTimeUnit", "ms"}};
  // Names come from model files and need not be UTF-8.
  return trace.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Context::explain() const {
  std::string text;
  for (const Segment* segment : impl_->chain) {
    for (const NodeReport& report : segment->reports) {
      text += fmt::format("{} '{}' {}: ", report.op, report.node, report.shape);
      text += report.kernel.empty() ? report.note
              : report.note.empty() ? report.kernel
                                    : fmt::format("{}, {}", report.kernel, report.note);
      text += '\n';
      for (const std::string& rejection : report.rejections) text += fmt::format("    not {}\n", rejection);
    }
    if (segment->end == Segment::End::kNeedsValues) {
      const Node& next = *impl_->engine->program.nodes[static_cast<size_t>(segment->end_node)].node;
      text += fmt::format("-- planned up to here; {} '{}' needs a value of this run\n", next.op(), next.name());
    }
  }
  const Attributes& properties = impl_->engine->plan.graph.properties();
  if (const auto fusion = properties.find("fusion"); fusion != properties.end()) {
    if (const auto* lines = std::get_if<std::vector<std::string>>(&fusion->second)) {
      text += "fusion of formulas:\n";
      for (const std::string& line : *lines) text += "    " + line + "\n";
    }
  }
  return text;
}

}  // namespace tenon

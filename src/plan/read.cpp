// SPDX-License-Identifier: Apache-2.0
#include "ops/expression.h"
#include "plan/plan.h"
#include "plan/read_tables.h"
#include "plan/sections.h"

#include <fmt/core.h>

#include <cstring>

namespace tenon {
namespace {

using plan_format::SectionKind;

Bytes require_section(const PlanFile& plan, SectionKind kind) {
  if (const PlanSection* found = plan.find(kind)) return plan.bytes_of(*found);
  throw_damaged(*plan.file, fmt::format("{} is missing", section_name(static_cast<uint32_t>(kind))));
}

// Formulas are parsed, which verifies them, before anything looks at them.
void check_formulas(const MappedFile& file, const Graph& graph) {
  for (const Node* node : graph.nodes()) {
    if (!node->domain().empty() || node->op() != kExpressionOp) continue;
    try {
      (void)formulas_of(*node);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kOutOfMemory) throw;
      throw_damaged(file, fmt::format("the formulas of '{}' are no formulas: {}", node->name(), error.message()));
    }
  }
}

}  // namespace

bool looks_like_plan(const MappedFile& file) {
  using plan_format::kMagic;
  const Bytes bytes = file.bytes();
  return bytes.size() >= kMagic.size() && std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

Plan read_plan(const std::shared_ptr<const MappedFile>& file) {
  const PlanFile sections = read_sections(file);
  Plan plan = read_plan_tables(file, require_section(sections, SectionKind::kGraph),
                               require_section(sections, SectionKind::kConstants));
  check_formulas(*file, plan.graph);
  if (const PlanSection* code = sections.find(SectionKind::kCode)) {
    plan.code = read_code(sections.bytes_of(*code), file->path());
    for (KernelCode& kernel : plan.code) kernel.owner = file;
  }
  return plan;
}

}  // namespace tenon

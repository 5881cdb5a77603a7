// SPDX-License-Identifier: Apache-2.0

// The plan reader on any bytes: as they are, and with all hashes made right, which lets the fuzzer reach what lies
// behind them.
#include "base/files.h"
#include "plan/plan.h"
#include "plan/plan_image.h"

#include <cstdlib>
#include <span>
#include <vector>

namespace {

void read(std::vector<std::byte> bytes) {
  try {
    const tenon::Plan plan = tenon::read_plan(tenon::MappedFile::from_memory("fuzz.plan", std::move(bytes)));
    plan.graph.validate();
    if (plan.graph.to_string().empty() || tenon::plan_bytes(plan).empty()) std::abort();
  } catch (const tenon::Error& error) {
    if (error.code() != tenon::ErrorCode::kCorrupt && error.code() != tenon::ErrorCode::kUnsupported) throw;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  read(copy);
  tenon::test::reseal(copy);
  read(std::move(copy));
  return 0;
}

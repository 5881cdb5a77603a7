// SPDX-License-Identifier: Apache-2.0

// The plan reader on any bytes: as they are, and with all hashes made right, which lets the fuzzer reach what lies
// behind them; as somebody reads them who trusts a key, and what was read is signed and read again.
#include "base/files.h"
#include "plan/plan.h"
#include "plan/plan_image.h"
#include "plan/signing_key.h"

#include <cstdlib>
#include <span>
#include <vector>

namespace {

using Image = std::vector<std::byte>;

tenon::SignedPlan read_trusting(Image bytes) {
  static const tenon::PublicKey kKeys[] = {tenon::test::signing_key().public_key()};
  return tenon::read_signed_plan(tenon::MappedFile::from_memory("fuzz.plan", std::move(bytes)), kKeys);
}

// What has been read can be signed, and then it is verified; with a bit of the signature changed it is refused.
void sign(const tenon::Plan& plan) {
  Image bytes = tenon::test::signed_bytes(tenon::plan_bytes(plan));
  if (!read_trusting(bytes).verified) std::abort();
  bytes.back() ^= std::byte{1};
  tenon::test::reseal(bytes);
  try {
    (void)read_trusting(std::move(bytes));
  } catch (const tenon::Error& error) {
    if (error.code() == tenon::ErrorCode::kCorrupt) return;
  }
  std::abort();
}

void read(const Image& bytes) {
  try {
    const tenon::SignedPlan read = read_trusting(bytes);
    read.plan.graph.validate();
    if (read.plan.graph.to_string().empty()) std::abort();
    sign(read.plan);
  } catch (const tenon::Error& error) {
    if (error.code() != tenon::ErrorCode::kCorrupt && error.code() != tenon::ErrorCode::kUnsupported) throw;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  Image copy(bytes.begin(), bytes.end());
  read(copy);
  tenon::test::reseal(copy);
  read(copy);
  return 0;
}

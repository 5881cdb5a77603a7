// SPDX-License-Identifier: Apache-2.0

// The reader of binary UFF on any bytes, and all that follows a model that reads.
#include "fuzz/uff_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tenon::test::fuzz_uff(data, size, &tenon::uff::read_uff);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace tenon::test {

/// How often this program has called operator new, plugins included: they use the program's.
int64_t allocations();

}  // namespace tenon::test

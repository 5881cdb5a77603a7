// SPDX-License-Identifier: Apache-2.0
#include "runtime/builtin_backends.h"

#include "backends/cpu/cpu.h"
#include "backends/kernel.h"
#include "backends/reference/reference.h"

namespace tenon {

void register_builtin_backends() {
  static const bool once = [] {
    register_backend(reference_backend());
    register_backend(cpu_backend());
    return true;
  }();
  (void)once;
}

}  // namespace tenon

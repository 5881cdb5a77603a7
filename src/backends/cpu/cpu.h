// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/kernel.h"

namespace tenon {

/// The backend "cpu": oneDNN and kernels of our own, for f32 mostly.
[[nodiscard]] const Backend& cpu_backend();

}  // namespace tenon

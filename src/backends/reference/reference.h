// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/kernel.h"

// The backend that runs every operator of the vocabulary by its reference kernel: slow, obvious, and the last resort of
// all other backends.
namespace tenon {

/// Its name is "reference". Takes every standard node whose output shapes do not depend on data.
[[nodiscard]] const Backend& reference_backend();

}  // namespace tenon

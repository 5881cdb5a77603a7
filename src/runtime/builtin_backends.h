// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one place that knows which backends are linked in.
namespace tenon {

/// Registers them. Cheap after the first time; thread-safe.
void register_builtin_backends();

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"
#include "plan/plan.h"

#include <memory>

namespace tenon {

/// The plan in a graph section whose bytes match their hash; they may still be anything. Tensors point into
/// `constants`, which lies in `file`. Throws as read_plan() does.
[[nodiscard]] Plan read_plan_tables(const std::shared_ptr<const MappedFile>& file, Bytes tables, Bytes constants);

}  // namespace tenon

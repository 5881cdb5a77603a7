// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <tenon/formats.h>

#include <memory>

namespace tenon {

/// tenon::load() for a file that is mapped already, or for bytes in memory.
[[nodiscard]] Graph load(const std::shared_ptr<const MappedFile>& file);

}  // namespace tenon

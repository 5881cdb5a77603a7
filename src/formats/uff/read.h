// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/uff/uff.h"

#include <cstddef>
#include <functional>

// What the readers of both forms share.
namespace tenon::uff {

/// Says where the byte at an offset of a file stands: "at byte 12", or the line of the text it was made from.
using Locator = std::function<std::string(size_t offset)>;

/// Reads an encoded MetaGraph. Throws as read_uff does, without naming the file.
[[nodiscard]] Graph read_meta_graph(const std::shared_ptr<const MappedFile>& file, const Locator& where);

}  // namespace tenon::uff

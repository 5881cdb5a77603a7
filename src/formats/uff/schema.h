// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/protobuf/schema.h"

// UFF's messages, for its text form.
namespace tenon::uff {

/// The MetaGraph, that is, a file.
[[nodiscard]] const protobuf::Schema& meta_graph_schema() noexcept;

}  // namespace tenon::uff

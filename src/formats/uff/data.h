// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <tenon/graph.h>

#include <memory>
#include <string>
#include <string_view>

// Data, UFF's attribute value, and the entries of maps of them.
namespace tenon::uff {

/// The largest message that protobuf has, in bytes.
inline constexpr uint64_t kLargestMessage = 0x7fffffff;

/// Decodes a Data as dialect.h has it. Blobs refer to `file`, which holds the bytes. A reference is returned without
/// its data. Of several members the last one counts. Throws kCorrupt, and what protozero throws.
[[nodiscard]] Attribute read_data(std::string_view bytes, const std::shared_ptr<const MappedFile>& file);

/// Encodes an attribute; of a reference the key only. Throws kUnsupported for what no Data can hold.
[[nodiscard]] std::string encode_data(const Attribute& attribute);

/// A reference's key. Throws kInvalidArgument when it has none, as one that a program made up.
[[nodiscard]] const std::string& ref_key(const FunctionRef& ref);

/// An entry of a map from strings to Data, both still encoded.
struct Entry {
  std::string_view key, data;
};
[[nodiscard]] Entry read_entry(std::string_view bytes);
/// The encoded entry up to the Data, which must follow and has `data_bytes` bytes.
[[nodiscard]] std::string entry_head(std::string_view key, size_t data_bytes);

}  // namespace tenon::uff

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <tenon/tensor.h>

#include <string>

// The .npy format (NEP 1; numpy.lib.format documents versions 1.0 to 3.0).
namespace tenon::npy {

/// What a .npy header says, and how many bytes it takes.
struct Header {
  DType dtype = DType::kUndefined;
  Dims dims;
  size_t size = 0;
};

/// Reads the header of the .npy data in `bytes`; `name` is the file, and the array in it, for messages.
[[nodiscard]] Header read_header(Bytes bytes, const std::string& name);
/// The header that describes a tensor, padded so that the data begins at a multiple of 64. Throws kUnsupported.
[[nodiscard]] std::string write_header(DType dtype, const Dims& dims);

}  // namespace tenon::npy

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/onednn.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

// A convolution of channels-last images, band by band of the output's rows.
namespace tenon::cpu {

/// Rows of an image that one primitive computes, and the padding that is left of the whole's above and below them.
struct Band {
  int64_t first_in = 0, rows_in = 0, rows_out = 0;
  int64_t pad_begin = 0, pad_end = 0;
};

/// What is banded.
struct ConvBands {
  int64_t images = 1;
  int64_t in_rows = 1, out_rows = 1;                  ///< Of an image.
  int64_t in_row_elements = 1, out_row_elements = 1;  ///< Width times channels.
  int64_t stride = 1, span = 1, pad_begin = 0;        ///< Along the rows; `span` is that of the dilated kernel.
  int threads = 1;
  const void* weights = nullptr;  ///< Packed; they live as long as the kernel.
  int bias_input = -1;            ///< Index, or -1.
};

/// The parts, or null where bands do not pay, or `make` (the primitive for a band) has nothing. `make` is called while
/// OpenMP has one thread.
[[nodiscard]] std::unique_ptr<Parts> make_conv_parts(const ConvBands& bands,
                                                     const std::function<onednn::PrimitiveDesc(const Band&)>& make);
/// What Parts::run() needs of the workspace.
[[nodiscard]] int64_t parts_workspace_bytes(const Parts& parts);

}  // namespace tenon::cpu

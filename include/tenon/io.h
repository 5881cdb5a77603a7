// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>
#include <tenon/shape.h>
#include <tenon/tensor.h>

#include <map>
#include <string>
#include <vector>

// Tensors from and to files: NumPy arrays, and pictures as networks want them.
namespace tenon {

/// Reads a .npy file (format 1.0 to 3.0, little-endian, C order). The elements stay in the file, which is memory-mapped
/// while the tensor lives. Throws kNotFound, kIo, kCorrupt, and kUnsupported for Fortran order, big-endian and
/// structured types, saying what to do in NumPy.
[[nodiscard]] TENON_API Tensor load_npy(const std::string& path);
/// Writes a .npy file (1.0), through a temporary file. Throws kIo; kUnsupported for dtypes that NumPy lacks.
TENON_API void save_npy(const Tensor& tensor, const std::string& path);
/// Reads a .npz archive: its arrays by name. Throws as load_npy.
[[nodiscard]] TENON_API std::map<std::string, Tensor> load_npz(const std::string& path);
/// Writes an uncompressed .npz archive, through a temporary file.
TENON_API void save_npz(const std::map<std::string, Tensor>& tensors, const std::string& path);

/// Decodes a PNG, JPEG or PGM/PPM file: u8[height, width, channels] with 1 (grey) or 3 (RGB) channels; an alpha channel
/// is dropped. Throws kNotFound, kIo, kCorrupt with the decoder's reason, kUnsupported beyond 16384 pixels a side.
[[nodiscard]] TENON_API Tensor load_image(const std::string& path);
/// True when the file's first bytes are those of a picture that load_image() reads.
[[nodiscard]] TENON_API bool is_image_file(const std::string& path);

/// How a picture becomes a network's input.
enum class ImagePreparation {
  kResize,  ///< The whole picture, resampled with a triangle filter (antialiased) to the input's height and width.
  kDigit,   ///< One handwritten digit, found and placed as MNIST has it; examples/lenet5/README.md says how.
};

struct ImageOptions {
  ImagePreparation preparation = ImagePreparation::kResize;
  double scale = 1.0 / 255;       ///< Pixels (0 … 255) are multiplied by this for float inputs; then (x - mean) / std.
  std::vector<double> mean = {};  ///< One for each channel, or empty for 0.
  std::vector<double> std = {};   ///< One for each channel, or empty for 1.
};

/// A picture as an input of type `type`: [N,C,H,W], [N,H,W,C], [C,H,W], [H,W,C] or [N,H,W], C being 1 or 3 (a grey
/// picture is repeated, a coloured one weighted 0.299, 0.587, 0.114 as ITU-R BT.601 has it); N becomes 1. Dtypes f32,
/// f64, f16, u8. Throws kInvalidArgument naming the shape when it is none of these or H or W are not known, and when
/// kDigit finds no digit.
[[nodiscard]] TENON_API Tensor image_input(const Tensor& image, const TensorType& type,
                                           const ImageOptions& options = {});

}  // namespace tenon

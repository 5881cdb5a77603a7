// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "base/files.h"

#include <tenon/io.h>

#include <fmt/core.h>

#define STBI_NO_STDIO
#include <stb/stb_image.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace tenon {
namespace {

// Colours to grey: the luma of ITU-R BT.601.
constexpr double kLuma[3] = {0.299, 0.587, 0.114};

// A picture, or one channel of it, in double: plane[y * width + x].
struct Plane {
  int64_t height = 0, width = 0;
  std::vector<double> pixels;

  Plane(int64_t h, int64_t w) : height(h), width(w), pixels(static_cast<size_t>(h * w)) {}
  double& at(int64_t y, int64_t x) { return pixels[static_cast<size_t>(y * width + x)]; }
  [[nodiscard]] double at(int64_t y, int64_t x) const { return pixels[static_cast<size_t>(y * width + x)]; }
};

// Resamples the columns' direction (along x) to `width` pixels with a triangle two pixels of the coarser side wide;
// each new pixel's weights sum to one.
Plane resample_x(const Plane& source, int64_t width) {
  Plane result(source.height, width);
  const double scale = static_cast<double>(source.width) / static_cast<double>(width);
  const double radius = std::max(scale, 1.0);
  for (int64_t i = 0; i < width; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(std::floor(centre - radius)));
    const int64_t last = std::min(source.width - 1, static_cast<int64_t>(std::ceil(centre + radius)));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t j = first; j <= last; ++j) {
      weights.push_back(std::max(0.0, 1 - std::fabs(static_cast<double>(j) + 0.5 - centre) / radius));
      sum += weights.back();
    }
    for (int64_t y = 0; y < source.height; ++y) {
      double total = 0;
      for (int64_t j = first; j <= last; ++j) total += weights[static_cast<size_t>(j - first)] * source.at(y, j);
      result.at(y, i) = total / sum;
    }
  }
  return result;
}

Plane transposed(const Plane& source) {
  Plane result(source.width, source.height);
  for (int64_t y = 0; y < source.height; ++y)
    for (int64_t x = 0; x < source.width; ++x) result.at(x, y) = source.at(y, x);
  return result;
}

Plane resample(const Plane& source, int64_t height, int64_t width) {
  return transposed(resample_x(transposed(resample_x(source, width)), height));
}

// The picture's channels as planes, turned into `wanted` of them.
std::vector<Plane> channels_of(const Tensor& image, int64_t wanted) {
  const Dims& dims = image.dims();
  if (image.dtype() != DType::kUInt8 || dims.rank() != 3 || (dims[2] != 1 && dims[2] != 3) || dims.count() == 0) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("a picture must be u8[height, width, 1 or 3], not {}{}",
                                                         dtype_name(image.dtype()), to_string(dims)));
  }
  const auto pixels = image.values<uint8_t>();
  const int64_t given = dims[2];
  std::vector<Plane> planes(static_cast<size_t>(wanted), Plane(dims[0], dims[1]));
  for (int64_t i = 0; i < dims[0] * dims[1]; ++i) {
    for (int64_t c = 0; c < wanted; ++c) {
      double value = 0;
      if (wanted == 1 && given == 3) {
        for (int64_t k = 0; k < 3; ++k) value += kLuma[k] * pixels[static_cast<size_t>(i * 3 + k)];
      } else {
        value = pixels[static_cast<size_t>(i * given + std::min(c, given - 1))];
      }
      planes[static_cast<size_t>(c)].pixels[static_cast<size_t>(i)] = value;
    }
  }
  return planes;
}

// The steps and the numbers are those of examples/lenet5/README.md, "From a picture to the input".
Plane prepare_digit(const Plane& grey, int64_t height, int64_t width) {
  double border = 0;
  int64_t border_pixels = 0;
  for (int64_t y = 0; y < grey.height; ++y) {
    for (int64_t x = 0; x < grey.width; ++x) {
      if (y != 0 && x != 0 && y != grey.height - 1 && x != grey.width - 1) continue;
      border += grey.at(y, x);
      ++border_pixels;
    }
  }
  border /= static_cast<double>(border_pixels);

  Plane ink = grey;
  double most = -std::numeric_limits<double>::infinity();
  for (double& value : ink.pixels) {
    value = border >= 127.5 ? border - value : value - border;
    most = std::max(most, value);
  }
  constexpr double kLeastContrast = 16;
  if (most < kLeastContrast) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("there is no digit in the picture: nothing differs from its border's mean ({:.0f}) by {} levels",
                    border, kLeastContrast));
  }
  constexpr double kPaper = 0.2;
  int64_t top = grey.height, bottom = -1, left = grey.width, right = -1;
  for (int64_t y = 0; y < ink.height; ++y) {
    for (int64_t x = 0; x < ink.width; ++x) {
      double& value = ink.at(y, x);
      value /= most;
      if (value <= kPaper) value = 0;
      if (value == 0) continue;
      top = std::min(top, y);
      bottom = std::max(bottom, y);
      left = std::min(left, x);
      right = std::max(right, x);
    }
  }
  Plane crop(bottom - top + 1, right - left + 1);
  for (int64_t y = 0; y < crop.height; ++y)
    for (int64_t x = 0; x < crop.width; ++x) crop.at(y, x) = ink.at(top + y, left + x);

  constexpr int64_t kBox = 20, kField = 28;
  if (height != kField || width != kField) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a digit is prepared as 28x28; the input is {}x{}", height, width));
  }
  const auto longer = static_cast<double>(std::max(crop.height, crop.width));
  const auto side = [&](int64_t length) {
    return std::max<int64_t>(1, std::lround(static_cast<double>(kBox * length) / longer));
  };
  Plane box = resample(crop, side(crop.height), side(crop.width));
  const double peak = *std::max_element(box.pixels.begin(), box.pixels.end());
  for (double& value : box.pixels) value /= peak;

  double total = 0, mass_y = 0, mass_x = 0;
  for (int64_t y = 0; y < box.height; ++y) {
    for (int64_t x = 0; x < box.width; ++x) {
      total += box.at(y, x);
      mass_y += box.at(y, x) * (static_cast<double>(y) + 0.5);
      mass_x += box.at(y, x) * (static_cast<double>(x) + 0.5);
    }
  }
  const auto corner = [&](double centre, int64_t length) {
    const auto start = static_cast<int64_t>(std::floor(kField / 2.0 - centre + 0.5));
    return std::clamp<int64_t>(start, 0, kField - length);
  };
  const int64_t y0 = corner(mass_y / total, box.height), x0 = corner(mass_x / total, box.width);
  Plane field(kField, kField);
  for (int64_t y = 0; y < box.height; ++y)
    for (int64_t x = 0; x < box.width; ++x) field.at(y0 + y, x0 + x) = box.at(y, x);
  return field;
}

// Where height, width and channels stand in an input's shape; -1: no such axis.
struct ImageAxes {
  int height, width, channels;
};

ImageAxes image_axes(const TensorType& type) {
  const auto extent = [&](int axis) { return (*type.shape)[static_cast<size_t>(axis)].value(); };
  const auto is_channels = [&](int axis) { return extent(axis) == 1 || extent(axis) == 3; };
  const int rank = type.shape ? static_cast<int>(type.shape->size()) : 0;
  ImageAxes axes{-1, -1, -1};
  if (rank == 4 && is_channels(1))
    axes = {2, 3, 1};
  else if (rank == 4 && is_channels(3))
    axes = {1, 2, 3};
  else if (rank == 3 && is_channels(0) && extent(1) > 3)
    axes = {1, 2, 0};
  else if (rank == 3 && is_channels(2))
    axes = {0, 1, 2};
  else if (rank == 3)
    axes = {1, 2, -1};
  if (axes.height < 0 || extent(axes.height) <= 0 || extent(axes.width) <= 0) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "a picture cannot fill an input of type {}; [N,C,H,W], [N,H,W,C], [C,H,W], [H,W,C] or [N,H,W] with C = 1 "
            "or 3 and known H and W can be filled",
            to_string(type)));
  }
  return axes;
}

double channel_value(const std::vector<double>& values, size_t channel, double fallback, const char* what,
                     size_t channels) {
  if (values.empty()) return fallback;
  if (values.size() != 1 && values.size() != channels) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} has {} values; 1 or {} are required", what, values.size(), channels));
  }
  return values[values.size() == 1 ? 0 : channel];
}

// True when a number in the header of a PNM has more digits than the decoder, which does not check, can hold. Goes
// through the header as the decoder does: three numbers, with white space and comments in front of each.
bool pnm_number_too_long(Bytes bytes) {
  constexpr size_t kMostDigits = 9;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  size_t at = std::strlen("P5");
  for (int number = 0; number < 3; ++number) {
    at = std::min(text.find_first_not_of(" \t\n\v\f\r", at), text.size());
    while (at < text.size() && text[at] == '#') {
      at = std::min(text.find_first_of("\n\r", at), text.size());
      at = std::min(text.find_first_not_of(" \t\n\v\f\r", at), text.size());
    }
    const size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    if (end - at > kMostDigits) return true;
    at = end;
  }
  return false;
}

// True when a chunk of a PNG claims to be longer than what is left of the file; the decoder would take memory for it.
bool png_chunk_too_long(Bytes bytes) {
  constexpr size_t kSignature = 8, kHeader = 8, kChecksum = 4;
  size_t at = kSignature;
  while (bytes.size() - at >= kHeader) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8U | static_cast<size_t>(bytes[at + i]);
    if (length > bytes.size() - at - kHeader) return true;
    at = std::min(at + kHeader + length + kChecksum, bytes.size());
  }
  return false;
}

}  // namespace

bool is_image_file(const std::string& path) {
  const auto file = MappedFile::open(path);
  const Bytes bytes = file->bytes();
  const auto begins = [&](std::string_view magic) {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  };
  return begins("\x89PNG") || begins("\xFF\xD8\xFF") || begins("P5") || begins("P6");
}

Tensor load_image(const std::string& path) {
  const auto file = MappedFile::open(path);
  const auto* data = reinterpret_cast<const stbi_uc*>(file->bytes().data());
  const size_t size = file->bytes().size();
  int width = 0, height = 0, channels = 0;
  if (size > static_cast<size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorCode::kUnsupported, fmt::format("the picture '{}' is larger than 2 GiB", path));
  }
  const auto length = static_cast<int>(size);
  if (size > 2 && static_cast<char>(data[0]) == 'P' && pnm_number_too_long(file->bytes())) {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("the header of the picture '{}' has a number of ten digits or more", path));
  }
  if (size > 8 && std::memcmp(data, "\x89PNG", 4) == 0 && png_chunk_too_long(file->bytes())) {
    throw Error(ErrorCode::kCorrupt, fmt::format("the picture '{}' ends in the middle of a chunk", path));
  }
  if (!is_image_file(path) || stbi_info_from_memory(data, length, &width, &height, &channels) == 0) {
    throw Error(ErrorCode::kCorrupt, fmt::format("'{}' is not a PNG, JPEG, PGM or PPM picture", path));
  }
  const size_t samples = static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(channels);
  // Deflate and JPEG cannot say more than about a thousand samples in a byte; a header that claims more is wrong, and
  // decoding would take memory that the file's size does not justify.
  constexpr size_t kMostSamplesPerByte = 4096;
  if (samples / kMostSamplesPerByte > size) {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("the picture '{}' claims {}x{} pixels in {} bytes", path, width, height, size));
  }
  // A PNM holds its pixels as they are, and the decoder does not notice when some are missing.
  if (static_cast<char>(file->bytes()[0]) == 'P' && size < samples) {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("the picture '{}' ends too early: {}x{} pixels with {} channels do not fit into {} bytes",
                            path, width, height, channels, size));
  }
  constexpr int kLongestSide = 16384;
  if (width > kLongestSide || height > kLongestSide) {
    throw Error(ErrorCode::kUnsupported, fmt::format("the picture '{}' is {}x{}; at most {} a side are read", path,
                                                     width, height, kLongestSide));
  }
  const int wanted = channels >= 3 ? 3 : 1;
  stbi_uc* pixels = stbi_load_from_memory(data, length, &width, &height, &channels, wanted);
  if (pixels == nullptr) {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("the picture '{}' cannot be decoded: {}", path, stbi_failure_reason()));
  }
  return Tensor::borrow(pixels, DType::kUInt8, {height, width, wanted}, [pixels] { stbi_image_free(pixels); });
}

Tensor image_input(const Tensor& image, const TensorType& type, const ImageOptions& options) {
  const ImageAxes axes = image_axes(type);
  const auto extent = [&](int axis) { return axis < 0 ? 1 : (*type.shape)[static_cast<size_t>(axis)].value(); };
  const int64_t height = extent(axes.height), width = extent(axes.width), channels = extent(axes.channels);
  if (type.dtype != DType::kUInt8 && !is_float(type.dtype)) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("a picture cannot fill an input of dtype {}; u8 and floats can be filled", dtype_name(type.dtype)));
  }
  const bool digit = options.preparation == ImagePreparation::kDigit;
  const std::vector<Plane> planes = channels_of(image, digit ? 1 : channels);

  Dims dims;
  for (int axis = 0; axis < static_cast<int>(type.shape->size()); ++axis) {
    dims.push_back(axis == axes.height || axis == axes.width || axis == axes.channels ? extent(axis) : 1);
  }
  Tensor result = Tensor::empty(type.dtype, dims);
  const bool channels_last = axes.channels > axes.width;
  for (int64_t c = 0; c < channels; ++c) {
    const auto channel = static_cast<size_t>(c);
    const Plane plane = digit ? prepare_digit(planes[0], height, width) : resample(planes[channel], height, width);
    // A prepared digit is 0 … 1 already; bytes stay 0 … 255.
    const double scale = type.dtype == DType::kUInt8 ? (digit ? 255 : 1) : (digit ? 1 : options.scale);
    const double mean = channel_value(options.mean, channel, 0, "mean", static_cast<size_t>(channels));
    const double deviation = channel_value(options.std, channel, 1, "std", static_cast<size_t>(channels));
    for (int64_t i = 0; i < height * width; ++i) {
      const double value = (plane.pixels[static_cast<size_t>(i)] * scale - mean) / deviation;
      const int64_t index = channels_last ? i * channels + c : c * height * width + i;
      store_f64(result.mutable_data(), type.dtype, index, type.dtype == DType::kUInt8 ? std::nearbyint(value) : value);
    }
  }
  return result;
}

}  // namespace tenon

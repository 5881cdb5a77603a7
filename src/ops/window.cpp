// SPDX-License-Identifier: Apache-2.0
#include "ops/window.h"

#include "base/checked.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace tenon {
namespace {

using Extents = std::array<int64_t, kMaxSpatial>;

// Every window parameter stays below this, so that products of two of them and sums of a few of those fit in int64.
constexpr int64_t kMaxParameter = std::numeric_limits<int32_t>::max();
constexpr const char* kWhat = "an extent of the window";

enum class AutoPad { kNotSet, kSameUpper, kSameLower, kValid };

int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

/// Reads a node's window attributes and checks them one by one.
class WindowReader {
 public:
  WindowReader(const Node& node, const Shape& x) : node_(node), attributes_(node, op_of(node)), x_(x) {
    if (x.size() < 3 || x.size() > 2 + kMaxSpatial) {
      fail(fmt::format("input 0 has shape {} but rank 3 to 5 is required: batch, channels and 1 to 3 spatial axes",
                       to_string(x)));
    }
    window_.rank = static_cast<int>(x.size()) - 2;
    window_.channels_last = attributes_.flag("channels_last");
    for (int i = 0; i < window_.rank; ++i) axis(i).in = x[spatial_axis(i, window_.channels_last)].value();
  }

  Window& window() { return window_; }
  WindowAxis& axis(int i) { return window_.axes[static_cast<size_t>(i)]; }
  const AttributeReader& attributes() const { return attributes_; }

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{} '{}': {}", node_.op(), node_.name(), message));
  }

  AutoPad auto_pad() const {
    const std::string& text = attributes_.string("auto_pad");
    if (text == "NOTSET" || text.empty()) return AutoPad::kNotSet;
    if (text == "SAME_UPPER") return AutoPad::kSameUpper;
    if (text == "SAME_LOWER") return AutoPad::kSameLower;
    if (text == "VALID") return AutoPad::kValid;
    fail(fmt::format("auto_pad is '{}' but NOTSET, SAME_UPPER, SAME_LOWER or VALID is required", text));
  }

  // The attribute's numbers, one for each spatial axis, or `fallback` for all of them when it is absent or empty.
  Extents list(std::string_view name, int64_t least, int64_t fallback) const {
    const std::vector<int64_t>& given = attributes_.integers(name);
    Extents result;
    result.fill(fallback);
    check(name, given, static_cast<size_t>(window_.rank), least);
    std::copy(given.begin(), given.end(), result.begin());
    return result;
  }

  void read_kernel_shape() {
    const Extents kernel = list("kernel_shape", 1, -1);
    for (int i = 0; i < window_.rank; ++i) axis(i).kernel = kernel[static_cast<size_t>(i)];
  }

  // The kernel's extents from the weights [_, _, k...], against kernel_shape when both are there.
  void read_kernel_of(const Shape* w) {
    read_kernel_shape();
    if (w == nullptr) return;
    if (w->size() != x_.size()) {
      fail(
          fmt::format("the weights have shape {} but rank {}, that of input 0, is required", to_string(*w), x_.size()));
    }
    for (int i = 0; i < window_.rank; ++i) {
      const Dim& extent = (*w)[static_cast<size_t>(i) + 2];
      int64_t& kernel = axis(i).kernel;
      if (!extent.is_constant()) continue;
      if (kernel >= 0 && kernel != extent.value()) {
        fail(fmt::format("kernel_shape says {} but the weights {}", kernel, to_string(*w)));
      }
      kernel = extent.value();
      if (kernel < 1 || kernel > kMaxParameter) {
        fail(
            fmt::format("the weights have shape {} but kernels of 1 to {} are required", to_string(*w), kMaxParameter));
      }
    }
  }

  void read_strides_and_dilations() {
    const Extents strides = list("strides", 1, 1);
    const Extents dilations = list("dilations", 1, 1);
    for (size_t i = 0; i < static_cast<size_t>(window_.rank); ++i) {
      window_.axes[i].stride = strides[i];
      window_.axes[i].dilation = dilations[i];
    }
  }

  // With auto_pad, pads has no meaning and is ignored.
  void read_pads(AutoPad auto_pad) {
    const std::vector<int64_t>& pads = attributes_.integers("pads");
    const auto rank = static_cast<size_t>(window_.rank);
    check("pads", pads, 2 * rank, 0);
    if (auto_pad != AutoPad::kNotSet || pads.empty()) return;
    for (size_t i = 0; i < rank; ++i) {
      window_.axes[i].pad_begin = pads[i];
      window_.axes[i].pad_end = pads[rank + i];
    }
  }

  void require_extent(int i) const {
    if (window_.axes[static_cast<size_t>(i)].in == 0) {
      fail(fmt::format("input 0 has shape {} but spatial extents of at least 1 are required", to_string(x_)));
    }
  }

  const Shape& x() const { return x_; }

 private:
  void check(std::string_view name, const std::vector<int64_t>& given, size_t count, int64_t least) const {
    if (!given.empty() && given.size() != count) {
      fail(fmt::format("{} has {} numbers but {} are required for {} spatial axes", name, given.size(), count,
                       window_.rank));
    }
    for (const int64_t number : given) {
      if (number < least || number > kMaxParameter) {
        fail(fmt::format("{} has the number {} but {} to {} is required", name, number, least, kMaxParameter));
      }
    }
  }

  const Node& node_;
  AttributeReader attributes_;
  const Shape& x_;
  Window window_;
};

void split_padding(WindowAxis& axis, int64_t total, bool more_at_end) {
  axis.pad_begin = more_at_end ? total / 2 : total - total / 2;
  axis.pad_end = total - axis.pad_begin;
}

// Pads and output extent of an axis over which a window slides forward (not ConvTranspose).
void resolve(WindowReader& reader, int i, AutoPad auto_pad, bool ceil_mode) {
  WindowAxis& axis = reader.axis(i);
  reader.require_extent(i);
  const bool same = auto_pad == AutoPad::kSameUpper || auto_pad == AutoPad::kSameLower;
  axis.out = -1;
  if (axis.kernel < 0) return;
  axis.keeps_extent = axis.stride == 1 && (same || axis.pad_begin + axis.pad_end == axis.span() - 1);
  if (same && axis.stride == 1) {  // The same for every input.
    split_padding(axis, axis.span() - 1, auto_pad == AutoPad::kSameUpper);
  } else if (same && axis.in < 0) {
    axis.pad_begin = axis.pad_end = -1;
  } else if (same) {
    const int64_t places = ceil_div(axis.in, axis.stride);
    const int64_t last = checked_mul(places - 1, axis.stride, kWhat);
    split_padding(axis, std::max<int64_t>(checked_add(last - axis.in, axis.span(), kWhat), 0),
                  auto_pad == AutoPad::kSameUpper);
  }
  if (axis.in < 0) return;
  const int64_t padded = checked_add(axis.in, axis.pad_begin + axis.pad_end, kWhat);
  if (padded < axis.span()) {
    reader.fail(fmt::format(
        "spatial axis {} has extent {} with its padding but the kernel spans {} (kernel {}, dilation {}); pad "
        "more or use a smaller kernel",
        i, padded, axis.span(), axis.kernel, axis.dilation));
  }
  const int64_t room = padded - axis.span();
  // ceil_mode is about what explicit pads leave over: the two automatic paddings have the same result with either
  // rounding.
  if (ceil_mode && auto_pad == AutoPad::kNotSet) {
    axis.out = ceil_div(room, axis.stride) + 1;
    // A window that would start in the padding at the end is left out.
    if (checked_mul(axis.out - 1, axis.stride, kWhat) >= axis.in + axis.pad_begin) --axis.out;
  } else {
    axis.out = room / axis.stride + 1;
  }
}

}  // namespace

std::pair<int64_t, int64_t> WindowAxis::inside(int64_t o) const noexcept {
  const int64_t begin = start(o);
  const int64_t first = begin >= 0 ? 0 : ceil_div(-begin, dilation);
  const int64_t last = begin >= in ? 0 : ceil_div(in - begin, dilation);
  return {first, std::min(last, kernel)};
}

int64_t WindowAxis::padded_count(int64_t o) const noexcept {
  const int64_t left = in + pad_end - start(o);
  return left <= 0 ? 0 : std::min(kernel, ceil_div(left, dilation));
}

Window conv_window(const Node& node, const Shape& x, const Shape* w) {
  WindowReader reader(node, x);
  const AutoPad auto_pad = reader.auto_pad();
  reader.read_kernel_of(w);
  reader.read_strides_and_dilations();
  reader.read_pads(auto_pad);
  for (int i = 0; i < reader.window().rank; ++i) resolve(reader, i, auto_pad, false);
  return reader.window();
}

Window conv_transpose_window(const Node& node, const Shape& x, const Shape* w) {
  WindowReader reader(node, x);
  const AutoPad auto_pad = reader.auto_pad();
  reader.read_kernel_of(w);
  reader.read_strides_and_dilations();
  reader.read_pads(auto_pad);
  const Extents output_padding = reader.list("output_padding", 0, 0);
  const Extents output_shape = reader.list("output_shape", 0, -1);
  const bool same = auto_pad == AutoPad::kSameUpper || auto_pad == AutoPad::kSameLower;
  for (int i = 0; i < reader.window().rank; ++i) {
    WindowAxis& axis = reader.axis(i);
    reader.require_extent(i);
    axis.output_padding = output_padding[static_cast<size_t>(i)];
    if (axis.output_padding >= std::max(axis.stride, axis.dilation)) {
      reader.fail(
          fmt::format("output_padding has the number {} but less than the stride {} or the dilation {} is required",
                      axis.output_padding, axis.stride, axis.dilation));
    }
    const int64_t wanted = output_shape[static_cast<size_t>(i)];
    axis.keeps_extent =
        axis.stride == 1 && wanted < 0 &&
        (same || (axis.kernel >= 0 && axis.output_padding + axis.span() - 1 == axis.pad_begin + axis.pad_end));
    axis.out = wanted;
    if (axis.in < 0 || axis.kernel < 0) {
      if (wanted >= 0 || same) axis.pad_begin = axis.pad_end = -1;
      continue;
    }
    // What the input spreads to without any padding.
    const int64_t full =
        checked_add(checked_mul(axis.in - 1, axis.stride, kWhat), axis.output_padding + axis.span(), kWhat);
    if (wanted >= 0 || same) {
      if (same && wanted < 0) axis.out = checked_mul(axis.in, axis.stride, kWhat);
      // An output larger than what the input spreads to has zeros at its end.
      split_padding(axis, std::max<int64_t>(full - axis.out, 0), auto_pad == AutoPad::kSameUpper);
      continue;
    }
    axis.out = full - axis.pad_begin - axis.pad_end;
    if (axis.out < 0) {
      reader.fail(fmt::format("the pads of spatial axis {} take away {} but the result without them has extent {}", i,
                              axis.pad_begin + axis.pad_end, full));
    }
  }
  return reader.window();
}

Window pool_window(const Node& node, const Shape& x) {
  WindowReader reader(node, x);
  const AutoPad auto_pad = reader.auto_pad();
  reader.read_kernel_shape();
  if (reader.axis(0).kernel < 0) reader.fail("kernel_shape is empty but one number for each spatial axis is required");
  reader.read_strides_and_dilations();
  reader.read_pads(auto_pad);
  for (int i = 0; i < reader.window().rank; ++i) {
    const WindowAxis& axis = reader.axis(i);
    if (axis.pad_begin >= axis.span() || axis.pad_end >= axis.span()) {
      reader.fail(fmt::format(
          "pads has the numbers {} and {} for spatial axis {} but less than the kernel's span {} is required, "
          "or windows would see only padding",
          axis.pad_begin, axis.pad_end, i, axis.span()));
    }
    resolve(reader, i, auto_pad, reader.attributes().flag("ceil_mode"));
  }
  return reader.window();
}

Window global_window(const Node& node, const Shape& x) {
  WindowReader reader(node, x);
  for (int i = 0; i < reader.window().rank; ++i) {
    reader.require_extent(i);
    reader.axis(i).kernel = reader.axis(i).in;
  }
  return reader.window();
}

ImageStrides::ImageStrides(const Dims& dims, bool channels_last) {
  if (dims.count() == 0) return;  // The other extents may overflow together.
  const int axes = dims.rank() - 2;
  int64_t stride = 1;
  if (channels_last) {
    c = 1;
    stride = dims.back();
  }
  for (int i = axes - 1; i >= 0; --i) {
    spatial[static_cast<size_t>(i)] = stride;
    stride *= dims[spatial_axis(i, channels_last)];
  }
  if (!channels_last) {
    c = stride;
    stride *= dims[1];
  }
  n = stride;
}

Shape window_output(const Window& window, const Shape& x, Dim channels) {
  Shape y(x.size());
  y[0] = x[0];
  y[channel_axis(x.size(), window.channels_last)] = std::move(channels);
  for (int i = 0; i < window.rank; ++i) {
    const size_t at = spatial_axis(i, window.channels_last);
    const WindowAxis& axis = window.axes[static_cast<size_t>(i)];
    y[at] = axis.keeps_extent ? x[at] : Dim(axis.out);
  }
  return y;
}

void require_real_floats(const InferContext& context, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (!context.has_input(i)) continue;
    const DType dtype = context.dtype(i);
    if (!is_float(dtype) || dtype_bits(dtype) < 16) {
      context.fail(fmt::format("input {} has dtype {} but f16, bf16, f32 or f64 is required", i, dtype_name(dtype)));
    }
    context.require_same_dtype(0, i);
  }
}

void infer_pool(InferContext& context) {
  const auto& x = context.shape(0);
  if (!x) return context.set_output(0, context.dtype(0), std::nullopt);
  const bool global = context.node().op().rfind("Global", 0) == 0;
  const Window window = global ? global_window(context.node(), *x) : pool_window(context.node(), *x);
  context.set_output(0, context.dtype(0),
                     window_output(window, *x, (*x)[channel_axis(x->size(), window.channels_last)]));
}

void for_each_window(const Window& window, const Dims& x, const Dims& y,
                     const std::function<void(const PooledWindow&)>& visit) {
  if (y.count() == 0) return;
  const ImageStrides from(x, window.channels_last);
  const ImageStrides to(y, window.channels_last);
  const auto& [a, b, c] = window.axes;
  std::vector<int64_t> inside;
  // An odometer over [n, channels, out...], and within each place another over the kernel.
  const int64_t images = x[0];
  const int64_t channels = x[channel_axis(x.size(), window.channels_last)];
  for (int64_t image = 0; image < images; ++image) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      const int64_t x_base = image * from.n + channel * from.c;
      const int64_t y_base = image * to.n + channel * to.c;
      for (int64_t oa = 0; oa < a.out; ++oa) {
        const auto in_a = a.inside(oa);
        for (int64_t ob = 0; ob < b.out; ++ob) {
          const auto in_b = b.inside(ob);
          for (int64_t oc = 0; oc < c.out; ++oc) {
            const auto in_c = c.inside(oc);
            inside.clear();
            for (int64_t ka = in_a.first; ka < in_a.second; ++ka) {
              const int64_t at_a = x_base + (a.start(oa) + ka * a.dilation) * from.spatial[0];
              for (int64_t kb = in_b.first; kb < in_b.second; ++kb) {
                const int64_t at_b = at_a + (b.start(ob) + kb * b.dilation) * from.spatial[1];
                for (int64_t kc = in_c.first; kc < in_c.second; ++kc) {
                  inside.push_back(at_b + (c.start(oc) + kc * c.dilation) * from.spatial[2]);
                }
              }
            }
            visit({y_base + oa * to.spatial[0] + ob * to.spatial[1] + oc * to.spatial[2], inside,
                   static_cast<double>(a.padded_count(oa)) * static_cast<double>(b.padded_count(ob)) *
                       static_cast<double>(c.padded_count(oc))});
          }
        }
      }
    }
  }
}

}  // namespace tenon

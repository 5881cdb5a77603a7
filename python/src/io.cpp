// SPDX-License-Identifier: Apache-2.0
#include <tenon/io.h>

#include "array.h"
#include "dtype.h"
#include "error.h"
#include "module.h"
#include "shape.h"

#include <fmt/core.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

// Pictures. Arrays in files are left to NumPy.
namespace tenon::python {

void bind_io(nb::module_& module) {
  module.def(
      "load_image", [](const std::filesystem::path& path) { return array_of(with_file(path, &load_image)); },
      nb::arg("path"), nb::sig("def load_image(path: str | os.PathLike) -> numpy.ndarray"),
      R"(Decodes a PNG, JPEG or PGM/PPM file: uint8 [height, width, channels], with 1 channel (grey) or 3 (RGB).

Raises MissingFileError, IoError, CorruptError with the decoder's reason, UnsupportedError beyond 16384 pixels a side.)");

  module.def(
      "image_input",
      [](nb::handle image, const Shape& shape, const DTypeLike& dtype, const std::string& preparation, double scale,
         std::vector<double> mean, std::vector<double> std) {
        ImageOptions options;
        if (preparation == "digit") {
          options.preparation = ImagePreparation::kDigit;
        } else if (preparation != "resize") {
          throw Error(ErrorCode::kInvalidArgument,
                      fmt::format("the preparation '{}' must be 'resize' or 'digit'", preparation));
        }
        options.scale = scale;
        options.mean = std::move(mean);
        options.std = std::move(std);
        const Tensor pixels = tensor_from(image, {"the image"});
        const TensorType type{dtype.resolve(), shape};
        const nb::gil_scoped_release no_gil;
        Tensor input = image_input(pixels, type, options);
        const nb::gil_scoped_acquire gil;
        return copied_array(input.view());
      },
      nb::arg("image"), nb::arg("shape"), nb::arg("dtype") = "f32", nb::kw_only(), nb::arg("preparation") = "resize",
      nb::arg("scale") = 1.0 / 255, nb::arg("mean") = nb::make_tuple(), nb::arg("std") = nb::make_tuple(),
      nb::sig(
          "def image_input(image: numpy.ndarray, shape: collections.abc.Sequence[int | str | None], "
          "dtype: DType | str | numpy.dtype | type = 'f32', *, preparation: str = 'resize', scale: float = 1 / 255, "
          "mean: collections.abc.Sequence[float] = (), std: collections.abc.Sequence[float] = ()) -> numpy.ndarray"),
      R"(A picture (uint8 [height, width, channels]) as an input of that shape and dtype.

shape:        [N,C,H,W], [N,H,W,C], [C,H,W], [H,W,C] or [N,H,W], C being 1 or 3; N becomes 1
preparation:  "resize", or "digit": find one handwritten digit and place it as MNIST has it
scale:        pixels are multiplied by it, for float dtypes; then (x - mean) / std, given for each channel

Raises InvalidArgumentError naming the shape when it is none of these, and when there is no digit.)");
}

}  // namespace tenon::python

// SPDX-License-Identifier: Apache-2.0
#include "error.h"

#include "module.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <tenon/compile.h>

namespace tenon::python {
namespace {

// The classes of python/tenon/errors.py.
const char* class_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "InvalidArgumentError";
    case ErrorCode::kNotFound:
      return "NotFoundError";
    case ErrorCode::kUnsupported:
      return "UnsupportedError";
    case ErrorCode::kCorrupt:
      return "CorruptError";
    case ErrorCode::kIo:
      return "IoError";
    case ErrorCode::kOutOfMemory:
      return "OutOfMemoryError";
    case ErrorCode::kDevice:
      return "DeviceError";
    case ErrorCode::kInternal:
      return "InternalError";
  }
  return "Error";
}

nb::object make(const char* class_name, const Error& error) {
  return nb::module_::import_("tenon.errors").attr(class_name)(error.message(), error.context());
}

void translate(const std::exception_ptr& thrown, void*) {
  const auto raise = [](const nb::object& error) { PyErr_SetObject(error.type().ptr(), error.ptr()); };
  try {
    std::rethrow_exception(thrown);
  } catch (const MissingFile& error) {
    raise(make("MissingFileError", error));
  } catch (const UnsupportedError& error) {
    const nb::object made = make("UnsupportedError", error);
    made.attr("nodes") = nb::cast(error.nodes());
    raise(made);
  } catch (const Error& error) {
    raise(make(class_of(error.code()), error));
  }
}

}  // namespace

void bind_error(nb::module_& module) {
  nb::enum_<ErrorCode>(module, "ErrorCode", "What kind of thing went wrong; each has an exception class.")
      .value("INVALID_ARGUMENT", ErrorCode::kInvalidArgument, "An argument, shape, dtype or option does not fit.")
      .value("NOT_FOUND", ErrorCode::kNotFound, "A name (node, tensor, layer, field) does not exist.")
      .value("UNSUPPORTED", ErrorCode::kUnsupported, "The request is well-formed, but Tenon cannot do it.")
      .value("CORRUPT", ErrorCode::kCorrupt, "A file's content contradicts its format.")
      .value("IO", ErrorCode::kIo, "The operating system could not read, write or map a file.")
      .value("OUT_OF_MEMORY", ErrorCode::kOutOfMemory, "An allocation failed.")
      .value("DEVICE", ErrorCode::kDevice, "A device or its driver failed.")
      .value("INTERNAL", ErrorCode::kInternal, "A bug in Tenon, or in a plugin when the message says so.");
  nb::register_exception_translator(translate);
}

}  // namespace tenon::python

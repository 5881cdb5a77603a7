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

// Python's own exception, with what C++ has added to its message on the way.
void raise_again(const nb::python_error& original, const Error& error) {
  const nb::handle exception = original.value();
  if (nb::isinstance(exception, nb::module_::import_("tenon.errors").attr("Error"))) {
    exception.attr("message") = error.message();
    exception.attr("context") = nb::tuple(nb::cast(error.context()));
  } else {
    exception.attr("add_note")(std::string("in the layer ") + error.what());
  }
  nb::python_error(original).restore();
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
    try {
      if (error.cause() != nullptr) std::rethrow_exception(error.cause());
      raise(make(class_of(error.code()), error));
    } catch (const nb::python_error& original) {
      raise_again(original, error);
    }
  }
}

}  // namespace

Error error_of(const nb::python_error& error) {
  const nb::handle exception = error.value();
  const nb::module_ errors = nb::module_::import_("tenon.errors");
  const bool ours = nb::isinstance(exception, errors.attr("Error"));
  const auto text = nb::cast<std::string>(ours ? exception.attr("message") : errors.attr("summary")(exception));
  Error made(ours ? nb::cast<ErrorCode>(exception.attr("code")) : ErrorCode::kInvalidArgument, text);
  if (ours) {
    for (const nb::handle context : nb::borrow<nb::object>(exception.attr("context")))
      made.add_context(nb::cast<std::string>(context));
  }
  made.set_cause(std::make_exception_ptr(error));
  return made;
}

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

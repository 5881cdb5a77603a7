// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <tenon/error.h>

#include <filesystem>

// Errors on their way to Python. Whatever a binding throws as tenon::Error becomes the class of errors.py for its code.
namespace tenon::python {

/// A file that does not exist: in Python also a FileNotFoundError.
struct MissingFile : Error {
  explicit MissingFile(const Error& error) : Error(error) {}
};

/// An exception of Python as an Error that has it as its cause, on its way through C++. The translator raises it again:
/// a tenon.Error with the message that the Error has by then, another one with that as a note.
[[nodiscard]] Error error_of(const nanobind::python_error& error);

/// Runs `body(path)` without the GIL. An error kNotFound is a MissingFile when there is no file at `path`.
template <typename Body>
decltype(auto) with_file(const std::filesystem::path& path, Body&& body) {
  const nanobind::gil_scoped_release no_gil;
  try {
    return body(path.string());
  } catch (const Error& error) {
    std::error_code ignored;
    if (error.code() == ErrorCode::kNotFound && !std::filesystem::exists(path, ignored)) throw MissingFile(error);
    throw;
  }
}

}  // namespace tenon::python

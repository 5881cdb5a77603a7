// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <tenon/error.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

// Errors on their way to Python. Whatever a binding throws as tenon::Error becomes the class of errors.py for its code.
namespace tenon::python {

/// A file that does not exist: in Python also a FileNotFoundError.
struct MissingFile : Error {
  explicit MissingFile(const Error& error) : Error(error) {}
};

/// An exception of Python as an Error that has it as its cause, on its way through C++. The translator raises it again:
/// a tenon.Error with the message that the Error has by then, another one with that as a note.
[[nodiscard]] Error error_of(const nanobind::python_error& error);

/// Runs `body()` without the GIL. An error kNotFound is a MissingFile when there is no file at one of `paths`.
template <typename Body>
decltype(auto) with_files(std::span<const std::filesystem::path> paths, Body&& body) {
  const nanobind::gil_scoped_release no_gil;
  try {
    return body();
  } catch (const Error& error) {
    const auto is_missing = [](const std::filesystem::path& path) {
      std::error_code ignored;
      return !std::filesystem::exists(path, ignored);
    };
    if (error.code() == ErrorCode::kNotFound && std::ranges::any_of(paths, is_missing)) throw MissingFile(error);
    throw;
  }
}

/// Runs `body(path)` likewise.
template <typename Body>
decltype(auto) with_file(const std::filesystem::path& path, Body&& body) {
  return with_files({&path, 1}, [&]() -> decltype(auto) { return body(path.string()); });
}

/// The paths as the C++ interface takes them.
[[nodiscard]] inline std::vector<std::string> strings_of(std::span<const std::filesystem::path> paths) {
  return {paths.begin(), paths.end()};
}

}  // namespace tenon::python

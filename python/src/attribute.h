// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <tenon/graph.h>

#include <string>

// Attributes of nodes as Python values: None, bool, int, float, str (bytes where the text is not UTF-8), DType,
// TensorType, NumPy arrays, Graph, Function, and lists of them.
namespace tenon::python {

/// Tensors become read-only arrays over the attribute's memory; graphs become copies.
[[nodiscard]] nanobind::object attribute_to_python(const Attribute& attribute);

/// `like` (may be null) is the value that is replaced: an int stays a float, and an empty list keeps its kind, where
/// that one was so. Throws kInvalidArgument naming `name`.
[[nodiscard]] Attribute attribute_from_python(nanobind::handle source, const std::string& name,
                                              const Attribute* like = nullptr);

/// The items of a dict.
[[nodiscard]] Attributes attributes_from_python(const nanobind::dict& source);
[[nodiscard]] nanobind::dict attributes_to_python(const Attributes& attributes);

}  // namespace tenon::python

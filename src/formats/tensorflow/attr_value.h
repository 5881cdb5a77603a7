// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/tensorflow/tensor_proto.h"

#include <tenon/graph.h>

#include <string>
#include <string_view>

// AttrValue and NameAttrList (tensorflow/core/framework/attr_value.proto).
namespace tenon::tensorflow {

/// The name of the FunctionRef that stands for an AttrValue which no Attribute can hold exactly: quantised, resource
/// and reference types, tensors of them, named dimensions, placeholders, fields of newer versions. Its one attribute,
/// "bytes", is the encoded AttrValue.
inline constexpr std::string_view kRawAttribute = "tf.AttrValue";

/// Decodes an AttrValue; an empty list is read as ints, since it does not tell its kind.
/// Throws kCorrupt; functions that nest deeper than 32 are corrupt, too.
[[nodiscard]] Attribute read_attribute(std::string_view bytes, DecodeContext& context, int depth = 0);

/// Encodes an attribute of any kind but graphs. Floats, which TensorFlow keeps in single precision, are rounded to it.
/// Throws kUnsupported for graphs and for dtypes that TensorFlow does not have.
[[nodiscard]] std::string encode_attribute(const Attribute& attribute);

/// Decodes one entry of a map of attributes and puts it into `attributes`, in place of an earlier one of the same name.
void read_attribute_entry(std::string_view bytes, Attributes& attributes, DecodeContext& context, int depth = 0);
/// Encodes one entry.
[[nodiscard]] std::string encode_attribute_entry(std::string_view name, const Attribute& attribute);

}  // namespace tenon::tensorflow

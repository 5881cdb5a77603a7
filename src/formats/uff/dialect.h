// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// How a graph of dialect "uff" holds what a UFF file says.
//
// Every UFF node is a node of dialect "uff", Input, Const and MarkOutput too, in the file's order. A node's one output
// is the value of its name. A MarkOutput has an output for each of its inputs ("MarkOutput_0", "MarkOutput_0:1", …),
// which no node reads, and these are the graph's outputs(); without any MarkOutput they are the values that nobody
// reads. The graph has no inputs() of its own (Inputs are nodes). A custom operation keeps its name ("_Clip") and its
// fields their suffixes ("lo_u_float"); the lowering turns it into a layer. A node with a domain is a user's layer that
// surgery put in, and is written as a custom operation with typed fields. A node with several outputs is named once by
// its readers, which get all of them.
//
// A field is an attribute of the kind that its Data has: s, d, b, i and their lists are strings, floats, bools and
// ints; dtype and dtype_list are dtypes; a blob is a u8 tensor of one dimension, and no Data at all is "none". (In the
// text form a note may stand in place of a long blob, and is the tensor then; is_left_out() tells.) What no attribute
// can hold is a function reference:
//   uff.ref {key, value}       a reference into the MetaGraph's data: what lies there, absent when nothing does
//   uff.orders {"-1": ints}    DimensionOrders: for each key (a rank; -1 for any) the canonical index of each axis
//   uff.orders_list {orders}   a list of them, one an operand
//   uff.dtype {numbers, list}  element types that Tenon does not know: of a dtype, or of a dtype_list (`list` is true)
//   uff.Data {bytes}           a Data of a newer version, as encoded
//
// What the file holds beside nodes' fields: attributes node.extra (a FunctionRef whose attributes are the extra_fields)
// and node.unknown (unknown fields, encoded); and the graph's properties version, descriptor_core_version (ints),
// descriptors (FunctionRefs named by id, with version, optional and unknown), graph (string: the id), extra,
// graph_extra (FunctionRefs), data (a FunctionRef: the MetaGraph's data that no node refers to), more_graphs (strings:
// further graphs, encoded), unknown, graph_unknown (strings: unknown fields, encoded).
namespace tenon::uff {

inline constexpr std::string_view kMarkOutput = "MarkOutput";
inline constexpr std::string_view kRef = "uff.ref";
inline constexpr std::string_view kOrders = "uff.orders";
inline constexpr std::string_view kOrdersList = "uff.orders_list";
inline constexpr std::string_view kDType = "uff.dtype";
inline constexpr std::string_view kRawData = "uff.Data";
inline constexpr std::string_view kExtra = "node.extra";
inline constexpr std::string_view kUnknownFields = "node.unknown";

using Function = std::shared_ptr<const FunctionRef>;
/// The function of that name which an attribute is; null when it is something else.
[[nodiscard]] const FunctionRef* function_named(const Attribute& attribute, std::string_view name) noexcept;
[[nodiscard]] Function make_function(std::string_view name, Attributes attributes);

/// A reference to `data` in the MetaGraph under `key`.
[[nodiscard]] Attribute make_ref(std::string key, Attribute data);
/// What a reference leads to; the attribute itself when it is none; null when the data is missing.
[[nodiscard]] const Attribute* resolve(const Attribute& attribute) noexcept;

/// True for a blob that was left out when the text was written, so that a note of its size stands in its place. Whoever
/// needs the weights must refuse it.
[[nodiscard]] bool is_left_out(const Tensor& blob);

/// The order of an operand's axes: for each, its canonical index (batch or output channels 0, channels 1, space from
/// 2).
using Order = std::vector<int64_t>;
/// What stands in an order after the first spatial index: that the spatial axes go on in increasing order.
inline constexpr int64_t kIncrement = 0x7fffffff;
/// In decreasing order.
inline constexpr int64_t kDecrement = -0x80000000LL;

/// The orders as a field `inputs_orders` has them: a reference with the key "orders_<a>_<b>", made of names as
/// "N+C" and "+CK".
[[nodiscard]] Attribute make_orders(std::span<const std::string_view> names);
/// The operands' orders of a field `inputs_orders` (a reference or the orders themselves), those for any rank; nullopt
/// when it is neither or incomplete.
[[nodiscard]] std::optional<std::vector<Order>> orders_of(const Attribute& attribute);

/// Suffix by which a custom operation's field tells its type ("_u_float", "_u_ilist", …); "" for kinds that have none.
[[nodiscard]] std::string_view field_suffix(const Attribute& attribute) noexcept;

/// The fields of a user's layer from those of a custom operation: suffixes taken off, fields without one (T, dtype,
/// shape) left out unless no field has any; Python's b'...' around strings taken off.
[[nodiscard]] Attributes layer_fields(const Attributes& custom);

}  // namespace tenon::uff

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/graphdef_builder.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Writes UFF field by field, as NVIDIA's converter or somebody with bad intentions would. Knows nothing of the reader's
// code.
namespace tenon::test {

/// The bytes that hexadecimal digits mean; spaces are skipped.
inline std::string from_hex(std::string_view digits) {
  std::string bytes;
  int high = -1;
  for (const char digit : digits) {
    if (digit == ' ') continue;
    const int value = digit <= '9' ? digit - '0' : digit - 'a' + 10;
    if (high < 0) {
      high = value;
    } else {
      bytes += static_cast<char>(high * 16 + value);
      high = -1;
    }
  }
  return bytes;
}

// --- Data

inline Message uff_string(std::string_view value) { return Message().text(1, value); }
inline Message uff_double(double value) { return Message().float64(3, value); }
inline Message uff_bool(bool value) { return Message().integer(5, value ? 1 : 0); }
inline Message uff_int(int64_t value) { return Message().integer(7, value); }
inline Message uff_ints(const std::vector<int64_t>& values) {
  return Message().message(8, Message().packed(1, values));
}
inline Message uff_blob(std::string_view bytes) { return Message().text(9, bytes); }
inline Message uff_ref(std::string_view key) { return Message().text(100, key); }
inline Message uff_dtype(int64_t number) { return Message().integer(101, number); }
/// A ListDimensionOrders for any rank.
inline Message uff_orders(const std::vector<std::vector<int64_t>>& orders) {
  Message list;
  for (const auto& order : orders) {
    const Message entry = Message().integer(1, -1).message(2, Message().packed(1, order));
    list.message(1, Message().message(1, entry));
  }
  return Message().message(104, list);
}

inline constexpr int64_t kUffFloat32 = 0x20020;

// --- Node, Graph, MetaGraph

using UffFields = std::vector<std::pair<std::string, Message>>;

inline Message uff_entry(std::string_view key, const Message& data) { return Message().text(1, key).message(2, data); }

inline Message uff_node(std::string_view id, std::string_view operation, const std::vector<std::string>& inputs = {},
                        const UffFields& fields = {}) {
  Message message;
  message.text(1, id);
  for (const std::string& input : inputs) message.text(2, input);
  message.text(3, operation);
  for (const auto& [key, data] : fields) message.message(4, uff_entry(key, data));
  return message;
}

inline Message uff_input(std::string_view id, const std::vector<int64_t>& shape) {
  return uff_node(id, "Input", {}, {{"shape", uff_ints(shape)}, {"dtype", uff_dtype(kUffFloat32)}});
}
/// A Const whose values are the data "weights_<id>".
inline Message uff_const(const std::string& id, const std::vector<int64_t>& shape) {
  return uff_node(
      id, "Const", {},
      {{"shape", uff_ints(shape)}, {"dtype", uff_dtype(kUffFloat32)}, {"values", uff_ref("weights_" + id)}});
}

inline Message uff_graph(const std::vector<Message>& nodes, std::string_view id = "main") {
  Message message;
  message.text(1, id);
  for (const Message& node : nodes) message.message(2, node);
  return message;
}

/// A MetaGraph with one graph of these nodes, and data.
inline Message uff_file(const std::vector<Message>& nodes, const UffFields& data = {}) {
  Message message;
  message.integer(1, 1).integer(2, 1);
  message.message(3, Message().text(1, "tensorflow_extension").integer(2, 1));
  message.message(4, uff_graph(nodes));
  for (const auto& [key, value] : data) message.message(5, uff_entry(key, value));
  return message;
}

/// What NVIDIA's converter makes of a network of two dense layers, from the output back to the input.
inline Message uff_dense_net() {
  const std::string bias(12, 'b'), kernel(48, 'k');
  return uff_file({uff_node("out/Softmax", "Softmax", {"out/BiasAdd"},
                            {{"axis", uff_int(0)}, {"inputs_orders", uff_ref("orders_N+C")}}),
                   uff_const("out/bias", {3}),
                   uff_node("out/BiasAdd", "Binary", {"out/MatMul", "out/bias"}, {{"func", uff_string("add")}}),
                   uff_node("out/MatMul", "FullyConnected", {"dense/Relu", "out/kernel"},
                            {{"inputs_orders", uff_ref("orders_NC_CK")}}),
                   uff_const("out/kernel", {4, 3}),
                   uff_node("dense/Relu", "Activation", {"dense/MatMul"}, {{"func", uff_string("relu")}}),
                   uff_node("dense/MatMul", "FullyConnected", {"flatten/Reshape", "dense/kernel"},
                            {{"inputs_orders", uff_ref("orders_NC_CK")}}),
                   uff_const("dense/kernel", {3, 4}), uff_node("flatten/Reshape", "Flatten", {"input_1"}),
                   uff_input("input_1", {-1, 1, 3, 1}), uff_node("MarkOutput_0", "MarkOutput", {"out/Softmax"})},
                  {{"orders_N+C", uff_orders({{0, 2, 0x7fffffff, 1}})},
                   {"weights_out/bias", uff_blob(bias)},
                   {"orders_NC_CK", uff_orders({{0, 1}, {1, 0}})},
                   {"weights_out/kernel", uff_blob(kernel)},
                   {"weights_dense/kernel", uff_blob(kernel)}});
}

/// A Data of every kind, each with and without values where it has both.
inline UffFields uff_every_data() {
  const Message orders = Message()
                             .message(1, Message().integer(1, -1).message(2, Message().packed(1, {0, 1})))
                             .message(1, Message().integer(1, 4).message(2, Message()));
  return {
      {"s", uff_string(std::string("a\0\xff\n", 4))},
      {"s_zero", uff_string("")},
      {"s_list", Message().message(2, Message().text(1, "a").text(1, ""))},
      {"s_list_zero", Message().message(2, Message())},
      {"d", uff_double(0.2F)},
      {"d_zero", uff_double(0)},
      {"d_list", Message().message(4, Message().raw(from_hex("0a10 000000000000f03f 000000000000f07f")))},
      {"d_list_zero", Message().message(4, Message())},
      {"b", uff_bool(true)},
      {"b_zero", uff_bool(false)},
      {"b_list", Message().message(6, Message().packed(1, {1, 0}))},
      {"b_list_zero", Message().message(6, Message())},
      {"i", uff_int(-5)},
      {"i_zero", uff_int(0)},
      {"i_list", uff_ints({-1, 28})},
      {"i_list_zero", uff_ints({})},
      {"blob", uff_blob(std::string("\0\1", 2))},
      {"blob_zero", uff_blob("")},
      {"ref", uff_ref("shared")},
      {"ref_to_nothing", uff_ref("gone")},
      {"dtype", uff_dtype(kUffFloat32)},
      {"dtype_zero", uff_dtype(0)},
      {"dtype_unknown", uff_dtype(7)},
      {"dtype_list", Message().message(102, Message().packed(1, {0x10008, 0x10040}))},
      {"dtype_list_unknown", Message().message(102, Message().packed(1, {0x10008, 9}))},
      {"dtype_list_zero", Message().message(102, Message())},
      {"dim_orders", Message().message(103, orders)},
      {"dim_orders_zero", Message().message(103, Message())},
      {"dim_orders_list", uff_orders({{0, 2, 0x7fffffff, 1}, {1, 0}})},
      {"dim_orders_list_zero", Message().message(104, Message())},
      {"none", Message()},
      {"newer", Message().integer(50, 3)},
      {"newer_list", Message().message(8, Message().packed(1, {1}).integer(2, 1))},
  };
}

}  // namespace tenon::test

// SPDX-License-Identifier: Apache-2.0
#include "formats/uff/data.h"

#include "formats/protobuf/wire.h"
#include "formats/uff/dialect.h"
#include "formats/uff/fields.h"

#include <fmt/core.h>
#include <protozero/pbf_writer.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace tenon::uff {
namespace {

using protobuf::WireReader;

// --- Element types: the class in the upper half, the width in the lower one.

struct DataTypeRow {
  int64_t number;
  DType dtype;
};
constexpr DataTypeRow kDataTypeRows[] = {
    {0x00000, DType::kUndefined}, {0x10008, DType::kInt8},    {0x10010, DType::kInt16},   {0x10020, DType::kInt32},
    {0x10040, DType::kInt64},     {0x20010, DType::kFloat16}, {0x20020, DType::kFloat32},
};

std::optional<DType> dtype_from_number(int64_t number) {
  for (const DataTypeRow& row : kDataTypeRows)
    if (row.number == number) return row.dtype;
  return std::nullopt;
}

int64_t required_number(DType dtype) {
  for (const DataTypeRow& row : kDataTypeRows)
    if (row.dtype == dtype) return row.number;
  throw Error(ErrorCode::kUnsupported,
              fmt::format("UFF has no data type for {}; it has i8, i16, i32, i64, f16 and f32", dtype_name(dtype)));
}

Attribute unknown_dtypes(std::vector<int64_t> numbers, bool list) {
  return make_function(kDType, {{"numbers", std::move(numbers)}, {"list", list}});
}

Attribute dtype_attribute(int64_t number) {
  if (const std::optional<DType> dtype = dtype_from_number(number)) return *dtype;
  return unknown_dtypes({number}, false);
}

Attribute dtypes_attribute(std::vector<int64_t> numbers) {
  std::vector<DType> dtypes;
  for (const int64_t number : numbers) {
    const std::optional<DType> dtype = dtype_from_number(number);
    if (!dtype) return unknown_dtypes(std::move(numbers), true);
    dtypes.push_back(*dtype);
  }
  return dtypes;
}

// --- Reading. Each function gives nullopt for a message with fields that it does not know.

template <typename T, typename Take>
std::optional<std::vector<T>> read_list(std::string_view bytes, const char* message, Take&& take) {
  std::vector<T> values;
  const auto append = [&](T value) { values.push_back(std::move(value)); };
  for (WireReader reader(bytes, message); reader.next();) {
    if (reader.field() != field::kElement) return std::nullopt;
    take(reader, append);
  }
  return values;
}

std::optional<std::vector<int64_t>> read_ints(std::string_view bytes, const char* message) {
  return read_list<int64_t>(bytes, message, [](WireReader& reader, auto& append) { reader.integers(append); });
}

std::optional<Function> read_orders(std::string_view bytes) {
  Attributes orders;
  for (WireReader reader(bytes, "DimensionOrders"); reader.next();) {
    if (reader.field() != field::kElement) return std::nullopt;
    int64_t key = 0;
    std::optional<Order> order = Order();
    for (WireReader entry(reader.bytes(), "DimensionOrders.OrdersEntry"); entry.next();) {
      if (entry.field() == field::kKey)
        key = entry.integer();
      else if (entry.field() == field::kValue)
        order = read_ints(entry.bytes(), "ListInt64");
      else
        entry.skip();
    }
    if (!order) return std::nullopt;
    orders.insert_or_assign(std::to_string(key), *std::move(order));
  }
  return make_function(kOrders, std::move(orders));
}

std::optional<Attribute> read_orders_list(std::string_view bytes) {
  std::vector<Function> list;
  for (WireReader reader(bytes, "ListDimensionOrders"); reader.next();) {
    std::optional<Function> orders;
    if (reader.field() == field::kElement) orders = read_orders(reader.bytes());
    if (!orders) return std::nullopt;
    list.push_back(*std::move(orders));
  }
  return make_function(kOrdersList, {{"orders", std::move(list)}});
}

template <typename T>
std::optional<Attribute> lift(std::optional<T> value) {
  if (!value) return std::nullopt;
  return Attribute(*std::move(value));
}

std::optional<Attribute> read_member(WireReader& reader, const std::shared_ptr<const MappedFile>& file) {
  switch (reader.field()) {
    case field::kString:
      return reader.text();
    case field::kStrings:
      return lift(read_list<std::string>(reader.bytes(), "ListString",
                                         [](WireReader& list, auto& append) { append(list.text()); }));
    case field::kDouble:
      return reader.float64();
    case field::kDoubles:
      return lift(read_list<double>(reader.bytes(), "ListDouble",
                                    [](WireReader& list, auto& append) { list.fixed<double>(append); }));
    case field::kBool:
      return reader.flag();
    case field::kBools:
      return lift(read_list<bool>(reader.bytes(), "ListBool", [](WireReader& list, auto& append) {
        list.integers([&](int64_t value) { append(value != 0); });
      }));
    case field::kInt:
      return reader.integer();
    case field::kInts:
      return lift(read_ints(reader.bytes(), "ListInt64"));
    case field::kBlob: {
      const std::string_view blob = reader.bytes();
      return Tensor::shared(file, blob.data(), DType::kUInt8, {static_cast<int64_t>(blob.size())});
    }
    case field::kReference:
      return make_function(kRef, {{"key", reader.text()}});
    case field::kDataType:
      return dtype_attribute(reader.integer());
    case field::kDataTypes: {
      std::optional<std::vector<int64_t>> numbers = read_ints(reader.bytes(), "ListDataType");
      if (!numbers) return std::nullopt;
      return dtypes_attribute(*std::move(numbers));
    }
    case field::kOrders:
      return lift(read_orders(reader.bytes()));
    case field::kOrdersList:
      return read_orders_list(reader.bytes());
    default:
      return std::nullopt;
  }
}

// --- Writing.

// A part of a function reference. Throws kInvalidArgument for one that a program made up without it.
template <typename T>
const T& part(const FunctionRef& function, std::string_view name) {
  const auto found = function.attributes.find(name);
  const T* value = found == function.attributes.end() ? nullptr : std::get_if<T>(&found->second);
  if (value == nullptr) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a {} must have '{}', of kind {}", function.name, name, attribute_kind(T())));
  }
  return *value;
}

std::string encode_ints(const std::vector<int64_t>& values) {
  std::string bytes;
  protozero::pbf_writer(bytes).add_packed_int64(field::kElement, values.begin(), values.end());
  return bytes;
}

std::string encode_orders(const FunctionRef& orders) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  for (const auto& [name, value] : orders.attributes) {
    int64_t key = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), key);
    if (error != std::errc() || end != name.data() + name.size()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' is no key of a {}; a rank, or -1 for any, is required", name, kOrders));
    }
    std::string entry;
    protozero::pbf_writer entry_writer(entry);
    entry_writer.add_int64(field::kKey, key);
    entry_writer.add_message(field::kValue, encode_ints(part<Order>(orders, name)));
    writer.add_message(field::kElement, entry);
  }
  return bytes;
}

class Encoder {
 public:
  explicit Encoder(std::string& bytes) : bytes_(bytes), writer_(bytes) {}

  void operator()(std::monostate) {}
  void operator()(bool value) { writer_.add_bool(field::kBool, value); }
  void operator()(int64_t value) { writer_.add_int64(field::kInt, value); }
  void operator()(double value) { writer_.add_double(field::kDouble, value); }
  void operator()(const std::string& value) { writer_.add_string(field::kString, value); }
  void operator()(DType value) { writer_.add_int64(field::kDataType, required_number(value)); }
  void operator()(const std::vector<bool>& values) {
    list(field::kBools, [&](auto& writer) { writer.add_packed_bool(field::kElement, values.begin(), values.end()); });
  }
  void operator()(const std::vector<int64_t>& values) { writer_.add_message(field::kInts, encode_ints(values)); }
  void operator()(const std::vector<double>& values) {
    list(field::kDoubles,
         [&](auto& writer) { writer.add_packed_double(field::kElement, values.begin(), values.end()); });
  }
  void operator()(const std::vector<std::string>& values) {
    list(field::kStrings, [&](auto& writer) {
      for (const std::string& value : values) writer.add_string(field::kElement, value);
    });
  }
  void operator()(const std::vector<DType>& values) {
    std::vector<int64_t> numbers;
    for (const DType value : values) numbers.push_back(required_number(value));
    writer_.add_message(field::kDataTypes, encode_ints(numbers));
  }
  void operator()(const Tensor& value) {
    if (value.dtype() != DType::kUInt8 || value.dims().rank() != 1) {
      throw Error(
          ErrorCode::kUnsupported,
          fmt::format("a tensor {}{} is no Data of UFF; its bytes are, as u8[n], with dtype and shape beside it",
                      dtype_name(value.dtype()), to_string(value.dims())));
    }
    const auto size = static_cast<uint64_t>(value.size_bytes());
    if (size > kLargestMessage) {
      throw Error(ErrorCode::kUnsupported, fmt::format("a blob has {} bytes, but protobuf ends at 2 GiB", size));
    }
    writer_.add_bytes(field::kBlob, static_cast<const char*>(value.data()), size);
  }
  void operator()(const Function& value) {
    const std::string_view name = value == nullptr ? std::string_view() : value->name;
    if (name == kRef)
      writer_.add_string(field::kReference, ref_key(*value));
    else if (name == kOrders)
      writer_.add_message(field::kOrders, encode_orders(*value));
    else if (name == kOrdersList)
      orders_list(part<std::vector<Function>>(*value, "orders"));
    else if (name == kDType)
      unknown_dtypes(*value);
    else if (name == kRawData)
      bytes_ += part<std::string>(*value, "bytes");
    else
      refuse("function");
  }
  template <typename T>
  void operator()(const T& value) {
    refuse(attribute_kind(value));
  }

 private:
  template <typename Fill>
  void list(uint32_t field, Fill&& fill) {
    std::string bytes;
    protozero::pbf_writer writer(bytes);
    fill(writer);
    writer_.add_message(field, bytes);
  }
  void orders_list(const std::vector<Function>& orders) {
    list(field::kOrdersList, [&](auto& writer) {
      for (const Function& each : orders) {
        if (each == nullptr || each->name != kOrders) refuse("function");
        writer.add_message(field::kElement, encode_orders(*each));
      }
    });
  }
  void unknown_dtypes(const FunctionRef& function) {
    const auto& numbers = part<std::vector<int64_t>>(function, "numbers");
    if (part<bool>(function, "list")) return writer_.add_message(field::kDataTypes, encode_ints(numbers));
    for (const int64_t number : numbers) writer_.add_int64(field::kDataType, number);
  }
  [[noreturn]] static void refuse(std::string_view kind) {
    throw Error(ErrorCode::kUnsupported, fmt::format("UFF has no Data for an attribute of kind {}", kind));
  }

  std::string& bytes_;
  protozero::pbf_writer writer_;
};

}  // namespace

Attribute read_data(std::string_view bytes, const std::shared_ptr<const MappedFile>& file) {
  Attribute value;
  for (WireReader reader(bytes, "Data"); reader.next();) {
    std::optional<Attribute> member = read_member(reader, file);
    if (!member) return make_function(kRawData, {{"bytes", std::string(bytes)}});
    value = *std::move(member);
  }
  return value;
}

std::string encode_data(const Attribute& attribute) {
  std::string bytes;
  std::visit(Encoder(bytes), attribute);
  return bytes;
}

const std::string& ref_key(const FunctionRef& ref) { return part<std::string>(ref, "key"); }

Entry read_entry(std::string_view bytes) {
  Entry entry;
  for (WireReader reader(bytes, "Entry"); reader.next();) {
    if (reader.field() == field::kKey)
      entry.key = reader.bytes();
    else if (reader.field() == field::kValue)
      entry.data = reader.bytes();
    else
      reader.skip();
  }
  return entry;
}

std::string entry_head(std::string_view key, size_t data_bytes) {
  std::string bytes;
  protozero::pbf_writer(bytes).add_bytes(field::kKey, key.data(), key.size());
  protozero::add_varint_to_buffer(&bytes, (uint64_t{field::kValue} << 3) | 2);
  protozero::add_varint_to_buffer(&bytes, data_bytes);
  return bytes;
}

}  // namespace tenon::uff

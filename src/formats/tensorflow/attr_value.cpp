// SPDX-License-Identifier: Apache-2.0
#include "formats/tensorflow/attr_value.h"

#include "formats/protobuf/wire.h"
#include "formats/tensorflow/data_type.h"

#include <fmt/core.h>
#include <protozero/pbf_writer.hpp>

#include <utility>

namespace tenon::tensorflow {
namespace {

using protobuf::WireReader;

constexpr int kDeepestFunction = 32;

// Field numbers of AttrValue; ListValue has the same ones for the kinds it has, but for kListFunction.
enum Field : uint32_t {
  kList = 1,
  kString = 2,
  kInt = 3,
  kFloat = 4,
  kBool = 5,
  kType = 6,
  kShape = 7,
  kTensor = 8,
  kListFunction = 9,
  kFunction = 10,
};

using Function = std::shared_ptr<const FunctionRef>;

Attribute raw_attribute(std::string_view bytes) {
  FunctionRef raw{std::string(kRawAttribute), {}};
  raw.attributes.emplace("bytes", std::string(bytes));
  return std::make_shared<const FunctionRef>(std::move(raw));
}

// Appends to the list of Ts in `list`; false when it already is a list of something else.
template <typename T>
bool append(Attribute& list, T value) {
  if (std::holds_alternative<std::monostate>(list)) list = std::vector<T>();
  auto* values = std::get_if<std::vector<T>>(&list);
  if (values != nullptr) values->push_back(std::move(value));
  return values != nullptr;
}

// Appends an element that may have no counterpart; false then, too.
template <typename T>
bool append(Attribute& list, std::optional<T> value) {
  return value && append(list, *std::move(value));
}

// Each function below gives nullopt for what an Attribute cannot hold exactly.

std::optional<Function> read_function(std::string_view bytes, DecodeContext& context, int depth) {
  if (depth >= kDeepestFunction) {
    throw Error(ErrorCode::kCorrupt, fmt::format("attributes of functions nest deeper than {}", kDeepestFunction));
  }
  FunctionRef function;
  for (WireReader reader(bytes, "NameAttrList"); reader.next();) {
    if (reader.field() == 1)
      function.name = reader.text();
    else if (reader.field() == 2)
      read_attribute_entry(reader.bytes(), function.attributes, context, depth + 1);
    else
      return std::nullopt;
  }
  if (function.name == kRawAttribute) return std::nullopt;
  return std::make_shared<const FunctionRef>(std::move(function));
}

std::optional<Attribute> read_list(std::string_view bytes, DecodeContext& context, int depth) {
  Attribute list;
  for (WireReader reader(bytes, "AttrValue.ListValue"); reader.next();) {
    bool exact = true;
    switch (reader.field()) {
      case kString:
        exact = append(list, reader.text());
        break;
      case kInt:
        reader.integers([&](int64_t value) { exact = exact && append(list, value); });
        break;
      case kFloat:
        reader.fixed<float>([&](float value) { exact = exact && append(list, static_cast<double>(value)); });
        break;
      case kBool:
        reader.integers([&](int64_t value) { exact = exact && append(list, value != 0); });
        break;
      case kType:
        reader.integers([&](int64_t value) { exact = exact && append(list, dtype_from_number(value)); });
        break;
      case kShape:
        exact = append(list, read_shape(reader.bytes()));
        break;
      case kTensor:
        exact = append(list, read_tensor(reader.bytes(), context));
        break;
      case kListFunction:
        exact = append(list, read_function(reader.bytes(), context, depth));
        break;
      default:
        exact = false;
    }
    if (!exact) return std::nullopt;
  }
  if (std::holds_alternative<std::monostate>(list)) list = std::vector<int64_t>();
  return list;
}

template <typename T>
std::optional<Attribute> lift(std::optional<T> value) {
  if (!value) return std::nullopt;
  return Attribute(*std::move(value));
}

std::optional<Attribute> read_exact(std::string_view bytes, DecodeContext& context, int depth) {
  Attribute value;
  for (WireReader reader(bytes, "AttrValue"); reader.next();) {  // One field; of several the last one counts.
    std::optional<Attribute> next;
    switch (reader.field()) {
      case kList:
        next = read_list(reader.bytes(), context, depth);
        break;
      case kString:
        next = reader.text();
        break;
      case kInt:
        next = reader.integer();
        break;
      case kFloat:
        next = static_cast<double>(reader.float32());
        break;
      case kBool:
        next = reader.flag();
        break;
      case kType:
        next = lift(dtype_from_number(reader.integer()));
        break;
      case kShape:
        next = lift(read_shape(reader.bytes()));
        break;
      case kTensor:
        next = lift(read_tensor(reader.bytes(), context));
        break;
      case kFunction:
        next = lift(read_function(reader.bytes(), context, depth));
        break;
      default:
        break;
    }
    if (!next) return std::nullopt;
    value = *std::move(next);
  }
  return value;
}

int32_t required_number(DType dtype) {
  const std::optional<int32_t> number = number_from_dtype(dtype);
  if (!number) {
    throw Error(ErrorCode::kUnsupported, fmt::format("a GraphDef has no data type for {}", dtype_name(dtype)));
  }
  return *number;
}

std::string encode_function(const FunctionRef& function) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, function.name);
  for (const auto& [name, value] : function.attributes) writer.add_message(2, encode_attribute_entry(name, value));
  return bytes;
}

// Writes an attribute's value into an AttrValue.
class Encoder {
 public:
  explicit Encoder(std::string& bytes) : writer_(bytes) {}

  void operator()(std::monostate) {}
  void operator()(bool value) { writer_.add_bool(kBool, value); }
  void operator()(int64_t value) { writer_.add_int64(kInt, value); }
  void operator()(double value) { writer_.add_float(kFloat, static_cast<float>(value)); }
  void operator()(const std::string& value) { writer_.add_bytes(kString, value); }
  void operator()(DType value) { writer_.add_enum(kType, required_number(value)); }
  void operator()(const TensorType& value) { writer_.add_message(kShape, encode_shape(value.shape)); }
  void operator()(const Tensor& value) { writer_.add_message(kTensor, encode_tensor(value)); }
  void operator()(const Function& value) { writer_.add_message(kFunction, encode_function(*value)); }
  void operator()(const std::shared_ptr<const Graph>&) { graphs_do_not_fit(); }
  void operator()(const std::vector<std::shared_ptr<const Graph>>&) { graphs_do_not_fit(); }
  template <typename T>
  void operator()(const std::vector<T>& values) {
    std::string list;
    protozero::pbf_writer writer(list);
    add_all(writer, values);
    writer_.add_message(kList, list);
  }

 private:
  [[noreturn]] static void graphs_do_not_fit() {
    throw Error(ErrorCode::kUnsupported, "a GraphDef cannot hold a graph as an attribute");
  }
  static void add_all(protozero::pbf_writer& writer, const std::vector<bool>& values) {
    writer.add_packed_bool(kBool, values.begin(), values.end());
  }
  static void add_all(protozero::pbf_writer& writer, const std::vector<int64_t>& values) {
    writer.add_packed_int64(kInt, values.begin(), values.end());
  }
  static void add_all(protozero::pbf_writer& writer, const std::vector<double>& values) {
    const std::vector<float> single(values.begin(), values.end());
    writer.add_packed_float(kFloat, single.begin(), single.end());
  }
  static void add_all(protozero::pbf_writer& writer, const std::vector<DType>& values) {
    std::vector<int32_t> numbers;
    for (const DType value : values) numbers.push_back(required_number(value));
    writer.add_packed_enum(kType, numbers.begin(), numbers.end());
  }
  static void add_all(protozero::pbf_writer& writer, const std::vector<std::string>& values) {
    for (const std::string& value : values) writer.add_bytes(kString, value);
  }
  static void add_all(protozero::pbf_writer& writer, const std::vector<TensorType>& values) {
    for (const TensorType& value : values) writer.add_message(kShape, encode_shape(value.shape));
  }
  static void add_all(protozero::pbf_writer& writer, const std::vector<Tensor>& values) {
    for (const Tensor& value : values) writer.add_message(kTensor, encode_tensor(value));
  }
  static void add_all(protozero::pbf_writer& writer, const std::vector<Function>& values) {
    for (const Function& value : values) writer.add_message(kListFunction, encode_function(*value));
  }

  protozero::pbf_writer writer_;
};

}  // namespace

Attribute read_attribute(std::string_view bytes, DecodeContext& context, int depth) {
  std::optional<Attribute> exact = read_exact(bytes, context, depth);
  return exact ? *std::move(exact) : raw_attribute(bytes);
}

std::string encode_attribute(const Attribute& attribute) {
  if (const auto* function = std::get_if<Function>(&attribute);
      function != nullptr && (*function)->name == kRawAttribute) {
    return std::get<std::string>((*function)->attributes.at("bytes"));
  }
  std::string bytes;
  std::visit(Encoder(bytes), attribute);
  return bytes;
}

void read_attribute_entry(std::string_view bytes, Attributes& attributes, DecodeContext& context, int depth) {
  std::string name;
  std::string_view value;
  for (WireReader reader(bytes, "AttrEntry"); reader.next();) {
    if (reader.field() == 1)
      name = reader.text();
    else if (reader.field() == 2)
      value = reader.bytes();
    else
      reader.skip();
  }
  with_context([&] { attributes.insert_or_assign(name, read_attribute(value, context, depth)); },
               [&] { return fmt::format("while reading attribute '{}'", name); });
}

std::string encode_attribute_entry(std::string_view name, const Attribute& attribute) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, name.data(), name.size());
  writer.add_message(2, encode_attribute(attribute));
  return bytes;
}

}  // namespace tenon::tensorflow

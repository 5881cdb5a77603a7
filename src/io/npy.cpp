// SPDX-License-Identifier: Apache-2.0
#include "io/npy.h"

#include "base/reader.h"

#include <tenon/io.h>

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace tenon {
namespace npy {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct TypeRow {
  std::string_view code;  // NumPy's type string without the byte order
  DType dtype;
};
constexpr TypeRow kTypes[] = {
    {"f4", DType::kFloat32},   {"f8", DType::kFloat64},     {"f2", DType::kFloat16}, {"i1", DType::kInt8},
    {"i2", DType::kInt16},     {"i4", DType::kInt32},       {"i8", DType::kInt64},   {"u1", DType::kUInt8},
    {"u2", DType::kUInt16},    {"u4", DType::kUInt32},      {"u8", DType::kUInt64},  {"b1", DType::kBool},
    {"c8", DType::kComplex64}, {"c16", DType::kComplex128},
};

// The header is a Python dictionary literal with three known keys; this reads just such literals.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header parse() {
    Header header;
    bool seen_descr = false, seen_order = false, seen_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key(quoted());
      expect(':');
      if (key == "descr" && !seen_descr) {
        seen_descr = true;
        header.dtype = dtype();
      } else if (key == "fortran_order" && !seen_order) {
        seen_order = true;
        fortran_order_ = boolean();
      } else if (key == "shape" && !seen_shape) {
        seen_shape = true;
        header.dims = shape();
      } else {
        fail(fmt::format("the unexpected key '{}'", key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!seen_descr || !seen_order || !seen_shape) fail("not all of 'descr', 'fortran_order' and 'shape'");
    if (fortran_order_ && header.dims.rank() > 1) {
      throw Error(
          ErrorCode::kUnsupported,
          fmt::format("'{}' holds an array in Fortran order; C order is required: save numpy.ascontiguousarray(a)",
                      name_));
    }
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& found) const {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("'{}' is not a valid .npy file: its header has {} at character {}", name_, found, at_));
  }

  bool accept(char c) {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail(fmt::format("no '{}'", c));
  }

  std::string_view quoted() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const size_t end = text_.find(quote, at_);
    if (end == text_.npos) fail("a string without an end");
    const std::string_view value = text_.substr(at_, end - at_);
    at_ = end + 1;
    return value;
  }

  bool boolean() {
    accept(' ');
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    fail("neither True nor False");
  }

  DType dtype() {
    if (accept('[')) unsupported("a structured type");
    const std::string_view text = quoted();
    if (text.size() < 2) fail(fmt::format("the type '{}'", text));
    for (const TypeRow& row : kTypes) {
      if (text.substr(1) != row.code) continue;
      if (text[0] == '<' || text[0] == '|' || text[0] == '=') return row.dtype;
      unsupported(fmt::format("the big-endian type '{}': save a.astype('<{}')", text, row.code));
    }
    unsupported(fmt::format("the type '{}': save numbers or booleans", text));
  }

  [[noreturn]] void unsupported(const std::string& what) const {
    throw Error(ErrorCode::kUnsupported, fmt::format("'{}' holds {}", name_, what));
  }

  Dims shape() {
    Dims dims;
    expect('(');
    while (!accept(')')) {
      accept(' ');
      int64_t extent = 0;
      const auto [stop, status] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), extent);
      if (status != std::errc()) fail("a shape that is not made of numbers");
      at_ = static_cast<size_t>(stop - text_.data());
      dims.push_back(extent);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return dims;
  }

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0;
  bool fortran_order_ = false;
};

}  // namespace

Header read_header(Bytes bytes, const std::string& name) {
  ByteReader reader(bytes, name);
  const Bytes magic = reader.take(kMagic.size(), "the magic of a .npy file");
  if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0) {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("'{}' does not begin like a .npy file; numpy.save() writes one", name));
  }
  const auto major = reader.number<uint8_t>("the version");
  (void)reader.number<uint8_t>("the version");
  if (major < 1 || major > 3) {
    throw Error(ErrorCode::kUnsupported, fmt::format("'{}' has .npy version {}; 1 to 3 are read", name, major));
  }
  const uint64_t length =
      major == 1 ? reader.number<uint16_t>("the header's length") : reader.number<uint32_t>("the header's length");
  const Bytes text = reader.take(length, "the header");
  Header header = HeaderParser({reinterpret_cast<const char*>(text.data()), text.size()}, name).parse();
  header.size = reader.position();
  return header;
}

std::string write_header(DType dtype, const Dims& dims) {
  const auto* row =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeRow& r) { return r.dtype == dtype; });
  if (row == std::end(kTypes)) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("NumPy has no type for {}; cast the tensor to f32 first", dtype_name(dtype)));
  }
  std::string shape;
  for (const int64_t extent : dims) shape += fmt::format("{}, ", extent);
  if (dims.rank() > 1) shape.resize(shape.size() - 2);  // One-element tuples keep their comma.
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                 dtype_bits(dtype) == 8 ? '|' : '<', row->code, shape);
  constexpr size_t kBefore = 10;  // magic, version, length
  text.append(63 - (kBefore + text.size()) % 64, ' ');
  text += '\n';
  std::string header(kMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 0xFF);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace npy

Tensor load_npy(const std::string& path) {
  const auto file = MappedFile::open(path);
  const npy::Header header = npy::read_header(file->bytes(), path);
  const auto size = static_cast<uint64_t>(bytes_for(header.dtype, header.dims.count()));
  const Bytes data = ByteReader(file->bytes(), path).slice(header.size, size, "the array's data");
  const auto alignment = static_cast<uintptr_t>(dtype_bits(header.dtype) / 8);
  if (reinterpret_cast<uintptr_t>(data.data()) % std::min<uintptr_t>(alignment, 8) != 0) {
    return Tensor::copy_of(TensorView{data.data(), header.dtype, header.dims});
  }
  return Tensor::shared(file, data.data(), header.dtype, header.dims);
}

void save_npy(const Tensor& tensor, const std::string& path) {
  const std::string header = npy::write_header(tensor.dtype(), tensor.dims());
  write_file(path, [&](FileSink& sink) {
    sink.write(header);
    sink.write(tensor.data(), static_cast<size_t>(tensor.size_bytes()));
  });
}

}  // namespace tenon

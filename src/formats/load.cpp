// SPDX-License-Identifier: Apache-2.0
#include "formats/load.h"

#include "formats/tensorflow/graphdef.h"
#include "formats/uff/uff.h"

#include <fmt/core.h>
#include <protozero/pbf_reader.hpp>

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace tenon {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHowToFreeze =
    "freeze it: turn its variables into constants with tf.compat.v1.graph_util.convert_variables_to_constants "
    "(TensorFlow 1) "
    "or tensorflow.python.framework.convert_to_constants.convert_variables_to_constants_v2, and save the GraphDef's "
    "SerializeToString(); examples/lenet5/train.py shows it in its function freeze()";

[[noreturn]] void unsupported(const std::string& path, std::string_view what, std::string_view remedy) {
  throw Error(ErrorCode::kUnsupported, fmt::format("'{}' is {}; {}", path, what, remedy));
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Says what a folder is, if it is a model at all.
[[noreturn]] void refuse_folder(const std::string& path) {
  const fs::path folder(path);
  if (is_there(folder / "saved_model.pb") || is_there(folder / "saved_model.pbtxt")) {
    unsupported(path, "a SavedModel folder, which keeps its weights in variables", kHowToFreeze);
  }
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename() == "checkpoint" || entry->path().extension() == ".index") {
      unsupported(path, "a folder of TensorFlow checkpoints, which hold weights but no graph", kHowToFreeze);
    }
  }
  throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is a folder; a model file is required", path));
}

// What stands at the beginning (or the end) of files that are no GraphDef.
struct Magic {
  std::string_view bytes;
  size_t offset;  // From the beginning, or kAtEnd.
  std::string_view what, remedy;
};
constexpr size_t kAtEnd = static_cast<size_t>(-1);

constexpr Magic kMagics[] = {
    {"TENONPLN", 0, "a Tenon plan, which is compiled already", "run it with `tenon run`, or load it as an Engine"},
    {"\x89HDF\r\n\x1a\n", 0, "an HDF5 file (Keras weights or a Keras model)", kHowToFreeze},
    {"PK\x03\x04", 0, "a zip archive (a .keras model, perhaps)", kHowToFreeze},
    {"TFL3", 4, "a TensorFlow Lite model", "Tenon reads the frozen GraphDef it was converted from"},
    {"model_checkpoint_path:", 0, "the list of a TensorFlow checkpoint", kHowToFreeze},
    // The last 8 bytes of a LevelDB table (table/format.h), which a checkpoint's .index is.
    {"\x57\xfb\x80\x8b\x24\x75\x47\xdb", kAtEnd, "the index of a TensorFlow checkpoint", kHowToFreeze},
};

bool matches(const Magic& magic, std::string_view content) {
  if (content.size() < magic.bytes.size()) return false;
  const size_t offset = magic.offset == kAtEnd ? content.size() - magic.bytes.size() : magic.offset;
  return offset <= content.size() && content.substr(offset, magic.bytes.size()) == magic.bytes;
}

// The name of the first field of what looks like a protobuf message in text form, in plain characters; "" for others.
std::string_view first_text_field(std::string_view content) {
  constexpr size_t kLooked = 4096;
  std::string_view head = content.substr(0, kLooked);
  const auto printable = [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; };
  if (!std::all_of(head.begin(), head.end(), printable)) return {};
  const auto skip_line = [&] { head.remove_prefix(std::min(head.size(), head.find('\n'))); };
  for (;;) {
    head.remove_prefix(std::min(head.size(), head.find_first_not_of(" \t\r\n")));
    if (head.substr(0, 1) != "#") break;
    skip_line();
  }
  const std::string_view name = head.substr(0, head.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"));
  const size_t next = head.find_first_not_of(" \t\r\n", name.size());
  const bool is_field =
      next != std::string_view::npos && std::string_view("{<[:").find(head[next]) != std::string_view::npos;
  return is_field ? name : std::string_view();
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Which fields a protobuf message has at its top, by wire type. Formats are told apart by these.
class TopFields {
 public:
  explicit TopFields(std::string_view content) {
    try {
      for (protozero::pbf_reader reader(content.data(), content.size()); reader.next(); reader.skip()) {
        const auto field = reader.tag();
        if (field > 31) continue;
        if (reader.wire_type() == protozero::pbf_wire_type::length_delimited)
          messages_ |= uint32_t{1} << field;
        else
          numbers_ |= uint32_t{1} << field;
      }
    } catch (const protozero::exception&) {
      complete_ = false;  // What was seen up to here has to do; the format's reader says where it breaks.
    }
  }
  [[nodiscard]] bool message(int field) const { return (messages_ >> field & 1) != 0; }
  [[nodiscard]] bool number(int field) const { return (numbers_ >> field & 1) != 0; }
  /// True when all fields that were seen are among these, and there are any.
  [[nodiscard]] bool only(std::initializer_list<int> messages, std::initializer_list<int> numbers) const {
    uint32_t message_mask = 0, number_mask = 0;
    for (const int field : messages) message_mask |= uint32_t{1} << field;
    for (const int field : numbers) number_mask |= uint32_t{1} << field;
    return (messages_ & ~message_mask) == 0 && (numbers_ & ~number_mask) == 0 && (messages_ | numbers_) != 0;
  }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  uint32_t messages_ = 0, numbers_ = 0;
  bool complete_ = true;
};

// Recognises protobuf formats that are not read, by the fields of their outermost messages: ModelProto (onnx.proto3),
// SavedModel and MetaGraphDef (tensorflow/core/protobuf).
void refuse_other_messages(const std::string& path, const TopFields& fields) {
  if (fields.number(1) && (fields.message(7) || fields.message(8))) {
    unsupported(path, "an ONNX model", "ONNX files are not read yet; give the TensorFlow graph it was made from");
  }
  if (fields.number(1) && fields.message(2) && fields.complete()) {
    unsupported(path, "a SavedModel, which keeps its weights in variables", kHowToFreeze);
  }
  if (fields.message(1) && fields.message(2) && fields.message(3)) {
    unsupported(path, "a MetaGraph (.meta), which keeps its weights in a checkpoint", kHowToFreeze);
  }
}

}  // namespace

Graph load(const std::shared_ptr<const MappedFile>& file) {
  const std::string& path = file->path();
  const std::string_view content(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  if (content.empty()) throw Error(ErrorCode::kCorrupt, fmt::format("'{}' is empty; a model is required", path));
  for (const Magic& magic : kMagics)
    if (matches(magic, content)) unsupported(path, magic.what, magic.remedy);
  const std::string_view text = first_text_field(content);
  if (is_one_of(text, {"version", "descriptor_core_version", "descriptors", "graphs", "referenced_data"}))
    return uff::read_uff_text(file);
  if (is_one_of(text, {"node", "versions", "library", "saved_model_schema_version", "meta_graphs"})) {
    unsupported(path, "a TensorFlow message in text form (.pbtxt)",
                "read it with google.protobuf.text_format.Parse and save its SerializeToString()");
  }
  const TopFields fields(content);
  refuse_other_messages(path, fields);
  // A MetaGraph of UFF begins with two versions, and has messages only for the rest.
  if (fields.number(1) && fields.number(2) && (fields.message(3) || fields.message(4))) return uff::read_uff(file);
  if (fields.message(1) || fields.only({2, 4, 5}, {3})) return tensorflow::read_graphdef(file);
  if (path.find(".data-") != std::string::npos) {  // A checkpoint's data has no mark of its own.
    unsupported(path, "no model, but perhaps the data of a TensorFlow checkpoint", kHowToFreeze);
  }
  throw Error(
      ErrorCode::kCorrupt,
      fmt::format("'{}' is none of the model files that Tenon knows: it is no TensorFlow GraphDef, no UFF model, "
                  "and not any other format that Tenon recognises",
                  path));
}

Graph load(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) refuse_folder(path);
  return load(MappedFile::open(path));
}

void save(const Graph& graph, const std::string& path) {
  if (graph.dialect() == "tf") {
    write_file(path, [&](FileSink& sink) { tensorflow::write_graphdef(graph, sink); });
  } else if (graph.dialect() == "uff") {
    write_file(path, [&](FileSink& sink) { uff::write_uff(graph, sink); });
  } else {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("cannot write '{}': graphs of dialect '{}' have no file format here; compile it and save the plan",
                    path, graph.dialect()));
  }
}

void save_text(const Graph& graph, const std::string& path, bool shorten) {
  if (graph.dialect() != "uff") {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("cannot write '{}': graphs of dialect '{}' have no text form here, only UFF has; print the "
                            "graph, or save it in its binary form",
                            path, graph.dialect()));
  }
  constexpr size_t kLongestShown = 64, kAll = static_cast<size_t>(-1);
  write_file(path, [&](FileSink& sink) { uff::write_uff_text(graph, sink, shorten ? kLongestShown : kAll); });
}

}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include "formats/load.h"

#include "errors.h"
#include "formats/uff_builder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tenon {
namespace {

using test::expect_error;
using test::Message;

void expect_refused(ErrorCode code, const char* fragment, const std::string& content) {
  expect_error(code, fragment, [&] { (void)load(test::as_file(Message().raw(content))); });
}

// A folder of this test, which is removed in the end.
class ScratchFolder {
 public:
  ScratchFolder() : path_(std::filesystem::temp_directory_path() / ("tenon_load_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }
  void put(const char* name, const std::string& content = "x") const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

 private:
  std::filesystem::path path_;
};

TEST(Load, FilesAreToldByContent) {
  const ScratchFolder folder;
  folder.put("model.onnx", test::graph_def({test::node("x", "Relu")}).bytes());
  EXPECT_EQ(load(folder.path() + "/model.onnx").find_node("x")->op(), "Relu");
}

TEST(Load, AGraphDefMayBeginWithAnyOfItsFields) {
  Message message;
  message.message(4, Message().integer(1, 27)).message(1, test::node("x", "Relu"));
  EXPECT_EQ(load(test::as_file(message)).node_count(), 1U);
}

TEST(Load, UffIsToldFromTensorFlow) {
  const ScratchFolder folder;
  folder.put("uff.pb", test::uff_dense_net().bytes());
  EXPECT_EQ(load(folder.path() + "/uff.pb").dialect(), "uff");
  folder.put("uff.pbtxt", "# Text\n version : 1 graphs { nodes { id: 'm' operation: 'MarkOutput' } }");
  EXPECT_EQ(load(folder.path() + "/uff.pbtxt").dialect(), "uff");
  for (const char* text : {"graphs{x}", "descriptor_core_version: 1", "descriptors <>", "referenced_data []"})
    expect_refused(ErrorCode::kCorrupt, "while reading the UFF text 'test.pb'", text);
  const std::string whole = test::uff_dense_net().bytes();
  expect_refused(ErrorCode::kCorrupt, "while reading the UFF model 'test.pb'", whole.substr(0, 20));
  expect_refused(ErrorCode::kCorrupt, "while reading the UFF model 'test.pb'", whole.substr(0, 100));
}

TEST(Load, OtherFilesGetToldHowToGetThere) {
  expect_refused(ErrorCode::kUnsupported, "run it with `tenon run`", "TENONPLN and more");
  expect_refused(ErrorCode::kUnsupported, "an HDF5 file", "\x89HDF\r\n\x1a\n....");
  expect_refused(ErrorCode::kUnsupported, "function freeze()", "\x89HDF\r\n\x1a\n....");
  expect_refused(ErrorCode::kUnsupported, "a .keras model", "PK\x03\x04....");
  expect_refused(ErrorCode::kUnsupported, "a TensorFlow Lite model", std::string("\x1c\0\0\0TFL3....", 12));
  expect_refused(ErrorCode::kUnsupported, "convert_variables_to_constants", "model_checkpoint_path: \"model\"\n");
  expect_refused(ErrorCode::kUnsupported, "the index of a TensorFlow checkpoint",
                 std::string("\0\0\1\2\x57\xfb\x80\x8b\x24\x75\x47\xdb", 12));
  expect_refused(ErrorCode::kUnsupported, "text_format.Parse", "# a comment\nnode {\n  name: \"x\"\n}\n");
  expect_refused(ErrorCode::kUnsupported, "text form", "versions { producer: 27 }");
  expect_refused(ErrorCode::kUnsupported, "ONNX files are not read yet",
                 Message().integer(1, 8).text(2, "pytorch").message(7, Message()).message(8, Message()).bytes());
  expect_refused(ErrorCode::kUnsupported, "a SavedModel",
                 Message().integer(1, 1).message(2, Message().text(2, "g")).bytes());
  expect_refused(ErrorCode::kUnsupported, "a MetaGraph",
                 Message().message(1, Message()).message(2, Message()).message(3, Message()).bytes());
  expect_refused(ErrorCode::kCorrupt, "is empty", "");
  expect_refused(ErrorCode::kCorrupt, "none of the model files", "MZ\x90 not a model");
}

TEST(Load, FoldersAreRecognised) {
  const ScratchFolder folder;
  expect_error(ErrorCode::kInvalidArgument, "is a folder; a model file is required",
               [&] { (void)load(folder.path()); });
  folder.put("model.ckpt.index");
  expect_error(ErrorCode::kUnsupported, "a folder of TensorFlow checkpoints", [&] { (void)load(folder.path()); });
  folder.put("saved_model.pb");
  expect_error(ErrorCode::kUnsupported, "a SavedModel folder", [&] { (void)load(folder.path()); });
}

TEST(Load, ACheckpointsDataIsGuessedByItsName) {
  const ScratchFolder folder;
  folder.put("model.ckpt.data-00000-of-00001", "\xFF\xFF\xFF\xFF");
  expect_error(ErrorCode::kUnsupported, "the data of a TensorFlow checkpoint",
               [&] { (void)load(folder.path() + "/model.ckpt.data-00000-of-00001"); });
}

TEST(Load, AMissingFileIsNotFound) {
  expect_error(ErrorCode::kNotFound, "No such file", [] { (void)load("/nowhere/model.pb"); });
}

TEST(Save, DialectsWithoutAFileFormatAreRefused) {
  expect_error(ErrorCode::kUnsupported, "dialect 'standard'", [] { save(Graph(), "/nowhere/model.pb"); });
  expect_error(ErrorCode::kUnsupported, "dialect 'tf' have no text form here, only UFF has",
               [] { save_text(Graph("tf"), "/nowhere/model.pbtxt"); });
}

}  // namespace
}  // namespace tenon

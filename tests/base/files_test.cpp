// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include "base/near_names.h"
#include "base/reader.h"
#include "errors.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tenon {
namespace {

using test::expect_error;

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }
  [[nodiscard]] size_t file_count() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(FilesTest, WhatIsWrittenIsMapped) {
  write_file(path("a"), [](FileSink& sink) {
    sink.write("hello");
    EXPECT_EQ(sink.position(), 5U);
  });
  const auto file = MappedFile::open(path("a"));
  ASSERT_EQ(file->bytes().size(), 5U);
  EXPECT_EQ(std::memcmp(file->bytes().data(), "hello", 5), 0);
}

TEST_F(FilesTest, AFileIsCreatedOnceWithItsPermissions) {
  create_file(path("a"), 0600, [](FileSink& sink) { sink.write("new"); });
  EXPECT_EQ(text_of(path("a")), "new");
  EXPECT_EQ(std::filesystem::status(path("a")).permissions() & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  expect_error(ErrorCode::kInvalidArgument, "a' exists and is not overwritten",
               [&] { create_file(path("a"), 0600, [](FileSink&) {}); });
  EXPECT_EQ(text_of(path("a")), "new");
}

TEST_F(FilesTest, AFailedCreationLeavesNothing) {
  EXPECT_THROW(create_file(path("a"), 0600, [](FileSink&) { throw std::runtime_error("interrupted"); }),
               std::runtime_error);
  EXPECT_EQ(file_count(), 0U);
}

TEST_F(FilesTest, AFailedWriteLeavesTheOldFileAndNoTemporaryOne) {
  write_file(path("a"), [](FileSink& sink) { sink.write("old"); });
  EXPECT_THROW(write_file(path("a"),
                          [](FileSink& sink) {
                            sink.write("half of the n");
                            throw std::runtime_error("interrupted");
                          }),
               std::runtime_error);
  EXPECT_EQ(text_of(path("a")), "old");
  EXPECT_EQ(file_count(), 1U);
}

TEST_F(FilesTest, AnEmptyFileHasNoBytes) {
  write_file(path("a"), [](FileSink&) {});
  EXPECT_TRUE(MappedFile::open(path("a"))->bytes().empty());
}

TEST_F(FilesTest, WhatCannotBeOpenedIsNamed) {
  expect_error(ErrorCode::kNotFound, path("missing"), [&] { (void)MappedFile::open(path("missing")); });
  expect_error(ErrorCode::kInvalidArgument, "is a folder", [&] { (void)MappedFile::open(folder_.string()); });
  expect_error(ErrorCode::kInvalidArgument, "not a regular file", [] { (void)MappedFile::open("/dev/null"); });
  expect_error(ErrorCode::kNotFound, "create a temporary file beside",
               [&] { write_file(path("no/such/folder"), [](FileSink&) {}); });
}

TEST(ByteReader, ReadsNumbersAndRefusesToPassTheEnd) {
  const unsigned char raw[] = {1, 2, 3, 4, 5};
  const std::string name = "x.bin";
  ByteReader reader(std::as_bytes(std::span(raw)), name);
  EXPECT_EQ(reader.number<uint16_t>("a tag"), 0x0201);
  EXPECT_EQ(reader.remaining(), 3U);
  expect_error(ErrorCode::kCorrupt, "'x.bin' ends too early: a length needs 4 bytes at offset 2",
               [&] { (void)reader.number<uint32_t>("a length"); });
  EXPECT_EQ(reader.position(), 2U);
  expect_error(ErrorCode::kCorrupt, "a blob", [&] { (void)reader.slice(1, UINT64_MAX, "a blob"); });
  expect_error(ErrorCode::kCorrupt, "a section", [&] { reader.seek(6, "a section"); });
  reader.seek(5, "the end");
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(NearNames, FindsTypingErrorsAndPartsWithoutRegardToCase) {
  const std::vector<std::string> names = {"conv1/Relu6", "conv2/Relu6", "Softmax", "MatMul", "Add"};
  EXPECT_EQ(near_names("softmaxx", names), (std::vector<std::string>{"Softmax"}));
  EXPECT_EQ(near_names("relu6", names, 2), (std::vector<std::string>{"conv1/Relu6", "conv2/Relu6"}));
  EXPECT_TRUE(near_names("Transpose", names).empty());
  EXPECT_EQ(did_you_mean("Matmul", names), "; did you mean 'MatMul'?");
  EXPECT_EQ(did_you_mean("Transpose", names), "");
}

}  // namespace
}  // namespace tenon

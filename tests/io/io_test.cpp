// SPDX-License-Identifier: Apache-2.0
#include <tenon/io.h>

#include "base/files.h"
#include "errors.h"

#include <cmath>
#include <filesystem>

namespace tenon {
namespace {

using test::expect_error;
using namespace std::string_literals;

class IoTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("io_"s + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }
  // A file with these bytes.
  std::string file(const char* name, const std::string& bytes) const {
    write_file(path(name), [&](FileSink& sink) { sink.write(bytes); });
    return path(name);
  }
  std::filesystem::path folder_;
};

// A version 1.0 .npy file with this header text and these data bytes.
std::string npy(const std::string& header, const std::string& data) {
  std::string bytes = "\x93NUMPY\x01"s + '\0';
  bytes += static_cast<char>(header.size() & 0xFF);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + data;
}

TEST_F(IoTest, ArraysOfEveryDtypeAndRankComeBack) {
  for (const DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64,
        DType::kUInt8, DType::kUInt16, DType::kUInt32, DType::kUInt64, DType::kBool, DType::kComplex64}) {
    for (const Dims& dims : {Dims{}, Dims{3}, Dims{2, 0, 4}, Dims{2, 3, 4}}) {
      Tensor tensor = Tensor::zeros(dtype, dims);
      auto* bytes = static_cast<unsigned char*>(tensor.mutable_data());
      for (int64_t i = 0; i < tensor.size_bytes(); ++i) bytes[i] = static_cast<unsigned char>(i % 2);
      save_npy(tensor, path("a.npy"));
      EXPECT_TRUE(identical(load_npy(path("a.npy")), tensor)) << dtype_name(dtype) << to_string(dims);
    }
  }
}

TEST_F(IoTest, ArchivesComeBackAndAreTheSameBytesEachTime) {
  const std::map<std::string, Tensor> tensors = {{"a", Tensor::from<float>({1, 2, 3}, {3})},
                                                 {"b/c", Tensor::scalar<int64_t>(7)}};
  save_npz(tensors, path("a.npz"));
  save_npz(tensors, path("b.npz"));
  const auto back = load_npz(path("a.npz"));
  ASSERT_EQ(back.size(), 2U);
  EXPECT_TRUE(identical(back.at("a"), tensors.at("a")));
  EXPECT_TRUE(identical(back.at("b/c"), tensors.at("b/c")));
  const auto a = MappedFile::open(path("a.npz")), b = MappedFile::open(path("b.npz"));
  EXPECT_TRUE(std::equal(a->bytes().begin(), a->bytes().end(), b->bytes().begin(), b->bytes().end()));
}

TEST_F(IoTest, HeadersAreReadInAnyOrderAndQuotes) {
  const Tensor tensor =
      load_npy(file("a.npy", npy("{\"shape\": (2,), 'fortran_order':False, 'descr': '<i2'}\n", "\1\0\2\0"s)));
  EXPECT_TRUE(identical(tensor, Tensor::from<int16_t>({1, 2}, {2})));
}

TEST_F(IoTest, BadArraysAreRefusedWithTheReason) {
  struct Row {
    std::string bytes;
    ErrorCode code;
    const char* message;
  };
  const std::string four(4, '\0');
  for (const Row& row : {
           Row{"", ErrorCode::kCorrupt, "ends too early"},
           Row{"PK\3\4abcdefgh", ErrorCode::kCorrupt, "does not begin like a .npy file"},
           Row{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", four), ErrorCode::kCorrupt,
               "the array's data needs 8 bytes"},
           Row{npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", four), ErrorCode::kUnsupported,
               "astype('<f4')"},
           Row{npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", four), ErrorCode::kUnsupported,
               "ascontiguousarray"},
           Row{npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", four), ErrorCode::kUnsupported,
               "structured"},
           Row{npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", four), ErrorCode::kUnsupported,
               "the type '|O'"},
           Row{npy("{'descr': '<f4', 'shape': (1,), }", four), ErrorCode::kCorrupt, "not all of"},
           Row{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (x,), }", four), ErrorCode::kCorrupt,
               "not made of numbers"},
           Row{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1", four), ErrorCode::kCorrupt, "no ')'"},
           Row{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", four),
               ErrorCode::kInvalidArgument, "too large"},
       })
    expect_error(row.code, row.message, [&] { (void)load_npy(file("bad.npy", row.bytes)); });
  expect_error(ErrorCode::kNotFound, path("none.npy"), [&] { (void)load_npy(path("none.npy")); });
  expect_error(ErrorCode::kUnsupported, "NumPy has no type for bf16",
               [&] { save_npy(Tensor::zeros(DType::kBFloat16, {1}), path("b.npy")); });
}

TEST_F(IoTest, EveryTruncationOfAnArchiveIsACleanError) {
  save_npz({{"a", Tensor::from<float>({1, 2, 3}, {3})}}, path("a.npz"));
  const auto whole = MappedFile::open(path("a.npz"));
  for (size_t size = 0; size < whole->bytes().size(); ++size) {
    const std::string cut = file("cut.npz", std::string(reinterpret_cast<const char*>(whole->bytes().data()), size));
    EXPECT_THROW((void)load_npz(cut), Error) << size;
  }
}

std::string pgm(int width, int height, const std::string& pixels) {
  return "P5 " + std::to_string(width) + " " + std::to_string(height) + " 255\n" + pixels;
}

TEST_F(IoTest, PicturesFillEveryImageLayout) {
  const Tensor image = load_image(file("a.pgm", pgm(2, 2, "\x00\x33\x66\xFF"s)));
  EXPECT_EQ(to_string(image.dims()), "[2,2,1]");
  const Tensor nchw = image_input(image, {DType::kFloat32, parse_shape("N,3,2,2")});
  EXPECT_EQ(to_string(nchw.dims()), "[1,3,2,2]");
  EXPECT_FLOAT_EQ(nchw.values<float>()[1], 0.2F);
  EXPECT_FLOAT_EQ(nchw.values<float>()[11], 1.0F);
  const Tensor nhwc = image_input(image, {DType::kFloat32, parse_shape("N,2,2,3")});
  EXPECT_FLOAT_EQ(nhwc.values<float>()[3], 0.2F);
  const Tensor bytes = image_input(image, {DType::kUInt8, parse_shape("2,2,1")});
  EXPECT_EQ(bytes.values<uint8_t>()[2], 0x66);
  const Tensor normal = image_input(image, {DType::kFloat32, parse_shape("1,1,2,2")}, {.mean = {0.2}, .std = {0.5}});
  EXPECT_NEAR(normal.values<float>()[1], 0.0F, 1e-7);
  EXPECT_NEAR(normal.values<float>()[3], 1.6F, 1e-6);
}

TEST_F(IoTest, ShrinkingAveragesAndGrowingInterpolates) {
  const Tensor image = load_image(file("a.pgm", pgm(4, 1, "\x00\x00\xFF\xFF"s)));
  const Tensor small = image_input(image, {DType::kFloat64, parse_shape("1,1,1,2")}, {.scale = 1});
  // Weights of a triangle four pixels wide centred on pixel 1 of 4, cut at the border: 3/4, 3/4, 1/4 over 7/4.
  EXPECT_NEAR(small.values<double>()[0], 255.0 / 7, 1e-9);
  EXPECT_NEAR(small.values<double>()[1], 255.0 * 6 / 7, 1e-9);
  const Tensor large = image_input(image, {DType::kFloat64, parse_shape("1,1,1,8")}, {.scale = 1});
  EXPECT_NEAR(large.values<double>()[3], 255.0 * 0.25, 1e-9);
}

TEST_F(IoTest, WhatCannotBeAPictureIsSaid) {
  expect_error(ErrorCode::kCorrupt, "is not a PNG, JPEG, PGM or PPM",
               [&] { (void)load_image(file("a.png", "hello")); });
  expect_error(ErrorCode::kCorrupt, "ends too early: 4x4 pixels",
               [&] { (void)load_image(file("a.pgm", pgm(4, 4, "ab"))); });
  expect_error(ErrorCode::kCorrupt, "in the middle of a chunk",
               [&] { (void)load_image(file("c.png", "\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIDAT...."s)); });
  expect_error(ErrorCode::kCorrupt, "ten digits",
               [&] { (void)load_image(file("c.pgm", "P5 # 12345678901\n4 12345678901\n255\n")); });
  expect_error(ErrorCode::kCorrupt, "is not a PNG", [&] { (void)load_image(file("b.png", "\x89PNG\r\n\x1a\n"s)); });
  const Tensor image = load_image(file("b.pgm", pgm(2, 2, "\x80\x80\x80\x80"s)));
  expect_error(ErrorCode::kInvalidArgument, "input of type f32[N,512]",
               [&] { (void)image_input(image, {DType::kFloat32, parse_shape("N,512")}); });
  expect_error(ErrorCode::kInvalidArgument, "dtype i64",
               [&] { (void)image_input(image, {DType::kInt64, parse_shape("1,1,2,2")}); });
  expect_error(ErrorCode::kInvalidArgument, "there is no digit", [&] {
    (void)image_input(image, {DType::kFloat32, parse_shape("1,1,28,28")}, {.preparation = ImagePreparation::kDigit});
  });
}

TEST(Digit, PicturesAreAsTheReferencePreparationHasThem) {
  const std::filesystem::path root = TENON_SOURCE_DIR;
  const Tensor expected = load_npy((root / "tests/data/digits_prepared.npy").string());
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root / "examples/digits"))
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  ASSERT_EQ(static_cast<int64_t>(files.size()), expected.dims()[0]);
  for (size_t i = 0; i < files.size(); ++i) {
    const Tensor made = image_input(load_image(files[i].string()), {DType::kFloat32, parse_shape("N,1,28,28")},
                                    {.preparation = ImagePreparation::kDigit});
    const auto want = expected.values<float>().subspan(i * 784, 784);
    for (size_t k = 0; k < 784; ++k) ASSERT_NEAR(made.values<float>()[k], want[k], 1e-6) << files[i] << ' ' << k;
  }
}

}  // namespace
}  // namespace tenon

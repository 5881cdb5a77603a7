// SPDX-License-Identifier: Apache-2.0
#include "formats/tensorflow/tensor_proto.h"

#include "errors.h"
#include "formats/graphdef_builder.h"

#include <tenon/graph.h>

#include <gtest/gtest.h>

namespace tenon::tensorflow {
namespace {

using test::content;
using test::expect_error;
using test::Message;
using test::tensor;

// Decodes a message that lies in a file of its own.
std::optional<Tensor> decode(const Message& message) {
  const auto file = test::as_file(message);
  DecodeContext context(file);
  return read_tensor({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()}, context);
}

template <typename T>
void expect_values(const Message& message, const Dims& dims, std::initializer_list<T> values) {
  const auto decoded = decode(message);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(identical(*decoded, Tensor::from(values, dims))) << to_string(Attribute(*decoded));
}

void expect_round_trip(const Message& message) {
  const auto once = decode(message);
  ASSERT_TRUE(once.has_value());
  const auto twice = decode(Message().raw(encode_tensor(*once)));
  ASSERT_TRUE(twice.has_value());
  EXPECT_TRUE(identical(*once, *twice));
}

TEST(TensorProto, TypedValuesAreReadPackedAndUnpacked) {
  expect_values<float>(tensor(test::kTfFloat, {2}).packed_floats(5, {1.5F, -2}), {2}, {1.5F, -2});
  expect_values<float>(tensor(test::kTfFloat, {2}).float32(5, 1.5F).float32(5, -2), {2}, {1.5F, -2});
  expect_values<double>(tensor(test::kTfDouble, {1}).float64(6, 0.1), {1}, {0.1});
  expect_values<int32_t>(tensor(test::kTfInt32, {3}).packed(7, {1, -1, 2147483647}), {3}, {1, -1, 2147483647});
  expect_values<int8_t>(tensor(test::kTfInt8, {2}).packed(7, {-128, 127}), {2}, {-128, 127});
  expect_values<uint8_t>(tensor(test::kTfUInt8, {1}).packed(7, {255}), {1}, {255});
  expect_values<int16_t>(tensor(test::kTfInt16, {1}).packed(7, {-32768}), {1}, {-32768});
  expect_values<uint16_t>(tensor(test::kTfUInt16, {1}).packed(7, {65535}), {1}, {65535});
  expect_values<int64_t>(tensor(test::kTfInt64, {2}).packed(10, {INT64_MIN, INT64_MAX}), {2}, {INT64_MIN, INT64_MAX});
  expect_values<bool>(tensor(test::kTfBool, {3}).packed(11, {0, 1, 1}), {3}, {false, true, true});
  expect_values<uint32_t>(tensor(test::kTfUInt32, {1}).packed(16, {4294967295}), {1}, {4294967295U});
  expect_values<uint64_t>(tensor(test::kTfUInt64, {1}).packed(17, {-1}), {1}, {UINT64_MAX});
}

TEST(TensorProto, HalvesAreTheLowBitsOfIntegers) {
  for (const auto type : {test::kTfHalf, test::kTfBFloat16}) {
    const auto decoded = decode(tensor(type, {2}).packed(13, {0x3C00, 0xBC01}));
    ASSERT_TRUE(decoded.has_value());
    const auto* bits = static_cast<const uint16_t*>(decoded->data());
    EXPECT_EQ(bits[0], 0x3C00);
    EXPECT_EQ(bits[1], 0xBC01);
  }
}

TEST(TensorProto, ComplexNumbersArePairs) {
  const auto decoded = decode(tensor(test::kTfComplex64, {3}).packed_floats(9, {1, 2, 3, 4}));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->dtype(), DType::kComplex64);
  const auto* parts = static_cast<const float*>(decoded->data());
  EXPECT_EQ(std::vector<float>(parts, parts + 6), (std::vector<float>{1, 2, 3, 4, 3, 4}));
}

TEST(TensorProto, FourBitIntegersArePackedTwoToAByte) {
  const auto signed_values = decode(tensor(test::kTfInt4, {3}).packed(7, {-8, 7, -1}));
  ASSERT_TRUE(signed_values.has_value());
  const auto* bytes = static_cast<const uint8_t*>(signed_values->data());
  EXPECT_EQ(bytes[0], 0x78);
  EXPECT_EQ(bytes[1] & 0xF, 0xF);
  const auto unsigned_values = decode(tensor(test::kTfUInt4, {2}).text(4, content<uint8_t>({15, 1})));
  ASSERT_TRUE(unsigned_values.has_value());
  EXPECT_EQ(*static_cast<const uint8_t*>(unsigned_values->data()), 0x1F);
}

TEST(TensorProto, TheLastValueIsRepeated) {
  expect_values<float>(tensor(test::kTfFloat, {2, 2}).packed_floats(5, {1, 2}), {2, 2}, {1, 2, 2, 2});
  expect_values<int32_t>(tensor(test::kTfInt32, {3}).packed(7, {7}), {3}, {7, 7, 7});
  const auto nibbles = decode(tensor(test::kTfInt4, {4}).packed(7, {3}));
  ASSERT_TRUE(nibbles.has_value());
  EXPECT_EQ(static_cast<const uint8_t*>(nibbles->data())[1], 0x33);
  const auto strings = decode(tensor(test::kTfString, {3}).text(8, "a").text(8, "b"));
  ASSERT_TRUE(strings.has_value());
  EXPECT_EQ(strings->strings(), (std::vector<std::string>{"a", "b", "b"}));
}

TEST(TensorProto, NoValuesAreZeros) {
  expect_values<float>(tensor(test::kTfFloat, {2}), {2}, {0, 0});
  const auto strings = decode(tensor(test::kTfString, {2}));
  ASSERT_TRUE(strings.has_value());
  EXPECT_EQ(strings->strings(), (std::vector<std::string>{"", ""}));
}

TEST(TensorProto, SurplusValuesAreIgnored) {
  expect_values<int32_t>(tensor(test::kTfInt32, {1}).packed(7, {1, 2, 3}), {1}, {1});
}

TEST(TensorProto, EmptyAndScalarShapes) {
  expect_values<float>(tensor(test::kTfFloat, {0, 5}), {0, 5}, {});
  expect_values<float>(tensor(test::kTfFloat, {}).packed_floats(5, {4}), {}, {4});
  // A size of 0 empties the tensor, however large the others are.
  const auto empty = decode(tensor(test::kTfFloat, {int64_t{1} << 40, int64_t{1} << 40, 0}));
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(empty->count(), 0);
}

TEST(TensorProto, AlignedContentIsNotCopied) {
  // Once in the eight offsets a float lies aligned in the file; there it must be referred to, elsewhere copied.
  int shared = 0;
  for (size_t pad = 0; pad < 8; ++pad) {
    const Message message = Message()
                                .text(20, std::string(pad, 'x'))
                                .raw(tensor(test::kTfFloat, {2}).text(4, content<float>({1, 2})).bytes());
    const auto file = test::as_file(message);
    DecodeContext context(file);
    const auto decoded =
        read_tensor({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()}, context);
    ASSERT_TRUE(decoded.has_value());
    const auto* data = static_cast<const std::byte*>(decoded->data());
    const bool in_file = data >= file->bytes().data() && data < file->bytes().data() + file->bytes().size();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % alignof(float), 0U);
    EXPECT_EQ(decoded->values<float>()[1], 2);
    shared += in_file ? 1 : 0;
  }
  EXPECT_EQ(shared, 2);
}

TEST(TensorProto, BoolsAreNormalised) {
  expect_values<bool>(tensor(test::kTfBool, {2}).text(4, std::string("\x02\x00", 2)), {2}, {true, false});
}

TEST(TensorProto, StringsInContentAreLengthsAndCharacters) {
  const auto decoded = decode(tensor(test::kTfString, {2})
                                  .text(4, std::string("\x01\x02"
                                                       "abc")));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->strings(), (std::vector<std::string>{"a", "bc"}));
}

TEST(TensorProto, TypesWithoutADtypeAreNotDecoded) {
  for (const int64_t type :
       {int64_t{test::kTfQInt8}, int64_t{test::kTfResource}, int64_t{0}, int64_t{101}, int64_t{999}, int64_t{-1}}) {
    EXPECT_FALSE(decode(tensor(type, {1})).has_value()) << type;
  }
}

TEST(TensorProto, EncodingAndDecodingGivesTheSameTensor) {
  expect_round_trip(tensor(test::kTfFloat, {2}).packed_floats(5, {1, -0.0F}));
  expect_round_trip(tensor(test::kTfInt4, {5}).packed(7, {-8, 7, -1, 0, 3}));
  expect_round_trip(tensor(test::kTfUInt4, {3}).packed(7, {15, 8, 1}));
  expect_round_trip(tensor(test::kTfString, {2}).text(8, std::string("\0x", 2)).text(8, ""));
  expect_round_trip(tensor(test::kTfComplex128, {1}).float64(12, 1).float64(12, -1));
  expect_round_trip(tensor(test::kTfFloat8E5M2, {2}).text(18, "\x7F\x01"));
  expect_round_trip(tensor(test::kTfFloat, {0}));
  expect_round_trip(tensor(test::kTfBool, {}).packed(11, {1}));
}

TEST(TensorProto, RejectsSizesThatDoNotFit) {
  expect_error(ErrorCode::kCorrupt, "needs 8 bytes, but its tensor_content has 7",
               [] { (void)decode(tensor(test::kTfFloat, {2}).text(4, "1234567")); });
  expect_error(ErrorCode::kCorrupt, "must be 0 or more", [] { (void)decode(tensor(test::kTfFloat, {-1})); });
  expect_error(ErrorCode::kCorrupt, "more than 2^63 elements",
               [] { (void)decode(tensor(test::kTfFloat, {int64_t{1} << 40, int64_t{1} << 40})); });
  expect_error(ErrorCode::kUnsupported, "more than 16 dimensions",
               [] { (void)decode(tensor(test::kTfFloat, std::vector<int64_t>(17, 1))); });
  expect_error(ErrorCode::kCorrupt, "field 5 of TensorProto has the protobuf wire type 0",
               [] { (void)decode(tensor(test::kTfFloat, {1}).raw("\x28\x01")); });
}

TEST(TensorProto, ASmallFileCannotClaimMuchMemory) {
  expect_error(ErrorCode::kCorrupt, "values are not stored one by one",
               [] { (void)decode(tensor(test::kTfFloat, {int64_t{1} << 40}).packed_floats(5, {1})); });
  expect_error(ErrorCode::kCorrupt, "values are not stored one by one",
               [] { (void)decode(tensor(test::kTfString, {int64_t{1} << 30}).text(8, "x")); });
  expect_error(ErrorCode::kCorrupt, "values are not stored one by one",
               [] { (void)decode(tensor(test::kTfDouble, {int64_t{1} << 62})); });
}

}  // namespace
}  // namespace tenon::tensorflow

// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"
#include "codegen/compile.h"
#include "codegen/layers.h"
#include "codegen/run.h"
#include "expr/parse.h"
#include "temporary_folder.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

// Code for AArch64, run by qemu: as a program of its own that calls the kernels and writes the outputs, because a
// machine that tests Tenon need not have libraries for that processor.
namespace tenon {
namespace {

constexpr uint64_t kBase = 0x10000000;

// A static ELF program: one segment with everything in it.
class Program {
 public:
  /// Room for `size` bytes; its address.
  uint64_t reserve(size_t size, size_t alignment = 64) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    const uint64_t address = kBase + bytes_.size();
    bytes_.resize(bytes_.size() + size);
    return address;
  }
  uint64_t add(const void* data, size_t size) {
    const uint64_t address = reserve(size);
    if (size > 0) std::memcpy(bytes_.data() + (address - kBase), data, size);
    return address;
  }
  void write(const std::string& path) const {
    write_file(path, [&](FileSink& sink) { sink.write(bytes_.data(), bytes_.size()); });
  }
  /// The header of a program that begins at `entry`; the first thing to be reserved.
  void begin() { (void)reserve(kHeaderBytes); }
  void finish(uint64_t entry) {
    Bytes64 header;
    header.raw({0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    constexpr uint16_t kExecutable = 2, kAArch64 = 183;
    header.number(kExecutable), header.number(kAArch64), header.number(uint32_t{1});
    header.number(entry), header.number(uint64_t{64}), header.number(uint64_t{0});
    header.number(uint32_t{0}), header.number(uint16_t{64}), header.number(uint16_t{56}), header.number(uint16_t{1});
    header.number(uint16_t{64}), header.number(uint16_t{0}), header.number(uint16_t{0});
    constexpr uint32_t kLoad = 1, kReadWriteExecute = 7;
    header.number(kLoad), header.number(kReadWriteExecute), header.number(uint64_t{0}), header.number(kBase);
    header.number(kBase), header.number(uint64_t{bytes_.size()}), header.number(uint64_t{bytes_.size()});
    header.number(uint64_t{4096});
    std::memcpy(bytes_.data(), header.bytes.data(), header.bytes.size());
  }

 private:
  static constexpr size_t kHeaderBytes = 64 + 56;
  struct Bytes64 {
    std::vector<std::byte> bytes;
    void raw(std::initializer_list<uint8_t> values) {
      for (const uint8_t value : values) bytes.push_back(std::byte{value});
    }
    template <typename T>
    void number(T value) {
      const auto* data = reinterpret_cast<const std::byte*>(&value);
      bytes.insert(bytes.end(), data, data + sizeof(T));
    }
  };
  std::vector<std::byte> bytes_;
};

// Instructions with the numbers that they load behind them.
class Assembler {
 public:
  void load(int reg, uint64_t value) {
    literals_.emplace_back(words_.size(), value);
    words_.push_back(0x58000000U | static_cast<uint32_t>(reg));  // ldr x<reg>, <literal>
  }
  void call(uint64_t address) {
    load(9, address);
    words_.push_back(0xD63F0120);  // blr x9
  }
  void system_call(uint64_t number) {
    load(8, number);
    words_.push_back(0xD4000001);  // svc #0
  }
  std::vector<std::byte> finish() {
    if (words_.size() % 2 != 0) words_.push_back(0xD503201F);  // nop
    for (const auto& [at, value] : literals_) {
      words_[at] |= static_cast<uint32_t>(words_.size() - at) << 5;
      words_.push_back(static_cast<uint32_t>(value));
      words_.push_back(static_cast<uint32_t>(value >> 32));
    }
    const auto* data = reinterpret_cast<const std::byte*>(words_.data());
    return {data, data + words_.size() * 4};
  }

 private:
  std::vector<uint32_t> words_;
  std::vector<std::pair<size_t, uint64_t>> literals_;
};

bool has_qemu() { return std::system("qemu-aarch64 --version >/dev/null 2>&1") == 0; }

// What the layer's kernels write, as bytes of all outputs one after the other.
std::string run_in_qemu(const expr::Function& concrete, std::span<const Tensor> inputs) {
  const Isa isa = Isa::kNeon;
  const codegen::Program loops = codegen::loops_of(concrete);
  const auto kernels = codegen::compile(codegen::jobs_of(loops, {&isa, 1}), {.cache = "", .threads = 1});
  Program program;
  program.begin();
  std::vector<uint64_t> addresses;
  std::vector<std::pair<uint64_t, uint64_t>> outputs;  // Address and bytes.
  for (size_t i = 0; i < loops.buffers.size(); ++i) {
    const codegen::Buffer& tensor = loops.buffers[i];
    const auto size = static_cast<size_t>(bytes_for(tensor.type.dtype(), tensor.count));
    const bool is_input = tensor.role == codegen::Buffer::Role::kInput;
    addresses.push_back(is_input ? program.add(inputs[i].data(), size) : program.reserve(size));
    if (tensor.role == codegen::Buffer::Role::kOutput) outputs.emplace_back(addresses.back(), size);
  }
  const uint64_t fault = program.reserve(8);
  const std::array<uint64_t, 2> args = {program.add(addresses.data(), addresses.size() * 8), fault};
  const uint64_t args_address = program.add(args.data(), sizeof(args));
  Assembler code;
  for (size_t k = 0; k < kernels.size(); ++k) {
    const Bytes kernel = kernels[k].code;
    code.load(0, args_address);
    code.load(1, 0);
    code.load(2, static_cast<uint64_t>(loops.kernels[k].extent));
    code.call(program.add(kernel.data(), kernel.size()));
  }
  constexpr uint64_t kWrite = 64, kExit = 93;
  for (const auto& [address, size] : outputs) {
    code.load(0, 1);
    code.load(1, address);
    code.load(2, size);
    code.system_call(kWrite);
  }
  code.load(0, 0);
  code.system_call(kExit);
  const auto start = code.finish();
  program.finish(program.add(start.data(), start.size()));

  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/program";
  program.write(path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::string result;
  FILE* pipe = ::popen(("qemu-aarch64 " + path).c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) result.append(buffer.data(), size);
  EXPECT_EQ(::pclose(pipe), 0);
  return result;
}

class AArch64 : public testing::TestWithParam<test::ExampleLayer> {};

TEST_P(AArch64, GivesTheBitsThatOtherInstructionSetsGive) {
  if (!has_qemu()) GTEST_SKIP() << "qemu-aarch64 is not installed (Debian package qemu-user)";
  const test::ExampleLayer& layer = GetParam();
  const expr::Function function = expr::parse(layer.text);
  std::vector<Tensor> inputs;
  std::vector<TensorView> views;
  for (const expr::Input& input : function.inputs) {
    Dims dims;
    for (const Dim& dim : input.dims) dims.push_back(dim.is_constant() ? dim.value() : layer.extents.at(dim.symbol()));
    inputs.push_back(test::random_tensor(input.type.dtype(), dims, static_cast<uint32_t>(inputs.size()) + 3));
    if (input.type == expr::kI64)
      for (int64_t& index : inputs.back().mutable_values<int64_t>()) index = std::abs(index);
    views.push_back(inputs.back().view());
  }
  std::string expected;
  for (const Tensor& output : test::run_compiled(function, inputs, test::available_isas().back()).outputs) {
    expected.append(static_cast<const char*>(output.data()), static_cast<size_t>(output.size_bytes()));
  }
  EXPECT_TRUE(run_in_qemu(test::bound(function, views), inputs) == expected);
}

INSTANTIATE_TEST_SUITE_P(Codegen, AArch64, testing::ValuesIn(test::example_layers()),
                         [](const auto& layer) { return std::string(layer.param.name); });

}  // namespace
}  // namespace tenon

// SPDX-License-Identifier: Apache-2.0
#include "codegen/cache.h"
#include "backends/cpu/executable.h"
#include "codegen/compile.h"
#include "codegen/layers.h"
#include "codegen/run.h"
#include "errors.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace tenon::codegen {
namespace {

namespace fs = std::filesystem;

// A folder that goes away again.
class CacheTest : public testing::Test {
 protected:
  CacheTest() {
    std::string name = (fs::temp_directory_path() / "tenon-cache-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~CacheTest() override { fs::remove_all(folder_); }

  [[nodiscard]] std::vector<fs::path> files() const {
    return {fs::directory_iterator(folder_), fs::directory_iterator()};
  }
  std::string folder_;
};

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

Program relu() {
  const test::ExampleLayer& layer = test::example_layers()[0];
  return loops_of(test::bound(layer.text, layer.extents));
}

TEST_F(CacheTest, FindsWhatItKeepsByTextAndInstructionSet) {
  const Cache cache(folder_ + "/new/folder");
  EXPECT_FALSE(cache.find("a", Isa::kX86V3));
  cache.keep("a", Isa::kX86V3, bytes_of("code"));
  EXPECT_EQ(cache.find("a", Isa::kX86V3), bytes_of("code"));
  EXPECT_FALSE(cache.find("a", Isa::kX86V4));
  EXPECT_FALSE(cache.find("b", Isa::kX86V3));
}

TEST_F(CacheTest, DamagedFilesAreNotThere) {
  const Cache cache(folder_);
  cache.keep("a", Isa::kX86V3, bytes_of("code"));
  ASSERT_EQ(files().size(), 1U);
  const fs::path path = files()[0];
  const auto size = static_cast<std::streamoff>(fs::file_size(path));
  for (std::streamoff i = 0; i < size; ++i) {
    cache.keep("a", Isa::kX86V3, bytes_of("code"));
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(i);
    const int byte = file.get();
    file.seekp(i);
    file.put(static_cast<char>(byte ^ 0x10));
    file.close();
    EXPECT_FALSE(cache.find("a", Isa::kX86V3)) << i;
  }
  // Nor is one that was given another's name.
  cache.keep("b", Isa::kX86V3, bytes_of("other"));
  for (const fs::path& other : files())
    if (other != path) fs::rename(other, path);
  EXPECT_FALSE(cache.find("a", Isa::kX86V3));
}

TEST_F(CacheTest, AFolderThatCannotBeWrittenIsNoError) {
  std::ofstream(folder_ + "/file") << "in the way";
  const Cache cache(folder_ + "/file");
  cache.keep("a", Isa::kX86V3, bytes_of("code"));
  EXPECT_FALSE(cache.find("a", Isa::kX86V3));
}

TEST_F(CacheTest, ManyThreadsKeepAndFindOneKernel) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const Cache cache(folder_);
      for (int k = 0; k < 50; ++k) {
        cache.keep("a", Isa::kX86V3, bytes_of("code"));
        EXPECT_EQ(cache.find("a", Isa::kX86V3), bytes_of("code"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(CacheTest, CompilingAgainGivesTheSameImage) {
  const Program program = relu();
  const CompileOptions options{.cache = folder_, .threads = 2};
  const auto first = compile(program, native_isas(), options);
  EXPECT_EQ(files().size(), native_isas().size());
  EXPECT_EQ(compile(program, native_isas(), options), first);
  EXPECT_EQ(compile(program, native_isas(), {.cache = "", .threads = 1}), first);
}

TEST_F(CacheTest, IsUsed) {
  const Program program = relu();
  const Isa isa = native_isas()[0];
  const CompileOptions options{.cache = folder_, .threads = 1};
  (void)compile(program, {&isa, 1}, options);
  ASSERT_EQ(files().size(), 1U);
  // The text is the key, so keeping something else under it shows.
  std::string text;
  for (const Buffer& buffer : program.buffers) text += buffer.name + " ";
  Cache(folder_).keep(text + "\n" + print(program, program.kernels[0]), isa, bytes_of("kept"));
  const auto bytes = compile(program, {&isa, 1}, options);
  EXPECT_EQ(read_code(bytes, "test").variants.at(0).kernels.at(0).size(), 4U);
}

TEST(Executable, WantsAnInstructionSetThatIsThere) {
  const Isa isa = test::available_isas()[0];
  const auto bytes = compile(relu(), {&isa, 1}, {.cache = "", .threads = 1});
  const CodeImage image = read_code(bytes, "test");
  test::expect_error(ErrorCode::kNotFound, "no code for aarch64",
                     [&] { (void)cpu::Executable::load(image, Isa::kNeon); });
  EXPECT_EQ(cpu::Executable::load_best(image)->isa(), isa);
  const Isa other = Isa::kNeon;
  const auto foreign = compile(relu(), {&other, 1}, {.cache = "", .threads = 1});
  const CodeImage foreign_image = read_code(foreign, "test");
  test::expect_error(ErrorCode::kUnsupported, "cannot run on this processor",
                     [&] { (void)cpu::Executable::load(foreign_image, Isa::kNeon); });
  EXPECT_EQ(cpu::Executable::load_best(foreign_image), nullptr);
}

TEST(Executable, TheBestInstructionSetIsTaken) {
  const auto bytes = compile(relu(), native_isas(), {.cache = "", .threads = 1});
  EXPECT_EQ(cpu::Executable::load_best(read_code(bytes, "test"))->isa(), test::available_isas().back());
}

}  // namespace
}  // namespace tenon::codegen

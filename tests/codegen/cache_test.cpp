// SPDX-License-Identifier: Apache-2.0
#include "codegen/cache.h"
#include "codegen/compile.h"
#include "codegen/executable.h"
#include "codegen/layers.h"
#include "codegen/run.h"
#include "errors.h"
#include "temporary_folder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace tenon::codegen {
namespace {

namespace fs = std::filesystem;

class CacheTest : public testing::Test {
 protected:
  [[nodiscard]] std::vector<fs::path> files() const {
    return {fs::directory_iterator(folder_), fs::directory_iterator()};
  }
  test::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

constexpr CodeKey kA = {1, 2}, kB = {1, 3};
constexpr std::string_view kSource = "loops";

KernelCode code_of(CodeKey key, std::string_view text) {
  return {key, Isa::kX86V3, std::as_bytes(std::span(text)), {}};
}
std::string text_of(const std::optional<KernelCode>& found) {
  return found ? std::string(reinterpret_cast<const char*>(found->code.data()), found->code.size()) : "nothing";
}

Program relu() {
  const test::ExampleLayer& layer = test::example_layers()[0];
  return loops_of(test::bound(layer.text, layer.extents));
}

TEST_F(CacheTest, FindsWhatItKeepsByItsKey) {
  const Cache cache(folder_ + "/new/folder");
  EXPECT_FALSE(cache.find(kA, kSource));
  cache.keep(code_of(kA, "code"), kSource);
  EXPECT_EQ(text_of(cache.find(kA, kSource)), "code");
  EXPECT_EQ(cache.find(kA, kSource)->isa, Isa::kX86V3);
  EXPECT_FALSE(cache.find(kB, kSource));
}

TEST_F(CacheTest, DamagedFilesAreNotThere) {
  const Cache cache(folder_);
  cache.keep(code_of(kA, "code"), kSource);
  ASSERT_EQ(files().size(), 1U);
  const fs::path path = files()[0];
  const auto size = static_cast<std::streamoff>(fs::file_size(path));
  for (std::streamoff i = 0; i < size; ++i) {
    cache.keep(code_of(kA, "code"), kSource);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(i);
    const int byte = file.get();
    file.seekp(i);
    file.put(static_cast<char>(byte ^ 0x10));
    file.close();
    EXPECT_FALSE(cache.find(kA, kSource)) << i;
  }
  // Nor is one that was given another's name.
  cache.keep(code_of(kB, "other"), kSource);
  for (const fs::path& other : files())
    if (other != path) fs::rename(other, path);
  EXPECT_FALSE(cache.find(kA, kSource));
}

TEST_F(CacheTest, CodeOfAnotherSourceWithTheSameKeyIsNotUsed) {
  const Cache cache(folder_);
  cache.keep(code_of(kA, "code"), kSource);
  for (const char* other : {"other loops", "loop", "oops", "loops ", ""}) EXPECT_FALSE(cache.find(kA, other)) << other;
  EXPECT_TRUE(cache.find(kA, kSource));

  // What compiles next finds it under its own key, generates its code, and keeps that.
  const Program program = relu();
  const auto jobs = jobs_of(program, native_isas().first(1));
  cache.keep(code_of(key_of(jobs[0]), "kept"), "other loops");
  EXPECT_GT(compile(jobs, {.cache = folder_, .threads = 1})[0].code.size(), 4U);
  EXPECT_TRUE(cache.find(key_of(jobs[0]), source_of(jobs[0])));
}

TEST_F(CacheTest, AFolderThatCannotBeWrittenIsNoError) {
  std::ofstream(folder_ + "/file") << "in the way";
  const Cache cache(folder_ + "/file");
  cache.keep(code_of(kA, "code"), kSource);
  EXPECT_FALSE(cache.find(kA, kSource));
}

TEST_F(CacheTest, ManyThreadsKeepAndFindOneKernel) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const Cache cache(folder_);
      for (int k = 0; k < 50; ++k) {
        cache.keep(code_of(kA, "code"), kSource);
        EXPECT_EQ(text_of(cache.find(kA, kSource)), "code");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(CacheTest, CompilingAgainGivesTheSameCode) {
  const Program program = relu();
  const auto jobs = jobs_of(program, native_isas());
  const auto code = [&](const CompileOptions& options) { return write_code(compile(jobs, options)); };
  const auto first = code({.cache = folder_, .threads = 2});
  EXPECT_EQ(files().size(), native_isas().size());
  EXPECT_EQ(code({.cache = folder_, .threads = 2}), first);
  EXPECT_EQ(code({.cache = "", .threads = 1}), first);
}

TEST_F(CacheTest, IsUsed) {
  const Program program = relu();
  const auto jobs = jobs_of(program, native_isas().first(1));
  // Something else under the kernel's key shows.
  Cache(folder_).keep(code_of(key_of(jobs[0]), "kept"), source_of(jobs[0]));
  EXPECT_EQ(compile(jobs, {.cache = folder_, .threads = 1})[0].code.size(), 4U);
}

TEST(Compile, OneCodeServesAllExtentsOfTheOutermostLoop) {
  const auto key = [](int64_t n, int64_t c) {
    const Program program =
        loops_of(test::bound("layer Bias(x: f32[n, c], b: f32[c]) -> f32[n, c]\n"
                             "  y[n, c] = x[n, c] + b[c]\n",
                             {{"n", n}, {"c", c}}));
    return key_of(jobs_of(program, native_isas().first(1)).at(0));
  };
  EXPECT_EQ(key(2, 100), key(67, 100));
  EXPECT_NE(key(2, 100), key(2, 101));
}

TEST(Compile, TypesMakeOtherCode) {
  const auto key = [](const char* text) {
    const Program program = loops_of(test::bound(text, {{"n", 100}}));
    return key_of(jobs_of(program, native_isas().first(1)).at(0));
  };
  // What is stored is a constant: only its type tells them apart.
  EXPECT_NE(key("layer One(x: f32[n]) -> f32[n]\n  y[n] = f32(1)\n"),
            key("layer One(x: f32[n]) -> i64[n]\n  y[n] = 1\n"));
  EXPECT_NE(key("layer Two(x: f32[n]) -> f32[n]\n  y[n] = x[n]\n"),
            key("layer Two(x: i32[n]) -> i32[n]\n  y[n] = x[n]\n"));
}

TEST(Executable, WantsAnInstructionSetThatIsThere) {
  const Isa other = Isa::kNeon;
  const Program program = relu();
  const auto foreign = compile(jobs_of(program, {&other, 1}), {.cache = "", .threads = 1});
  test::expect_error(ErrorCode::kUnsupported, "cannot run on this processor", [&] { (void)Executable::load(foreign); });
}

}  // namespace
}  // namespace tenon::codegen

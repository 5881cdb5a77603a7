// SPDX-License-Identifier: Apache-2.0
#include <tenon/io.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

// The journeys through the public C++ API alone, linked against libtenon.so as a user's program is: a TensorFlow model,
// ReLU6 mapped to a layer in a shared library, in the second journey UFF, then a plan, and the right answers.
namespace tenon {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = TENON_SOURCE_DIR;
constexpr const char* kMapping = "ReLU6=CustomClipPlugin(clipMin=0, clipMax=6)";

Graph lenet5(bool mapped) {
  Graph graph = load((kRoot / "examples/lenet5/lenet5.pb").string());
  if (mapped) {
    load_plugin(TENON_CLIP_PLUGIN);
    EXPECT_EQ(map_to_layer(graph, kMapping).size(), 1U);
  }
  return graph;
}

// The same by way of a .uff file, whose input is registered as UFF's parser was told.
Engine from_uff() {
  const fs::path path = fs::path(testing::TempDir()) / "journey.uff";
  save(convert(lenet5(true), "uff", {.outputs = {"OutputLayer/Softmax"}}), path.string());
  const Graph graph = load(path.string());
  fs::remove(path);
  EXPECT_EQ(graph.node_count(), 13U);
  return compile(graph, {.input_shapes = {{"InputLayer", parse_shape("1,28,28")}}});
}

// Saved and loaded again, so that what runs is what a plan file holds.
Engine through_a_file(const Engine& engine, const char* name) {
  const fs::path path = fs::path(testing::TempDir()) / name;
  engine.save(path.string());
  Engine loaded = Engine::load(path.string());
  fs::remove(path);
  return loaded;
}

int64_t predicted(std::span<const float> scores) {
  return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

TEST(Journey, TheDigitsAreReadRight) {
  const Engine engine = through_a_file(compile(lenet5(true)), "journey_digits.plan");
  int seen = 0;
  for (const auto& file : fs::directory_iterator(kRoot / "examples/digits")) {
    if (file.path().extension() != ".png") continue;
    const Tensor input = image_input(load_image(file.path().string()), engine.inputs()[0].type,
                                     {.preparation = ImagePreparation::kDigit});
    const Tensor scores = engine.run(std::span(&input, 1)).at(0);
    EXPECT_EQ(std::to_string(predicted(scores.values<float>())), file.path().filename().string().substr(0, 1))
        << file.path();
    ++seen;
  }
  EXPECT_GE(seen, 10);
}

TEST(Journey, TheLayerAndTheBuiltInAgree) {
  const Tensor input = load_npy((kRoot / "tests/data/digits_prepared.npy").string());
  const Tensor mine = through_a_file(compile(lenet5(true)), "journey_mine.plan").run(std::span(&input, 1)).at(0);
  const Tensor built_in =
      through_a_file(compile(lenet5(false)), "journey_builtin.plan").run(std::span(&input, 1)).at(0);
  ASSERT_TRUE(mine.dims() == built_in.dims());
  for (int64_t i = 0; i < mine.count(); ++i) {
    const auto k = static_cast<size_t>(i);
    // The built-in is fused into the matrix product, which may round once less.
    EXPECT_NEAR(mine.values<float>()[k], built_in.values<float>()[k], 1e-6);
  }
}

// The folder of MNIST's files, found as tests/python/conftest.py does; empty when they are not there.
fs::path mnist_folder() {
  std::vector<fs::path> folders = {kRoot / "build/mnist", kRoot.parent_path() / "shared/mnist"};
  if (const char* named = std::getenv("TENON_MNIST")) folders = {named};
  for (const fs::path& folder : folders)
    if (fs::exists(folder / "t10k-images-idx3-ubyte.gz")) return folder;
  return {};
}

// The bytes of a gzip file behind its first `header` ones.
std::vector<uint8_t> read_gzip(const fs::path& path, size_t header) {
  std::FILE* pipe = ::popen(("gzip -dc '" + path.string() + "'").c_str(), "r");
  if (pipe == nullptr) return {};
  std::vector<uint8_t> bytes;
  uint8_t block[1 << 16];
  while (const size_t got = std::fread(block, 1, sizeof(block), pipe)) bytes.insert(bytes.end(), block, block + got);
  ::pclose(pipe);
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(std::min(header, bytes.size())));
  return bytes;
}

void expect_mnist(const Engine& engine) {
  const fs::path folder = mnist_folder();
  if (folder.empty())
    GTEST_SKIP() << "MNIST is not there: fetch it with examples/lenet5/mnist.py, or name its folder in TENON_MNIST";
  // IDX files: a header of 16 bytes for images, 8 for labels (yann.lecun.com/exdb/mnist).
  const std::vector<uint8_t> pixels = read_gzip(folder / "t10k-images-idx3-ubyte.gz", 16);
  const std::vector<uint8_t> labels = read_gzip(folder / "t10k-labels-idx1-ubyte.gz", 8);
  ASSERT_EQ(labels.size(), 10000U);
  ASSERT_EQ(pixels.size(), labels.size() * 784);
  const Tensor expected = load_npy((kRoot / "tests/data/lenet5_mnist1000.npy").string());

  Context context = through_a_file(engine, "journey_mnist.plan").context();
  int right = 0;
  double worst = 0;
  constexpr int64_t kBatch = 100;
  Tensor batch = Tensor::empty(DType::kFloat32, {kBatch, 1, 28, 28});
  for (int64_t first = 0; first < 10000; first += kBatch) {
    for (int64_t i = 0; i < kBatch * 784; ++i) {
      batch.mutable_values<float>()[static_cast<size_t>(i)] =
          static_cast<float>(pixels[static_cast<size_t>(first * 784 + i)]) / 255.0F;
    }
    const Tensor scores = context.run(std::span<const Tensor>(&batch, 1)).at(0);
    for (int64_t i = 0; i < kBatch; ++i) {
      const auto row = scores.values<float>().subspan(static_cast<size_t>(i * 10), 10);
      if (predicted(row) == labels[static_cast<size_t>(first + i)]) ++right;
      for (size_t c = 0; c < 10 && first + i < 1000; ++c) {
        worst = std::max(
            worst,
            static_cast<double>(std::fabs(row[c] - expected.values<float>()[static_cast<size_t>(first + i) * 10 + c])));
      }
    }
  }
  EXPECT_EQ(right, 9828) << "TensorFlow classified 9828 right when it was trained (examples/lenet5/lenet5.json)";
  EXPECT_LE(worst, 1e-5);
}

TEST(Journey, MnistIsClassifiedAsTensorFlowDoes) { expect_mnist(compile(lenet5(true))); }

TEST(Journey, MnistByWayOfUffIsClassifiedAsTensorFlowDoes) { expect_mnist(from_uff()); }

}  // namespace
}  // namespace tenon

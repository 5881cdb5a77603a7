// SPDX-License-Identifier: Apache-2.0
#include <tenon/engine.h>
#include <tenon/error.h>
#include <tenon/plugins.h>

#include <cstdio>

// run_plan <plan> [plugin]: runs the plan on a blank picture and prints the sum of the probabilities.
int main(int argc, char** argv) {
  try {
    if (argc > 2) tenon::load_plugin(argv[2]);
    const tenon::Engine engine = tenon::Engine::load(argv[1]);
    const tenon::Tensor picture = tenon::Tensor::zeros(tenon::DType::kFloat32, tenon::Dims{1, 1, 28, 28});
    const tenon::Tensor result = engine.run(std::span(&picture, 1)).front();
    double sum = 0;
    for (const float probability : result.values<float>()) sum += probability;
    std::printf("%s: sum %.3f\n", engine.outputs()[0].name.c_str(), sum);
  } catch (const tenon::Error& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}

// SPDX-License-Identifier: Apache-2.0
#include <tenon/tenon.h>

#include <cstdio>

// make_plan <model> <plugin> <plan>: maps ReLU6 to the plugin's Doubling layer and saves the plan.
int main(int, char** argv) {
  try {
    tenon::load_plugin(argv[2]);
    tenon::Graph graph = tenon::load(argv[1]);
    tenon::map_to_layer(graph, "ReLU6", tenon::layer("Doubling"));
    tenon::compile(graph).save(argv[3]);
  } catch (const tenon::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

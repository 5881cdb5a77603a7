// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

// The commands of `tenon`: what each is asked (filled in by options.cpp), and the functions that do it. Each returns an
// exit code and reports problems by throwing.
namespace tenon::cli {

/// Which model or plan, and what to do to it before it is compiled.
struct ModelArgs {
  std::string path;
  std::vector<std::string> plugins;
  std::vector<std::string> maps;    ///< "ReLU6=Clip(lo=0, hi=6)"
  std::vector<std::string> shapes;  ///< "x:N,3,224,224", "x:3,224,224:NHWC"
  std::vector<std::string> outputs;
  std::vector<std::string> disabled_passes;
  bool trust_code = false;
  std::vector<std::string> trusted_keys;
};

struct InspectArgs {
  ModelArgs model;
  std::string picture;  ///< Where to draw the graph; "" for nowhere.
  bool nodes = false, json = false;
};

/// One edit, in the order given on the command line.
struct Edit {
  std::string kind;  ///< The option's name without dashes: "map", "remove", …
  std::string text;
};

struct SurgeryArgs {
  std::string path, output, text;
  std::vector<Edit> edits;
  std::vector<std::string> find, exclude;
  bool regex = false, with_dependencies = false, detach = false, all_inputs = false;
  bool single_output = false, repeat_inputs = false, json = false;
};

struct ConvertArgs {
  ModelArgs model;
  std::string output;
  std::string to;  ///< The dialect; "": by the output's extension.
  bool text = false, shorten = false, json = false;
};

struct CompileArgs {
  ModelArgs model;
  std::string output;
  bool explain = false, dump = false, list_passes = false, json = false;
};

struct RunArgs {
  ModelArgs model;
  std::vector<std::string> inputs;  ///< "FILE" or "NAME=FILE"
  bool random = false;
  uint64_t seed = 0;
  std::string output, expect, trace;
  double tolerance = 1e-5;
  std::string prepare = "resize", backend = "cpu";
  double scale = 1.0 / 255;
  std::vector<double> mean, deviation;
  std::vector<std::string> dims;  ///< "N=4"
  int top = 0, threads = 0;
  bool show = false, labels_from_names = false, profile = false, explain = false, json = false;
};

struct BenchArgs {
  ModelArgs model;
  std::vector<std::string> dims;
  std::string backend = "cpu";
  int threads = 0, runs = 100, warmup = 10;
  bool json = false;
};

struct LayersArgs {
  std::vector<std::string> plugins;
  std::string name;
  bool json = false;
};

struct CheckArgs {
  std::vector<std::string> files, plugins, maps, shapes, trusted_keys;
  bool json = false;
};

struct KeyArgs {
  std::string path;
  bool json = false;
};

struct SignArgs {
  std::string plan, key;
  bool json = false;
};

struct VersionArgs {
  bool json = false;
};

int inspect(const InspectArgs& args);
int surgery(const SurgeryArgs& args);
int convert(const ConvertArgs& args);
int compile(const CompileArgs& args);
int run(const RunArgs& args);
int bench(const BenchArgs& args);
int layers(const LayersArgs& args);
int check(const CheckArgs& args);
int key(const KeyArgs& args);
int sign(const SignArgs& args);
int version(const VersionArgs& args);

}  // namespace tenon::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/present.h"
#include "cli/support.h"

#include <tenon/io.h>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>

namespace tenon::cli {
namespace {

// One run of the engine: a tensor for each of its inputs, and what to call it.
struct Case {
  std::string title;
  std::vector<Tensor> inputs;
};

ImageOptions image_options(const RunArgs& args) {
  return {.preparation = args.prepare == "digit" ? ImagePreparation::kDigit : ImagePreparation::kResize,
          .scale = args.scale,
          .mean = args.mean,
          .std = args.deviation};
}

// A file's tensor for `port`: an array as it is, a picture prepared for it.
Tensor read_input(const std::string& path, const Port& port, const RunArgs& args) {
  if (path.ends_with(".npy")) return load_npy(path);
  return with_context([&] { return image_input(load_image(path), port.type, image_options(args)); },
                      [&] { return fmt::format("while preparing '{}' for the input '{}'", path, port.name); });
}

std::string port_names(const Engine& engine) {
  std::string names;
  for (const Port& port : engine.inputs()) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", port.name);
  return names;
}

// "NAME=FILE" when NAME is an input; a plain path may hold '=' itself.
std::optional<std::pair<size_t, std::string>> named_input(const Engine& engine, const std::string& text) {
  for (size_t i = 0; i < engine.inputs().size(); ++i) {
    const std::string prefix = engine.inputs()[i].name + "=";
    if (text.starts_with(prefix)) return std::pair(i, text.substr(prefix.size()));
  }
  return std::nullopt;
}

// Every plain file is a run of a one-input engine; named files and .npz archives fill the inputs of one run.
std::vector<Case> read_cases(const Engine& engine, const RunArgs& args) {
  const auto ports = engine.inputs();
  std::vector<Case> cases;
  if (args.random) {
    const auto dims = parse_dims(args.dims);
    Case made{"random", {}};
    for (size_t i = 0; i < ports.size(); ++i) {
      made.inputs.push_back(
          random_tensor(ports[i].type.dtype, concrete(ports[i].type.shape.value_or(Shape{}), dims), args.seed + i));
    }
    cases.push_back(std::move(made));
  }
  Case named{"", std::vector<Tensor>(ports.size())};
  for (const std::string& text : args.inputs) {
    if (const auto input = named_input(engine, text)) {
      named.inputs[input->first] = read_input(input->second, ports[input->first], args);
    } else if (text.ends_with(".npz")) {
      Case archive{text, {}};
      const auto tensors = load_npz(text);
      for (const Port& port : ports) {
        const auto found = tensors.find(port.name);
        if (found == tensors.end())
          throw Error(ErrorCode::kNotFound, fmt::format("'{}' has no array for the input '{}'", text, port.name));
        archive.inputs.push_back(found->second);
      }
      cases.push_back(std::move(archive));
    } else if (ports.size() == 1) {
      cases.push_back({text, {read_input(text, ports[0], args)}});
    } else {
      throw UsageError(fmt::format("--input '{}' must read NAME=FILE, because there are {} inputs: {}", text,
                                   ports.size(), port_names(engine)));
    }
  }
  const auto given =
      std::count_if(named.inputs.begin(), named.inputs.end(), [](const Tensor& t) { return t.defined(); });
  if (given > 0) {
    for (size_t i = 0; i < ports.size(); ++i)
      if (!named.inputs[i].defined())
        throw UsageError(fmt::format("no file is given for the input '{}'", ports[i].name));
    named.title = "inputs";
    cases.push_back(std::move(named));
  }
  if (cases.empty())
    throw UsageError(fmt::format("--input FILE or --random is required; the inputs are {}", port_names(engine)));
  return cases;
}

// The number that a file's name begins with: "7_small.png" shows a 7.
std::optional<int64_t> label_of(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  const size_t digits = name.find_first_not_of("0123456789");
  if (digits == 0 || name.empty() || digits > 9) return std::nullopt;
  return std::stoll(name.substr(0, digits));
}

double largest_difference(const Tensor& got, const Tensor& wanted, const std::string& name) {
  if (!(got.dims() == wanted.dims())) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("the output '{}' has shape {}; {} is expected", name,
                                                         to_string(got.dims()), to_string(wanted.dims())));
  }
  const std::vector<double> a = to_doubles(got.view()), b = to_doubles(wanted.view());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(a[i] - b[i]);
    // Where exactly one is NaN the difference is NaN, which no tolerance accepts.
    if (std::isnan(a[i]) != std::isnan(b[i])) return std::numeric_limits<double>::infinity();
    if (!std::isnan(difference)) worst = std::max(worst, difference);
  }
  return worst;
}

std::map<std::string, Tensor> named_results(const Engine& engine, const std::vector<std::vector<Tensor>>& results) {
  std::map<std::string, Tensor> tensors;
  for (size_t k = 0; k < results.size(); ++k) {
    for (size_t i = 0; i < results[k].size(); ++i) {
      const std::string& name = engine.outputs()[i].name;
      tensors.emplace(results.size() == 1 ? name : fmt::format("{}/{}", name, k), results[k][i]);
    }
  }
  return tensors;
}

void save_results(const Engine& engine, const std::vector<std::vector<Tensor>>& results, const std::string& path) {
  if (path.ends_with(".npz")) return save_npz(named_results(engine, results), path);
  if (!path.ends_with(".npy")) throw UsageError(fmt::format("-o '{}' must end in .npy or .npz", path));
  if (results.size() != 1 || results[0].size() != 1) {
    throw UsageError(fmt::format("there are {} results; a .npy file holds one: name a .npz file",
                                 results.size() * results[0].size()));
  }
  save_npy(results[0][0], path);
}

// Prints a picture-like input: [1,1,H,W] or [1,H,W,1] and the like, not too wide for a terminal.
void show_picture(const Tensor& input) {
  std::vector<int64_t> sides;
  for (const int64_t extent : input.dims())
    if (extent != 1) sides.push_back(extent);
  constexpr int64_t kWidestShown = 100;
  if (sides.size() == 2 && sides[1] <= kWidestShown)
    fmt::print("{}", picture_text(to_doubles(input.view()), sides[0], sides[1]));
}

class Runner {
 public:
  Runner(const RunArgs& args, Engine engine)
      : args_(args),
        engine_(std::move(engine)),
        context_(engine_.context({args.threads, args.backend, args.profile || !args.trace.empty()})) {}

  int run() {
    const std::vector<Case> cases = read_cases(engine_, args_);
    for (const Case& one : cases) run_case(one);
    if (!args_.output.empty()) save_results(engine_, results_, args_.output);
    if (!args_.expect.empty()) compare();
    if (!args_.trace.empty()) write_trace();
    if (args_.json)
      print_json(document_);
    else
      print_reports(cases.size());
    return mismatches_ == 0 ? kOk : kMismatch;
  }

 private:
  void run_case(const Case& one) {
    // Once to specialise for the shapes, once for the clock.
    (void)context_.run(std::span<const Tensor>(one.inputs));
    context_.reset_profile();
    const auto start = std::chrono::steady_clock::now();
    std::vector<Tensor> outputs = context_.run(std::span<const Tensor>(one.inputs));
    const double milliseconds =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    const std::vector<double> scores = outputs.empty() ? std::vector<double>{} : to_doubles(outputs[0].view());
    const bool classifies = args_.top > 0 || args_.show || args_.labels_from_names;
    const std::vector<Ranked> ranked = classifies ? top(scores, std::max(args_.top, 1)) : std::vector<Ranked>{};
    const auto label = args_.labels_from_names ? label_of(one.title) : std::nullopt;
    if (label && (ranked.empty() || ranked[0].index != *label)) ++mismatches_;

    if (args_.json) {
      nlohmann::json entry{{"input", one.title}, {"milliseconds", milliseconds}, {"top", nlohmann::json::array()}};
      for (const Ranked& r : ranked) entry["top"].push_back({{"index", r.index}, {"score", r.score}});
      if (label) entry["label"] = *label;
      for (size_t i = 0; i < outputs.size(); ++i) {
        entry["outputs"].push_back(
            {{"name", engine_.outputs()[i].name},
             {"dtype", dtype_name(outputs[i].dtype())},
             {"shape", std::vector<int64_t>(outputs[i].dims().begin(), outputs[i].dims().end())}});
      }
      document_["runs"].push_back(std::move(entry));
    } else {
      print_case(one, outputs, scores, ranked, label, milliseconds);
    }
    results_.push_back(std::move(outputs));
  }

  void print_case(const Case& one, const std::vector<Tensor>& outputs, const std::vector<double>& scores,
                  const std::vector<Ranked>& ranked, std::optional<int64_t> label, double milliseconds) const {
    constexpr size_t kMostBars = 40;
    fmt::print("{}\n", one.title);
    if (args_.show) {
      for (const Tensor& input : one.inputs) show_picture(input);
      if (scores.size() <= kMostBars) fmt::print("{}", bar_text(scores));
    }
    if (args_.top > 0) {
      for (const Ranked& r : ranked) fmt::print("  {:5}  {:.6f}\n", r.index, r.score);
    }
    if (!ranked.empty())
      fmt::print("prediction {}{}  ", ranked[0].index,
                 label ? fmt::format("  label {}{}", *label, *label == ranked[0].index ? "" : "  WRONG") : "");
    else
      for (size_t i = 0; i < outputs.size(); ++i)
        fmt::print("  {}", tensor_text(engine_.outputs()[i].name, outputs[i].view()));
    fmt::print("{:.3f} ms\n{}", milliseconds, args_.show ? "\n" : "");
  }

  void compare() {
    std::map<std::string, Tensor> wanted;
    if (args_.expect.ends_with(".npz"))
      wanted = load_npz(args_.expect);
    else
      wanted.emplace(engine_.outputs()[0].name, load_npy(args_.expect));
    const auto got = named_results(engine_, results_);
    for (const auto& [name, tensor] : wanted) {
      const auto found = got.find(name);
      if (found == got.end())
        throw Error(ErrorCode::kNotFound,
                    fmt::format("'{}' expects an output '{}', which there is not", args_.expect, name));
      const double worst = largest_difference(found->second, tensor, name);
      const bool ok = worst <= args_.tolerance;
      if (!ok) ++mismatches_;
      document_["expected"].push_back({{"output", name}, {"largest_difference", worst}, {"ok", ok}});
      if (!args_.json)
        fmt::print("{}: largest difference {:g}, {} the tolerance {:g}\n", name, worst, ok ? "within" : "beyond",
                   args_.tolerance);
    }
  }

  void write_trace() const {
    const std::string trace = context_.chrome_trace();
    save_text(trace, args_.trace);
  }

  void print_reports(size_t cases) const {
    if (cases > 1 && args_.labels_from_names)
      fmt::print("{} of {} right\n", cases - static_cast<size_t>(mismatches_), cases);
    if (args_.profile) fmt::print("{}", context_.profile_table());
    if (args_.explain) fmt::print("{}", context_.explain());
    print_notices(engine_);
  }

  const RunArgs& args_;
  Engine engine_;
  Context context_;
  std::vector<std::vector<Tensor>> results_;
  nlohmann::json document_ = nlohmann::json::object();
  int mismatches_ = 0;
};

}  // namespace

int run(const RunArgs& args) { return Runner(args, load_engine(args.model)).run(); }

}  // namespace tenon::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/support.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>

// The command line: what each command is called, its options and an example; the commands themselves are in files of
// their own. This is the one file that includes CLI11.
namespace tenon::cli {
namespace {

// The command that was chosen, with its arguments bound.
using Chosen = std::function<int()>;

// Adds a command whose arguments are `Args`; `declare` binds its options.
template <typename Args, typename Declare>
void add_command(CLI::App& app, Chosen& chosen, const char* name, const char* summary, const char* example,
                 int (*body)(const Args&), Declare&& declare) {
  CLI::App* command = app.add_subcommand(name, summary);
  command->footer(std::string("Example:\n  ") + example + "\n");
  auto args = std::make_shared<Args>();  // Lives as long as the callback that CLI11 keeps.
  declare(*command, *args);
  command->callback([&chosen, args, body] {
    chosen = [args, body] {
      struct Call {
        const Args* args;
        int (*body)(const Args&);
      };
      const Call call{args.get(), body};
      return guarded(
          args->json,
          [](const void* p) { return static_cast<const Call*>(p)->body(*static_cast<const Call*>(p)->args); }, &call);
    };
  });
}

void add_plugins(CLI::App& command, std::vector<std::string>& plugins) {
  command
      .add_option("--plugin", plugins, "Load a plugin (a shared library with layers); runs its code. May be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

void add_maps(CLI::App& command, std::vector<std::string>& maps) {
  command
      .add_option("--map", maps,
                  "Map an operator, node or namespace to a layer: 'ReLU6=Clip(lo=0, hi=6)'. May be repeated")
      ->type_name("WHAT=LAYER")
      ->allow_extra_args(false);
}

void add_json(CLI::App& command, bool& json) { command.add_flag("--json", json, "Print JSON for programs"); }

void add_model(CLI::App& command, ModelArgs& model, const char* what) {
  command.add_option("model", model.path, what)->type_name("FILE")->required();
  add_plugins(command, model.plugins);
  add_maps(command, model.maps);
}

void add_shapes(CLI::App& command, std::vector<std::string>& shapes, const char* option) {
  command
      .add_option(
          option, shapes,
          "Give an input another shape: 'x:N,3,224,224'. UFF: with or without the batch, and how the data lies, "
          "NCHW (default), NHWC or NC: 'x:224,224,3:NHWC'. May be repeated")
      ->type_name("NAME:SHAPE[:ORDER]")
      ->allow_extra_args(false);
}

void add_outputs(CLI::App& command, std::vector<std::string>& outputs) {
  command.add_option("--output", outputs, "Compute this tensor (default: what nothing reads). May be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
}

void add_compile_options(CLI::App& command, ModelArgs& model, const char* shape_option) {
  add_shapes(command, model.shapes, shape_option);
  add_outputs(command, model.outputs);
  command.add_option("--disable-pass", model.disabled_passes, "Leave a compiler pass out. May be repeated")
      ->type_name("PASS")
      ->allow_extra_args(false);
}

void add_trusted_keys(CLI::App& command, std::vector<std::string>& keys, const char* what) {
  command.add_option("--trust-key", keys, what)->type_name("FILE.pub")->allow_extra_args(false);
}

void add_trust(CLI::App& command, ModelArgs& model) {
  add_trusted_keys(command, model.trusted_keys,
                   "Run the machine code in the plan if it is signed with this public key. May be repeated");
  command.add_flag("--trust-code", model.trust_code,
                   "Run the machine code in the plan, which can do all that you can: for plans of your own. Without it "
                   "and without a key, code is generated again, or formulas are interpreted");
}

void add_dims(CLI::App& command, std::vector<std::string>& dims) {
  command
      .add_option("--dim", dims, "Extent of a named dimension for random inputs: 'N=8' (default 1). May be repeated")
      ->type_name("NAME=NUMBER")
      ->allow_extra_args(false);
}

void add_backend(CLI::App& command, std::string& backend, int& threads) {
  command.add_option("--threads", threads, "Threads (default: all)")->check(CLI::Range(0, 4096));
  command.add_option("--backend", backend, "cpu, or reference: slow and obvious, for comparison")
      ->check(CLI::IsMember({"cpu", "reference"}))
      ->capture_default_str();
}

void declare_inspect(CLI::App& command, InspectArgs& args) {
  add_model(command, args.model, "A model or plan");
  command.add_flag("--nodes", args.nodes, "Print every node");
  command.add_option("--graph", args.picture, "Draw the graph into a .svg, .png or .pdf (by Graphviz), or a .dot file")
      ->type_name("FILE");
  add_json(command, args.json);
}

struct EditOption {
  const char *name, *form, *help;
};

constexpr std::array kEdits = std::to_array<EditOption>({
    {"map", "WHAT=LAYER", "Replace an operator, node or namespace by a layer"},
    {"collapse", "MAP",
     "Replace namespaces by single nodes: 'scope=Layer(field=1)', or FILE.json with {\"scope\": \"Layer(field=1)\"}; "
     "options that follow one another are one map"},
    {"remove", "NODES", "Remove nodes that nothing reads"},
    {"forward", "NODES", "Remove nodes and let their readers read their first input"},
    {"append", "TENSOR=LAYER", "Put a layer behind a tensor"},
    {"connect", "TENSOR->NODE", "Make a node read a tensor, too"},
    {"disconnect", "TENSOR->NODE", "Take a tensor out of what a node reads"},
    {"set", "NODE.ATTRIBUTE=VALUE", "Set an attribute"},
    {"set-op", "OLD=NEW", "Make the nodes of an operator another one; inputs and attributes stay"},
    {"rename", "OLD=NEW", "Rename a node"},
    {"input", "NAME:SHAPE", "Give an input another shape"},
    {"outputs", "NAME,...", "Make these tensors the outputs and drop what they do not need"},
    {"extract", "INPUT,...->OUTPUT,...", "Keep the part between tensors"},
});

void declare_surgery(CLI::App& command, SurgeryArgs& args) {
  command.add_option("model", args.path, "A model")->type_name("FILE")->required();
  command.add_option("-o,--out", args.output, "Write the result, in the model's format; without it, print the graph")
      ->type_name("FILE");
  for (const EditOption& edit : kEdits) {
    command
        .add_option_function<std::vector<std::string>>(
            std::string("--") + edit.name, [](const std::vector<std::string>&) {}, edit.help)
        ->type_name(edit.form)
        ->allow_extra_args(false);
  }
  command.add_flag("--with-dependencies", args.with_dependencies, "--remove: also what only the removed nodes needed");
  command.add_flag("--detach", args.detach, "--remove: what reads the nodes loses these inputs");
  command.add_flag("--all-inputs", args.all_inputs, "--forward: readers read all inputs, in place");
  command.add_option("--exclude", args.exclude, "--collapse: this node stays. May be repeated")
      ->type_name("NODE")
      ->allow_extra_args(false);
  command.add_flag("--single-output", args.single_output, "--collapse: each new node has one output, which all read");
  command.add_flag("--repeat-inputs", args.repeat_inputs, "--collapse: what is read several times is several inputs");
  command
      .add_option("--find", args.find, "List nodes: a name, or conditions as 'op=MatMul,path=dense'. May be repeated")
      ->type_name("NODES")
      ->allow_extra_args(false);
  command.add_flag("--regex", args.regex, "Names and operators in NODES are regular expressions, not shell patterns");
  command.add_option("--write-text", args.text, "Write the result as text, to look at")->type_name("FILE");
  add_json(command, args.json);
  // Edits apply in the order in which they are written, whatever their kind.
  command.parse_complete_callback([&command, &args] {
    std::map<const CLI::Option*, size_t> used;
    for (const CLI::Option* option : command.parse_order()) {
      const std::string name = option->get_single_name();
      if (std::any_of(kEdits.begin(), kEdits.end(), [&](const EditOption& edit) { return edit.name == name; }))
        args.edits.push_back({name, option->results().at(used[option]++)});
    }
  });
}

void declare_convert(CLI::App& command, ConvertArgs& args) {
  add_model(command, args.model, "A model: TensorFlow frozen graph");
  command.add_option("out", args.output, "The file to write: .uff, or .pb to only apply the mappings")
      ->type_name("OUT")
      ->required();
  command.add_option("--to", args.to, "The format, where OUT's extension does not say it")
      ->check(CLI::IsMember({"uff", "tf"}));
  add_outputs(command, args.model.outputs);
  command.add_flag("--text", args.text, "Write the text form beside it, with the extension .pbtxt");
  command.add_flag("--shorten", args.shorten, "In the text, replace weights by a note of their size");
  add_json(command, args.json);
}

void declare_compile(CLI::App& command, CompileArgs& args) {
  command.add_option("model", args.model.path, "A model: TensorFlow frozen graph")->type_name("FILE");
  command.add_option("-o,--out", args.output, "The plan to write")->type_name("PLAN");
  add_plugins(command, args.model.plugins);
  add_maps(command, args.model.maps);
  add_compile_options(command, args.model, "--input");
  command.add_flag("--explain", args.explain, "Print which kernel each node gets, and why earlier ones said no");
  command.add_flag("--dump", args.dump, "Print the optimised graph");
  command.add_flag("--passes", args.list_passes, "List the compiler's passes");
  add_json(command, args.json);
}

void declare_run(CLI::App& command, RunArgs& args) {
  add_model(command, args.model, "A plan (or a model, which is compiled first)");
  add_compile_options(command, args.model, "--input-shape");
  add_trust(command, args.model);
  command
      .add_option(
          "--input", args.inputs,
          "Files: .npy, .npz, PNG, JPEG, PGM; NAME=FILE when there are several inputs. Each plain file is a run")
      ->type_name("FILE...");
  command.add_flag("--random", args.random, "Run on random values");
  command.add_option("--seed", args.seed, "For --random")->capture_default_str();
  add_dims(command, args.dims);
  command.add_option("--prepare", args.prepare, "Pictures: resize them, or find the one handwritten digit in each")
      ->check(CLI::IsMember({"resize", "digit"}))
      ->capture_default_str();
  command.add_option("--scale", args.scale, "Pictures: multiply pixels (0..255) by this")->capture_default_str();
  command.add_option("--mean", args.mean, "Pictures: subtract, one value or one a channel")->delimiter(',');
  command.add_option("--std", args.deviation, "Pictures: then divide by, likewise")->delimiter(',');
  command.add_option("-o,--out", args.output, "Write the outputs to .npy or .npz")->type_name("FILE");
  command.add_option("--top", args.top, "Print the K greatest of the first output")
      ->type_name("K")
      ->check(CLI::Range(1, 1000000));
  command.add_flag("--show", args.show, "Print pictures and scores as text");
  command.add_flag("--labels-from-names", args.labels_from_names,
                   "The number a file's name begins with is its class; exit 1 if a prediction differs");
  command.add_option("--expect", args.expect, "Compare the outputs with .npy or .npz; exit 1 if they differ")
      ->type_name("FILE");
  command.add_option("--tolerance", args.tolerance, "For --expect: largest absolute difference")->capture_default_str();
  add_backend(command, args.backend, args.threads);
  command.add_flag("--profile", args.profile, "Print the time of each step");
  command.add_option("--trace", args.trace, "Write a Chrome trace")->type_name("FILE");
  command.add_flag("--explain", args.explain, "Print which kernel each node got, and why earlier ones said no");
  add_json(command, args.json);
}

void declare_bench(CLI::App& command, BenchArgs& args) {
  add_model(command, args.model, "A plan (or a model, which is compiled first)");
  add_compile_options(command, args.model, "--input-shape");
  add_trust(command, args.model);
  add_dims(command, args.dims);
  command.add_option("--runs", args.runs, "Counted runs")->check(CLI::Range(1, 100000000))->capture_default_str();
  command.add_option("--warmup", args.warmup, "Runs before those")
      ->check(CLI::Range(0, 100000000))
      ->capture_default_str();
  add_backend(command, args.backend, args.threads);
  add_json(command, args.json);
}

void declare_layers(CLI::App& command, LayersArgs& args) {
  command.add_option("name", args.name, "Only this layer")->type_name("LAYER");
  add_plugins(command, args.plugins);
  add_json(command, args.json);
}

void declare_check(CLI::App& command, CheckArgs& args) {
  command.add_option("files", args.files, "Models and plans")->type_name("FILE...")->required();
  add_plugins(command, args.plugins);
  add_maps(command, args.maps);
  add_shapes(command, args.shapes, "--input");
  add_trusted_keys(command, args.trusted_keys,
                   "Plans must be signed with this public key, and unchanged since. May be repeated: with one of them");
  add_json(command, args.json);
}

void declare_key(CLI::App& command, KeyArgs& args) {
  command.add_option("file", args.path, "Where the secret key goes; the public one goes to FILE.pub")
      ->type_name("FILE")
      ->required();
  add_json(command, args.json);
}

void declare_sign(CLI::App& command, SignArgs& args) {
  command.add_option("plan", args.plan, "The plan; the signature is written into it")->type_name("PLAN")->required();
  command.add_option("--key", args.key, "The secret key, as 'tenon key' made it")->type_name("FILE")->required();
  add_json(command, args.json);
}

int main_of(int argc, char** argv) {
  CLI::App app("Tenon: compile trained models, with layers of your own, into plans, and run them.", "tenon");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 ok, 1 results differ, 2 wrong usage, 3 bad input, 4 unsupported, 5 device or memory, 70 bug in "
      "Tenon.\n"
      "'tenon COMMAND --help' shows a command's options and an example.");
  Chosen chosen;
  add_command<InspectArgs>(app, chosen, "inspect", "Show what a model or plan holds", "tenon inspect lenet5.pb --nodes",
                           inspect, declare_inspect);
  add_command<SurgeryArgs>(
      app, chosen, "surgery", "Find and change nodes of a model",
      "tenon surgery lenet5.pb --map 'ReLU6=Clip(lo=0, hi=6)' -o mapped.pb\n"
      "  tenon surgery ssd.pb --remove op=Assert --with-dependencies --forward op=Identity "
      "--collapse map.json -o plugins.pb\n\n"
      "NODES is a name, or conditions with commas between:\n"
      "  name=P  leaf=P  op=P   patterns for the name, its last component, the operator; each may be "
      "repeated\n"
      "  path=SCOPE             nodes named SCOPE or SCOPE/...\n"
      "  attribute=NAME         nodes that have the attribute\n"
      "  feeds=NODE reads=NODE  nodes that this node reads, or that read it",
      surgery, declare_surgery);
  add_command<ConvertArgs>(app, chosen, "convert", "Convert a model to UFF",
                           "tenon convert lenet5.pb lenet5.uff --text --map 'ReLU6=CustomClipPlugin(clipMin=0.0, "
                           "clipMax=6.0)' --output OutputLayer/Softmax",
                           convert, declare_convert);
  add_command<CompileArgs>(app, chosen, "compile", "Compile a model into a plan",
                           "tenon compile lenet5.pb --plugin ./libclip.so --map 'ReLU6=CustomClipPlugin(clipMin=0, "
                           "clipMax=6)' -o lenet5.plan",
                           compile, declare_compile);
  add_command<RunArgs>(app, chosen, "run", "Run a plan or model on files",
                       "tenon run lenet5.plan --plugin ./libclip.so --input 7.png --prepare digit --top 3", run,
                       declare_run);
  add_command<BenchArgs>(app, chosen, "bench", "Time a plan or model",
                         "tenon bench lenet5.plan --plugin ./libclip.so --dim N=64 --threads 1", bench, declare_bench);
  add_command<LayersArgs>(app, chosen, "layers", "List the layers that plugins provide",
                          "tenon layers --plugin ./libclip.so", layers, declare_layers);
  add_command<CheckArgs>(app, chosen, "check", "Check that models compile and plans are sound",
                         "tenon check lenet5.pb lenet5.plan --plugin ./libclip.so", check, declare_check);
  add_command<KeyArgs>(app, chosen, "key", "Make a key pair to sign plans with", "tenon key mine", key, declare_key);
  add_command<SignArgs>(app, chosen, "sign", "Sign a plan, so that others can trust its code",
                        "tenon sign lenet5.plan --key mine", sign, declare_sign);
  add_command<VersionArgs>(app, chosen, "version", "Print the version", "tenon version --json", version,
                           [](CLI::App& command, VersionArgs& args) { add_json(command, args.json); });
  if (argc > 1 && argv[1][0] != '-') {
    const std::vector<CLI::App*> commands = app.get_subcommands({});
    const auto is_named = [&](const CLI::App* command) { return command->get_name() == argv[1]; };
    if (std::none_of(commands.begin(), commands.end(), is_named)) {
      std::string known;
      for (const CLI::App* command : commands) known += (known.empty() ? "" : ", ") + command->get_name();
      std::fprintf(stderr, "tenon: there is no command '%s'; there are %s\n", argv[1], known.c_str());
      return kUsage;
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  return chosen();
}

}  // namespace
}  // namespace tenon::cli

int main(int argc, char** argv) { return tenon::cli::main_of(argc, argv); }

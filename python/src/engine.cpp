// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include "array.h"
#include "error.h"
#include "handles.h"
#include "module.h"
#include "shape.h"

#include <fmt/core.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

namespace tenon::python {
namespace {

std::string quoted_names(std::span<const Port> ports) {
  std::string text;
  for (const Port& port : ports) text += fmt::format("{}'{}'", text.empty() ? "" : ", ", port.name);
  return text.empty() ? "none" : text;
}

ArrayInput array_for(const Port& port, nb::handle source) {
  return {source, {"the input", port.name}, port.type.dtype};
}

// The arrays of run(a, b) or run({"x": a, "y": b}), in the order of the engine's inputs.
void gather_inputs(std::span<const Port> ports, const nb::args& arguments, std::vector<ArrayInput>& inputs) {
  if (arguments.size() == 1 && nb::isinstance<nb::dict>(arguments[0])) {
    const nb::dict named = nb::borrow<nb::dict>(arguments[0]);
    for (const Port& port : ports) {
      PyObject* found = PyDict_GetItemString(named.ptr(), port.name.c_str());
      if (found == nullptr) {
        throw Error(ErrorCode::kInvalidArgument, fmt::format("the input '{}' is missing; the engine's inputs are {}",
                                                             port.name, quoted_names(ports)));
      }
      inputs.push_back(array_for(port, found));
    }
    if (named.size() == ports.size()) return;
    for (const auto [key, value] : named) {
      const std::string name = nb::str(key).c_str();
      const bool known = std::any_of(ports.begin(), ports.end(), [&](const Port& port) { return port.name == name; });
      if (!known) {
        throw Error(ErrorCode::kNotFound,
                    fmt::format("the engine has no input '{}'; its inputs are {}", name, quoted_names(ports)));
      }
    }
    return;
  }
  if (arguments.size() != ports.size()) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{} inputs were given, but the engine has {}: {}",
                                                         arguments.size(), ports.size(), quoted_names(ports)));
  }
  for (size_t i = 0; i < ports.size(); ++i) inputs.push_back(array_for(ports[i], arguments[i]));
}

// Marks a context as in use; all that touches it while another thread may run it goes through here.
class Use {
 public:
  explicit Use(ContextHandle& handle) : handle_(handle) {
    if (handle_.busy) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the context is running in another thread; make one for each thread with Engine.context()");
    }
    handle_.busy = true;
  }
  ~Use() {
    handle_.arrays.inputs.clear();
    handle_.arrays.outputs.clear();
    handle_.arrays.input_views.clear();
    handle_.arrays.output_views.clear();
    handle_.busy = false;
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  ContextHandle& handle_;
};

// The arrays of run(..., out=a) or run(..., out=(a, b)).
void gather_outputs(std::span<const Port> ports, nb::handle out, std::vector<ArrayOutput>& outputs) {
  const bool is_sequence = nb::isinstance<nb::tuple>(out) || nb::isinstance<nb::list>(out);
  const size_t count = is_sequence ? nb::len(out) : 1;
  if (count != ports.size()) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("out has {} arrays, but the engine has {} outputs: {}", count,
                                                         ports.size(), quoted_names(ports)));
  }
  for (size_t i = 0; i < count; ++i) {
    const nb::object array = is_sequence ? nb::object(out[i]) : nb::borrow(out);
    outputs.emplace_back(array, ArrayName{"the array for the output", ports[i].name});
  }
}

// One result is an array, several are a tuple: `out` itself if given.
nb::object run(ContextHandle& self, const nb::args& arguments, nb::handle out) {
  const Use use(self);
  auto& [inputs, outputs, input_views, output_views] = self.arrays;
  gather_inputs(self.engine.inputs(), arguments, inputs);
  for (const ArrayInput& input : inputs) input_views.push_back(input.view());
  if (!out.is_none()) gather_outputs(self.engine.outputs(), out, outputs);
  for (const ArrayOutput& output : outputs) output_views.push_back(output.view());

  std::span<const TensorView> results;
  {
    const nb::gil_scoped_release no_gil;
    results = self.context.run(input_views, output_views);
  }
  if (!out.is_none()) {
    for (size_t i = 0; i < results.size(); ++i) outputs[i].receive(results[i]);
    return nb::borrow(out);
  }
  // Copied, because the next run may overwrite or move the context's memory.
  if (results.size() == 1) return copied_array(results[0]);
  nb::list list;
  for (const TensorView& result : results) list.append(copied_array(result));
  return nb::tuple(list);
}

// A method of Context that looks at what the last run left.
template <auto kMethod>
auto look(ContextHandle& self) {
  const Use use(self);
  return (self.context.*kMethod)();
}

void bind_reports(nb::module_& module) {
  nb::class_<Port>(module, "Port", "An input or output of an engine.")
      .def_ro("name", &Port::name, "Its name.")
      .def_prop_ro(
          "dtype", [](const Port& self) { return self.type.dtype; }, "The element type.")
      .def_prop_ro(
          "shape", [](const Port& self) { return shape_to_python(self.type.shape); },
          nb::sig("def shape(self) -> tuple[int | str | None, ...] | None"),
          "Each dimension: an int, the name of a dynamic one, or None; None alone when the rank is not known.")
      .def_ro("type", &Port::type, "Dtype and shape together.")
      .def("__repr__",
           [](const Port& self) { return fmt::format("<tenon.Port '{}' {}>", self.name, to_string(self.type)); });

  nb::class_<StepProfile>(module, "StepProfile", "One step of a run as the profiler saw it.")
      .def_ro("node", &StepProfile::node, "The node's name in the plan.")
      .def_ro("op", &StepProfile::op, R"(Its operator, with what was fused into it: "Conv+Clip".)")
      .def_ro("kernel", &StepProfile::kernel, "The kernel that ran.")
      .def_ro("shape", &StepProfile::shape, "The shape of the first output.")
      .def_ro("runs", &StepProfile::runs, "How often it ran.")
      .def_ro("total_us", &StepProfile::total_us, "The time of all runs, in microseconds.")
      .def_ro("min_us", &StepProfile::min_us, "The time of the quickest run, in microseconds.")
      .def("__repr__", [](const StepProfile& self) {
        return fmt::format("<tenon.StepProfile '{}' {} {:.1f} us in {} runs>", self.node, self.op, self.total_us,
                           self.runs);
      });

  nb::class_<MemoryReport>(module, "MemoryReport", "What a context planned for one set of input shapes, in bytes.")
      .def_ro("arena_bytes", &MemoryReport::arena_bytes, "Activations, as placed.")
      .def_ro("lower_bound_bytes", &MemoryReport::lower_bound_bytes,
              "The most that is alive at once: no placement can need less.")
      .def_ro("workspace_bytes", &MemoryReport::workspace_bytes, "Scratch of kernels, shared by all steps.")
      .def_ro("constant_bytes", &MemoryReport::constant_bytes, "Constants that the steps read, packed ones included.")
      .def_ro("steps", &MemoryReport::steps, "The number of steps of a run.")
      .def("__repr__", [](const MemoryReport& self) {
        return fmt::format("<tenon.MemoryReport arena {} (at least {}), workspace {}, constants {} bytes, {} steps>",
                           self.arena_bytes, self.lower_bound_bytes, self.workspace_bytes, self.constant_bytes,
                           self.steps);
      });
}

constexpr const char* kRunDoc =
    R"(Runs on arrays, in the order of the engine's inputs: run(a, b). Or by name: run({"x": a, "y": b}).

Inputs are NumPy arrays, or anything that speaks the buffer protocol or DLPack in host memory (PyTorch's tensors).
Where their elements lie dense in row-major order they are used in place, else copied. Dtypes are not converted; only
numbers and lists of numbers, which have none, take the input's. The GIL is released during the run.

)";

constexpr const char* kRunErrors = R"(

Raises InvalidArgumentError for a wrong count, dtype or shape, naming the input, what was given and what is required;
NotFoundError for an unknown name; errors from a layer carry its node's name.)";

}  // namespace

void bind_engine(nb::module_& module) {
  bind_reports(module);
  static const std::string context_run_doc =
      std::string(kRunDoc) +
      "One output is returned as an array, several as a tuple: copies, which stay as they are. `out` takes arrays of\n"
      "yours to write to instead: one, or a sequence of them, with the dtypes and shapes of the results." +
      kRunErrors;
  static const std::string engine_run_doc =
      std::string(kRunDoc) +
      "One output is returned as an array, several as a tuple. The engine keeps contexts for this; make one with\n"
      "context() to set the number of threads or to see what happens." +
      kRunErrors;

  nb::class_<ContextHandle> context(module, "Context", R"(One execution at a time: made by Engine.context().

It specialises the engine to the input shapes that it sees (each set of shapes once) and owns the memory of a run. Used
by one thread at a time; make one for each thread.)");
  context
      .def(
          "run", [](ContextHandle& self, const nb::args& inputs, nb::handle out) { return run(self, inputs, out); },
          nb::arg("inputs"), nb::kw_only(), nb::arg("out") = nb::none(),
          nb::sig("def run(self, *inputs: object, out: numpy.ndarray | collections.abc.Sequence[numpy.ndarray] | None "
                  "= None) -> numpy.ndarray | tuple[numpy.ndarray, ...]"),
          context_run_doc.c_str())
      .def_prop_ro("memory", &look<&Context::memory>,
                   "What was planned for the shapes of the latest run; zeros before it.")
      .def("profile", &look<&Context::profile>,
           "Per step of the latest shapes, the times since reset_profile(). Empty unless made with profile=True.")
      .def("reset_profile", &look<&Context::reset_profile>, "Starts the profile anew.")
      .def("profile_table", &look<&Context::profile_table>, "The profile as a text table, with shares in percent.")
      .def("chrome_trace", &look<&Context::chrome_trace>,
           "The latest run as JSON for chrome://tracing or Perfetto. Needs profile=True.")
      .def("explain", &look<&Context::explain>,
           "For each node: the kernel that was chosen for the latest shapes, and why earlier ones said no.");

  nb::class_<EngineHandle>(module, "Engine",
                           R"(A model that is ready to run: made by compile(), or loaded from a plan file.

Immutable; used by any number of threads.)")
      .def_static(
          "load",
          [](const std::filesystem::path& path, bool trust_code,
             const std::vector<std::filesystem::path>& trusted_keys) {
            load_environment_plugins_once();
            std::vector<std::filesystem::path> files = trusted_keys;
            files.push_back(path);
            const LoadOptions options{.trust_code = trust_code, .trusted_keys = strings_of(trusted_keys)};
            return EngineHandle(with_files(files, [&] { return Engine::load(path.string(), options); }));
          },
          nb::arg("path"), nb::kw_only(), nb::arg("trust_code") = false, nb::arg("trusted_keys") = nb::make_tuple(),
          nb::sig("def load(path: str | os.PathLike, *, trust_code: bool = False, "
                  "trusted_keys: collections.abc.Sequence[str | os.PathLike] = ()) -> Engine"),
          R"(Loads a plan file. Weights stay in the file, which is mapped into memory: do not change it in place.

trust_code:    run the machine code in the file, which can then do whatever this program can: for files of your own.
               Otherwise code is generated again from the formulas in the file, or they are interpreted.
trusted_keys:  files of public keys (make_key): the code of a plan that is signed with one of them runs, too. A plan that
               was changed after that raises CorruptError, and notices says why the code of others does not run.

Raises MissingFileError, IoError, CorruptError, UnsupportedError for a newer format, and NotFoundError naming layer,
version and node when a layer's plugin is not loaded.)")
      .def(
          "save",
          [](const EngineHandle& self, const std::filesystem::path& path) {
            const Engine& engine = self.engine;
            with_file(path, [&](const std::string& file) { engine.save(file); });
          },
          nb::arg("path"), nb::sig("def save(self, path: str | os.PathLike) -> None"),
          "Writes the plan to a file, which appears whole or not at all: unsigned. The same engine gives the same "
          "bytes.")
      .def_prop_ro(
          "inputs",
          [](const EngineHandle& self) {
            return std::vector<Port>(self.engine.inputs().begin(), self.engine.inputs().end());
          },
          "What a run needs, in order.")
      .def_prop_ro(
          "outputs",
          [](const EngineHandle& self) {
            return std::vector<Port>(self.engine.outputs().begin(), self.engine.outputs().end());
          },
          "What a run returns, in order.")
      .def_prop_ro(
          "notices", [](const EngineHandle& self) { return self.engine.notices(); },
          "What you should know of how formulas run (that they are interpreted, say), for what was planned so far.")
      .def(
          "context",
          [](const EngineHandle& self, int threads, std::string backend, bool profile) {
            const ContextOptions options{threads, std::move(backend), profile};
            const nb::gil_scoped_release no_gil;
            return std::make_unique<ContextHandle>(self.engine, options);
          },
          nb::kw_only(), nb::arg("threads") = 0, nb::arg("backend") = "cpu", nb::arg("profile") = false,
          R"(A context to run with.

threads:  for a run; 0: as many as the process may use
backend:  "cpu", or "reference": every node by its reference kernel (slow, for comparison)
profile:  time every step; costs two clock reads a step.)")
      .def(
          "run",
          [](EngineHandle& self, const nb::args& inputs) {
            std::unique_ptr<ContextHandle> taken;
            if (self.idle.empty()) {
              taken = std::make_unique<ContextHandle>(self.engine, ContextOptions{});
            } else {
              taken = std::move(self.idle.back());
              self.idle.pop_back();
            }
            nb::object results = run(*taken, inputs, nb::none());
            self.idle.push_back(std::move(taken));
            return results;
          },
          nb::arg("inputs"), nb::sig("def run(self, *inputs: object) -> numpy.ndarray | tuple[numpy.ndarray, ...]"),
          engine_run_doc.c_str())
      .def("__repr__", [](const EngineHandle& self) {
        return fmt::format("<tenon.Engine {} -> {}>", quoted_names(self.engine.inputs()),
                           quoted_names(self.engine.outputs()));
      });
}

}  // namespace tenon::python

// SPDX-License-Identifier: Apache-2.0
#include <tenon/define_layer.h>

#include "array.h"
#include "attribute.h"
#include "error.h"
#include "expr.h"
#include "module.h"

#include <fmt/core.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <utility>
#include <vector>

// Layers that are functions of Python: by formulas or as callbacks. tenon/_layer.py is the rest of it.
namespace tenon::python {
namespace {

/// A Python function that C++ keeps and copies without the GIL. All are let go before the interpreter ends, for the
/// registry and engines may outlive it.
class HeldFunction {
 public:
  explicit HeldFunction(const nb::callable& function) : function_(function) { all().insert(this); }
  ~HeldFunction() {
    if (Py_IsInitialized() == 0) return;
    const nb::gil_scoped_acquire gil;
    all().erase(this);
    function_.reset();
  }
  HeldFunction(const HeldFunction&) = delete;
  HeldFunction& operator=(const HeldFunction&) = delete;

  template <typename... Arguments>
  [[nodiscard]] nb::object operator()(const Arguments&... arguments) const {
    if (!function_.is_valid()) throw Error(ErrorCode::kUnsupported, "the interpreter that has its function has ended");
    return function_(arguments...);
  }
  static void let_all_go() {
    for (HeldFunction* held : all()) held->function_.reset();
  }

 private:
  // Read and written with the GIL.
  static std::set<HeldFunction*>& all() {
    static auto& held = *new std::set<HeldFunction*>;
    return held;
  }
  nb::object function_;
};

using SharedFunction = std::shared_ptr<const HeldFunction>;  // Shared by the registry and all instances of the layer.

SharedFunction share(const nb::callable& function) { return std::make_shared<const HeldFunction>(function); }

/// Runs `body` with the GIL. What Python raises leaves it as an Error with the exception as its cause.
template <typename Body>
auto in_python(const Body& body) -> decltype(body()) {
  const nb::gil_scoped_acquire gil;
  try {
    return body();
  } catch (const nb::python_error& error) {
    throw error_of(error);
  }
}

LayerFormulas formulas_of(const nb::callable& function) {
  return [shared = share(function)](std::span<const Expr> inputs, const LayerFields& fields) {
    return in_python([&] {
      nb::list symbols;
      for (const Expr& input : inputs) symbols.append(nb::cast(input));
      return nb::cast<std::vector<Expr>>((*shared)(symbols, attributes_to_python(fields.all())));
    });
  };
}

// A callback's arguments: arrays over memory that is the engine's, and is only lent to it.
class Lent {
 public:
  Lent(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs) {
    for (const TensorView& input : inputs) lend(input, false, inputs_);
    for (const MutableTensorView& output : outputs) lend(output, true, outputs_);
  }
  [[nodiscard]] const nb::list& inputs() const { return inputs_; }
  [[nodiscard]] const nb::list& outputs() const { return outputs_; }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent() { (void)give_back(); }
  /// Lets go of the arrays; whether nobody else holds one. If somebody does, it cannot be written to any more.
  [[nodiscard]] bool give_back() {
    for (const nb::handle output : outputs_)
      if (Py_REFCNT(output.ptr()) > 1) output.attr("flags").attr("writeable") = false;
    inputs_.clear();
    outputs_.clear();
    return std::all_of(memory_.begin(), memory_.end(),
                       [](const nb::object& memory) { return Py_REFCNT(memory.ptr()) == 1; });
  }

 private:
  void lend(const TensorView& view, bool writable, nb::list& arrays) {
    LentArray lent = lent_array(view, writable);
    arrays.append(lent.array);
    if (lent.memory.is_valid()) memory_.push_back(std::move(lent.memory));
  }

  std::vector<nb::object> memory_;  // That of the arrays which are no copies.
  nb::list inputs_, outputs_;
};

// After an exception, the frames that it went through hold the arguments still; without them it can travel on.
[[noreturn]] void rethrow_without_arrays(const nb::python_error& error, Lent& lent) {
  Error thrown = error_of(error);
  nb::module_::import_("traceback").attr("clear_frames")(error.traceback());
  if (!lent.give_back()) thrown.set_cause(nullptr);
  throw thrown;
}

void write_result(nb::handle result, size_t index, const MutableTensorView& output) {
  const std::string name = fmt::format("its output {}", index);
  const ArrayInput given(result, {name}, output.dtype);
  const TensorView& view = given.view();
  if (view.dtype != output.dtype || view.dims != output.dims) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} is {}{} but {}{} is required; return an array of that dtype and shape, or "
                            "give the layer a type rule: @tenon.layer(callback=True, types=...)",
                            name, dtype_name(view.dtype), to_string(view.dims), dtype_name(output.dtype),
                            to_string(output.dims)));
  }
  if (const int64_t bytes = view.size_bytes(); bytes > 0)
    std::memmove(output.data, view.data, static_cast<size_t>(bytes));
}

/// `writes`: the function gets the arrays for its results.
void run_callback(const HeldFunction& function, bool writes, std::span<const TensorView> inputs,
                  std::span<const MutableTensorView> outputs, const LayerFields& fields) {
  const nb::gil_scoped_acquire gil;
  Lent lent(inputs, writes ? outputs : std::span<const MutableTensorView>());
  try {
    const nb::object results = function(lent.inputs(), lent.outputs(), attributes_to_python(fields.all()));
    // Output 0 comes last: it may be the memory of an input, which other results may be views of.
    for (size_t i = writes ? 0 : outputs.size(); i-- > 0;) write_result(results[i], i, outputs[i]);
  } catch (const nb::python_error& error) {
    rethrow_without_arrays(error, lent);
  }
  if (!lent.give_back()) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "it keeps an array that it was called with (or a part of one) after its return, but these are only lent to "
        "it; keep a copy: x.copy()");
  }
}

LayerFunctions functions_of(const nb::callable& run, const std::optional<nb::callable>& types, bool writes) {
  LayerFunctions functions;
  functions.run = [shared = share(run), writes](std::span<const TensorView> inputs,
                                                std::span<const MutableTensorView> outputs, const LayerFields& fields) {
    run_callback(*shared, writes, inputs, outputs, fields);
  };
  if (!types) return functions;
  functions.types = [shared = share(*types)](std::span<const TensorType> inputs, const LayerFields& fields) {
    return in_python([&] {
      nb::list given;
      for (const TensorType& input : inputs) given.append(nb::cast(input));
      return nb::cast<std::vector<TensorType>>((*shared)(given, attributes_to_python(fields.all())));
    });
  };
  return functions;
}

LayerDefinition definition_of(const nb::handle& layer) {
  const auto text = [&](const char* name) { return nb::cast<std::string>(layer.attr(name)); };
  LayerDefinition definition;
  definition.name = text("name");
  definition.domain = text("domain");
  definition.version = nb::cast<int>(layer.attr("version"));
  definition.doc = text("doc");
  definition.origin = text("origin");
  definition.fields = attributes_from_python(nb::cast<nb::dict>(layer.attr("fields")));
  definition.inputs = nb::cast<std::vector<std::string>>(layer.attr("inputs"));
  definition.variadic = nb::cast<bool>(layer.attr("variadic"));
  definition.outputs = nb::cast<int>(layer.attr("outputs"));
  return definition;
}

}  // namespace

void bind_define_layer(nb::module_& module) {
  nb::module_::import_("atexit").attr("register")(nb::cpp_function(&HeldFunction::let_all_go));
  module.def(
      "_define_layer",
      [](const nb::handle& layer, const nb::callable& formulas) {
        LayerDefinition definition = definition_of(layer);
        definition.fast = nb::cast<bool>(layer.attr("fast"));
        define_layer(definition, formulas_of(formulas));
      },
      "Registers a tenon.Layer; formulas(symbols, fields) gives its outputs.");
  module.def(
      "_define_callback",
      [](const nb::handle& layer, const nb::callable& run, const std::optional<nb::callable>& types, bool writes) {
        LayerDefinition definition = definition_of(layer);
        definition.elementwise = nb::cast<bool>(layer.attr("elementwise"));
        define_layer(definition, functions_of(run, types, writes));
      },
      nb::arg("layer"), nb::arg("run"), nb::arg("types").none(), nb::arg("writes"),
      "Registers a tenon.Layer; run(arrays, results, fields) gives its outputs or, if it writes, writes them to "
      "results;\n"
      "types(types, fields) gives their types.");
}

}  // namespace tenon::python

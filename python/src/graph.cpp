// SPDX-License-Identifier: Apache-2.0
#include "array.h"
#include "attribute.h"
#include "dtype.h"
#include "handles.h"
#include "module.h"
#include "shape.h"

#include <fmt/core.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>
#include <tenon/surgery.h>

// Graph, Node, Value and what their attributes hold. The Graph's methods for surgery are in surgery.cpp.
namespace tenon::python {
namespace {

GraphHandle graph_of(const NodeHandle& node) { return GraphHandle(node.state()); }
GraphHandle graph_of(const ValueHandle& value) { return GraphHandle(value.state()); }

// Null stands for None, an optional input that is left out.
nb::list values_or_none(const GraphHandle& graph, std::span<Value* const> values) {
  nb::list list;
  for (Value* value : values) list.append(value == nullptr ? nb::none() : nb::cast(graph.handle(value)));
  return list;
}

std::vector<Value*> values_of(const GraphHandle& graph, const std::vector<std::optional<ValueLike>>& wanted) {
  std::vector<Value*> values;
  for (const auto& value : wanted) values.push_back(value ? graph.value(*value) : nullptr);
  return values;
}

Attribute& require_attribute(const AttributesHandle& self, const std::string& name) {
  Attributes& attributes = self.node.get().attributes();
  const auto found = attributes.find(name);
  if (found == attributes.end()) throw nb::key_error(name.c_str());
  return found->second;
}

void bind_attributes(nb::module_& module) {
  nb::class_<FunctionRef>(module, "Function", "A named function with attributes, as TensorFlow's NameAttrList has it.")
      .def(
          "__init__",
          [](FunctionRef* self, std::string name, const nb::dict& attributes) {
            new (self) FunctionRef{std::move(name), attributes_from_python(attributes)};
          },
          nb::arg("name"), nb::arg("attributes") = nb::dict())
      .def_ro("name", &FunctionRef::name, "The function's name.")
      .def_prop_ro(
          "attributes", [](const FunctionRef& self) { return attributes_to_python(self.attributes); },
          "A copy of its attributes.")
      .def("__repr__", [](const FunctionRef& self) { return "<tenon.Function '" + self.name + "'>"; });

  nb::class_<AttributesHandle>(module, "Attributes",
                               R"(The attributes of a node: a mapping from names to values, in alphabetical order.

Values are None, bool, int, float, str (bytes where the text is not UTF-8), DType, TensorType, NumPy arrays, Graph,
Function, and lists of one of them. An array is a read-only view of the tensor; assign another array to change it.
An int that replaces a float becomes one.)")
      .def("__len__", [](const AttributesHandle& self) { return self.node.get().attributes().size(); })
      .def("__contains__", [](const AttributesHandle& self,
                              const std::string& name) { return self.node.get().attribute(name) != nullptr; })
      .def("__contains__", [](const AttributesHandle&, nb::handle) { return false; })
      .def("__getitem__", [](const AttributesHandle& self,
                             const std::string& name) { return attribute_to_python(require_attribute(self, name)); })
      .def(
          "__setitem__",
          [](const AttributesHandle& self, const std::string& name, nb::handle value) {
            Node& node = self.node.get();
            node.attributes()[name] = attribute_from_python(value, name, node.attribute(name));
          },
          nb::arg("name"), nb::arg("value").none())
      .def("__delitem__",
           [](const AttributesHandle& self, const std::string& name) {
             (void)require_attribute(self, name);
             self.node.get().attributes().erase(name);
           })
      .def(
          "keys",
          [](const AttributesHandle& self) {
            std::vector<std::string> names;
            for (const auto& [name, value] : self.node.get().attributes()) names.push_back(name);
            return names;
          },
          "The names.")
      .def(
          "values",
          [](const AttributesHandle& self) {
            nb::list values;
            for (const auto& [name, value] : self.node.get().attributes()) values.append(attribute_to_python(value));
            return values;
          },
          "The values.")
      .def(
          "items",
          [](const AttributesHandle& self) { return attributes_to_python(self.node.get().attributes()).items(); },
          nb::sig("def items(self) -> list[tuple[str, object]]"), "The names with their values.")
      .def(
          "__iter__", [](nb::handle self) { return nb::iter(self.attr("keys")()); },
          nb::sig("def __iter__(self) -> collections.abc.Iterator[str]"))
      .def(
          "get",
          [](const AttributesHandle& self, const std::string& name, const nb::object& fallback) {
            const Attribute* found = self.node.get().attribute(name);
            return found == nullptr ? fallback : attribute_to_python(*found);
          },
          nb::arg("name"), nb::arg("default") = nb::none(), "The value of an attribute, or `default` without one.")
      .def(
          "update",
          [](const AttributesHandle& self, const nb::dict& values) {
            Node& node = self.node.get();
            for (const auto [key, value] : values) {
              const auto name = nb::cast<std::string>(key);
              node.attributes()[name] = attribute_from_python(value, name, node.attribute(name));
            }
          },
          nb::arg("values"), "Sets each attribute of a dict.")
      .def("__repr__", [](const AttributesHandle& self) {
        std::string text;
        for (const auto& [name, value] : self.node.get().attributes())
          text += fmt::format("{}'{}': {}", text.empty() ? "" : ", ", name, to_string(value));
        return "{" + text + "}";
      });
}

void bind_value(nb::module_& module) {
  nb::class_<ValueHandle>(module, "Value", R"(A value of a graph: what a node produces, a graph input, or a constant.

Two objects for the same value are equal. After the value was removed from its graph, using it raises
InvalidArgumentError.)")
      .def_prop_ro(
          "name", [](const ValueHandle& self) { return self.get().name(); }, "Unique among the graph's values.")
      .def_prop_ro(
          "dtype", [](const ValueHandle& self) { return self.get().type().dtype; },
          "The element type; DType.UNDEFINED when it is not known.")
      .def_prop_ro(
          "shape", [](const ValueHandle& self) { return self.get().type().shape; },
          "Each dimension: an int, the name of a dynamic one, or None; None alone when the rank is not known.")
      .def_prop_ro(
          "type", [](const ValueHandle& self) { return self.get().type(); }, "Dtype and shape together.")
      .def(
          "set_type", [](const ValueHandle& self, const TensorType& type) { self.get().set_type(type); },
          nb::arg("type"), "Says what the value's dtype and shape are.")
      .def_prop_ro(
          "producer",
          [](const ValueHandle& self) -> std::optional<NodeHandle> {
            Node* node = self.get().producer();
            if (node == nullptr) return std::nullopt;
            return graph_of(self).handle(node);
          },
          "The node that produces it; None for graph inputs and constants.")
      .def_prop_ro(
          "output_index", [](const ValueHandle& self) { return self.get().output_index(); },
          "Which output of its producer it is; 0 without one.")
      .def_prop_ro(
          "constant",
          [](const ValueHandle& self) {
            const Tensor* constant = self.get().constant();
            return constant == nullptr ? nb::none() : array_of(*constant);
          },
          nb::sig("def constant(self) -> numpy.ndarray | None"),
          "The elements of a constant, a read-only view of them; None otherwise.")
      .def_prop_ro(
          "uses",
          [](const ValueHandle& self) {
            std::vector<std::pair<NodeHandle, int>> uses;
            for (const Use& use : self.get().uses()) uses.emplace_back(graph_of(self).handle(use.node), use.index);
            return uses;
          },
          "Who reads it: each node, with the index of the input. Graph outputs are not counted.")
      .def(
          "__eq__",
          [](const ValueHandle& self, const ValueHandle& other) { return self.identity() == other.identity(); },
          nb::is_operator(), nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def("__hash__", [](const ValueHandle& self) { return std::hash<const Slot*>()(self.identity()); })
      .def("__repr__", [](const ValueHandle& self) {
        return fmt::format("<tenon.Value '{}' {}>", self.get().name(), to_string(self.get().type()));
      });
}

void bind_node(nb::module_& module) {
  nb::class_<NodeHandle>(module, "Node", R"(A node of a graph: one application of an operator.

Two objects for the same node are equal. After the node was removed from its graph, using it raises
InvalidArgumentError.)")
      .def_prop_ro(
          "name", [](const NodeHandle& self) { return self.get().name(); },
          "Unique among the graph's nodes; Graph.rename() changes it.")
      .def_prop_ro(
          "op", [](const NodeHandle& self) { return self.get().op(); }, "The operator, in the graph's dialect.")
      .def_prop_ro(
          "domain", [](const NodeHandle& self) { return self.get().domain(); },
          R"("" for the dialect's own operators, the layer's namespace ("custom") for users' layers.)")
      .def(
          "set_op",
          [](const NodeHandle& self, std::string op, std::string domain) {
            self.get().set_op(std::move(op), std::move(domain));
          },
          nb::arg("op"), nb::arg("domain") = "", "Makes it another operator; attributes, inputs and outputs stay.")
      .def_prop_ro(
          "attributes",
          [](const NodeHandle& self) {
            (void)self.get();
            return AttributesHandle{self};
          },
          "The attributes, a mapping that can be written.")
      .def_prop_ro(
          "inputs", [](const NodeHandle& self) { return values_or_none(graph_of(self), self.get().inputs()); },
          nb::sig("def inputs(self) -> list[Value | None]"),
          "The values it reads; None for an optional input that is left out.")
      .def_prop_ro(
          "outputs", [](const NodeHandle& self) { return graph_of(self).handles(self.get().outputs()); },
          "The values it produces.")
      .def_prop_ro(
          "control_inputs", [](const NodeHandle& self) { return graph_of(self).handles(self.get().control_inputs()); },
          "Nodes that run before this one without handing it a tensor.")
      .def(
          "set_input",
          [](const NodeHandle& self, size_t index, const std::optional<ValueLike>& value) {
            self.get().set_input(index, value ? graph_of(self).value(*value) : nullptr);
          },
          nb::arg("index"), nb::arg("value").none(), "Makes it read `value` as input `index`; None leaves it out.")
      .def(
          "set_inputs",
          [](const NodeHandle& self, const std::vector<std::optional<ValueLike>>& values) {
            self.get().set_inputs(values_of(graph_of(self), values));
          },
          nb::arg("values"), "Makes it read these values, and no others.")
      .def(
          "__eq__", [](const NodeHandle& self, const NodeHandle& other) { return self.identity() == other.identity(); },
          nb::is_operator(), nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def("__hash__", [](const NodeHandle& self) { return std::hash<const Slot*>()(self.identity()); })
      .def("__repr__", [](const NodeHandle& self) {
        const Node& node = self.get();
        const std::string op = node.domain().empty() ? node.op() : node.domain() + "::" + node.op();
        return fmt::format("<tenon.Node '{}' {}>", node.name(), op);
      });
}

}  // namespace

nb::class_<GraphHandle> bind_graph(nb::module_& module) {
  bind_attributes(module);
  bind_value(module);
  bind_node(module);

  nb::class_<GraphHandle> graph_class(module, "Graph",
                                      R"(A dataflow graph: a model as its file has it, or one that you build.

The dialect says what the operators' names mean: "tf" as tenon.load() reads it from a TensorFlow file, "standard" for
ONNX's operators. str(graph) is the graph as text. Use a graph from one thread at a time.)");
  graph_class
      .def(
          "__init__",
          [](GraphHandle* self, std::string dialect, std::string name) {
            Graph empty(std::move(dialect));
            empty.set_name(std::move(name));
            new (self) GraphHandle(std::move(empty));
          },
          nb::arg("dialect") = "standard", nb::kw_only(), nb::arg("name") = "", "An empty graph.")
      .def_prop_ro(
          "dialect", [](const GraphHandle& self) { return self.graph().dialect(); },
          R"(What the operators' names mean: "standard" (ONNX's operators), "tf", "uff" or "onnx".)")
      .def_prop_rw(
          "name", [](const GraphHandle& self) { return self.graph().name(); },
          [](const GraphHandle& self, std::string name) { self.graph().set_name(std::move(name)); },
          nb::for_getter("What the model is called: the file it came from, if any."))
      .def_prop_ro(
          "properties", [](const GraphHandle& self) { return attributes_to_python(self.graph().properties()); },
          nb::sig("def properties(self) -> dict[str, object]"),
          "A copy of what the file holds beside nodes (function library, versions), by format-specific names.")
      .def_prop_ro(
          "inputs", [](const GraphHandle& self) { return self.handles(graph_inputs(self.graph())); },
          "What a caller feeds, however the dialect has it: graph inputs, TensorFlow's placeholders.")
      .def_prop_ro(
          "outputs", [](const GraphHandle& self) { return self.handles(self.graph().outputs()); },
          "What the graph computes.")
      .def_prop_ro(
          "nodes", [](const GraphHandle& self) { return self.handles(self.graph().nodes()); },
          "All nodes, in the order in which they were added.")
      .def_prop_ro(
          "values", [](const GraphHandle& self) { return self.handles(self.graph().values()); },
          "All values, in the order in which they were added.")
      .def(
          "__len__", [](const GraphHandle& self) { return self.graph().node_count(); }, "The number of nodes.")
      .def(
          "node",
          [](const GraphHandle& self, const std::string& name) {
            return self.handle(require_node(self.graph(), name));
          },
          nb::arg("name"), "The node of that name. Raises NotFoundError with near names.")
      .def(
          "value",
          [](const GraphHandle& self, const std::string& name) {
            return self.handle(require_value(self.graph(), name));
          },
          nb::arg("name"),
          R"(The value of that name; "node:0" is another spelling of "node". Raises NotFoundError with near names.)")
      .def(
          "topological_order", [](const GraphHandle& self) { return self.handles(self.graph().topological_order()); },
          "All nodes, producers before their readers. Raises CorruptError naming the nodes of a cycle.")

      .def(
          "add_input",
          [](const GraphHandle& self, std::string name, const std::optional<DTypeLike>& dtype,
             std::optional<Shape> shape) {
            const DType resolved = dtype ? dtype->resolve() : DType::kUndefined;
            return self.handle(self.graph().add_input(std::move(name), {resolved, std::move(shape)}));
          },
          nb::arg("name"), nb::arg("dtype") = nb::none(), nb::arg("shape") = nb::none(),
          R"(Adds a graph input: add_input("x", "f32", ["N", 3, 224, 224]).)")
      .def(
          "add_constant",
          [](const GraphHandle& self, std::string name, nb::handle array) {
            Tensor tensor = tensor_from(array, {"the constant", name});
            return self.handle(self.graph().add_constant(std::move(name), std::move(tensor)));
          },
          nb::arg("name"), nb::arg("array").none(),
          nb::sig("def add_constant(self, name: str, array: object) -> Value"),
          "Adds a constant with a copy of the array.")
      .def(
          "add_node",
          [](const GraphHandle& self, std::string op, const std::vector<std::optional<ValueLike>>& inputs,
             std::string name, std::optional<std::vector<std::string>> outputs, const nb::dict& attributes,
             std::string domain) {
            Graph& graph = self.graph();
            const std::vector<Value*> read = values_of(self, inputs);
            if (name.empty()) name = graph.fresh_name(op);
            if (!outputs) outputs = {graph.find_value(name) == nullptr ? name : graph.fresh_name(name)};
            for (const std::string& output : *outputs) {
              if (graph.find_value(output) != nullptr) {
                throw Error(ErrorCode::kInvalidArgument,
                            fmt::format("the graph already has a value named '{}'", output));
              }
            }
            return self.handle(graph.add_node(std::move(op), std::move(name), read, *outputs,
                                              attributes_from_python(attributes), std::move(domain)));
          },
          nb::arg("op"), nb::arg("inputs") = nb::make_tuple(), nb::kw_only(), nb::arg("name") = "",
          nb::arg("outputs") = nb::none(), nb::arg("attributes") = nb::dict(), nb::arg("domain") = "",
          R"(Adds a node that reads `inputs` (values, their names, or None for one that is left out).

`outputs` names what it produces; without it, that is one value named like the node.)")
      .def(
          "set_inputs",
          [](const GraphHandle& self, const std::vector<ValueLike>& inputs) {
            std::vector<Value*> values;
            for (const ValueLike& input : inputs) {
              values.push_back(self.value(input));
              if (values.back()->producer() != nullptr || values.back()->constant() != nullptr) {
                throw Error(ErrorCode::kInvalidArgument,
                            fmt::format("the value '{}' is not an input: it is {}", values.back()->name(),
                                        values.back()->producer() != nullptr ? "produced by a node" : "a constant"));
              }
            }
            self.graph().set_inputs(std::move(values));
          },
          nb::arg("inputs"), "Puts the graph's inputs into this order.")

      .def(
          "remove_unreachable",
          [](const GraphHandle& self) {
            const size_t removed = self.graph().remove_unreachable();
            self.sweep();
            return removed;
          },
          "Removes the nodes and constants that no output needs; inputs stay. Returns how many nodes went.")
      .def(
          "validate", [](const GraphHandle& self) { self.graph().validate(); },
          "Checks that the graph is consistent. Raises CorruptError for a cycle, naming its nodes.")
      .def(
          "clone", [](const GraphHandle& self) { return GraphHandle(self.graph().clone()); },
          "A copy; constants are shared, not copied.")
      .def(
          "identical",
          [](const GraphHandle& self, const GraphHandle& other) { return identical(self.graph(), other.graph()); },
          nb::arg("other"), "True when both have the same nodes, by name and in order, and the same bits in tensors.")
      .def("__str__", [](const GraphHandle& self) { return self.graph().to_string(); })
      .def("__repr__", [](const GraphHandle& self) {
        const Graph& graph = self.graph();
        return fmt::format("<tenon.Graph '{}' ({}), {} nodes>", graph.name(), graph.dialect(), graph.node_count());
      });
  return graph_class;
}

}  // namespace tenon::python

// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "attribute.h"
#include "dtype.h"
#include "handles.h"
#include "module.h"
#include "shape.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

namespace tenon::python {
namespace {

/// An argument that is a layer with fields: a LayerSpec, or its text.
using LayerLike = std::variant<LayerSpec, std::string>;

LayerSpec resolve(const LayerLike& layer) {
  if (const auto* spec = std::get_if<LayerSpec>(&layer)) return *spec;
  return parse_layer(std::get<std::string>(layer));
}

Query query_of(std::string name, std::string op, std::string path, std::string attribute, nb::handle value) {
  Query query{std::move(name), std::move(op), std::move(path), std::move(attribute), std::nullopt};
  if (value.is_none()) return query;
  if (query.attribute.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "a query by value must name the attribute that has it: attribute=...");
  }
  query.value = attribute_from_python(value, query.attribute);
  return query;
}

// An integer that is asked for also finds the float of that value: Python users do not tell 6 from 6.0.
std::vector<Node*> find_with_value(const Graph& graph, Query query) {
  std::vector<Node*> found = find_nodes(graph, query);
  if (!query.value || !std::holds_alternative<int64_t>(*query.value)) return found;
  query.value = static_cast<double>(std::get<int64_t>(*query.value));
  for (Node* node : find_nodes(graph, query)) found.push_back(node);
  return found;
}

constexpr const char* kFindDoc = R"(The nodes for which every condition that is given holds, in the graph's order.

name, op:   shell patterns (* and ?) for the node's name and its operator
path:       a namespace: nodes named `path` or `path/...`
attribute:  the name of an attribute that the node has, and value: what it is

)";

void bind_layer_spec(nb::module_& module) {
  nb::class_<LayerSpec>(module, "LayerSpec",
                        "A user's layer with fields, to put in place of something; layer_spec() makes one.")
      .def(
          "__init__",
          [](LayerSpec* self, std::string name, const nb::dict& fields, std::string domain) {
            new (self) LayerSpec{std::move(name), attributes_from_python(fields), std::move(domain)};
          },
          nb::arg("name"), nb::arg("fields") = nb::dict(), nb::arg("domain") = std::string(kLayerDomain))
      .def_static(
          "parse", [](const std::string& text) { return parse_layer(text); }, nb::arg("text"),
          R"doc(Reads "Clip(lo=0, hi=6.0, axes=[1, 2], mode='edge')" or "ns::Clip". Raises InvalidArgumentError.)doc")
      .def_ro("name", &LayerSpec::name, "The layer's name.")
      .def_ro("domain", &LayerSpec::domain, "The layer's namespace.")
      .def_prop_ro(
          "fields", [](const LayerSpec& self) { return attributes_to_python(self.fields); },
          nb::sig("def fields(self) -> dict[str, object]"), "A copy of its fields.")
      .def("__repr__", [](const LayerSpec& self) {
        std::string text = "<tenon.LayerSpec " + self.domain + "::" + self.name + "(";
        const char* separator = "";
        for (const auto& [name, value] : self.fields) {
          text += separator + name + "=" + to_string(value);
          separator = ", ";
        }
        return text + ")>";
      });

  module.def(
      "layer_spec",
      [](const std::string& name, const nb::kwargs& fields) {
        LayerSpec spec = parse_layer(name);
        for (auto& [field, value] : attributes_from_python(fields)) spec.fields.insert_or_assign(field, value);
        return spec;
      },
      nb::sig("def layer_spec(name: str, /, **fields: object) -> LayerSpec"),
      R"(A layer with fields: layer_spec("Clip", lo=0, hi=6). A layer of another namespace is "ns::Clip".)");
}

}  // namespace

void bind_surgery(nb::module_& module, nb::class_<GraphHandle>& graph) {
  bind_layer_spec(module);
  static const std::string find_doc = std::string(kFindDoc) + "Nothing found is an empty list.";
  static const std::string require_doc = std::string(kFindDoc) + "Nothing found raises NotFoundError with near names.";

  graph
      .def(
          "find",
          [](const GraphHandle& self, std::string name, std::string op, std::string path, std::string attribute,
             nb::handle value) {
            return self.handles(find_with_value(
                self.graph(), query_of(std::move(name), std::move(op), std::move(path), std::move(attribute), value)));
          },
          nb::kw_only(), nb::arg("name") = "", nb::arg("op") = "", nb::arg("path") = "", nb::arg("attribute") = "",
          nb::arg("value") = nb::none(), find_doc.c_str())
      .def(
          "require",
          [](const GraphHandle& self, std::string name, std::string op, std::string path, std::string attribute,
             nb::handle value) {
            const Query query = query_of(std::move(name), std::move(op), std::move(path), std::move(attribute), value);
            std::vector<Node*> found = find_with_value(self.graph(), query);
            return self.handles(found.empty() ? require_nodes(self.graph(), query) : found);
          },
          nb::kw_only(), nb::arg("name") = "", nb::arg("op") = "", nb::arg("path") = "", nb::arg("attribute") = "",
          nb::arg("value") = nb::none(), require_doc.c_str())
      .def(
          "replace",
          [](const GraphHandle& self, const NodeLike& what, const LayerLike& layer) {
            const LayerSpec spec = resolve(layer);
            std::vector<Node*> nodes;
            if (const auto* name = std::get_if<std::string>(&what))
              nodes = map_to_layer(self.graph(), *name, spec);
            else
              nodes = {replace_node(self.graph(), self.node(what), spec)};
            self.sweep();
            return self.handles(nodes);
          },
          nb::arg("what"), nb::arg("layer"), R"doc(Puts a user's layer in place of nodes; returns the new nodes.

what:   a node; or an operator, a node's name or a namespace, tried in that order (patterns allowed). An operator is
        compared without regard to case when nothing matches exactly: "ReLU6" finds TensorFlow's Relu6.
layer:  layer_spec("Clip", lo=0, hi=6), or the text "Clip(lo=0, hi=6)"

The new node keeps name, inputs and outputs; a namespace becomes one node. Raises NotFoundError with near names.)doc")
      .def(
          "map",
          [](const GraphHandle& self, const std::string& mapping) {
            const std::vector<Node*> nodes = map_to_layer(self.graph(), mapping);
            self.sweep();
            return self.handles(nodes);
          },
          nb::arg("mapping"),
          R"doc(The same as one text, as the command line has it: map("ReLU6=Clip(lo=0, hi=6)").)doc")
      .def(
          "replace_namespace",
          [](const GraphHandle& self, const std::string& path, const LayerLike& layer) {
            Node* node = replace_namespace(self.graph(), path, resolve(layer));
            self.sweep();
            return self.handle(node);
          },
          nb::arg("path"), nb::arg("layer"), R"(Replaces the nodes named `path` or `path/...`, as one, by one layer.

Its inputs are the values that the namespace reads from outside, in the order in which its nodes read them; its outputs
those that are read outside, which keep their names. Raises NotFoundError; InvalidArgumentError if that makes a cycle.)")
      .def(
          "remove",
          [](const GraphHandle& self, const NodeLike& node, std::optional<size_t> forward) {
            Node* removed = self.node(node);
            const std::vector<Value*> outputs(removed->outputs().begin(), removed->outputs().end());
            remove_node(self.graph(), removed, forward);
            self.forget(removed);
            for (const Value* output : outputs) self.forget(output);
          },
          nb::arg("node"), nb::arg("forward") = nb::none(), R"(Removes a node.

Nodes that read it are an error (InvalidArgumentError), unless `forward` says which of its inputs they read instead.)")
      .def(
          "forward_inputs",
          [](const GraphHandle& self, const NodeLike& node) {
            Node* removed = self.node(node);
            const std::vector<Value*> outputs(removed->outputs().begin(), removed->outputs().end());
            forward_inputs(self.graph(), removed);
            self.forget(removed);
            for (const Value* output : outputs) self.forget(output);
          },
          nb::arg("node"), "Removes a node; what read its outputs reads its first input instead.")
      .def(
          "append",
          [](const GraphHandle& self, const ValueLike& value, const LayerLike& layer, std::string name) {
            const LayerSpec spec = resolve(layer);
            return self.handle(append_after(self.graph(), self.value(value), spec, std::move(name)));
          },
          nb::arg("value"), nb::arg("layer"), nb::arg("name") = "",
          "Adds a layer that reads `value`, and whose output everybody reads who read `value`. Returns the new node.")
      .def(
          "rename",
          [](const GraphHandle& self, const NodeLike& node, std::string name) {
            rename_node(self.graph(), self.node(node)->name(), std::move(name));
          },
          nb::arg("node"), nb::arg("name"), "Renames a node, and its first output with it when that has its name.")
      .def(
          "extract",
          [](const GraphHandle& self, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
            return GraphHandle(extract(self.graph(), inputs, outputs));
          },
          nb::arg("inputs") = nb::make_tuple(), nb::arg("outputs") = nb::make_tuple(),
          R"(The part between the given values, as a new graph: what is needed to get from `inputs` to `outputs`.

Empty `inputs` or `outputs` keep the graph's own. Raises NotFoundError with near names; InvalidArgumentError when an
output needs an input that is cut off, naming it.)")
      .def(
          "set_input_shape",
          [](const GraphHandle& self, const std::string& name, const Shape& shape,
             const std::optional<DTypeLike>& dtype) {
            set_input_shape(self.graph(), name, shape, dtype ? dtype->resolve() : DType::kUndefined);
          },
          nb::arg("name"), nb::arg("shape"), nb::arg("dtype") = nb::none(),
          R"(Gives an input another shape: set_input_shape("x", ["N", 28, 28]). A dtype can change with it.)")
      .def(
          "set_outputs",
          [](const GraphHandle& self, const std::vector<ValueLike>& outputs) {
            std::vector<Value*> values;
            for (const ValueLike& output : outputs) values.push_back(self.value(output));
            self.graph().set_outputs(std::move(values));
          },
          nb::arg("outputs"), "Says what the graph computes: values, or their names.");
}

}  // namespace tenon::python

// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "attribute.h"
#include "dtype.h"
#include "error.h"
#include "handles.h"
#include "module.h"
#include "shape.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
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

/// An argument that is one pattern or several.
using PatternsLike = std::variant<std::string, std::vector<std::string>>;

Patterns resolve(const PatternsLike& patterns) {
  return std::visit([](const auto& text) { return Patterns(text); }, patterns);
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

name, leaf, op:  patterns for the node's name, the name's last component ("Conv2D" finds "a/b/Conv2D") and the operator:
                 one or a list of which any may match; shell patterns (* and ?), or with regex=True regular expressions
                 that match the whole text (no {m,n}, look-around and back-references)
path:            a namespace: nodes named `path` or `path/...`
attribute:       the name of an attribute that the node has, and value: what it is
feeds:           nodes that this node reads, in the order of its inputs
reads:           nodes that read this node

)";

// A method whose arguments are the conditions of a query; `find` gets the graph and the query.
template <typename Find>
auto by_query(Find find) {
  return [find](const GraphHandle& self, const PatternsLike& name, const PatternsLike& leaf, const PatternsLike& op,
                std::string path, std::string attribute, nb::handle value, const std::optional<NodeLike>& feeds,
                const std::optional<NodeLike>& reads, bool regex) {
    Query query{.name = resolve(name),
                .leaf = resolve(leaf),
                .op = resolve(op),
                .path = std::move(path),
                .attribute = std::move(attribute),
                .feeds = feeds ? self.node(*feeds) : nullptr,
                .reads = reads ? self.node(*reads) : nullptr,
                .regex = regex};
    if (!value.is_none()) {
      if (query.attribute.empty()) {
        throw Error(ErrorCode::kInvalidArgument, "a query by value must name the attribute that has it: attribute=...");
      }
      query.value = attribute_from_python(value, query.attribute);
    }
    return self.handles(find(self.graph(), query));
  };
}

template <typename Find>
void def_query(nb::class_<GraphHandle>& graph, const char* name, Find find, const std::string& doc) {
  graph.def(name, by_query(find), nb::kw_only(), nb::arg("name") = "", nb::arg("leaf") = "", nb::arg("op") = "",
            nb::arg("path") = "", nb::arg("attribute") = "", nb::arg("value") = nb::none(),
            nb::arg("feeds") = nb::none(), nb::arg("reads") = nb::none(), nb::arg("regex") = false, doc.c_str());
}

void bind_layer_spec(nb::module_& module) {
  nb::class_<LayerSpec>(module, "LayerSpec",
                        R"(A user's layer with fields, to put in place of something; layer_spec() makes one.

With the domain "" it is an operator of the graph's own dialect with attributes.)")
      .def(
          "__init__",
          [](LayerSpec* self, std::string name, const nb::dict& fields, std::string domain) {
            new (self) LayerSpec{std::move(name), attributes_from_python(fields), std::move(domain)};
          },
          nb::arg("name"), nb::arg("fields") = nb::dict(), nb::arg("domain") = std::string(kLayerDomain))
      .def_static(
          "parse", [](const std::string& text) { return parse_layer(text); }, nb::arg("text"),
          R"doc(Reads "Clip(lo=0, hi=6.0, axes=[1, 2], mode='edge')", "ns::Clip" or "::ConcatV2(axis=2)".

Raises InvalidArgumentError.)doc")
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
      R"(A layer with fields: layer_spec("Clip", lo=0, hi=6). A layer of another namespace is "ns::Clip".

"::ConcatV2" is an operator of the graph's own dialect, whose fields are its attributes. In TensorFlow and UFF graphs its
`dtype` may be a name and its `shape` a list of ints, -1 for what is not known.)");
}

void bind_node_spec(nb::module_& module) {
  nb::class_<NodeSpec>(module, "NodeSpec", R"doc(A node to be added to a graph, or to stand for namespaces:

    NodeSpec("NMS", layer_spec("NMS_TRT", topK=100), inputs=["boxes", "scores"]))doc")
      .def(
          "__init__",
          [](NodeSpec* self, std::string name, const LayerLike& layer, std::vector<std::string> inputs) {
            new (self) NodeSpec{std::move(name), resolve(layer), std::move(inputs)};
          },
          nb::arg("name"), nb::arg("layer"), nb::arg("inputs") = nb::make_tuple())
      .def_ro("name", &NodeSpec::name, "The node's name.")
      .def_ro("layer", &NodeSpec::layer, "What it computes.")
      .def_ro("inputs", &NodeSpec::inputs, "The names of what it reads.")
      .def("__repr__", [](const NodeSpec& self) {
        return "<tenon.NodeSpec '" + self.name + "' " + nb::cast<std::string>(nb::repr(nb::cast(self.layer))) + ">";
      });
}

/// What stands for a namespace: a node, or a layer whose node has the namespace's name.
using NodeSpecLike = std::variant<NodeSpec, LayerSpec, std::string>;

/// A map, or the path of a file with one.
using NamespaceMapLike = std::variant<std::map<std::string, NodeSpecLike>, std::filesystem::path>;

NamespaceMap resolve(const NamespaceMapLike& map) {
  if (const auto* file = std::get_if<std::filesystem::path>(&map)) return with_file(*file, &load_namespace_map);
  NamespaceMap resolved;
  for (const auto& [path, spec] : std::get<0>(map)) {
    NodeSpec& made = resolved[path];
    if (const auto* node = std::get_if<NodeSpec>(&spec))
      made = *node;
    else if (const auto* layer = std::get_if<LayerSpec>(&spec))
      made.layer = *layer;
    else
      made.layer = parse_layer(std::get<std::string>(spec));
  }
  return resolved;
}

/// An argument that is one node or several.
using NodesLike = std::variant<NodeHandle, std::string, std::vector<NodeLike>>;

std::vector<Node*> resolve(const GraphHandle& graph, const NodesLike& nodes) {
  std::vector<Node*> resolved;
  if (const auto* several = std::get_if<std::vector<NodeLike>>(&nodes)) {
    for (const NodeLike& node : *several) resolved.push_back(graph.node(node));
  } else if (const auto* name = std::get_if<std::string>(&nodes)) {
    resolved.push_back(graph.node(*name));
  } else {
    resolved.push_back(graph.node(std::get<NodeHandle>(nodes)));
  }
  return resolved;
}

}  // namespace

void bind_surgery(nb::module_& module, nb::class_<GraphHandle>& graph) {
  bind_layer_spec(module);
  bind_node_spec(module);
  def_query(graph, "find", find_with_value, std::string(kFindDoc) + "Nothing found is an empty list.");
  def_query(
      graph, "require",
      [](const Graph& searched, const Query& query) {
        std::vector<Node*> found = find_with_value(searched, query);
        return found.empty() ? require_nodes(searched, query) : found;
      },
      std::string(kFindDoc) + "Nothing found raises NotFoundError with near names.");

  graph
      .def(
          "find_chains",
          [](const GraphHandle& self, const std::vector<std::string>& ops) {
            std::vector<std::vector<NodeHandle>> chains;
            for (const std::vector<Node*>& chain : find_chains(self.graph(), ops))
              chains.push_back(self.handles(chain));
            return chains;
          },
          nb::arg("ops"),
          R"(The chains of nodes, each reading the one before, whose operators match `ops` in that order.

Operators may be shell patterns; where a chain branches there are several. Raises InvalidArgumentError for too many.)")
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
          "collapse",
          [](const GraphHandle& self, const NamespaceMapLike& namespaces, const std::vector<NodeLike>& exclude,
             bool unique_inputs, bool single_output) {
            CollapseOptions options{.unique_inputs = unique_inputs, .single_output = single_output};
            for (const NodeLike& node : exclude) options.exclude.push_back(self.node(node));
            const std::vector<Node*> nodes = collapse_namespaces(self.graph(), resolve(namespaces), options);
            self.sweep();
            return self.handles(nodes);
          },
          nb::arg("namespaces"), nb::kw_only(), nb::arg("exclude") = nb::make_tuple(), nb::arg("unique_inputs") = true,
          nb::arg("single_output") = false,
          nb::sig("def collapse(self, namespaces: collections.abc.Mapping[str, NodeSpec | LayerSpec | str] | str | "
                  "os.PathLike, *, exclude: collections.abc.Sequence[Node | str] = (), unique_inputs: bool = True, "
                  "single_output: bool = False) -> list[Node]"),
          R"(Replaces whole namespaces by single nodes; returns these.

namespaces:     a dict from namespaces (or names of single nodes) to what stands for each: a NodeSpec, or a layer (or its
                text) whose node gets the namespace's name; or the path of a JSON file with such a map. Keys whose
                NodeSpecs have the same name become one node. Of several keys that match a node the longest decides; a
                key that matches nothing is no error, and its node is not made.
exclude:        nodes that stay although a key names them
unique_inputs:  what a namespace reads several times is one input
single_output:  each node has one output, which everybody reads who read anything of its namespaces; otherwise one for
                each value that is read outside, which keeps its name

A new node's inputs are those that its NodeSpec names, then the values that its nodes read from outside, in the graph's
order. Raises InvalidArgumentError if that makes a cycle or if a name is taken; then the graph is unchanged.)")
      .def(
          "remove",
          [](const GraphHandle& self, const NodesLike& nodes, std::optional<size_t> forward, bool dependencies,
             bool detach) {
            remove_nodes(self.graph(), resolve(self, nodes),
                         {.forward = forward, .dependencies = dependencies, .detach = detach});
            self.sweep();
          },
          nb::arg("nodes"), nb::arg("forward") = nb::none(), nb::kw_only(), nb::arg("dependencies") = false,
          nb::arg("detach") = false, R"(Removes a node, or several.

Nodes that read them are an error (InvalidArgumentError), unless `forward` says which input they read instead, or
`detach` that they lose these inputs. With `dependencies`, nodes that only they needed go, too, unless one is a graph output.)")
      .def(
          "forward_inputs",
          [](const GraphHandle& self, const NodesLike& nodes, bool all_inputs) {
            const std::vector<Node*> stay = forward_inputs(self.graph(), resolve(self, nodes), all_inputs);
            self.sweep();
            return self.handles(stay);
          },
          nb::arg("nodes"), nb::kw_only(), nb::arg("all_inputs") = false,
          R"(Removes a node, or several; what read their outputs reads their first input instead.

With `all_inputs` it reads all of them, in place. Nodes may be chains. Those that wait for others (control inputs) stay,
and are returned.)")
      .def(
          "connect",
          [](const GraphHandle& self, const ValueLike& value, const NodeLike& node, std::optional<size_t> at) {
            return connect(self.value(value), self.node(node), at);
          },
          nb::arg("value"), nb::arg("node"), nb::arg("at") = nb::none(),
          R"(Makes a node read a value, too, as input number `at` (by default the last), unless it reads it already.

Returns whether it did not.)")
      .def(
          "disconnect",
          [](const GraphHandle& self, const ValueLike& value, const NodeLike& node) {
            return disconnect(self.value(value), self.node(node));
          },
          nb::arg("value"), nb::arg("node"),
          "Takes a value out of what a node reads; later inputs move up. Returns how many inputs went.")
      .def_prop_ro(
          "output_nodes", [](const GraphHandle& self) { return self.handles(output_nodes(self.graph())); },
          R"(The nodes that compute the results, however the dialect has them.

In TensorFlow graphs those with inputs that nobody reads or waits for; in UFF graphs what the MarkOutputs mark.)")
      .def(
          "add_node",
          [](const GraphHandle& self, const NodeSpec& spec) { return self.handle(add_node(self.graph(), spec)); },
          nb::arg("spec"), "Adds the node of a NodeSpec, with one output named like it.")
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

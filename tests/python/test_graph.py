# SPDX-License-Identifier: Apache-2.0
"""Graphs, nodes, values and attributes as Python objects."""

import gc

import ml_dtypes
import numpy as np
import pytest
import tenon


@pytest.fixture
def graph():
    """x -> MatMul(x, w) -> Relu -> y, with a constant w."""
    graph = tenon.Graph(name="sample")
    x = graph.add_input("x", "f32", ["N", 4])
    w = graph.add_constant("w", np.arange(8, dtype=np.float32).reshape(4, 2))
    product = graph.add_node("MatMul", [x, w], name="product")
    graph.add_node("Relu", [product.outputs[0]], name="y")
    graph.set_outputs(["y"])
    return graph


def test_graph_says_what_it_holds(graph):
    assert graph.name == "sample"
    assert graph.dialect == "standard"
    assert len(graph) == 2
    assert [node.name for node in graph.nodes] == ["product", "y"]
    assert [value.name for value in graph.inputs] == ["x"]
    assert [value.name for value in graph.outputs] == ["y"]
    assert [node.op for node in graph.topological_order()] == ["MatMul", "Relu"]
    assert repr(graph) == "<tenon.Graph 'sample' (standard), 2 nodes>"
    assert "y: ?[...] = Relu(product)" in str(graph)
    graph.validate()


def test_values_know_their_type_producer_and_readers(graph):
    x, w, y = graph.value("x"), graph.value("w"), graph.value("y")
    assert (x.dtype, x.shape, x.producer, x.constant) == (tenon.DType.FLOAT32, ("N", 4), None, None)
    assert (w.dtype, w.shape) == (tenon.DType.FLOAT32, (4, 2))
    assert y.producer == graph.node("y")
    assert y.shape is None
    assert y.output_index == 0
    assert w.uses == [(graph.node("product"), 1)]
    y.set_type(tenon.TensorType("f16", ["N", None, 3]))
    assert y.type == tenon.TensorType(np.float16, ("N", None, 3))
    assert str(y.type) == "f16[N,?,3]"


def test_constant_is_a_read_only_view_that_outlives_its_graph(graph):
    first, second = graph.value("w").constant, graph.value("w").constant
    assert first.ctypes.data == second.ctypes.data
    assert not first.flags.writeable
    assert not first.flags.owndata
    del graph, second
    gc.collect()
    np.testing.assert_array_equal(first, np.arange(8, dtype=np.float32).reshape(4, 2))


def test_constant_is_a_copy_of_the_array_given():
    array = np.zeros((2, 3), np.float32)
    graph = tenon.Graph()
    graph.add_constant("c", array)
    array[:] = 1
    assert graph.value("c").constant.sum() == 0


@pytest.mark.parametrize(
    "dtype",
    [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
    ],
)
def test_constants_keep_every_numpy_dtype(dtype):
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    constant = tenon.Graph().add_constant("c", array).constant
    assert constant.dtype == array.dtype
    np.testing.assert_array_equal(constant, array)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu"])
def test_constants_keep_the_dtypes_of_ml_dtypes(name):
    array = np.array([1, 2, 4, 0.5]).astype(getattr(ml_dtypes, name))
    value = tenon.Graph().add_constant("c", array)
    assert value.dtype.numpy_dtype == array.dtype
    assert value.constant.dtype == array.dtype
    np.testing.assert_array_equal(value.constant.view(np.uint8), array.view(np.uint8))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-1],
        np.arange(24).reshape(2, 3, 4)[:, ::2, 1:],
        np.broadcast_to(np.float32(2), (3, 2)),
        np.frombuffer(b"x" + bytes(range(16)), np.int32, offset=1),
        np.array(3.5),
        np.zeros((0, 3)),
    ],
    ids=["transposed", "reversed", "sliced", "broadcast", "unaligned", "scalar", "empty"],
)
def test_constants_of_any_layout_are_made_dense(array):
    constant = tenon.Graph().add_constant("c", array).constant
    assert constant.shape == array.shape
    assert constant.flags.c_contiguous
    np.testing.assert_array_equal(constant, array)


def test_string_constants():
    graph = tenon.Graph()
    texts = graph.add_constant("c", [["a", "ä"], ["", "xyz"]])
    assert texts.dtype == tenon.DType.STRING
    assert texts.constant.tolist() == [["a", "ä"], ["", "xyz"]]
    assert graph.add_constant("bytes", np.array([b"\xff\x00", b"ok"], object)).constant.tolist() == [b"\xff\x00", "ok"]
    with pytest.raises(tenon.InvalidArgumentError, match="the constant 'mixed' holds a int"):
        graph.add_constant("mixed", np.array(["a", 1], object))


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.zeros(2, ">f4"), tenon.UnsupportedError, "elements of type >f4"),
        (np.zeros(2, "datetime64[s]"), tenon.UnsupportedError, r"elements of type datetime64\[s\]"),
        (np.zeros(2, [("a", "i4")]), tenon.UnsupportedError, "elements of type"),
        (np.zeros((1,) * 17), tenon.UnsupportedError, "17 dimensions; at most 16"),
        ([[1, 2], [3]], tenon.InvalidArgumentError, "cannot be made an array from a list"),
        (None, tenon.InvalidArgumentError, "the constant 'c'"),
        ({"a": 1}, tenon.InvalidArgumentError, "the constant 'c'"),
    ],
    ids=["byte order", "dates", "records", "rank", "ragged", "none", "dict"],
)
def test_what_is_no_tensor_is_refused(array, error, message):
    with pytest.raises(error, match=message):
        tenon.Graph().add_constant("c", array)


def test_objects_of_one_node_are_equal_and_hash_alike(graph):
    node = graph.node("y")
    assert node == graph.nodes[1]
    assert node != graph.nodes[0]
    assert {node: 1}[graph.node("y")] == 1
    assert node.outputs[0] == graph.value("y")
    assert node != "y"
    assert repr(node) == "<tenon.Node 'y' Relu>"


def test_inputs_can_be_changed_and_left_out(graph):
    node = graph.add_node("Clip", ["x", None, "w"], name="clip")
    assert [value and value.name for value in node.inputs] == ["x", None, "w"]
    node.set_input(0, graph.value("product"))
    node.set_input(2, None)
    assert [value and value.name for value in node.inputs] == ["product", None, None]
    node.set_inputs(["x"])
    assert [value.name for value in node.inputs] == ["x"]
    with pytest.raises(tenon.InvalidArgumentError, match="Clip 'clip' has 1 inputs; input 5 cannot be set"):
        node.set_input(5, None)


def test_nodes_with_several_outputs(graph):
    node = graph.add_node("Split", ["x"], outputs=["a", "b"], attributes={"axis": 1}, name="split")
    assert [value.name for value in node.outputs] == ["a", "b"]
    assert graph.value("b").output_index == 1
    with pytest.raises(tenon.InvalidArgumentError, match="already has a value named 'b'"):
        graph.add_node("Split", ["x"], outputs=["c", "b"])
    assert len(graph) == 3


def test_inputs_can_be_reordered(graph):
    graph.add_input("z")
    graph.set_inputs(["z", "x"])
    assert [value.name for value in graph.inputs] == ["z", "x"]
    with pytest.raises(tenon.InvalidArgumentError, match="'w' is not an input: it is a constant"):
        graph.set_inputs(["w"])


def test_a_cycle_is_reported_with_its_nodes(graph):
    graph.node("product").set_input(0, graph.value("y"))
    with pytest.raises(tenon.CorruptError, match="product"):
        graph.topological_order()


def test_unknown_names_list_near_ones(graph):
    with pytest.raises(tenon.NotFoundError, match="no node named 'prodct'; did you mean 'product'"):
        graph.node("prodct")
    with pytest.raises(tenon.NotFoundError, match="no tensor named 'prodct'; did you mean 'product'"):
        graph.value("prodct")


def test_clone_is_independent_and_identical(graph):
    copy = graph.clone()
    assert copy.identical(graph)
    copy.node("y").set_op("Tanh")
    assert graph.node("y").op == "Relu"
    assert not copy.identical(graph)


def test_nodes_of_another_graph_are_refused(graph):
    other = graph.clone()
    with pytest.raises(tenon.InvalidArgumentError, match="the value 'x' belongs to another graph"):
        graph.node("y").set_input(0, other.value("x"))
    with pytest.raises(tenon.InvalidArgumentError, match="the node 'y' belongs to another graph"):
        graph.remove(other.node("y"))


def test_objects_of_removed_nodes_say_so(graph):
    node, value = graph.node("y"), graph.value("y")
    attributes = node.attributes
    graph.remove("y")
    for use in (lambda: node.name, lambda: node.attributes, lambda: attributes["a"], lambda: repr(node)):
        with pytest.raises(tenon.InvalidArgumentError, match="the node 'y' was removed from its graph"):
            use()
    with pytest.raises(tenon.InvalidArgumentError, match="the value 'y' was removed from its graph"):
        _ = value.name
    graph.add_node("Tanh", ["product"], name="y")  # A new node of that name, perhaps at that address, is another one.
    assert node != graph.node("y")
    with pytest.raises(tenon.InvalidArgumentError, match="was removed"):
        _ = node.op


def test_nodes_keep_their_graph_alive(graph):
    node = graph.node("y")
    del graph
    gc.collect()
    assert node.inputs[0].producer.name == "product"


def test_unreachable_nodes_go(graph):
    spare = graph.add_node("Tanh", ["x"], name="spare")
    assert graph.remove_unreachable() == 1
    with pytest.raises(tenon.InvalidArgumentError, match="'spare' was removed"):
        _ = spare.op
    assert graph.node("y").op == "Relu"


ATTRIBUTES = {
    "none": None,
    "flag": True,
    "int": -3,
    "big": 2**63 - 1,
    "float": 0.1,
    "text": "näh",
    "bytes": b"\xff\xfe",
    "dtype": tenon.DType.BFLOAT16,
    "type": tenon.TensorType("f32", [1, "N", None]),
    "ints": [1, 2],
    "floats": [1.0, 0.5],
    "mixed": [1, 0.5],
    "texts": ["a", "b"],
    "flags": [True, False],
    "dtypes": [tenon.DType.INT8, tenon.DType.BOOL],
    "empty": [],
}


def test_attributes_are_a_mapping(graph):
    attributes = graph.node("y").attributes
    assert len(attributes) == 0
    for name, value in ATTRIBUTES.items():
        attributes[name] = value
    assert dict(attributes) == ATTRIBUTES
    assert list(attributes) == sorted(ATTRIBUTES)
    assert attributes.keys() == sorted(ATTRIBUTES)
    assert attributes.get("int") == -3
    assert attributes.get("absent", 7) == 7
    assert "int" in attributes
    assert "absent" not in attributes
    assert 3 not in attributes
    del attributes["int"]
    assert "int" not in attributes
    with pytest.raises(KeyError, match="int"):
        _ = attributes["int"]
    with pytest.raises(KeyError, match="int"):
        del attributes["int"]
    attributes.update({"int": 4, "float": 1})
    assert (attributes["int"], attributes["float"]) == (4, 1.0)
    assert isinstance(attributes["float"], float)


def test_attributes_keep_the_kind_of_an_empty_list(graph):
    attributes = graph.node("y").attributes
    attributes["texts"] = ["a"]
    attributes["texts"] = []
    copy = graph.clone()
    copy.node("y").attributes["texts"] = ["b"]
    copy.node("y").attributes["texts"] = []
    assert copy.identical(graph)
    copy.node("y").attributes["texts"] = [1]
    copy.node("y").attributes["texts"] = []
    assert not copy.identical(graph)


def test_tensor_attributes_are_views(graph):
    attributes = graph.node("y").attributes
    attributes["value"] = np.array([[1, 2]], np.int16)
    first, second = attributes["value"], attributes["value"]
    assert first.dtype == np.int16
    assert first.tolist() == [[1, 2]]
    assert first.ctypes.data == second.ctypes.data
    assert not first.flags.writeable
    graph.remove("y")
    assert first.tolist() == [[1, 2]]


def test_numpy_scalars_and_types_become_plain_attributes(graph):
    attributes = graph.node("y").attributes
    attributes.update(
        {"a": np.int32(3), "b": np.float32(0.5), "c": np.bool_(True), "d": np.float16, "e": np.dtype("i8")}
    )
    expected = {"a": 3, "b": 0.5, "c": True, "d": tenon.DType.FLOAT16, "e": tenon.DType.INT64}
    assert dict(attributes) == expected
    assert attributes["c"] is True


def test_graphs_and_functions_as_attributes(graph):
    attributes = graph.node("y").attributes
    attributes["body"] = graph
    attributes["function"] = tenon.Function("f", {"n": 3})
    assert attributes["body"].node("product").op == "MatMul"
    assert attributes["function"].name == "f"
    assert attributes["function"].attributes == {"n": 3}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (2**63, "'a' is 9223372036854775808, which does not fit into 64 bits"),
        (object(), "the attribute 'a' cannot be <object"),
        ([1, "x"], "the elements of a list must be of one kind"),
        ([None], "lists of None are not possible"),
        ({"x": 1}, "the attribute 'a' cannot be"),
    ],
)
def test_what_is_no_attribute_is_refused(graph, value, message):
    with pytest.raises(tenon.InvalidArgumentError, match=message):
        graph.node("y").attributes["a"] = value
    assert "a" not in graph.node("y").attributes


@pytest.mark.parametrize("source", ["f32", "float32", "FLOAT", np.float32, np.dtype("f4"), tenon.DType.FLOAT32])
def test_dtypes_have_many_names(source):
    assert tenon.DType.of(source) is tenon.DType.FLOAT32


def test_dtypes():
    assert str(tenon.DType.BFLOAT16) == "bf16"
    assert tenon.DType.FLOAT32.value == 1
    assert tenon.DType.INT4.bits == 4
    assert tenon.DType.INT64.numpy_dtype == np.int64
    with pytest.raises(tenon.UnsupportedError, match="NumPy has no arrays of i4"):
        _ = tenon.DType.INT4.numpy_dtype
    for nonsense in ("f33", 3, "datetime64", b"f32"):
        with pytest.raises(tenon.InvalidArgumentError, match="is no dtype"):
            tenon.DType.of(nonsense)

# SPDX-License-Identifier: Apache-2.0
"""UFF files in both forms."""

import pytest
import tenon


@pytest.fixture
def graph():
    """An Input, an operation with fields, and what marks it as the output."""
    graph = tenon.Graph("uff")
    x = graph.add_node("Input", [], name="x", attributes={"dtype": tenon.DType.FLOAT32, "shape": [-1, 4]}).outputs[0]
    y = graph.add_node("_Clip", [x], name="y", attributes={"lo_u_float": 0.1, "axes_u_ilist": [1, 2]}).outputs[0]
    graph.add_node("MarkOutput", [y], name="MarkOutput_0")
    graph.set_outputs(["MarkOutput_0"])
    return graph


@pytest.mark.parametrize("write", [tenon.save, tenon.save_text])
def test_a_graph_is_written_and_read_back(graph, write, tmp_path):
    path = tmp_path / "model"
    write(graph, path)
    again = tenon.load(path)
    assert again.dialect == "uff"
    assert [node.name for node in again.nodes] == ["x", "y", "MarkOutput_0"]
    assert dict(again.node("y").attributes) == {"lo_u_float": 0.1, "axes_u_ilist": [1, 2]}
    assert again.value("x").shape == (None, 4)
    first = path.read_bytes()
    write(again, path)
    assert path.read_bytes() == first


def test_text_is_for_people(graph, tmp_path):
    tenon.save_text(graph, tmp_path / "model.pbtxt", shorten=True)
    assert 'key: "lo_u_float"\n      value {\n        d: 0.1\n' in (tmp_path / "model.pbtxt").read_text()
    with pytest.raises(tenon.UnsupportedError, match="no text form here, only UFF has"):
        tenon.save_text(tenon.Graph("tf"), tmp_path / "other.pbtxt")

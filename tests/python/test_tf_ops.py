# SPDX-License-Identifier: Apache-2.0
"""Every TensorFlow operator that is lowered, against TensorFlow's own answer; the cases are in tf_op_rows.py."""

import numpy as np
import pytest
import tenon

tf_graphs = pytest.importorskip("tf_graphs")
import tf_op_rows  # noqa: E402 - it imports TensorFlow, which tf_graphs has found


@pytest.mark.parametrize("row", tf_op_rows.ROWS, ids=lambda row: row.name)
def test_result_is_tensorflows(row, tmp_path):
    graph = tf_graphs.freeze(row.build, row.declared())
    expected = graph.run(row.inputs)
    outputs = [name.removesuffix(":0") for name in graph.outputs]
    engine = tenon.compile(graph.save(tmp_path / "model.pb"), outputs=outputs)
    results = engine.run({port.name: row.inputs[port.name] for port in engine.inputs})
    for result, wanted in zip(results if isinstance(results, tuple) else (results,), expected, strict=True):
        assert result.shape == np.shape(wanted)
        assert result.dtype == np.asarray(wanted).dtype
        if row.exact:
            np.testing.assert_array_equal(result, wanted)
        else:
            np.testing.assert_allclose(result, wanted, rtol=2e-5, atol=2e-5)

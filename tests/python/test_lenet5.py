# SPDX-License-Identifier: Apache-2.0
"""The trained network, the facts about it and the test data made with it belong together; MNIST's reader checks."""

import gzip
import hashlib
import json
import struct

import mnist
import numpy as np
import pytest
from conftest import ROOT

MODEL = ROOT / "examples" / "lenet5" / "lenet5.pb"
DATA = ROOT / "tests" / "data"


@pytest.fixture(scope="module")
def facts():
    return json.loads(MODEL.with_suffix(".json").read_text())


@pytest.fixture(scope="module")
def network(facts):
    tf_graphs = pytest.importorskip("tf_graphs")
    return tf_graphs.FrozenGraph(MODEL.read_bytes(), (facts["input"],), (facts["output"] + ":0",))


def write_idx(path, header, values):
    path.write_bytes(gzip.compress(header + bytes(values)))
    return path


def test_facts_are_those_of_the_file(facts):
    assert facts["sha256"] == hashlib.sha256(MODEL.read_bytes()).hexdigest()
    assert facts["test_accuracy"] == facts["test_correct"] / facts["test_images"] >= 0.975


def test_graph_is_as_tensorflow_1_froze_it(network):
    nodes = {node.name: node.op for node in network.graph_def.node}
    flatten = ["Shape", "strided_slice", "Reshape/shape", "Reshape"]
    assert [nodes["flatten/" + name] for name in flatten] == ["Shape", "StridedSlice", "Pack", "Reshape"]
    assert nodes["ReLU6/Relu6"] == "Relu6"
    assert "Identity" not in nodes.values()


def test_digits_are_classified_right(network):
    labels = [int(path.name[0]) for path in sorted((ROOT / "examples" / "digits").glob("*.png"))]
    assert len(labels) >= 10
    (probabilities,) = network.run({"InputLayer": np.load(DATA / "digits_prepared.npy")})
    assert probabilities.argmax(1).tolist() == labels


def test_tensorflow_gives_the_kept_answers_on_mnist(network, facts, mnist_test_images):
    images, labels = mnist_test_images
    (probabilities,) = network.run({"InputLayer": images})
    assert int((probabilities.argmax(1) == labels).sum()) == facts["test_correct"]
    np.testing.assert_allclose(probabilities[:1000], np.load(DATA / "lenet5_mnist1000.npy"), rtol=0, atol=1e-5)


def test_idx_file_is_read_in_its_shape(tmp_path):
    path = write_idx(tmp_path / "a.gz", b"\0\0\x08\x02" + struct.pack(">2I", 2, 3), range(6))
    np.testing.assert_array_equal(mnist.read_idx(path), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"\0\0\x0d\x01" + struct.pack(">I", 3), "starts with 00000d01, but an IDX file of bytes"),
        (b"\0\0\x08\x02" + struct.pack(">I", 3)[:2], "ends within its header"),
        (b"\0\0\x08\x01" + struct.pack(">I", 4), "holds 3 values, but its header says"),
        (b"\0\0\x08\x02" + struct.pack(">2I", 2**31, 2**31), "holds 3 values, but its header says"),
    ],
)
def test_bad_idx_file_is_named(tmp_path, header, message):
    with pytest.raises(mnist.MnistError, match=rf"a\.gz: {message}"):
        mnist.read_idx(write_idx(tmp_path / "a.gz", header, [1, 2, 3] if "values" in message else []))


def test_file_that_is_not_gzip_is_named(tmp_path):
    (tmp_path / "a.gz").write_bytes(b"not gzip")
    with pytest.raises(mnist.MnistError, match=r"a\.gz: not a readable gzip file"):
        mnist.read_idx(tmp_path / "a.gz")


def test_file_with_another_hash_is_not_kept(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    for name in mnist.SHA256:
        (source / name).write_bytes(b"something else")
    with pytest.raises(mnist.MnistError, match=r"SHA-256 is .* must be"):
        mnist.fetch(target, source.as_uri())
    assert list(target.iterdir()) == []


def test_file_that_is_there_is_checked(tmp_path):
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(b"something else")
    with pytest.raises(mnist.MnistError, match="remove the file to fetch it again"):
        mnist.fetch(tmp_path, tmp_path.as_uri())


def test_place_that_is_not_there_says_what_to_do(tmp_path):
    with pytest.raises(mnist.MnistError, match="with the files at hand, put them into a folder and use --data"):
        mnist.fetch(tmp_path, (tmp_path / "nowhere").as_uri())

# SPDX-License-Identifier: Apache-2.0
"""The `tenon` command as a user types it: what it prints, its exit codes, and what it says when something is wrong."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
TENON = ROOT / "build/dev/bin/tenon"
LENET5 = ROOT / "examples/lenet5/lenet5.pb"
DIGITS = ROOT / "examples/digits"
MAPPING = "ReLU6=CustomClipPlugin(clipMin=0, clipMax=6)"
MAPPING_OF_FLOATS = "ReLU6=CustomClipPlugin(clipMin=0.0, clipMax=6.0)"


def find_clip():
    """The clip layer's plugin as the dev build made it."""
    return next((ROOT / "build/dev").rglob("*clip*.so"))


def tenon(*words, code=0, cwd=None, **variables):
    """Runs the command, checks its exit code, and returns what it printed on stdout and stderr."""
    command = [str(TENON), *map(str, words)]
    environment = {key: value for key, value in os.environ.items() if key != "TENON_PLUGINS"} | variables
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120, check=False)
    assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """LeNet5 with the clip layer, compiled."""
    path = tmp_path_factory.mktemp("cli") / "lenet5.plan"
    tenon("compile", LENET5, "--plugin", find_clip(), "--map", MAPPING, "-o", path)
    return path


@pytest.fixture(scope="module")
def built_in(tmp_path_factory):
    """LeNet5 as it is, compiled."""
    path = tmp_path_factory.mktemp("cli") / "builtin.plan"
    tenon("compile", LENET5, "-o", path)
    return path


def test_every_command_has_help_with_an_example():
    """Each command's --help ends with an example that names it, and succeeds."""
    out, _ = tenon("--help")
    models = ("inspect", "surgery", "convert", "compile", "run", "bench", "check")
    for command in (*models, "layers", "key", "sign", "version"):
        assert command in out
        assert f"tenon {command}" in tenon(command, "--help")[0].split("Example:")[1]


def test_convert_writes_uff_and_text(tmp_path):
    """The file runs with the plugin, as the model does; its text is beside it; the notes tell what happened."""
    words = ("--text", "--shorten", "--map", MAPPING_OF_FLOATS, "--output", "OutputLayer/Softmax")
    out, _ = tenon("convert", LENET5, "lenet5.uff", *words, cwd=tmp_path)
    assert out.splitlines() == [
        "input  InputLayer  f32[?,1,28,28]",
        "custom  ReLU6/Relu6  _CustomClipPlugin: whoever loads the file needs a plugin of that name",
        "flatten  flatten/Reshape  the Reshape to [batch, everything else] becomes a Flatten",
        "lenet5.uff: 13 nodes",
        "lenet5.pbtxt: the same as text, without the weights",
    ]
    text = (tmp_path / "lenet5.pbtxt").read_text()
    assert 'operation: "_CustomClipPlugin"' in text
    assert len(text) < 10000
    tenon("run", LENET5, "--random", "-o", "expected.npz", cwd=tmp_path)
    _, err = tenon("run", "lenet5.uff", "--random", code=4, cwd=tmp_path)
    assert "no layer 'CustomClipPlugin' is loaded" in err
    tenon("run", "lenet5.uff", "--plugin", find_clip(), "--random", "--expect", "expected.npz", cwd=tmp_path)


def test_convert_takes_the_kinds_of_fields_from_a_loaded_layer(tmp_path):
    """An integer for a field that the layer has as a float is a float in the file."""
    for plugin, suffix in ((("--plugin", find_clip()), "float"), ((), "int")):
        tenon("convert", LENET5, "m.uff", "--text", "--shorten", "--map", MAPPING, *plugin, cwd=tmp_path)
        assert f"clipMax_u_{suffix}" in (tmp_path / "m.pbtxt").read_text()


def test_convert_answers_as_json_and_goes_by_its_option(tmp_path):
    """--to says what the extension does not; a .pb keeps TensorFlow's operators."""
    out, _ = tenon("convert", LENET5, "model.bin", "--to", "uff", "--json", cwd=tmp_path)
    document = json.loads(out)
    assert (document["dialect"], document["nodes"], document["text"]) == ("uff", 13, "")
    assert "output  OutputLayer/Softmax" in document["notes"]
    out, _ = tenon("convert", LENET5, "part.pb", "--map", MAPPING_OF_FLOATS, "--output", "ReLU6/Relu6", cwd=tmp_path)
    assert out == "part.pb: 14 nodes\n"
    _, err = tenon("convert", LENET5, "m.uff", "--output", "no/such", code=3, cwd=tmp_path)
    assert "'no/such'" in err
    assert not (tmp_path / "m.uff").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "subcommand is required"),
        (["compil", LENET5], "compil"),
        (["compile", LENET5, "--no-such-flag"], "--no-such-flag"),
        (["compile", LENET5], "-o PLAN is required"),
        (["convert", LENET5], "out is required"),
        (
            ["convert", LENET5, "model.onnx"],
            "'model.onnx' does not say by .uff or .pb what it is to be; say it with --to",
        ),
        (["convert", LENET5, "model", "--to", "onnx"], "onnx"),
        (["compile", LENET5, "-o", "x.plan", "--input", "InputLayer"], "must read NAME:SHAPE"),
        (["compile", LENET5, "-o", "x.plan", "--input", "InputLayer:1,,28"], "the shape '1,,28'"),
        (["run", LENET5], "--input FILE or --random is required; the inputs are 'InputLayer'"),
        (["run", LENET5, "--random", "--dim", "N"], "must read NAME=NUMBER"),
        (["run", LENET5, "--random", "--prepare", "banana"], "banana"),
        (["run", LENET5, "--random", "-o", "out.txt"], "must end in .npy or .npz"),
        (["bench", LENET5, "--runs", "0"], "--runs"),
        (["sign", "a.plan"], "--key is required"),
        (["key"], "file is required"),
        (["surgery", LENET5, "--find", "opp=MatMul"], "'opp' is none of name, leaf, op"),
        (["surgery", LENET5, "--collapse", "flatten"], "must read NAMESPACE=Layer"),
        (["surgery", LENET5, "--connect", "a"], "must read TENSOR->NODE"),
    ],
)
def test_wrong_usage_is_exit_code_2(words, said, tmp_path):
    """Mistakes on the command line name what is wrong."""
    _, err = tenon(*words, code=2, cwd=tmp_path)
    assert said in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["inspect", "missing.pb"], "cannot open 'missing.pb': No such file"),
        (["inspect", "."], "folder"),
        (["compile", LENET5, "-o", "x.plan", "--map", "ReLU7=Clip()"], "did you mean 'Relu6'"),
        (["compile", LENET5, "-o", "x.plan", "--map", MAPPING], "CustomClipPlugin"),
        (["compile", LENET5, "-o", "x.plan", "--plugin", "no.so"], "no.so"),
        (["compile", LENET5, "-o", "x.plan", "--output", "OutputLayer/Softmaxx"], "did you mean 'OutputLayer/Softmax'"),
        (["compile", LENET5, "-o", "no/such/folder/x.plan"], "no/such/folder"),
        (["surgery", LENET5, "--find", "op=Matmull"], "did you mean 'MatMul'"),
        (["surgery", LENET5, "--find", "leaf=Matmul,path=dense"], "did you mean"),
        (["surgery", LENET5, "--find", "op=Add,feeds=dense/Matmul"], "no node named 'dense/Matmul'; did you mean"),
        (["surgery", LENET5, "--find", "(", "--regex"], "the regular expression '('"),
        (["surgery", LENET5, "--remove", "dense/MatMul"], "'dense/BiasAdd' reads it"),
        (["surgery", LENET5, "--collapse", "missing.json"], "cannot open 'missing.json'"),
        (["surgery", LENET5, "--collapse", "a=Clip("], "cannot read the layer 'Clip('"),
        (["surgery", LENET5, "--collapse", "a=A()", "--exclude", "dens"], "no node named 'dens'"),
        (["surgery", LENET5, "--connect", "dense/bia->dense/MatMul"], "did you mean 'dense/bias'"),
        (["run", LENET5, "--input", "missing.npy"], "missing.npy"),
        (["layers", "Nothing"], "no loaded layer is called 'Nothing'"),
        (["sign", "missing.plan", "--key", "missing.key"], "cannot open the key 'missing.key'"),
        (["key", "no/such/folder/mine"], "cannot create 'no/such/folder/mine'"),
    ],
)
def test_bad_input_is_exit_code_3_and_leaves_nothing_behind(words, said, tmp_path):
    """Files and names that do not fit are named, with near names where there are some."""
    _, err = tenon(*words, code=3, cwd=tmp_path)
    assert said in err
    assert not list(tmp_path.iterdir())


def test_wrong_shapes_and_dtypes_name_the_input(built_in, tmp_path):
    """What was given and what is required stand in the message."""
    np.save(tmp_path / "shape.npy", np.zeros((1, 28, 28), np.float32))
    np.save(tmp_path / "dtype.npy", np.zeros((1, 1, 28, 28), np.int32))
    for name, given in (("shape.npy", "[1,28,28]"), ("dtype.npy", "i32")):
        _, err = tenon("run", built_in, "--input", tmp_path / name, code=3)
        assert "InputLayer" in err
        assert given in err


def test_truncated_files_are_clean_errors(built_in, tmp_path):
    """A cut plan or model is bad input, whatever its length."""
    for source in (built_in, LENET5):
        content = Path(source).read_bytes()
        for size in (0, 1, 7, 100, len(content) // 2, len(content) - 1):
            cut = tmp_path / f"cut{size}"
            cut.write_bytes(content[:size])
            done = subprocess.run([TENON, "check", cut], capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode in (3, 4), (source, size, done)
            assert str(cut) in done.stdout


def test_inspect_tells_inputs_outputs_and_operators(plan):
    """For people and, with --json, for programs; for models and for plans."""
    out, _ = tenon("inspect", LENET5)
    assert "InputLayer  f32[?,1,28,28]" in out
    document = json.loads(tenon("inspect", LENET5, "--json")[0])
    assert document["operators"]["Relu6"] == 1
    assert document["outputs"][0]["name"] == "OutputLayer/Softmax"
    document = json.loads(tenon("inspect", plan, "--json", "--nodes")[0])
    assert document["format"] == "plan"
    assert document["layers"] == {"custom::CustomClipPlugin": 1}
    assert document["inputs"][0]["shape"] == ["N", 1, 28, 28]
    assert any(node["op"] == "CustomClipPlugin" for node in document["graph"])


def test_inspect_shows_what_a_uff_file_marks_and_needs(tmp_path):
    """Outputs by the names of the nodes that are marked, layers without UFF's underscore, weights behind references."""
    path = tmp_path / "lenet5.uff"
    tenon("convert", LENET5, path, "--map", MAPPING)
    document = json.loads(tenon("inspect", path, "--json", "--nodes")[0])
    assert (document["format"], document["nodes"], document["weights"]) == ("uff", 13, 4)
    assert [output["name"] for output in document["outputs"]] == ["OutputLayer/Softmax"]
    assert document["layers"] == {"CustomClipPlugin": 1}
    assert "_CustomClipPlugin" not in document["operators"]
    layer = next(node for node in document["graph"] if node["op"] == "_CustomClipPlugin")
    assert set(layer["attributes"]) == {"clipMin_u_int", "clipMax_u_int"}


def test_inspect_draws_the_graph(tmp_path):
    """A box for each node, the user's layer in colour, constants as text; Graphviz makes pictures of it."""
    mapped = ("inspect", LENET5, "--map", MAPPING, "--graph")
    tenon(*mapped, tmp_path / "lenet5.dot")
    dot = (tmp_path / "lenet5.dot").read_text()
    layer = next(line for line in dot.splitlines() if "CustomClipPlugin" in line)
    assert "fillcolor" in layer
    assert "clipMax = 6" in layer
    assert "dense/kernel\\nf32[784,512]" in dot
    assert 'label=" f32[?,1,28,28]"' in dot
    tenon(*mapped, tmp_path / "lenet5.svg")
    assert "CustomClipPlugin</text>" in (tmp_path / "lenet5.svg").read_text()


def test_drawing_says_what_it_needs(tmp_path):
    """A file name that tells the kind of picture, and Graphviz; nothing is written otherwise."""
    _, said = tenon("inspect", LENET5, "--graph", tmp_path / "lenet5.jpeg2000", code=3)
    assert ".svg, .png, .pdf or .dot is required" in said
    _, said = tenon("inspect", LENET5, "--graph", tmp_path / "lenet5.svg", code=4, PATH=str(tmp_path))
    assert "apt-get install graphviz" in said
    assert not list(tmp_path.iterdir())


def test_unsupported_nodes_are_listed_all_at_once(tmp_path):
    """Exit code 4, each node with its reason and the option that maps it."""
    model = tmp_path / "strange.pb"
    content = LENET5.read_bytes().replace(b"Relu6", b"Relu9").replace(b"Softmax", b"Softmix")
    model.write_bytes(content)
    out, err = tenon("compile", model, "-o", tmp_path / "x.plan", "--json", code=4)
    nodes = {node["op"]: node for node in json.loads(out)["error"]["unsupported"]}
    assert set(nodes) >= {"Relu9", "Softmix"}
    assert "--map 'Relu9=" in nodes["Relu9"]["remedy"]
    assert "Softmix" in err
    assert not (tmp_path / "x.plan").exists()


def test_surgery_edits_in_the_order_written(tmp_path):
    """A rename before a removal is seen by it."""
    changed = tmp_path / "changed.pb"
    tenon("surgery", LENET5, "--rename", "ReLU6/Relu6=act", "--forward", "act", "-o", changed)
    operators = json.loads(tenon("inspect", changed, "--json")[0])["operators"]
    assert "Relu6" not in operators
    tenon("surgery", LENET5, "--forward", "act", "--rename", "ReLU6/Relu6=act", "-o", changed, code=3)


def found(*words):
    """The names of the nodes that `surgery --find` lists."""
    return [node["name"] for node in json.loads(tenon("surgery", LENET5, "--json", *words)[0])["found"]]


def test_surgery_finds_by_every_condition():
    """Names, last components, operators, neighbours; by shell patterns and by regular expressions."""
    assert found("--find", "*/kernel") == ["dense/kernel", "OutputLayer/kernel"]
    assert found("--find", "leaf=MatMul,path=dense") == ["dense/MatMul"]
    assert found("--find", "op=Relu6,op=Soft*") == ["ReLU6/Relu6", "OutputLayer/Softmax"]
    assert found("--find", "attribute=shrink_axis_mask") == ["flatten/strided_slice"]
    assert found("--find", "op=Const,feeds=dense/MatMul") == ["dense/kernel"]
    assert found("--find", "reads=dense/MatMul") == ["dense/BiasAdd"]
    assert found("--regex", "--find", r"leaf=(Mat|Bias)\w+,path=dense") == ["dense/MatMul", "dense/BiasAdd"]


def test_surgery_collapses_namespaces(tmp_path):
    """A file and single entries in a row are one map, so that the new nodes read one another."""
    (tmp_path / "map.json").write_text(
        '{"dense": {"layer": "Dense", "fields": {"units": 512}, "name": "d"}, "absent": "Never()"}'
    )
    text = tmp_path / "graph.txt"
    entries = ("--collapse", tmp_path / "map.json", "--collapse", "flatten=Flat(axis=1)")
    out, _ = tenon("surgery", LENET5, *entries, "--single-output", "--write-text", text, "-o", tmp_path / "out.pb")
    assert "nodes before" in out
    assert "Never" not in text.read_text()
    assert "custom::Dense" in text.read_text()
    words = ("--json", "--find", "feeds=d", "--find", "reads=d")
    nodes = json.loads(tenon("surgery", tmp_path / "out.pb", *words)[0])["found"]
    assert nodes == [{"name": "flatten", "op": "Flat"}, {"name": "ReLU6/Relu6", "op": "Relu6"}]
    assert found(*entries, "--exclude", "dense/bias", "--repeat-inputs", "--find", "feeds=d") == [
        "flatten",
        "dense/bias",
    ]


def test_surgery_removes_and_forwards():
    """Whole queries; with what only they needed, and with all inputs in place."""
    assert found("--remove", "op=MatMul,path=dense", "--detach", "--find", "feeds=dense/BiasAdd") == ["dense/bias"]
    remove = ("--remove", "op=MatMul,path=dense", "--detach", "--with-dependencies")
    assert "dense/kernel" not in found(*remove, "--find", "*")
    assert found("--forward", "op=Relu6", "--find", "feeds=OutputLayer/MatMul") == [
        "dense/BiasAdd",
        "OutputLayer/kernel",
    ]
    forward = ("--forward", "dense/BiasAdd", "--all-inputs", "--find", "feeds=ReLU6/Relu6")
    assert found(*forward) == ["dense/MatMul", "dense/bias"]


def test_surgery_connects_and_changes_operators():
    """An input more and less; another operator with the same inputs."""
    connect = ("--connect", "dense/bias->OutputLayer/MatMul", "--disconnect", "ReLU6/Relu6->OutputLayer/MatMul")
    assert found(*connect, "--find", "feeds=OutputLayer/MatMul") == ["OutputLayer/kernel", "dense/bias"]
    assert found("--set-op", "Relu6=Relu", "--find", "op=Relu") == ["ReLU6/Relu6"]


def test_the_twelve_digits(plan):
    """The plan reads every digit right, and says so."""
    pictures = sorted(DIGITS.glob("*.png"))
    out, _ = tenon(
        "run",
        plan,
        "--plugin",
        find_clip(),
        "--prepare",
        "digit",
        "--labels-from-names",
        "--show",
        "--input",
        *pictures,
    )
    assert f"{len(pictures)} of {len(pictures)} right" in out
    assert "█" in out
    runs = json.loads(
        tenon("run", plan, "--plugin", find_clip(), "--prepare", "digit", "--top", 2, "--json", "--input", *pictures)[0]
    )["runs"]
    assert [run["top"][0]["index"] for run in runs] == [int(picture.name[0]) for picture in pictures]


def test_a_wrong_label_is_exit_code_1(plan, tmp_path):
    """A mismatch is neither success nor an error."""
    wrong = tmp_path / "5.png"
    wrong.write_bytes((DIGITS / "3_chalk.png").read_bytes())
    out, _ = tenon(
        "run", plan, "--plugin", find_clip(), "--prepare", "digit", "--labels-from-names", "--input", wrong, code=1
    )
    assert "WRONG" in out


def test_outputs_are_written_and_compared(plan, built_in, tmp_path):
    """The same random input gives the same result as .npz and .npy, within the tolerance only if it is."""
    tenon("run", built_in, "--random", "--seed", 3, "-o", tmp_path / "a.npz")
    tenon("run", built_in, "--random", "--seed", 3, "-o", tmp_path / "a.npy")
    scores = np.load(tmp_path / "a.npy")
    assert scores.shape == (1, 10)
    assert np.allclose(scores.sum(), 1, atol=1e-5)
    assert np.array_equal(np.load(tmp_path / "a.npz")["OutputLayer/Softmax"], scores)
    run = ("run", plan, "--plugin", find_clip(), "--random", "--seed", 3, "--expect", tmp_path / "a.npz")
    assert "within the tolerance" in tenon(*run)[0]
    np.save(tmp_path / "b.npy", scores + 1)
    assert (
        "beyond the tolerance"
        in tenon("run", built_in, "--random", "--seed", 3, "--expect", tmp_path / "b.npy", code=1)[0]
    )


def test_profile_trace_and_explain(built_in, tmp_path):
    """The three ways to look into a run."""
    out, _ = tenon(
        "run", built_in, "--random", "--dim", "N=4", "--profile", "--explain", "--trace", tmp_path / "trace.json"
    )
    assert "OutputLayer/Softmax" in out
    events = json.loads((tmp_path / "trace.json").read_text())
    assert events["traceEvents"] if isinstance(events, dict) else events


def test_bench_prints_quantiles(built_in):
    """Median between minimum and maximum, memory beside it."""
    document = json.loads(
        tenon("bench", built_in, "--runs", 5, "--warmup", 1, "--dim", "N=8", "--threads", 1, "--json")[0]
    )
    assert document["min_ms"] <= document["median_ms"] <= document["max_ms"]
    assert document["arena_bytes"] >= document["arena_lower_bound_bytes"] > 0


def test_layers_show_fields_and_defaults():
    """From the one declaration in the layer's source."""
    (layer,) = json.loads(tenon("layers", "--plugin", find_clip(), "--json")[0])
    assert layer["name"] == "CustomClipPlugin"
    assert {field["name"]: field["default"] for field in layer["fields"]} == {"clipMin": 0.0, "clipMax": 6.0}
    assert layer["elementwise"]
    assert "no layers are loaded" in tenon("layers")[0]


def test_check_takes_the_worst_exit_code(plan, built_in):
    """A plan without its plugin is bad input; the others are still reported."""
    assert "ok" in tenon("check", LENET5, built_in)[0]
    out, _ = tenon("check", built_in, plan, code=3)
    assert f"{built_in}: ok" in out
    assert "CustomClipPlugin" in out
    assert "--plugin" in out


def test_the_same_model_gives_the_same_bytes(built_in, tmp_path):
    """Compiling is deterministic."""
    tenon("compile", LENET5, "-o", tmp_path / "again.plan")
    assert (tmp_path / "again.plan").read_bytes() == built_in.read_bytes()


def test_version():
    """As in the headers."""
    assert json.loads(tenon("version", "--json")[0])["version"].count(".") == 2


def test_a_uff_input_is_given_with_its_order(tmp_path):
    """NAME:SHAPE:ORDER reaches the compiler; only UFF models' inputs have an order."""
    (tmp_path / "relu.pbtxt").write_text(
        """version: 1 descriptor_core_version: 1
        descriptors { id: "tensorflow_extension" version: 1 }
        graphs { id: "main"
          nodes { id: "x" operation: "Input" fields { key: "shape" value { i_list { val: [-1, 4, 6, 3] } } } }
          nodes { id: "y" inputs: "x" operation: "Activation" fields { key: "func" value { s: "relu" } } }
          nodes { id: "MarkOutput_0" inputs: "y" operation: "MarkOutput" } }"""
    )
    for given, shape in [("x:3,4,6", [3, 4, 6]), ("x:3,4,6:NCHW", [3, 4, 6]), ("x:4,6,3:NHWC", [4, 6, 3])]:
        tenon("compile", "relu.pbtxt", "-o", "relu.plan", "--input", given, cwd=tmp_path)
        described = json.loads(tenon("inspect", "relu.plan", "--json", cwd=tmp_path)[0])
        assert [port["shape"] for port in described["inputs"] + described["outputs"]] == [["N", *shape]] * 2
        assert "compiles" in tenon("check", "relu.pbtxt", "--input", given, cwd=tmp_path)[0]
    assert (
        "only the inputs of UFF models"
        in tenon("compile", LENET5, "-o", tmp_path / "no.plan", "--input", "InputLayer:1,28,28:NHWC", code=3)[1]
    )

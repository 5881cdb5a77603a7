# SPDX-License-Identifier: Apache-2.0
"""What the compiler says of a layer class with a mistake in it: one sentence that names the mistake."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOOD_RUN = "void run(tenon::View<const float> x, tenon::View<float> y) const { y[0] = x[0]; }"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (GOOD_RUN, None),
        ("void run(tenon::View<const float>, tenon::View<float>) {}", "a layer needs a `void run("),
        ("int run(tenon::View<const float>, tenon::View<float>) const { return 0; }", "a layer needs a `void run("),
        ("void run(const tenon::View<const float>&, tenon::View<float>) const {}", "by value"),
        ("void run(tenon::View<float>, tenon::View<const float>) const {}", "run: inputs come first, then outputs"),
        ("void run(tenon::View<const float>, float*) const {}", "run: a parameter is a View<const T>"),
        ("void run(tenon::View<const float>) const {}", "run: there is no output"),
        (
            "void run(tenon::View<const float>, tenon::Output<float>&, tenon::View<float>) const {}",
            "when one output is an Output<T>&, all must be",
        ),
        ("void run(tenon::View<float>) const {}", "a layer without inputs needs outputs()"),
        (f"char* p; TENON_FIELDS(p) {GOOD_RUN}", "TENON_FIELDS: a field is a bool"),
        (f"std::vector<char*> p; TENON_FIELDS(p) {GOOD_RUN}", "TENON_FIELDS: a vector of bool"),
        (
            f'int a, b; TENON_FIELDS(a, b) static constexpr const char* field_docs[] = {{"a"}}; {GOOD_RUN}',
            "one for each",
        ),
        (f"static constexpr int name = 3; {GOOD_RUN}", "the static member name of a layer has a wrong type"),
        (f"struct S {{}}; S prepare(const tenon::Inputs&) const; {GOOD_RUN}", "behind the state's reference"),
        (
            "static constexpr bool elementwise = true; tenon::Shapes outputs(const tenon::Shapes&) const; " + GOOD_RUN,
            "the output of an elementwise layer is like its input 0",
        ),
        (
            f"{GOOD_RUN} void run(tenon::View<const double>, tenon::View<double>, tenon::View<double>) const {{}}",
            "all overloads of run must have the same number of inputs and outputs",
        ),
    ],
)
def test_mistakes_are_named(members, message):
    text = f"#include <tenon/layer.h>\nstruct Layer {{ {members} }};\nTENON_PLUGIN(Layer)\n"
    command = ["g++", "-std=c++17", "-fsyntax-only", f"-I{ROOT / 'include'}", "-xc++", "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if message is None:
        assert result.returncode == 0, result.stderr
    else:
        assert result.returncode != 0
        errors = [line for line in result.stderr.splitlines() if "error:" in line]
        assert message in errors[0], "\n".join(errors)

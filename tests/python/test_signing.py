# SPDX-License-Identifier: Apache-2.0
"""Signed plans: keys, who is trusted, and that the signature is what src/plan/format.h says."""

import hashlib
import json
import struct

import numpy as np
import pytest
import tenon
from test_cli import LENET5
from test_cli import tenon as command

X = np.linspace(-3, 3, 800, dtype=np.float32).reshape(100, 8)


@tenon.layer
def signed_ripple(x, *, k=2.0):
    return x + tenon.sin(k * x)


@pytest.fixture(scope="module")
def ripple():
    """An engine of one layer of formulas, and what it gives for X."""
    graph = tenon.Graph()
    x = graph.add_input("x", "f32", ("N", 8))
    graph.set_outputs(graph.add_node(tenon.NodeSpec("ripple", signed_ripple(k=3), inputs=[x.name])).outputs)
    engine = tenon.compile(graph)
    return engine, engine.run(X)


@pytest.fixture
def folder(ripple, tmp_path, monkeypatch):
    """With a.plan, unsigned, and two key pairs, mine and other; without a generator of code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ripple[0].save("a.plan")
    tenon.make_key("mine")
    tenon.make_key("other")
    monkeypatch.setenv("TENON_CODEGEN", "off")
    return tmp_path


def digits_of(key):
    return key.read_text().split()[-1]


def test_a_key_pair_is_two_files_of_a_line(tmp_path):
    key = tenon.make_key(tmp_path / "k")
    assert (tmp_path / "k.pub").read_text() == f"tenon-public-key ed25519 {key}\n"
    secret = (tmp_path / "k").read_text()
    assert secret.startswith("tenon-secret-key ed25519 ")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ValueError, match="k' exists and is not overwritten"):
        tenon.make_key(tmp_path / "k")
    assert (tmp_path / "k").read_text() == secret
    with pytest.raises(FileNotFoundError):
        tenon.make_key(tmp_path / "none" / "k")


def test_code_runs_if_a_trusted_key_signed_it(ripple, folder):
    key = tenon.sign_plan("a.plan", folder / "mine")
    assert key == digits_of(folder / "mine.pub") == tenon.plan_signer("a.plan")
    assert tenon.verify_plan("a.plan", ["other.pub", folder / "mine.pub"]) == key
    engine = tenon.Engine.load("a.plan", trusted_keys=["mine.pub"])
    np.testing.assert_array_equal(engine.run(X), ripple[1])
    assert engine.notices == []


def test_code_of_others_does_not_run_and_a_notice_says_why(ripple, folder):
    for signed in (False, True):
        if signed:
            tenon.sign_plan("a.plan", "other")
        engine = tenon.Engine.load("a.plan", trusted_keys=["mine.pub"])
        np.testing.assert_allclose(engine.run(X), ripple[1], atol=1e-6)
        said = f"is signed by {digits_of(folder / 'other.pub')}, which is none of" if signed else "is not signed"
        assert sum(said in notice for notice in engine.notices) == 1
        assert any("interpreted" in notice for notice in engine.notices)
        with pytest.raises(tenon.InvalidArgumentError, match=said):
            tenon.verify_plan("a.plan", ["mine.pub"])


def test_an_engine_is_saved_unsigned(folder):
    tenon.sign_plan("a.plan", "mine")
    tenon.Engine.load("a.plan", trusted_keys=["mine.pub"]).save("b.plan")
    assert tenon.plan_signer("b.plan") is None


def test_a_signed_plan_that_was_damaged_is_not_loaded(folder):
    tenon.sign_plan("a.plan", "mine")
    plan = bytearray((folder / "a.plan").read_bytes())
    plan[-1] ^= 1
    (folder / "a.plan").write_bytes(plan)
    with pytest.raises(tenon.CorruptError, match="the hash of the signature section"):
        tenon.Engine.load("a.plan", trusted_keys=["mine.pub"])


def test_mistakes_with_files_are_told(folder):
    with pytest.raises(tenon.MissingFileError, match=r"none\.pub"):
        tenon.Engine.load("a.plan", trusted_keys=["none.pub"])
    with pytest.raises(tenon.InvalidArgumentError, match="'mine' holds a secret key, but a public one is required"):
        tenon.Engine.load("a.plan", trusted_keys=["mine"])
    with pytest.raises(tenon.InvalidArgumentError, match=r"'mine\.pub' holds a public key"):
        tenon.sign_plan("a.plan", "mine.pub")
    (folder / "mine").chmod(0o644)
    with pytest.raises(tenon.InvalidArgumentError, match="run 'chmod 600 mine'"):
        tenon.sign_plan("a.plan", "mine")
    with pytest.raises(TypeError):
        tenon.Engine.load("a.plan", trusted_keys="mine.pub")


# RFC 8032, section 5.1, as far as verifying takes it: an implementation that shares nothing with the one that signs.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2 % P
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def multiply(number, point):
    result = (0, 1)
    for bit in bin(number)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def point_of(encoded):
    number = int.from_bytes(encoded, "little")
    y, sign = number % 2**255, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0
    return (x if x % 2 == sign else P - x, y)


def ed25519_holds(key, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % ORDER
    base = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return multiply(s, base) == add(point_of(r), multiply(k, point_of(key)))


def test_the_signature_is_what_the_format_says(folder):
    key = tenon.sign_plan("a.plan", "mine")
    plan = bytearray((folder / "a.plan").read_bytes())
    (sections,) = struct.unpack_from("<I", plan, 16)
    entry = 64 + 32 * (sections - 1)
    kind, offset, length = struct.unpack_from("<I4xQQ", plan, entry)
    assert (kind, offset + length, length) == (4, len(plan), 96)
    plan[32:40] = plan[entry + 24 : entry + 32] = bytes(8)
    message = b"tenon plan signature 1" + hashlib.blake2b(plan[:offset]).digest()
    section = bytes(plan[offset:])
    assert section[:32].hex() == key
    assert ed25519_holds(section[:32], message, section[32:])
    assert not ed25519_holds(section[:32], message[:-1] + b"?", section[32:])


# --- the command


def test_the_command_makes_keys_signs_and_checks(tmp_path):
    out, _ = command("key", "mine", cwd=tmp_path)
    key = digits_of(tmp_path / "mine.pub")
    assert out.splitlines() == [
        "mine: the secret key; keep it to yourself, and sign with it",
        f"mine.pub: the public key {key}; give it to those who run your plans",
    ]
    _, err = command("key", "mine", code=3, cwd=tmp_path)
    assert err == "tenon: 'mine' exists and is not overwritten; give another name, or remove it first\n"

    command("compile", LENET5, "-o", "a.plan", cwd=tmp_path)
    assert "signed" not in command("inspect", "a.plan", cwd=tmp_path)[0]
    assert "signed" not in command("check", "a.plan", cwd=tmp_path)[0]
    out, _ = command("check", "a.plan", "--trust-key", "mine.pub", code=3, cwd=tmp_path)
    assert "a.plan: 'a.plan' is not signed, but must be with a trusted key" in out

    assert command("sign", "a.plan", "--key", "mine", cwd=tmp_path)[0] == f"a.plan: signed by {key}\n"
    assert f"signed by  {key}" in command("inspect", "a.plan", cwd=tmp_path)[0]
    assert json.loads(command("inspect", "a.plan", "--json", cwd=tmp_path)[0])["signer"] == key
    assert f"says that it is signed by {key}" in command("check", "a.plan", cwd=tmp_path)[0]
    out, _ = command("check", "a.plan", "--trust-key", "mine.pub", cwd=tmp_path)
    assert out == f"a.plan: ok, a sound plan with 1 inputs and 1 outputs, signed by {key}\n"


def test_the_command_answers_as_json(tmp_path):
    document = json.loads(command("key", "mine", "--json", cwd=tmp_path)[0])
    assert document == {"secret_key": "mine", "public_key": "mine.pub", "key": digits_of(tmp_path / "mine.pub")}
    command("compile", LENET5, "-o", "a.plan", cwd=tmp_path)
    assert json.loads(command("inspect", "a.plan", "--json", cwd=tmp_path)[0])["signer"] is None
    signed = json.loads(command("sign", "a.plan", "--key", "mine", "--json", cwd=tmp_path)[0])
    assert signed == {"plan": "a.plan", "signer": document["key"]}


def test_the_command_runs_the_code_of_those_it_trusts(folder):
    tenon.sign_plan("a.plan", "mine")
    for words in (("run", "a.plan", "--random"), ("bench", "a.plan", "--runs", "1")):
        _, err = command(*words, "--trust-key", "other.pub", "--trust-key", "mine.pub")
        assert err == ""
        _, err = command(*words, "--trust-key", "other.pub")
        assert f"is signed by {digits_of(folder / 'mine.pub')}, which is none of the trusted keys" in err
        assert "formulas are interpreted" in err
        _, err = command(*words, "--trust-key", "mine", code=3)
        assert "'mine' holds a secret key" in err

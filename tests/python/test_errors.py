# SPDX-License-Identifier: Apache-2.0
"""Every exception is a tenon.Error and the builtin of its kind, and reads well."""

import pickle

import pytest
import tenon

CLASSES = {
    tenon.InvalidArgumentError: (ValueError, "INVALID_ARGUMENT"),
    tenon.NotFoundError: (KeyError, "NOT_FOUND"),
    tenon.MissingFileError: (FileNotFoundError, "NOT_FOUND"),
    tenon.UnsupportedError: (NotImplementedError, "UNSUPPORTED"),
    tenon.CorruptError: (OSError, "CORRUPT"),
    tenon.IoError: (OSError, "IO"),
    tenon.OutOfMemoryError: (MemoryError, "OUT_OF_MEMORY"),
    tenon.DeviceError: (RuntimeError, "DEVICE"),
    tenon.InternalError: (RuntimeError, "INTERNAL"),
}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_exceptions_are_both_ours_and_builtin(cls):
    builtin, code = CLASSES[cls]
    error = cls("the cause", ["while doing a", "while doing b"])
    assert isinstance(error, tenon.Error)
    assert isinstance(error, builtin)
    assert error.code is tenon.ErrorCode[code]
    assert str(error) == "the cause\n  while doing a\n  while doing b"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.context) == (cls, str(error), error.context)


def test_every_code_has_a_class():
    assert {cls.code for cls in CLASSES} == set(tenon.ErrorCode)


def test_a_missing_file_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pb") as caught:
        tenon.load(tmp_path / "nowhere.pb")
    assert type(caught.value) is tenon.MissingFileError
    assert caught.value.code is tenon.ErrorCode.NOT_FOUND


def test_a_missing_name_reads_like_a_sentence_although_it_is_a_key_error():
    graph = tenon.Graph(name="g")
    with pytest.raises(KeyError) as caught:
        graph.node("x")
    assert str(caught.value) == caught.value.message == "the graph 'g' has no node named 'x'"


def test_what_is_no_model_is_corrupt_or_unsupported(tmp_path):
    (tmp_path / "text.pb").write_text("this is no model, but some text")
    with pytest.raises(tenon.Error, match=r"text\.pb") as caught:
        tenon.load(tmp_path / "text.pb")
    assert caught.value.code in (tenon.ErrorCode.CORRUPT, tenon.ErrorCode.UNSUPPORTED)
    with pytest.raises(tenon.UnsupportedError, match="graphs of dialect 'standard' have no file format"):
        tenon.save(tenon.Graph("standard"), tmp_path / "out.bin")
    assert not (tmp_path / "out.bin").exists()
    with pytest.raises(TypeError):
        tenon.load(3)

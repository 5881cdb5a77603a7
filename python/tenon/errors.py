# SPDX-License-Identifier: Apache-2.0
"""The exceptions that Tenon raises: all are tenon.Error, and each is also the builtin exception of its kind."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from tenon._core import ErrorCode

if TYPE_CHECKING:
    from tenon._core import UnsupportedNode


class Error(Exception):
    """What Tenon raises: a message that says what was given, what is required and how to go on.

    str(error) is the message, followed by a line for each thing that Tenon was doing at the time, innermost first.
    """

    code: ErrorCode = ErrorCode.INTERNAL
    """The kind of error; each kind has a class."""
    message: str
    """The message alone, without context."""
    context: tuple[str, ...]
    """What Tenon was doing, innermost first."""

    def __init__(self, message: str, context: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.context = tuple(context)

    def __str__(self) -> str:
        return "\n  ".join([self.message, *self.context])

    def __reduce__(self) -> tuple:
        return type(self), (self.message, self.context), self.__dict__


class LayerHint(UserWarning):
    """A layer could be written in a way that runs faster."""


class InvalidArgumentError(Error, ValueError):
    """An argument, shape, dtype or option does not fit."""

    code = ErrorCode.INVALID_ARGUMENT


class NotFoundError(Error, KeyError):
    """A name (of a node, a tensor, a layer, a field) does not exist."""

    code = ErrorCode.NOT_FOUND


class MissingFileError(NotFoundError, FileNotFoundError):
    """A file does not exist."""


class UnsupportedError(Error, NotImplementedError):
    """The request is well-formed, but Tenon cannot do it."""

    code = ErrorCode.UNSUPPORTED

    nodes: Sequence["UnsupportedNode"] = ()
    """When a model could not be compiled: every node that no rule covers, with reason and remedy."""


class CorruptError(Error, OSError):
    """A file's content contradicts its format."""

    code = ErrorCode.CORRUPT


class IoError(Error, OSError):
    """The operating system could not read, write or map a file."""

    code = ErrorCode.IO


class OutOfMemoryError(Error, MemoryError):
    """An allocation failed."""

    code = ErrorCode.OUT_OF_MEMORY


class DeviceError(Error, RuntimeError):
    """A device or its driver failed."""

    code = ErrorCode.DEVICE


class InternalError(Error, RuntimeError):
    """A bug in Tenon, or in a plugin when the message says so."""

    code = ErrorCode.INTERNAL


_OURS = str(Path(__file__).parent) + os.sep


def line_text(file: str, number: int) -> str:
    """A place in a source file as messages name it, "file.py:12", below the current folder without that."""
    return f"{file.removeprefix(os.getcwd() + os.sep)}:{number}"


def user_line(traceback: TracebackType | None) -> str | None:
    """The innermost line of a traceback that is neither Tenon's nor NumPy's."""
    found = None
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith(_OURS) and f"{os.sep}numpy{os.sep}" not in file:
            found = line_text(file, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def locate(error: Error, where: str | None) -> None:
    """Puts the user's line in front of an error's message."""
    if where is not None:
        error.message = f"{where}: {error.message}"
        error.args = (error.message,)


def summary(error: BaseException) -> str:
    """What an exception of the user's own code says, and where it was raised, in one line."""
    where = user_line(error.__traceback__)
    return f"{where + ': ' if where else ''}{type(error).__name__}: {error}"

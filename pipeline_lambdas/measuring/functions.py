"""Loads and calls a data scientist's functions; whatever goes wrong becomes a sentence with file and line."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import math
import numbers
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Callable

from pipeline_lambdas.measuring.tested import Array, Sample

ARGUMENTS = ("labels", "predictions", "rows")
_MOST_TEXT = 400
_AGAIN_S = 0.5

Function = Callable[..., Any]


class FunctionError(Exception):
    """A function, or the file that holds it, is not as it has to be; the message says where."""


class OutOfTimeError(BaseException):
    """There is no time left; raised in the middle of a function that runs too long, whatever errors that catches."""


@contextlib.contextmanager
def until(deadline: float) -> Iterator[None]:
    """Raise OutOfTimeError inside once the monotonic clock has passed `deadline`, seconds.

    What runs in a library written in C is left alone until it returns to Python.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, end)
    # Again and again: Python drops an error that comes while it tidies something up.
    signal.setitimer(signal.ITIMER_REAL, max(deadline - time.monotonic(), 0.001), _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def load(folder: Path, file: str, names: Sequence[str]) -> dict[str, Function]:
    """Return the functions of a file; FunctionError if it cannot be imported or lacks one."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(file[: -len(".py")])
    except OutOfTimeError:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, it ends here with its place
        raise FunctionError(told(error, folder, file)) from None
    _check_place(module, folder, file)
    found = {}
    for name in names:
        function = getattr(module, name, None)
        if not callable(function):
            raise FunctionError(f"{file}: found no function {name}; expected {name}({', '.join(ARGUMENTS)})")
        found[name] = function
        _check_arguments(file, name, function)
    return found


def _check_place(module: ModuleType, folder: Path, file: str) -> None:
    """Refuse a module that Python had imported before, such as its own `statistics`, in place of the file."""
    if Path(str(module.__file__)).resolve() != (folder / file).resolve():
        raise FunctionError(
            f"{file}: found a module of Python's of this name; expected another name, such as metrics.py"
        )


def _check_arguments(file: str, name: str, function: Function) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # One that is written in C may tell nothing.
        return
    try:
        signature.bind(*ARGUMENTS)
    except TypeError:
        raise FunctionError(f"{file}: found {name}{signature}; expected {name}({', '.join(ARGUMENTS)})") from None


def call(function: Function, tested: Sample, predictions: Array, folder: Path, file: str) -> float:
    """Return a function's number; FunctionError for whatever is none, or is not finite."""
    try:
        found = function(tested.labels, predictions, tested.rows)
    except OutOfTimeError:
        raise
    except BaseException as error:  # noqa: BLE001 - as above
        raise FunctionError(told(error, folder, file)) from None
    name = getattr(function, "__name__", "the function")
    if isinstance(found, bool) or not isinstance(found, numbers.Real):
        raise FunctionError(f"{file}: {name} returned {type(found).__name__}; expected a number")
    value = _float(found)
    if not math.isfinite(value):
        raise FunctionError(f"{file}: {name} returned {value}; expected a finite number")
    return value


def _float(found: numbers.Real) -> float:
    """Return a number; infinity for a whole one that is too large for a float."""
    try:
        return float(found)
    except OverflowError:
        return -math.inf if found < 0 else math.inf


def told(error: BaseException, folder: Path, file: str) -> str:
    """Return an error with the last line of the user's files that it came through."""
    text = " ".join(f"{type(error).__name__}: {error}".split()).encode("utf-8", "backslashreplace").decode()
    return f"{_place(error, folder, file)}: {text[:_MOST_TEXT]}"


def _place(error: BaseException, folder: Path, file: str) -> str:
    own = str(folder)
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(own):
        return f"{Path(str(error.filename)).relative_to(own)}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(own)]
    return f"{Path(frames[-1].filename).relative_to(own)}, line {frames[-1].lineno}" if frames else file

"""The Python runtime of a function: one process, invoked again and again over its standard input.

It is loaded by its path into a process without local AWS, so it imports the standard library only.
Errors are those of AWS's runtime: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import site
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

END_OF_LOG = "\x1e"
"""Separates the output of two invocations on standard error."""
Handler = Callable[[Any, Any], Any]


class _Fault(Exception):  # noqa: N818 - AWS's word
    """An error that the runtime itself reports: Lambda's name for it, and the message."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind, self.trace = kind, trace or []


class _Context:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    identity = None
    client_context = None

    def __init__(self, init: Mapping[str, Any], call: Mapping[str, Any]) -> None:
        self.function_name = init["function_name"]
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.memory_limit_in_mb = init["memory"]
        self.invoked_function_arn = call["invoked_function_arn"]
        self.aws_request_id = call["request_id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", f"/aws/lambda/{self.function_name}")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self._deadline = time.monotonic() + call["timeout_ms"] / 1000

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def serve(install_hooks: Callable[[], None]) -> None:
    """Answer invocations until standard input ends.

    `install_hooks` is called once the function's own libraries can be found.
    """
    # A function and its child processes may print and read, so calls and responses use descriptors of their own.
    calls, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    init = json.loads(calls.readline())
    _tell(answers, {"status": "ready"})
    handler: Handler | None = None
    fault: dict[str, Any] | None = None
    try:
        handler = _load(init, install_hooks)
    except Exception as error:  # noqa: BLE001 - a module may raise anything while it is imported
        fault = _described(error)
    _tell(answers, {"status": "initialized"})
    for number, call in enumerate(_read(calls)):
        _answer(answers, handler, fault, init, call)
        if number == 0:
            _release_memory()


def _release_memory() -> None:
    """Return the memory that importing the function has freed: the next call may come much later."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _tell(answers: TextIO, message: Mapping[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _read(calls: TextIO) -> Iterator[dict[str, Any]]:
    for line in iter(calls.readline, ""):
        call = json.loads(line)
        for variable, value in call["ctx"]["environment"].items():
            os.environ.pop(variable, None)
            if value is not None:
                os.environ[variable] = str(value)
        yield call


def _load(init: Mapping[str, Any], install_hooks: Callable[[], None]) -> Handler:
    os.environ.update(init.get("env", {}))
    sys.path.insert(0, init["code_dir"])
    for layer in filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)):
        sys.path[:0] = [layer, f"{layer}/python"]
        for packages in Path(layer, "python", "lib").glob("*/site-packages"):
            site.addsitedir(str(packages))
    install_hooks()
    module_name, name = init["module"], init["handler"]
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise _Fault("Runtime.BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise _Fault("Runtime.ImportModuleError", message) from None
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{module_name}': {error}"
        raise _Fault("Runtime.UserCodeSyntaxError", message, [place]) from None
    handler: Handler | None = getattr(module, name, None)
    if handler is None:
        raise _Fault("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
    if init.get("snapstart"):
        _run_snapshot_hooks()
    return handler


def _run_snapshot_hooks() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html."""
    try:
        hooks: Any = importlib.import_module("snapshot_restore_py")
    except ImportError:
        return
    for function, arguments, named in [*reversed(hooks.get_before_snapshot()), *hooks.get_after_restore()]:
        function(*arguments, **named)


def _answer(
    answers: TextIO,
    handler: Handler | None,
    fault: dict[str, Any] | None,
    init: Mapping[str, Any],
    call: Mapping[str, Any],
) -> None:
    request_id, error, result = call["ctx"]["request_id"], fault, None
    if handler is not None:
        try:
            result = _to_json(handler(call["event"], _Context(init, call["ctx"])))
        except Exception as raised:  # noqa: BLE001 - whatever a handler raises is the response
            error = _described(raised)
    message: dict[str, Any] = {"request_id": request_id, "memory_mb": _peak_memory_mb(), "usable": fault is None}
    if error is None:
        message |= {"status": "ok", "result": json.loads(result or "null")}
    else:
        answer = {
            "errorMessage": error["errorMessage"],
            "errorType": error["errorType"],
            "requestId": request_id,
            "stackTrace": error["stackTrace"],
        }
        message |= {"status": "error", "error": answer}
        trace = "".join(answer["stackTrace"]).rstrip("\n")
        head = f"[ERROR] {answer['errorType']}: {answer['errorMessage']}\nTraceback (most recent call last):"
        sys.stderr.write((f"{head}\n{trace}" if trace else head) + "\n")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.write(2, f"{END_OF_LOG}{request_id}\n".encode())
    _tell(answers, message)


def _to_json(value: object) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise _Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def _described(error: BaseException) -> dict[str, Any]:
    if isinstance(error, _Fault):
        return {"errorType": error.kind, "errorMessage": str(error), "stackTrace": error.trace}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    frames = [frame for frame in frames if not frame.filename.startswith("<frozen importlib")]
    return {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_list(frames),
    }


def _peak_memory_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak / (1024 * 1024 if sys.platform == "darwin" else 1024))

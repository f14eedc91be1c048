"""Lambda: one invocation of a Python function, with the errors, the log and the ends that AWS gives it."""

from __future__ import annotations

import json
import queue
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_aws.base.tables import ministack
from local_aws.functions.worker import END_OF_LOG

INIT_LIMIT_S = 10.0
"""What a function has to be imported in, beside its own time:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib"""
_LOOK_S = 0.1
_DRAIN_S = 1.0

# A function's process knows nothing of local AWS, so its runtime is loaded by path.
_SCRIPT = """
import importlib.util
def load(name, path):
    found = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
load("_supervisor", {supervisor!r}).supervise(lifeline=0)
load("_runtime", {worker!r}).serve(_ms_install_invoke_depth)
"""


@dataclass
class _Ended:
    """The end of an invocation: a result, or an error as Lambda describes it."""

    result: Any = None
    error: dict[str, Any] | None = None
    log: list[str] = field(default_factory=list)
    memory_mb: int = 0
    status: str = ""
    """What the REPORT line says of an end that is not a success."""


def run_functions() -> None:
    """Let a Python function fail as on AWS, whether it raises, cannot be imported, is too slow or is killed.

    MiniStack calls every error `Runtime.HandlerError`, logs nothing of a function that cannot be imported, and takes
    a process that died for an error of its own. Other runtimes stay MiniStack's. A function's process and all that it
    started end with the server: one that went on would call the restarted server with credentials that it does not
    know, and report a failure for a job that the restarted server has invoked again.
    """
    runtime, functions = ministack("core.lambda_runtime"), ministack("services.lambda_svc")
    package = Path(__file__).resolve().parents[2]
    runtime._PYTHON_WORKER_SCRIPT = runtime.INVOKE_DEPTH_BOOTSTRAP + _SCRIPT.format(  # noqa: SLF001
        supervisor=str(package / "processes" / "supervisor.py"), worker=str(package / "functions" / "worker.py")
    )
    original = functions._execute_function_warm  # noqa: SLF001

    def execute(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        config = function.get("config") or function
        if not function.get("code_zip") or not str(config.get("Runtime", "")).startswith("python"):
            return dict(original(function, event, request_id))
        return _execute(function, config, event, request_id)

    functions._execute_function_warm = execute  # noqa: SLF001


def _execute(function: dict[str, Any], config: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    runtime, functions = ministack("core.lambda_runtime"), ministack("services.lambda_svc")
    functions._ensure_reaper_thread()  # noqa: SLF001
    name, version = config.get("FunctionName", ""), config.get("Version", "$LATEST")
    worker, _ = runtime.acquire_worker(name, config, function["code_zip"], qualifier=version)
    started = time.monotonic()
    try:
        with worker._lock:  # noqa: SLF001
            cold = worker._proc is None or worker._proc.poll() is not None  # noqa: SLF001
            ended = _invoke(worker, config, event, request_id)
    finally:
        runtime.release_worker(worker)
    log = _log(config, request_id, ended, (time.monotonic() - started) * 1000, cold=cold)
    answer: dict[str, Any] = {"body": ended.result, "log": log, "log_source": "rie"}
    if ended.error is not None:
        answer |= {"body": ended.error, "error": True, "function_error": "Unhandled"}
    return answer


def _invoke(worker: Any, config: Mapping[str, Any], event: Any, request_id: str) -> _Ended:
    """One call of the worker's process, which is started first if there is none."""
    timeout_s = float(config.get("Timeout", 3))
    if "." not in config.get("Handler", ""):
        message = f"Bad handler '{config.get('Handler', '')}': not enough values to unpack (expected 2, got 1)"
        return _failed("Runtime.MalformedHandlerName", message, request_id)
    try:
        initialized = _send(worker, json.dumps(_call(config, event, request_id)))
    except (OSError, RuntimeError, ValueError) as error:
        return _failed("Runtime.Unknown", str(error), request_id)
    answer = _await_answer(worker, timeout_s, initialized=initialized)
    if answer is None:
        ended = worker._proc.poll() is not None  # noqa: SLF001
        return _died(worker, request_id) if ended else _timed_out(worker, timeout_s, request_id)
    log = _drain(worker, request_id)
    if not answer["usable"]:
        # As on AWS, the next call imports the function anew.
        ministack("core.lambda_runtime").kill_workers([worker])
    if answer["status"] == "ok":
        return _Ended(result=answer["result"], log=log, memory_mb=answer["memory_mb"])
    status = f"Status: error\tError Type: {answer['error']['errorType']}"
    return _Ended(error=answer["error"], log=log, memory_mb=answer["memory_mb"], status=status)


def _send(worker: Any, call: str) -> bool:
    """Hand over the call; whether the process was there, and so has imported the function."""
    if worker._proc is not None and worker._proc.poll() is None:  # noqa: SLF001
        try:
            _write(worker, call)
        except OSError:
            # It died idle, which nobody sees on AWS either.
            ministack("core.lambda_runtime").kill_workers([worker])
        else:
            return True
    worker._spawn()  # noqa: SLF001
    try:
        _write(worker, call)
    except OSError:
        # It died while the function was imported, and is asked how.
        worker._proc.wait()  # noqa: SLF001
    return False


def _write(worker: Any, call: str) -> None:
    worker._proc.stdin.write(call + "\n")  # noqa: SLF001
    worker._proc.stdin.flush()  # noqa: SLF001


def _call(config: Mapping[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    runtime, functions = ministack("core.lambda_runtime"), ministack("services.lambda_svc")
    durable = functions._durable_env_overlay()  # noqa: SLF001
    environment = {
        "_X_AMZN_TRACE_ID": functions._xray_trace_id_for_invocation(config),  # noqa: SLF001
        runtime.INVOKE_DEPTH_ENV: functions._invoke_depth.get(),  # noqa: SLF001
    } | {variable: durable.get(variable) for variable in runtime.DURABLE_ENV_VARS}
    context = {
        "request_id": request_id,
        "invoked_function_arn": config.get("FunctionArn", ""),
        "timeout_ms": int(float(config.get("Timeout", 3)) * 1000),
        "environment": environment,
    }
    return {"event": event, "ctx": context}


def _await_answer(worker: Any, timeout_s: float, *, initialized: bool) -> dict[str, Any] | None:
    """The worker's answer; None once its process has ended or its time is over."""
    process, lines = worker._proc, queue.SimpleQueue[str]()  # noqa: SLF001

    def read() -> None:
        # A line that is not the answer says that the function is imported.
        for line in iter(process.stdout.readline, ""):
            lines.put(line)
            if "request_id" in json.loads(line):
                return

    threading.Thread(target=read, name="function-answer", daemon=True).start()
    deadline = time.monotonic() + timeout_s + (0 if initialized else INIT_LIMIT_S)
    while True:
        # Read before the queue is, so that an answer given just before the end is not lost.
        over = process.poll() is not None or time.monotonic() > deadline
        try:
            answer: dict[str, Any] = json.loads(lines.get(timeout=_LOOK_S))
        except queue.Empty:
            if over:
                return None
            continue
        if "request_id" in answer:
            return answer
        deadline = time.monotonic() + timeout_s


def _timed_out(worker: Any, timeout_s: float, request_id: str) -> _Ended:
    """https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html."""
    ministack("core.lambda_runtime").kill_workers([worker])
    sentence = f"Task timed out after {timeout_s:.2f} seconds"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    log = [*_drain(worker, request_id), f"{now}Z {request_id} {sentence}"]
    error = {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request_id} Error: {sentence}"}
    return _Ended(error=error, log=log, status="Status: timeout")


def _died(worker: Any, request_id: str) -> _Ended:
    """https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html."""
    code = worker._proc.wait()  # noqa: SLF001
    worker._stderr_thread.join(_DRAIN_S)  # noqa: SLF001
    log = _drain(worker, request_id)
    ministack("core.lambda_runtime").kill_workers([worker])
    reason = "exited without providing a reason"
    if code < 0:
        reason = f"exited with error: signal: {(signal.strsignal(-code) or str(-code)).lower()}"
    elif code:
        reason = f"exited with error: exit status {code}"
    message = f"RequestId: {request_id} Error: Runtime {reason}"
    ended = _failed("Runtime.ExitError", message, request_id)
    ended.error = {"errorType": "Runtime.ExitError", "errorMessage": message}
    ended.log = [*log, message, "Runtime.ExitError"]
    return ended


def _failed(kind: str, message: str, request_id: str) -> _Ended:
    error = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": []}
    log = [f"[ERROR] {kind}: {message}", "Traceback (most recent call last):"]
    return _Ended(error=error, log=log, status=f"Status: error\tError Type: {kind}")


def _drain(worker: Any, request_id: str) -> list[str]:
    """Return the lines that the function printed during this invocation."""
    lines: list[str] = []
    deadline = time.monotonic() + _DRAIN_S
    while time.monotonic() < deadline:
        try:
            line = worker._stderr_queue.get(timeout=0.02)  # noqa: SLF001
        except queue.Empty:
            if not worker._stderr_thread.is_alive():  # noqa: SLF001
                break
            continue
        text, mark, of = line.partition(END_OF_LOG)
        if text or not mark:
            lines.append(text)
        if mark and of == request_id:
            break
    return lines


def _log(config: Mapping[str, Any], request_id: str, ended: _Ended, duration_ms: float, *, cold: bool) -> str:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html."""
    version, wanted = config.get("Version", "$LATEST"), str(config.get("Runtime", ""))
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    lines = []
    if cold and wanted != here:
        lines.append(f"[WARN] local AWS runs this {wanted} function with {here}, the Python of this machine")
    billed = int(duration_ms) + 1
    report = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {billed} ms",
        f"Memory Size: {config.get('MemorySize', 128)} MB",
        f"Max Memory Used: {ended.memory_mb} MB",
    ]
    lines += [
        f"START RequestId: {request_id} Version: {version}",
        *ended.log,
        f"END RequestId: {request_id}",
        "\t".join([*report, *filter(None, [ended.status])]),
    ]
    return "\n".join(lines)

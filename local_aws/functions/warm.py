"""A process that has imported boto3 and forks the processes of functions.

`python warm.py <fd> <path of fork_server.py>`, a fork server (`processes/fork_server.py`). A job comes with four
descriptors: the function's standard input, output and error, and a pipe with the folder, the program and the
environment from `base/functions/processes.py`, which this process itself never reads.

Lambda's own runtime has boto3 as well: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html. Importing it
takes most of a cold start and a third of a function's memory, so it is done once. A function for which this would make
a difference, because its package replaces a module imported here or it sets variables of Python, gets a fresh process
instead. This module is loaded by its path, so a function's process contains nothing else of local AWS.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

_SETTINGS = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "GLIBC_")
"""Prefixes of variables that a process reads while it starts."""


_LIBRARIES = ("boto3", "boto3.s3.inject")
"""Modules that nearly every function, or its first client, imports."""


_imported: set[str] = set()
"""The names of modules imported here. Iterating over `sys.modules` in a child would write to each page that contains a
name, as Python stores reference counts there."""


def load_libraries(_job: Mapping[str, Any]) -> None:
    """Import the libraries; if they are missing, a function that needs them fails on its own import."""
    if not _imported:
        for name in _LIBRARIES:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        _imported.update(name.partition(".")[0] for name in sys.modules)


def become_function(_job: Mapping[str, Any], descriptors: list[int]) -> int:
    """Run a function's program as a fresh process would; returns the exit code."""
    *streams, told = descriptors
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    with open(told, encoding="utf-8") as pipe:  # noqa: PTH123 - a descriptor
        order = json.load(pipe)
    program, environment = order["program"], order["environment"]
    os.chdir(order["folder"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if needs_fresh_process(Path(order["folder"]), environment):
        os.execve(sys.executable, [sys.executable, program], environment)  # noqa: S606 - the current Python
    sys.argv = [program]
    sys.path.insert(0, str(Path(program).parent))
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__file__ = program
    return run_to_exit(lambda: exec(compile(Path(program).read_bytes(), program, "exec"), main.__dict__))  # noqa: S102


def run_to_exit(program: Callable[[], object]) -> int:
    """Run a program and then Python's exit handlers; returns the exit code."""
    code = 1
    try:
        program()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:  # noqa: BLE001 - the process ends next
        traceback.print_exc()
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001 - in a child, as in `multiprocessing`
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code & 0xFF


def needs_fresh_process(folder: Path, environment: Mapping[str, str]) -> bool:
    """Whether the function could tell the forked process from a fresh one."""
    settings = {name for name in environment.keys() | os.environ.keys() if name.startswith(_SETTINGS)}
    if any(environment.get(name) != os.environ.get(name) for name in settings):
        return True
    layers = [Path(layer) for layer in environment.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep) if layer]
    brought = {name for place in (folder, *layers) for name in _modules(place)}
    return any(name in _imported for name in brought)


def _modules(place: Path) -> Iterator[str]:
    """The names of modules that a function finds in a folder of its package, or in a layer."""
    for found in (place, place / "python", *place.glob("python/lib/*/site-packages")):
        if found.is_dir():
            yield from (entry.name.partition(".")[0] for entry in found.iterdir())


def main() -> None:
    """Serve until the connection closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path.pop(0)  # the folder of this file
    found = importlib.util.spec_from_file_location("_forks", sys.argv[2])
    if found is None or found.loader is None:
        raise ImportError(sys.argv[2])
    forks = sys.modules["_forks"] = importlib.util.module_from_spec(found)
    found.loader.exec_module(forks)
    control = socket.socket(fileno=int(sys.argv[1]))
    # A child is a supervisor (`processes/supervisor.py`), which ends everything that its function has started.
    forks.ForkServer(control, load_libraries, become_function, last_signal=signal.SIGTERM).loop()


if __name__ == "__main__":
    main()

"""Lambda: workers that end with the server."""

from __future__ import annotations

from local_aws.base.tables import ministack

# POLLHUP comes when the server's end of the worker's standard input closes, which a killed server's does at once.
_WATCH = """
import os as _os, select as _select, threading as _threading
def _end_with_the_server():
    hung_up = _select.poll()
    hung_up.register(0, 0)
    hung_up.poll()
    _os._exit(1)
_threading.Thread(target=_end_with_the_server, daemon=True).start()
"""


def end_functions_with_the_server() -> None:
    """Let no function go on after a kill of the server.

    MiniStack's workers notice that it is gone when they next read their standard input, so a function in the middle
    of an invocation would go on, call the restarted server with credentials that it does not know, and report a
    failure for a job that the restarted server has invoked again.
    """
    runtime = ministack("core.lambda_runtime")
    runtime._PYTHON_WORKER_SCRIPT = _WATCH + runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001

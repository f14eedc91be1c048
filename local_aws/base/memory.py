"""Bounds what MiniStack would keep in memory for ever."""

from __future__ import annotations

import time
from typing import Any

from local_aws.base.tables import ministack


def drop_event_log() -> None:
    """Keep no list of all events that were ever put: nothing reads it, and EventBridge has none.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html: only an archive keeps events.
    """
    ministack("services.eventbridge")._events_log_list = list  # noqa: SLF001


IDLE_S = 900.0
"""After this time without an invocation a function has no process; AWS names none, and ends them when it likes:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown"""


def end_idle_functions() -> None:
    """End each process of a function that is idle for long, the last one too, which MiniStack keeps for good."""
    runtime, functions = ministack("core.lambda_runtime"), ministack("services.lambda_svc")

    def reap_idle_workers(ttl: float | None = None) -> int:
        ended = _take_idle(runtime, time.time() - (IDLE_S if ttl is None else ttl))
        runtime.kill_workers(ended)
        return len(ended)

    functions.reap_idle_workers = reap_idle_workers


def _take_idle(runtime: Any, before: float) -> list[Any]:
    """The workers that were last used before a time, taken out of MiniStack's table."""
    with runtime._lock:  # noqa: SLF001
        found = [w for workers in runtime._workers.values() for w in workers if not w.in_use and w.last_used < before]  # noqa: SLF001
        for key, workers in list(runtime._workers.items()):  # noqa: SLF001
            runtime._workers[key] = [worker for worker in workers if worker not in found]  # noqa: SLF001
            if not runtime._workers[key]:  # noqa: SLF001
                del runtime._workers[key]  # noqa: SLF001
    return found

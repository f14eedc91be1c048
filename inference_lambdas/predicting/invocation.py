"""One request to an endpoint, repeated while it may still succeed, and timed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline_lambdas.runtime.failures import UnavailableError

MAX_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `latency_ms` is that of the request that succeeded, seen from here."""

    content: bytes
    latency_ms: float


def invoke_patiently(
    send: Callable[[], bytes],
    has_time: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Send until an answer comes; UnavailableError after the last attempt, or once `has_time` says no.

    The pauses double and vary, so that throttled requests do not come back all at once.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        started = time.perf_counter()
        try:
            content = send()
        except UnavailableError as error:
            if attempt == MAX_ATTEMPTS or not has_time():
                raise UnavailableError(f"no answer in attempt {attempt} of {MAX_ATTEMPTS}: {error}") from error
            pause = min(_FIRST_PAUSE_S * 2 ** (attempt - 1), _LONGEST_PAUSE_S)
            sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, protects nothing
        else:
            return Answer(content, (time.perf_counter() - started) * 1000)
    raise AssertionError("unreachable: the last attempt returns or raises")

"""What MiniStack keeps in memory for good, or looks through at each request, bounded."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from local_aws.base.tables import ministack

_EVICTION_S = 600.0
_reading = threading.local()


def keep_no_events() -> None:
    """Keep no list of all events that were ever put: nothing reads it, and EventBridge has none.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html: only an archive keeps events.
    """
    ministack("services.eventbridge")._events_log_list = list  # noqa: SLF001


def evict_metrics_now_and_then() -> None:
    """Look for data points to be forgotten every ten minutes, and not at each request, which copies all of them."""
    cloudwatch = ministack("services.cloudwatch")
    evict = cloudwatch._evict_old_metrics  # noqa: SLF001
    last = time.monotonic()

    def evict_if_due() -> None:
        nonlocal last
        if time.monotonic() - last >= _EVICTION_S:
            last = time.monotonic()
            evict()

    cloudwatch._evict_old_metrics = evict_if_due  # noqa: SLF001


@contextmanager
def without_copies(module: Any) -> Iterator[None]:
    """Let this thread read a service's state as it is: a copy of all of it each second leaves memory in pieces."""
    if getattr(module, "copy", None) is copy:
        module.copy = SimpleNamespace(**{**vars(copy), "deepcopy": _deepcopy})
    _reading.now = True
    try:
        yield
    finally:
        _reading.now = False


def _deepcopy(value: Any, *more: Any) -> Any:
    return value if getattr(_reading, "now", False) else copy.deepcopy(value, *more)

"""Time as the services see it, injected so that a day can pass in a test."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The clock of a service."""

    def now(self) -> datetime:
        """The moment, in UTC, to be shown and kept: the machine's clock may be set while we run."""

    def monotonic(self) -> float:
        """Seconds that only ever pass, for durations and deadlines; a machine that sleeps does not count them."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait for an event at most that long; True if it was set."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        return event.wait(timeout_s)

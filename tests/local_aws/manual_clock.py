"""A clock for tests, in which a day passes at once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class ManualClock:
    """A clock that a test moves; waiting threads notice within a few milliseconds."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2030, 1, 1, tzinfo=UTC)
        self._passed = 0.0
        self._changed = threading.Condition()
        self.deadlines: set[float] = set()
        """What `wait` has waited for, or waits for, in seconds of `monotonic`."""

    def now(self) -> datetime:
        with self._changed:
            return self._now

    def monotonic(self) -> float:
        with self._changed:
            return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        # Together, so that no thread finds that time has passed and the clock has not.
        with self._changed:
            self._passed += seconds
            self._now += timedelta(seconds=seconds)
            self._changed.notify_all()

    def set_by(self, seconds: float) -> None:
        """Set the clock, forwards or backwards, as a person or a sleep does."""
        with self._changed:
            self._now += timedelta(seconds=seconds)
            self._changed.notify_all()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        # Who waits until a moment has it as the difference of two dates, which is exact to a microsecond.
        deadline = self.monotonic() + timeout_s - 1e-6
        self.deadlines.add(deadline)
        while not event.is_set() and self.monotonic() < deadline:
            event.wait(0.005)
        return event.is_set()

"""Log events for one request of PutLogEvents, within its limits.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

from typing import Any

MAX_EVENT_BYTES = 256_000
"""The longest message that is sent as one event; AWS accepts 1 MB."""
_MAX_EVENTS = 10_000
_MAX_BYTES = 1_000_000
_EVENT_OVERHEAD_BYTES = 26


class LogBatch:
    """Events in the order in which they were added."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._events)

    def has_room(self, message: str) -> bool:
        """Tell whether one more event fits into the request."""
        size = len(message.encode()) + _EVENT_OVERHEAD_BYTES
        return len(self._events) < _MAX_EVENTS and self._bytes + size <= _MAX_BYTES

    def add(self, at_ms: int, message: str) -> None:
        """Add an event; `at_ms` is its Unix time, milliseconds."""
        self._events.append({"timestamp": at_ms, "message": message})
        self._bytes += len(message.encode()) + _EVENT_OVERHEAD_BYTES

    def take(self) -> list[dict[str, Any]]:
        """Return the request's `logEvents`, and begin the next request."""
        events, self._events, self._bytes = self._events, [], 0
        return events

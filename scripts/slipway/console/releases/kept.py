"""Keeps what can never change, so that no page asks for it twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

from slipway.session import Session

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Values by key; the one that nobody has asked for the longest goes once there are too many. For all threads."""

    def __init__(self, most: int) -> None:
        self._most, self._values, self._lock = most, OrderedDict[Hashable, Value](), Lock()

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def keep(self, key: Hashable, value: Value) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._most:
                self._values.popitem(last=False)


def place(session: Session) -> tuple[str, str, str]:
    """Return what tells one target's pipelines from another's: its address, its account and its Region."""
    target = session.target
    return target.endpoint_url or "", session.names.account, target.region

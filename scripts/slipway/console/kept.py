"""Keeps what can never change, so that it is asked for once: a commit, a job that has ended, a config, a model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")
T = TypeVar("T")


class Kept(Generic[Value]):
    """Values by key; the one that nobody has asked for the longest goes once there are too many. For all threads."""

    def __init__(self, most: int) -> None:
        self._most, self._values, self._lock = most, OrderedDict[Hashable, Value](), Lock()

    def find(self, key: Hashable) -> Value | None:
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

    def get(self, key: Hashable, read: Callable[[], Value], final: Callable[[Value], bool] = lambda _: True) -> Value:
        """Return the value of a key; one that is not kept is read, and kept if it is `final`."""
        found = self.find(key)
        if found is None:
            found = read()
            if final(found):
                self.keep(key, found)
        return found


_ANSWERS = Kept[Any](4096)


def kept_for(key: Hashable, period: Hashable, load: Callable[[], T]) -> T:
    """Return what `load` returned for this key in this period; of each key, the last period's value alone is kept."""
    found: tuple[Hashable, T] | None = _ANSWERS.find(key)
    if found is None or found[0] != period:
        found = period, load()
        _ANSWERS.keep(key, found)
    return found[1]


def kept(key: Hashable, load: Callable[[], T], final: Callable[[T], bool] = lambda _: True) -> T:
    """Return what `load` returned for this key; it is kept if it is `final`, until others push it out.

    The key has to tell resources apart that have the same name one after the other, by their time of creation.
    """
    found: T = _ANSWERS.get(key, load, final)
    return found

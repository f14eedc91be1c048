"""Who uses the processors while something runs: what a wall clock tells less of, the more else the machine does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from benchmarks.processes import cpu_s

_PERIOD_S = 0.5

Parts = Mapping[str, Callable[[], list[int]]]
"""A part's name to its processes as they are now."""


class ProcessorTime:
    """Notes twice a second, while it is entered, the processor seconds that each process of each part has used."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._notes: list[tuple[datetime, dict[str, dict[int, float]]]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._note()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._note()

    def between(self, start: datetime, end: datetime) -> dict[str, float]:
        """Return the seconds of each part from the last note before `start` to the first one after `end`.

        A process that came in between counts whole; one that ended, up to the last note of it.
        """
        before = [note for moment, note in self._notes if moment <= start][-1]
        within = [note for moment, note in self._notes if start < moment <= end]
        within += [note for moment, note in self._notes if moment > end][:1]
        return {part: used_in_all(before[part], [note[part] for note in within]) for part in self._parts}

    def _run(self) -> None:
        while not self._over.wait(_PERIOD_S):
            self._note()

    def _note(self) -> None:
        found = {part: {pid: cpu_s([pid]) for pid in pids()} for part, pids in self._parts.items()}
        self._notes.append((datetime.now(UTC), found))


def used_in_all(before: Mapping[int, float], notes: Iterable[Mapping[int, float]]) -> float:
    """Return the seconds that processes used after `before`, up to the last of the notes of each."""
    last = dict(before)
    for note in notes:
        # One that ended while it was looked at is noted as having used nothing.
        last |= {pid: max(seconds, last.get(pid, 0.0)) for pid, seconds in note.items()}
    return sum(last.values()) - sum(before.values())

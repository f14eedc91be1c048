"""Columns of dates: days since 1970, month, weekday and, if any has a time of day, hour; all in UTC.

A date is ISO 8601 (2024-01-31, 20240131, 2024-01-31T12:30:00+02:00) or seconds, milliseconds, microseconds or
nanoseconds since 1970, told apart by their digits: 9 or 10, 12 or 13, 15 or 16, 18 or 19. A time without an offset is
taken for UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lambdas.tabular.readable import Readings, is_gap
from pipeline_lambdas.tabular.specification import Column

EXPECTED = "date in ISO 8601 or seconds since 1970"
_DAY_S = 86_400
_LONGEST = 40
_EPOCH = date(1970, 1, 1).toordinal()
_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d|\d{8})"
    r"(?:[T ](?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d{1,9})?)?"
    r"(?: ?(?P<zone>Z|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)
_SINCE_1970 = re.compile(r"-?(?P<digits>\d{9,19})(?:\.\d{0,9})?", re.ASCII)
_UNITS = {9: 1, 10: 1, 12: 10**3, 13: 10**3, 15: 10**6, 16: 10**6, 18: 10**9, 19: 10**9}
"""Digits of a number since 1970 to its units per second: from 1973 to 2286."""


def parse(cells: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
    """Return seconds since 1970, shape (cells,), NaN where there are none, and the cells that hold something else."""
    seconds = np.full(len(cells), np.nan)
    unreadable = []
    for index, cell in enumerate(cells):
        text = cell.strip()
        # A longer one is no date, and would be kept in memory.
        found = _seconds(text) if len(text) <= _LONGEST else None
        if found is not None:
            seconds[index] = found
        elif not is_gap(cell):
            unreadable.append(cell)
    return seconds, unreadable


@lru_cache(maxsize=65_536)
def _seconds(text: str) -> float | None:
    iso = _ISO.fullmatch(text)
    if iso is None:
        return _since_1970(text)
    day = _day(iso["date"])
    if day is None:
        return None
    if iso["hour"] is None:
        return float(day * _DAY_S)
    hour, minute, second = int(iso["hour"]), int(iso["minute"]), int(iso["second"] or 0)
    # Sixty is a leap second.
    if hour > 23 or minute > 59 or second > 60:
        return None
    return float(day * _DAY_S + hour * 3600 + minute * 60 + second - _offset_s(iso["zone"]))


def _day(text: str) -> int | None:
    """Return the days since 1970 of 2024-01-31 or 20240131; None if there is no such day."""
    digits = text.replace("-", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).toordinal() - _EPOCH
    except ValueError:
        return None


def _offset_s(zone: str | None) -> int:
    """Return the seconds by which a zone such as +02:00 is ahead of UTC."""
    if zone is None or zone == "Z":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return -seconds if zone[0] == "-" else seconds


def _since_1970(text: str) -> float | None:
    found = _SINCE_1970.fullmatch(text)
    units = _UNITS.get(len(found["digits"])) if found else None
    return float(text) / units if units else None


class DateFit:
    """Learns whether any date of the training rows has a time of day."""

    def __init__(self, column: Column) -> None:
        self.readings = Readings(column.name, EXPECTED)
        self._timed = False

    def observe(self, cells: Sequence[str]) -> None:
        """Look at a block of the training rows."""
        seconds, unreadable = parse(cells)
        missing = np.isnan(seconds)
        self.readings.add(len(cells), int(missing.sum()), unreadable)
        # What every date has, as midnight, tells nothing.
        self._timed = self._timed or bool((seconds[~missing] % _DAY_S).any())

    def fitted(self) -> dict[str, Any]:
        """Return what travels in the model; TableError if the column holds no dates."""
        return {"hour": self._timed, **self.readings.document()}

    def told(self) -> str | None:
        """Return a line for the log, or None."""
        return self.readings.told()


class DateColumn:
    """Encodes a date as three or four numbers."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self._timed = bool(entry["hour"])
        parts = ["days since 1970", "month", "weekday", *(["hour"] if self._timed else [])]
        self.names = [f"{entry['name']}: {part}" for part in parts]
        self.kinds = ["q"] * len(parts)

    def encode(self, cells: Sequence[str]) -> NDArray[np.float32]:
        """Return shape (cells, 3 or 4): days, month from 1, weekday with Monday as 0, and hour with its fraction."""
        seconds = parse(cells)[0]
        values = np.full((len(cells), len(self.names)), np.nan, np.float32)
        known = ~np.isnan(seconds)
        days = (seconds[known] // _DAY_S).astype(np.int64)
        values[known, 0] = days
        values[known, 1] = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
        # The first of January 1970 was a Thursday.
        values[known, 2] = (days + 3) % 7
        if self._timed:
            values[known, 3] = seconds[known] % _DAY_S / 3600
        return values

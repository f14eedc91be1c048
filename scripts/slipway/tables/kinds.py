"""Decides from counts what a column is, and how a model should treat it."""

from __future__ import annotations

import re

from pipeline_lambdas.tabular.readable import GAPS
from slipway.tables.findings import Column, Counts, Feature, Kind

MARKERS = tuple(sorted(GAPS - {""}))
"""What people write into a column of numbers or dates where there is none, in lower case."""
_FEW = 20
"""Up to so many different values are categories, even if they are sentences."""
_REPEATED = 5
"""So many cells per value on average make a column a category."""
_UNIQUE = 0.9
"""From this share of different values on, words without sentences name rows."""
_SENTENCE_WORDS = 3.0
_MOSTLY = 0.98
"""The share of cells that decides; the few others in a column of numbers count as missing."""
_NAMED_ID = re.compile(r"(?:^|[_\s.-])(?:id|ids|uuid|guid|key|index|idx|nr|no|number)$|[a-z](?:Id|ID)$|^column 1$")
_LEAST_ROWS = 20
"""Below, different values say nothing about what a column is."""
_FEATURES: dict[Kind, Feature] = {"number": "number", "category": "category", "text": "text", "date": "date"}


def column(counts: Counts) -> Column:
    """Return what a column is, and the treatment that follows."""
    kind, note = _kind(counts)
    return Column(counts, kind, _feature(counts, kind), note)


def _kind(counts: Counts) -> tuple[Kind, str]:
    if not counts.values:
        return "empty", "no cell has a value"
    if counts.values == 1 and not counts.gaps:
        return "constant", "the same in every row"
    if _mostly(counts, counts.dates):
        return "date", _strays(counts, counts.dates, "date")
    if _mostly(counts, counts.other_dates):
        return "date", "in another form than 2026-12-31: rewritten so, it could be used"
    return _of_numbers(counts) if _mostly(counts, counts.numbers) else _of_words(counts, _note(counts))


def _mostly(counts: Counts, cells: int) -> bool:
    """Whether so many cells are most of those that stand for a value."""
    meant = counts.filled - counts.markers
    return meant > 0 and cells >= _MOSTLY * meant


def _note(counts: Counts) -> str:
    if counts.with_commas and _mostly(counts, counts.numbers + counts.with_commas):
        return "numbers with commas: with a decimal point, and no separator of thousands, they would be numbers"
    return ""


def _strays(counts: Counts, readable: int, what: str) -> str:
    """Return what is said of the cells that cannot be read; nothing if all can."""
    strays = counts.filled - readable
    if not strays:
        return ""
    word = next((value for value, _ in counts.common if value.lower() in MARKERS), "")
    named = f", {word} for example" if word else ""
    return f"{strays:,} cells are no {what} and count as missing{named}"


def _of_numbers(counts: Counts) -> tuple[Kind, str]:
    if counts.zero_led:
        return _of_words(counts, "numbers with leading zeros are codes")
    if counts.values == 2 and (counts.low, counts.high) == (0, 1):
        return "boolean", ""
    if _is_id_of_numbers(counts):
        return "id", "every row has its own"
    return "number", _strays(counts, counts.numbers, "number")


def _is_id_of_numbers(counts: Counts) -> bool:
    if counts.values < counts.filled or counts.whole < counts.numbers or counts.filled < _LEAST_ROWS:
        return False
    consecutive = counts.low is not None and counts.high is not None and counts.high - counts.low + 1 == counts.values
    return consecutive or _NAMED_ID.search(counts.name) is not None


def _of_words(counts: Counts, note: str) -> tuple[Kind, str]:
    if counts.values <= 2 and not note:
        return "boolean" if counts.values == 2 else "category", note
    share = counts.values / max(counts.filled, 1)
    if counts.mean_words >= _SENTENCE_WORDS and counts.values > _FEW:
        return "text", note
    if counts.filled >= _REPEATED * counts.values:
        return "category", note
    if share >= _UNIQUE and counts.filled >= _LEAST_ROWS:
        return "id", note or "nearly every row has its own"
    if _NAMED_ID.search(counts.name) and counts.values > _FEW:
        return "id", note or "named like an id, with many values"
    return "category", note


def _feature(counts: Counts, kind: Kind) -> Feature:
    if kind == "boolean":
        return "number" if counts.numbers == counts.filled else "category"
    if kind == "date" and not _mostly(counts, counts.dates):
        return "ignore"
    return _FEATURES.get(kind, "ignore")

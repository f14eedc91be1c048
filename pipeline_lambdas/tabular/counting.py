"""Counts how often texts occur, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

LIMIT = 500_000
"""Different texts that are counted at a time: some 50 MB of short ones."""


class Counts:
    """How often each text occurs.

    Of more than `limit` different texts the rarest are forgotten: half as many are left, and the counts of texts that
    come and go are then too low. So only among rare texts of a column with very many may another one be kept.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._counts: Counter[str] = Counter()
        self._limit = limit

    def add(self, texts: Iterable[str]) -> None:
        """Count texts; a block of rows at a time, as only afterwards it is seen whether there are too many."""
        self._counts.update(texts)
        if len(self._counts) > self._limit:
            self._counts = Counter(dict(self._ranked()[: self._limit // 2]))

    def top(self, most: int, least: int = 1) -> dict[str, int]:
        """Return the texts that occur most often, `least` times at least, with their counts; of equals the first."""
        return {text: count for text, count in self._ranked()[:most] if count >= least}

    def _ranked(self) -> list[tuple[str, int]]:
        return sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))

"""Counts how often texts occur, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

LIMIT = 500_000
"""Different texts that are counted at a time: some 50 MB of short ones."""
CHARACTERS = 64 * 1024 * 1024
"""Their characters together."""


class Counts:
    """How often each text occurs.

    When more than `limit` different texts are held, or more than `characters` in them, the rarer half is forgotten,
    with all that are as rare as the rest of it. A text that was forgotten and comes again counts from one, so only
    among rare texts of a column with very many may another one be kept than an exact count would keep.
    """

    def __init__(self, limit: int = LIMIT, characters: int = CHARACTERS) -> None:
        self._counts: Counter[str] = Counter()
        self._limit, self._characters = limit, characters
        self._seen = 0
        """Characters of what is held, or more: a text that came again is counted again."""

    def add(self, texts: Iterable[str]) -> None:
        """Count texts; a block of rows at a time, as only afterwards it is seen whether there are too many."""
        block = Counter(texts)
        self._counts.update(block)
        self._seen += sum(map(len, block))
        if self._seen > self._characters:
            self._seen = sum(map(len, self._counts))
        if len(self._counts) > self._limit or self._seen > self._characters:
            bound = sorted(self._counts.values(), reverse=True)[min(len(self._counts), self._limit) // 2]
            self._counts = Counter({text: count for text, count in self._counts.items() if count > bound})
            self._seen = sum(map(len, self._counts))

    def top(self, most: int, least: int = 1) -> dict[str, int]:
        """Return the texts that occur most often, `least` times at least, with their counts; of equals the first."""
        ranked = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return {text: count for text, count in ranked[:most] if count >= least}

"""Columns of text: how often each of the known words occurs.

The counts are not weighted by how rare a word is: a tree compares one column with a bound, and a factor for the whole
column changes no comparison.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from pipeline_lambdas.tabular.counting import Counts
from pipeline_lambdas.tabular.specification import Column

_WORD = re.compile(r"\w+")
_LEAST_ROWS = 2
"""Of a word that only one training row has, nothing can be learned."""


def words(cell: str) -> list[str]:
    """Return the words of a text in small letters."""
    return _WORD.findall(cell.lower())


class TextFit:
    """Learns the words that most training rows have, `max_terms` at most."""

    def __init__(self, column: Column) -> None:
        self._most = column.most
        self._counts = Counts()
        self._missing = 0

    def observe(self, cells: Sequence[str]) -> None:
        """Look at a block of the training rows."""
        found = [set(words(cell)) for cell in cells]
        self._counts.add(word for one in found for word in one)
        self._missing += sum(not one for one in found)

    def fitted(self) -> dict[str, Any]:
        """Return the words, the most frequent first, and how many rows have no word at all."""
        return {"terms": list(self._counts.top(self._most, _LEAST_ROWS)), "missing": self._missing}

    def told(self) -> str | None:
        """Return a line for the log, or None."""
        return None


class TextColumn:
    """Encodes a text as counts; a word that does not occur is missing, which needs no memory."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self._places = {word: place for place, word in enumerate(entry["terms"])}
        self.names = [f"{entry['name']}: {word}" for word in self._places]
        self.kinds = ["q"] * len(self.names)

    def encode(self, cells: Sequence[str]) -> csr_matrix:
        """Return shape (cells, words), sparse."""
        places = self._places
        found: list[int] = []
        ends = [0]
        for cell in cells:
            found += [places[word] for word in words(cell) if word in places]
            ends.append(len(found))
        counts = csr_matrix((np.ones(len(found), np.float32), found, ends), (len(cells), len(places)), np.float32)
        counts.sum_duplicates()
        return counts

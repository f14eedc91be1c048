"""Lines of tokens as numbers: each distinct token once, and its number wherever it occurs."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

END = b"</s>"
"""The token that fastText puts at the end of each line."""


@dataclass(frozen=True)
class Corpus:
    """`codes` are positions in `tokens`; line i holds `codes[offsets[i]:offsets[i + 1]]`."""

    tokens: list[bytes]
    codes: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @property
    def lines(self) -> int:
        return len(self.offsets) - 1


def corpus_of(lines: Iterable[bytes]) -> Corpus:
    """Return the tokens of lines; white space separates them."""
    known: dict[bytes, int] = {}
    codes, lengths = array("i"), array("q", [0])
    for line in lines:
        words = line.split()
        words.append(END)
        codes.extend([known.setdefault(word, len(known)) for word in words])
        lengths.append(len(words))
    return Corpus(list(known), np.frombuffer(codes, dtype=np.int32), np.cumsum(np.frombuffer(lengths, dtype=np.int64)))

"""fastText's hashes of words, and of the n-grams made of them.

https://github.com/facebookresearch/fastText/blob/main/src/dictionary.cc: `Dictionary::hash` is FNV-1a on signed bytes,
`Dictionary::addWordNgrams` combines the hashes of the words in a row, known ones or not, and
`Dictionary::computeSubwords` takes runs of characters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_OFFSET, _PRIME, _MASK = 2166136261, 16777619, 0xFFFFFFFF
_NGRAM_FACTOR = np.uint64(116049371)


def word_hash(word: bytes, before: int = _OFFSET) -> int:
    """Return the hash of a word, from 0 to below 2**32; `before` is the hash of what stands before it."""
    found = before
    for byte in word:
        # A byte is a signed char there, so its sign fills the upper bits.
        found = ((found ^ (byte | 0xFFFFFF00 if byte > 127 else byte)) * _PRIME) & _MASK
    return found


def character_ngrams(word: bytes, shortest: int, longest: int) -> list[int]:
    """Return the hashes of a word's runs of characters, with a mark before and after it; no mark alone."""
    text = f"<{word.decode('utf-8', 'surrogateescape')}>"
    characters = [character.encode("utf-8", "surrogateescape") for character in text]
    found = []
    for first in range(len(characters)):
        combined = _OFFSET
        for length, character in enumerate(characters[first : first + longest], start=1):
            combined = word_hash(character, combined)
            alone = length == 1 and first in (0, len(characters) - 1)
            if length >= shortest and not alone:
                found.append(combined)
    return found


def signed(hashes: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return hashes as n-grams take them: fastText stores them in 32 bits with a sign, and extends that to 64."""
    return hashes.astype(np.uint32).view(np.int32).astype(np.int64).view(np.uint64)


def ngrams(
    hashes: NDArray[np.uint64], lines: NDArray[np.int64], longest: int, buckets: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the bucket of each n-gram of 2 to `longest` words, and its line.

    `hashes` are those of the words of all lines one after the other, and `lines` has the line of each word.
    """
    found: list[NDArray[np.int64]] = []
    where: list[NDArray[np.int64]] = []
    combined = hashes
    for more in range(1, min(longest, len(hashes))):
        combined = combined[:-1] * _NGRAM_FACTOR + hashes[more:]
        inside = lines[:-more] == lines[more:]
        found.append((combined[inside] % np.uint64(buckets)).astype(np.int64))
        where.append(lines[:-more][inside])
        if not inside.any():
            break
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *found]), np.concatenate([empty, *where])

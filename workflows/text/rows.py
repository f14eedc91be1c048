"""From a labelled review to a row of libsvm: its words, counted in a fixed number of columns.

A word's column is a hash of it, so a model needs no list of words, and a new word needs no new column. The first
column has the number of sentences and the last the number of words. With both in each row, all rows are equally wide,
and no reader of libsvm takes their columns to be counted from 1, as some do where column 0 does not occur.
https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence

from workflows.text.scripts.reviews import HELPFUL

WORD_COLUMNS = 2048
LAST_COLUMN = WORD_COLUMNS + 1
_WORD = re.compile(r"[a-z0-9']+")


def row(label: str, sentences: Sequence[str]) -> bytes:
    """Return `1 column:count ...` of a review that was found helpful, `0 ...` of another."""
    words = [word for sentence in sentences for word in _WORD.findall(sentence.lower())]
    counts = Counter(1 + zlib.crc32(word.encode()) % WORD_COLUMNS for word in words)
    columns = ((0, len(sentences)), *sorted(counts.items()), (LAST_COLUMN, len(words)))
    return f"{int(label == HELPFUL)} {' '.join(f'{column}:{count}' for column, count in columns)}\n".encode()

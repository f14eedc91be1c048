"""Matrices of a model, row by row: plain ones, and fastText's quantized ones.

https://github.com/facebookresearch/fastText/blob/main/src/productquantizer.cc: a row is cut into pieces of a few
numbers; each piece is one of 256 that all rows share, and one byte says which. With pieces of one number that keeps
every dimension of its own, at a quarter of the size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LEVELS = 256
_BLOCK_ROWS = 1 << 16

Floats = NDArray[np.float32]


class Matrix(Protocol):
    """Rows of 32-bit floats."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def rows(self, indexes: NDArray[np.int64]) -> Floats:
        """Return some rows."""


@dataclass(frozen=True)
class Dense:
    """`values` may be mapped from a file, so that only rows that are used are read."""

    values: Floats

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.values.shape
        return rows, columns

    def rows(self, indexes: NDArray[np.int64]) -> Floats:
        return np.asarray(self.values[indexes])


@dataclass(frozen=True)
class Quantizer:
    """The 256 pieces for each place in a row, one after the other.

    A piece has `width` numbers, the last may have fewer; `centroids` has columns * 256 numbers.
    """

    columns: int
    width: int
    centroids: Floats

    @property
    def pieces(self) -> int:
        return -(-self.columns // self.width)

    @property
    def last_width(self) -> int:
        return self.columns - (self.pieces - 1) * self.width

    def decoded(self, codes: NDArray[np.uint8]) -> Floats:
        """Return rows by their codes, one code for each piece."""
        whole = self.columns // self.width
        split = whole * self.width * LEVELS
        table = self.centroids[:split].reshape(whole, LEVELS, self.width)
        found = table[np.arange(whole), codes[:, :whole]].reshape(len(codes), whole * self.width)
        if whole == self.pieces:
            return np.asarray(found)
        rest = self.centroids[split:].reshape(LEVELS, self.last_width)
        return np.concatenate([found, rest[codes[:, whole]]], axis=1)


@dataclass(frozen=True)
class Quantized:
    """`norms` has a code for each row and what it stands for: the row is multiplied by that."""

    codes: NDArray[np.uint8]
    quantizer: Quantizer
    norms: tuple[NDArray[np.uint8], Quantizer] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.codes), self.quantizer.columns

    def rows(self, indexes: NDArray[np.int64]) -> Floats:
        found = self.quantizer.decoded(self.codes[indexes])
        if self.norms is None:
            return found
        codes, quantizer = self.norms
        return found * quantizer.decoded(codes[indexes][:, None])


def quantized(values: Floats) -> Quantized:
    """Return a matrix with each number moved to the nearest of 256 even steps between its column's extremes."""
    low, high = values.min(axis=0), values.max(axis=0)
    step = np.where(high > low, (high - low) / (LEVELS - 1), np.float32(1)).astype(np.float32)
    codes = np.empty(values.shape, dtype=np.uint8)
    for first in range(0, len(values), _BLOCK_ROWS):
        part = slice(first, first + _BLOCK_ROWS)
        codes[part] = np.rint((values[part] - low) / step)
    levels = low[:, None] + step[:, None] * np.arange(LEVELS, dtype=np.float32)
    return Quantized(codes, Quantizer(values.shape[1], 1, levels.astype(np.float32).reshape(-1)))

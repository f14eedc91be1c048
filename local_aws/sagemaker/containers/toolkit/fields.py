"""Parses numbers from text with numpy: many fields at once, eight digits per 64-bit word.

A text parser that calls `float` per field, numpy's own included, takes 150 ns and more for each. Here the bytes
of up to eight digits are taken as one 64-bit integer, and all fields of a block go through the same few integer
operations together, which takes about 30 ns for each. What is not a plain decimal number (exponents, nan, more
than 19 digits) is left to `float`, field by field.

Values are exact: a mantissa below 2**53 divided by a power of ten up to 10**22 is the correctly rounded double.
For longer mantissas the double may be off in its last bits; if that could change the value as a 32-bit float,
which is what XGBoost stores, the field is left to `float` as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NEWLINE = 10
COLON = 58
_DOT = 46
_MINUS = 45

_PAD = 24
"""Bytes before the text, so that the words before its first field can be read."""
_BLOCK = 1 << 18
"""Bytes per block: its intermediate arrays stay in the cache."""
_MAX_DIGITS = 19
_EXACT = np.uint64(1 << 53)
_SLACK = 1e-15
_UINT_POWERS = np.array([10**n for n in range(_MAX_DIGITS + 1)], dtype=np.uint64)
_POWERS = np.array([10.0**n for n in range(_MAX_DIGITS + 1)])

_ASCII_ZEROS = np.uint64(0x3030303030303030)
_HIGH_BITS = np.uint64(0x8080808080808080)
_ABOVE_NINE = np.uint64(0x7676767676767676)
_PAIRS = np.uint64(0x000000FF000000FF)
_LOW_FACTORS = np.uint64(0x000F424000000064)
_HIGH_FACTORS = np.uint64(0x0000271000000001)


@dataclass(frozen=True)
class Text:
    """A text of lines that end in a newline, with padding before it.

    `raw` views the same bytes as `data`; offsets everywhere are offsets into both.
    """

    data: bytes
    raw: NDArray[np.uint8]

    @classmethod
    def of(cls, content: bytes) -> Text:
        if b"\r" in content:
            content = content.replace(b"\r\n", b"\n")
        end = b"" if content.endswith(b"\n") else b"\n"
        data = b"\n" * _PAD + content + end
        return cls(data, np.frombuffer(data, dtype=np.uint8))

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield [start, end) of runs of whole lines."""
        start = _PAD
        while start < len(self.data):
            end = self.data.find(b"\n", min(start + _BLOCK, len(self.data) - 1)) + 1
            yield start, end
            start = end

    def line(self, offset: int) -> int:
        """Return the number, from 1, of the line that contains an offset."""
        return self.data.count(b"\n", _PAD, offset) + 1


@dataclass(frozen=True)
class Fields:
    """The fields of a block, in order.

    values      float64; NaN for an empty field
    start, end  offsets into the text
    terminator  the byte that ends each field
    not_a_number  indexes of fields that are neither empty nor a number
    """

    values: NDArray[np.float64]
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    terminator: NDArray[np.uint8]
    not_a_number: list[int]


def scan(text: Text, start: int, end: int, separators: bytes) -> Fields:
    """Return the numbers of the block [start, end) of a text; a newline always separates."""
    raw = text.raw
    block = raw[start:end]
    special = (block == NEWLINE) | (block == _DOT)
    for separator in separators:
        special |= block == separator
    at = np.flatnonzero(special) + start
    kinds = raw[at]
    stops = np.flatnonzero(kinds != _DOT)
    ends = at[stops]
    starts = np.empty_like(ends)
    starts[0] = start
    starts[1:] = ends[:-1] + 1
    dots = np.diff(stops, prepend=-1) - 1
    has_dot = dots == 1
    dot = np.where(has_dot, at[stops - 1], ends)
    negative = raw[starts] == _MINUS
    values, hard = _decimals(raw, starts + negative, dot, ends, has_dot)
    np.negative(values, out=values, where=negative)
    empty = starts == ends
    values[empty] = np.nan
    hard = (hard | (dots > 1)) & ~empty
    bad = _convert_singly(text, starts, ends, np.flatnonzero(hard), values)
    return Fields(values, starts, ends, kinds[stops], bad)


def _decimals(
    raw: NDArray[np.uint8],
    first: NDArray[np.intp],
    dot: NDArray[np.intp],
    end: NDArray[np.intp],
    has_dot: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values of unsigned decimals, and the fields that are not such or need more care."""
    words: NDArray[np.uint64] = np.ndarray(shape=(raw.size - 7,), dtype="<u8", buffer=raw, strides=(1,))
    whole_digits = dot - first
    part_digits = end - dot - has_dot
    hard = (whole_digits > 8) | (whole_digits + part_digits > _MAX_DIGITS) | (whole_digits + part_digits == 0)
    mantissa, bad = _digits(words[dot - 8], np.clip(whole_digits, 0, 8))
    hard |= bad
    scale = np.clip(part_digits, 0, _MAX_DIGITS)
    mantissa *= _UINT_POWERS[scale]
    for done in range(0, int(scale.max(initial=0)), 8):
        part, bad = _digits(words[end - 8 - done], np.clip(scale - done, 0, 8))
        mantissa += part * _UINT_POWERS[done] if done else part
        hard |= bad
    values = mantissa.astype(np.float64)
    values /= _POWERS[scale]
    inexact = np.flatnonzero(mantissa >= _EXACT)
    if inexact.size:
        low = (values[inexact] * (1 - _SLACK)).astype(np.float32)
        high = (values[inexact] * (1 + _SLACK)).astype(np.float32)
        hard[inexact] |= low != high
    return values, hard


def _digits(words: NDArray[np.uint64], count: NDArray[np.intp]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return the number in the last `count` (0 to 8) characters of each word, and where there is none."""
    shift = ((8 - count) * 8).astype(np.uint64)
    value = ((words ^ _ASCII_ZEROS) >> shift) << shift
    bad = (((value + _ABOVE_NINE) | value) & _HIGH_BITS) != 0
    value = value * np.uint64(10) + (value >> np.uint64(8))
    low = (value & _PAIRS) * _LOW_FACTORS
    high = ((value >> np.uint64(16)) & _PAIRS) * _HIGH_FACTORS
    return (low + high) >> np.uint64(32), bad


def _convert_singly(
    text: Text,
    starts: NDArray[np.intp],
    ends: NDArray[np.intp],
    indexes: NDArray[np.intp],
    values: NDArray[np.float64],
) -> list[int]:
    """Fill in the values of the given fields with `float`; return those that are not numbers."""
    bad = []
    data = text.data
    for index, start, end in zip(indexes.tolist(), starts[indexes].tolist(), ends[indexes].tolist(), strict=True):
        # float() accepts underscores between digits, which are not meant in a data file.
        field = data[start:end].strip().replace(b"_", b"?")
        try:
            values[index] = float(field) if field else np.nan
        except ValueError:
            bad.append(index)
    return bad

"""Texts with asterisks, each of which stands for any characters."""

from __future__ import annotations

from collections.abc import Sequence


def stand_in_order(pieces: Sequence[str], value: str) -> bool:
    """Whether a value begins with the first piece, ends with the last, and has the others in between, in order.

    Each is taken where it comes first, which is right wherever a match is, and takes no longer with more pieces.
    """
    first, *rest = pieces
    if not rest:
        return value == first
    *middle, last = rest
    place, end = len(first), len(value) - len(last)
    if end < place or not value.startswith(first) or not value.endswith(last):
        return False
    for piece in middle:
        found = value.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True

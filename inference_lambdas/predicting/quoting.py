"""Cells in quotes, as in the CSV of a table (https://www.rfc-editor.org/rfc/rfc4180), with no line break in a cell.

While rows are worked on, a comma within quotes is another byte, one that no text in UTF-8 has. So a row is split at its
commas whether or not it has quotes, by operations of C on whole blocks, and rows without quotes cost nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence

QUOTE = b'"'
HIDDEN_COMMA = b"\xff"


def unclosed(rows: Sequence[bytes]) -> int | None:
    """Return the place of the first row with a quote that is not closed; None if there is none."""
    return next((place for place, row in enumerate(rows) if row.count(QUOTE) % 2), None)


def hidden(content: bytes) -> bytes:
    """Return whole rows, each of whose quotes are closed, with their commas within quotes hidden."""
    if QUOTE not in content:
        return content
    pieces = content.split(QUOTE)
    pieces[1::2] = [piece.replace(b",", HIDDEN_COMMA) for piece in pieces[1::2]]
    return QUOTE.join(pieces)


def shown(content: bytes) -> bytes:
    """Return rows or cells as the file has them."""
    return content.replace(HIDDEN_COMMA, b",")


def value(cell: bytes) -> bytes:
    """Return the text that a cell stands for; spaces of any alphabet around it are none of it, as in training."""
    if cell.startswith(QUOTE):
        cell = cell[1:-1].replace(b'""', QUOTE)
    return shown(cell).decode(errors="surrogateescape").strip().encode(errors="surrogateescape")


def values(cells: Sequence[bytes]) -> Sequence[bytes]:
    """Return the texts that the cells of a column stand for."""
    texts = {cell: value(cell) for cell in set(cells)}
    return list(map(texts.__getitem__, cells))

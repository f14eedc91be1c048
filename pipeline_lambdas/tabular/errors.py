"""What a user can mend: a sentence with the place, what was found, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable


class TableError(ValueError):
    """The data, the table's description or a hyperparameter is wrong; the message says where, and what is allowed."""


def quoted(texts: Iterable[str], most: int = 10) -> str:
    """Return texts in quotes, the first of them if they are many: 'a', 'b' and 3 more."""
    listed = list(texts)
    shown = ", ".join(f"'{text}'" for text in (shortened(text) for text in listed[:most]))
    return f"{shown} and {len(listed) - most} more" if len(listed) > most else shown


def shortened(text: str, most: int = 60) -> str:
    """Return the beginning of a long text."""
    return text if len(text) <= most else f"{text[:most]}..."

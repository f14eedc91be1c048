"""Splits rows at random into those to train on, to validate with and to test with; every row goes to one of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

SHARES = (70, 15, 15)
"""Per cent of the rows for train, validation and test."""


@dataclass(frozen=True)
class Split:
    """The rows of each part, in random order."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def objects(self) -> dict[str, bytes]:
        """The parts as objects of S3: key below the system's prefix, and content."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {f"{part}/abalone.libsvm": ("\n".join(rows) + "\n").encode() for part, rows in parts.items()}


def split(rows: Sequence[str], seed: int, shares: tuple[int, int, int] = SHARES) -> Split:
    """Split rows; the same seed gives the same parts.

    The cuts are rounded and the last part takes what remains, so no row is lost. ValueError for shares that are not
    positive or do not add up to 100, and for rows too few to give each part one.
    """
    if min(shares) <= 0 or sum(shares) != 100:
        raise ValueError(f"The shares are {shares}; expected three positive numbers that add up to 100.")
    mixed = list(rows)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - a split, not a secret
    first, second = (round(len(mixed) * share / 100) for share in (shares[0], shares[0] + shares[1]))
    parts = Split(tuple(mixed[:first]), tuple(mixed[first:second]), tuple(mixed[second:]))
    if not (parts.train and parts.validation and parts.test):
        raise ValueError(f"Found {len(mixed)} rows; {shares} per cent of them leave a part empty.")
    return parts

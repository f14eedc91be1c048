"""Ranges of keys, and how to halve one of which only the ends are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Halving = Literal["early", "possible", "under way", "impossible"]

_LOWEST, _HIGHEST = 0x20, 0x7F
"""The printable characters of ASCII, of which most keys consist."""
_LONGEST = 1024
"""The most bytes of a key: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html."""


@dataclass(slots=True, eq=False)
class KeyRange:
    """The keys with `prefix` that follow `after`, up to and including `until`; an empty `until` is no bound.

    `after` moves as the range is listed, and `until` is lowered as some of it is given away. `halving` is `early` until
    a page is listed.
    """

    prefix: str
    after: str = ""
    until: str = ""
    start: str = field(init=False)
    halving: Halving = "early"

    def __post_init__(self) -> None:
        self.start = self.after

    def cut(self, objects: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Return the objects that are in the range; they come in the order of their keys."""
        if not self.until or not objects or objects[-1][0] <= self.until:
            return objects
        return [found for found in objects if found[0] <= self.until]

    def middle(self) -> str | None:
        """Return a key in the middle of what is still to be listed; None if there is none to be found."""
        return midpoint(self.after, self.until or _beyond(self.prefix))


def midpoint(low: str, high: str) -> str | None:
    """Return a text between two in the order of code points, which is that of S3's keys; None if none is found.

    It is as short as it can be, so that keys which have been numbered are halved by their first differing digit.
    """
    same = next((place for place, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), len(low))
    lower = ord(low[same]) if same < len(low) else _LOWEST - 1
    upper = ord(high[same]) if same < len(high) else _HIGHEST
    if upper - lower > 1:
        return _between(low[:same], lower, upper)
    for place in range(same + 1, min(len(low), _LONGEST) + 1):
        lower = ord(low[place]) if place < len(low) else _LOWEST - 1
        if lower < _HIGHEST - 1:
            return _between(low[:place], lower, _HIGHEST)
    return None


def _between(head: str, lower: int, upper: int) -> str | None:
    middle = max((lower + upper) // 2, _LOWEST)
    is_surrogate = 0xD800 <= middle <= 0xDFFF
    return None if is_surrogate or not lower < middle < upper else head + chr(middle)


def _beyond(prefix: str) -> str:
    """Return a text that follows all keys with the prefix; the prefix is that of a folder."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)

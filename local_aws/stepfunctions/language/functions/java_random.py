"""The pseudo-random numbers of Java, which AWS draws: a seed gives the same numbers as there.

https://docs.oracle.com/javase/8/docs/api/java/util/Random.html
"""

from __future__ import annotations

import secrets
from typing import Final

_MULTIPLIER: Final = 0x5DEECE66D
_MASK: Final = (1 << 48) - 1


class JavaRandom:
    """`java.util.Random`; a seed of None draws one."""

    def __init__(self, seed: int | None = None) -> None:
        start = secrets.randbits(48) if seed is None else seed
        self._state = (start ^ _MULTIPLIER) & _MASK

    def _next(self, bits: int) -> int:
        self._state = (self._state * _MULTIPLIER + 0xB) & _MASK
        return self._state >> (48 - bits)

    def double(self) -> float:
        """A number in [0, 1)."""
        return float(((self._next(26) << 27) + self._next(27)) / (1 << 53))

    def below(self, bound: int) -> int:
        """An integer in [0, bound); bounds over 31 bits are drawn from more than one number."""
        if bound >= 1 << 31:
            return ((self._next(32) << 32) + self._next(32)) % bound
        if bound & (bound - 1) == 0:
            return (bound * self._next(31)) >> 31
        while True:
            bits = self._next(31)
            if bits - bits % bound + bound - 1 < 1 << 31:
                return bits % bound

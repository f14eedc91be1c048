"""Scales of axes, with ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline_lambdas.report.kit.text import MINUS, TIMES, superscript

# A range narrower than this share of its values has no room for different numbers.
_NARROWEST = 1e-9
_SMALLEST = 1e-100


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps the range from `low` to `high` onto pixels from `start` to `end`; `high` is greater than `low`."""

    low: float
    high: float
    start: float = 0.0
    end: float = 1.0
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of a value; a value outside the range gets the edge."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def on(self, start: float, end: float) -> Scale:
        """Return the same scale on other pixels."""
        return Scale(self.low, self.high, start, end, self.logarithmic)

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """Return the values of the ticks with their texts."""
        values = _powers(self.low, self.high, most) if self.logarithmic else rounds(self.low, self.high, most)
        return list(zip(values, _texts(values, logarithmic=self.logarithmic), strict=True))


def linear(values: Iterable[float], *, whole: bool = False, zero: bool = False, most: int = 6) -> Scale:
    """Return a scale that contains all values and ends at round numbers.

    With `zero` it contains zero too; with `whole` it ends at the values.
    """
    known = [*values, *([0.0] if zero else [])] or [0.0, 1.0]
    low, high = min(known), max(known)
    if high - low <= max(_SMALLEST, _NARROWEST * max(abs(low), abs(high))):
        half = abs(low) / 2 if abs(low) > _SMALLEST else 0.5
        low, high = (0.0, high + half) if zero and not low else (low - half, high + half)
    if whole:
        return Scale(low, high)
    step = _step(high - low, most)
    return Scale(math.floor(low / step + _NARROWEST) * step, math.ceil(high / step - _NARROWEST) * step)


def logarithmic(low: float, high: float) -> Scale:
    """Return a logarithmic scale; both ends are positive."""
    return Scale(low, max(high, low * 2), logarithmic=True)


def rounds(low: float, high: float, most: int) -> list[float]:
    """Return about the given number of multiples of 1, 2 or 5 times a power of ten between two numbers."""
    step = _step(high - low, most)
    first, last = math.ceil(low / step - _NARROWEST), math.floor(high / step + _NARROWEST)
    return [index * step for index in range(first, last + 1)]


def _step(span: float, most: int) -> float:
    raw = span / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next((factor * power for factor in (1, 2, 5) if raw <= factor * power * (1 + _NARROWEST)), 10 * power)


def _powers(low: float, high: float, most: int) -> list[float]:
    """Return 1, 2 and 5 times powers of ten; only the powers where those would be too many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**power for power in powers for factor in factors]
        inside = [value for value in values if low * (1 - _NARROWEST) <= value <= high * (1 + _NARROWEST)]
        if len(inside) <= most + 1:
            return inside
    return inside[:: math.ceil(len(inside) / most)]


def _texts(values: list[float], *, logarithmic: bool) -> list[str]:
    """Format ticks alike: with the same decimals, or all with a power of ten."""
    greatest = max(map(abs, values), default=0.0)
    if not greatest:
        return ["0" for _ in values]
    if logarithmic:
        return [f"{value:,.12g}" if 1e-4 <= value < 1e6 else _scientific(value, 0) for value in values]
    step = values[1] - values[0] if len(values) > 1 else greatest
    places = max(0, -math.floor(math.log10(step) + _NARROWEST))
    if greatest >= 1e8 or places > 5:
        exponent = math.floor(math.log10(step if greatest < 1000 * step else greatest) + _NARROWEST)
        digits = max(0, exponent - math.floor(math.log10(step) + _NARROWEST))
        return [_scientific(value, digits, exponent) for value in values]
    return [f"{value:,.{places}f}".replace("-", MINUS) if round(value, places) else "0" for value in values]


def _scientific(value: float, places: int, exponent: int | None = None) -> str:
    if not value:
        return "0"
    power = math.floor(math.log10(abs(value)) + _NARROWEST) if exponent is None else exponent
    mantissa = f"{value / 10.0**power:.{places}f}".replace("-", MINUS)
    return f"{mantissa}{TIMES}10{superscript(power)}"

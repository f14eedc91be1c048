"""The space that a tuning job searches: hyperparameters, each with its values, and the unit cube that they fill.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html. A value is the text that the
training job gets as its hyperparameter; a position is a number from 0 to 1 on the scale of the hyperparameter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

LINEAR, LOGARITHMIC, REVERSE = "Linear", "Logarithmic", "ReverseLogarithmic"
_AUTO_RATIO = 100.0
"""Auto is Logarithmic from this ratio of the largest value to the smallest on; AWS does not say what it chooses."""
_LARGEST_DOUBLE = math.nextafter(1.0, 0.0)

Values = Mapping[str, str]
"""The value of each hyperparameter, by name."""


@dataclass(frozen=True)
class Continuous:
    """Numbers from `low` to `high`."""

    name: str
    low: float
    high: float
    scale: str = LINEAR

    count = math.inf

    def value(self, position: float) -> str:
        """The number at a position."""
        low, high = _scaled(self.scale, self.low), _scaled(self.scale, self.high)
        number = _unscaled(self.scale, low + position * (high - low))
        return repr(min(max(number, self.low), self.high))

    def position(self, value: str) -> float:
        """Where a number stands; one outside the range stands at its end."""
        low, high = _scaled(self.scale, self.low), _scaled(self.scale, self.high)
        number = min(max(float(value), self.low), self.high)
        return (_scaled(self.scale, number) - low) / (high - low)


@dataclass(frozen=True)
class Integer:
    """Whole numbers from `low` to `high`, each with an equal share of a linear scale."""

    name: str
    low: int
    high: int
    scale: str = LINEAR

    @property
    def count(self) -> float:
        """How many values there are."""
        return float(self.high - self.low + 1)

    def value(self, position: float) -> str:
        """The number at a position."""
        low, high = self._ends()
        number = math.floor(_unscaled(self.scale, low + min(position, _LARGEST_DOUBLE) * (high - low)) + 0.5)
        return str(min(max(number, self.low), self.high))

    def position(self, value: str) -> float:
        """Where a number stands: in the middle of its share."""
        low, high = self._ends()
        number = min(max(float(value), self.low), self.high)
        return (_scaled(self.scale, number) - low) / (high - low)

    def _ends(self) -> tuple[float, float]:
        return _scaled(self.scale, self.low - 0.5), _scaled(self.scale, self.high + 0.5)


@dataclass(frozen=True)
class Categorical:
    """One of several texts."""

    name: str
    choices: tuple[str, ...]

    @property
    def count(self) -> float:
        """How many values there are."""
        return float(len(self.choices))

    def value(self, position: float) -> str:
        """The text at a position: each has an equal share."""
        return self.choices[min(int(position * len(self.choices)), len(self.choices) - 1)]

    def position(self, value: str) -> float:
        """Where a text stands: in the middle of its share."""
        return (self.choices.index(value) + 0.5) / len(self.choices)


Range = Continuous | Integer | Categorical


@dataclass(frozen=True)
class Space:
    """All hyperparameters that are searched."""

    ranges: tuple[Range, ...]

    @cached_property
    def combinations(self) -> float:
        """How many different sets of values there are: infinite with a continuous hyperparameter."""
        return math.prod(one.count for one in self.ranges)

    def values(self, positions: Iterable[float]) -> dict[str, str]:
        """The values at a position in each range."""
        return {one.name: one.value(at) for one, at in zip(self.ranges, positions, strict=True)}

    def nth(self, number: int) -> dict[str, str]:
        """A combination of a space without continuous ranges, counted from 0; the last range turns fastest."""
        chosen: dict[str, str] = {}
        for one in reversed(self.ranges):
            number, at = divmod(number, int(one.count))
            chosen[one.name] = str(one.low + at) if isinstance(one, Integer) else one.value((at + 0.5) / one.count)
        return {one.name: chosen[one.name] for one in self.ranges}

    def holds(self, values: Values) -> bool:
        """Whether the values are some of this space: another tuning job may have had other ranges."""
        return all(one.name in values and _within(one, values[one.name]) for one in self.ranges)


def scale_of(given: str, low: float, high: float) -> str:
    """The scale that a ScalingType means for a range."""
    if given != "Auto":
        return given
    return LOGARITHMIC if low > 0 and high / low >= _AUTO_RATIO else LINEAR


def _within(one: Range, value: str) -> bool:
    if isinstance(one, Categorical):
        return value in one.choices
    try:
        return one.low <= float(value) <= one.high
    except ValueError:
        return False


def _scaled(scale: str, number: float) -> float:
    if scale == LOGARITHMIC:
        return math.log(number)
    return -math.log1p(-number) if scale == REVERSE else number


def _unscaled(scale: str, number: float) -> float:
    if scale == LOGARITHMIC:
        return math.exp(number)
    return -math.expm1(-number) if scale == REVERSE else number

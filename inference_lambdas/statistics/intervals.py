"""Intervals of metrics with 95 % confidence: of shares, of areas under the ROC curve, and of what is near normal.

Confidence means: over many test sets drawn like this one, about 95 % of the intervals hold the metric that the model
has on all such rows. Rows are taken as drawn independently of each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LEVEL = 0.95
# The normal distribution's quantile at (1 + LEVEL) / 2.
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """Limits in the metric's unit; `level` is the confidence, `method` how they were found."""

    low: float
    high: float
    level: float
    method: str


def wilson(part: float, whole: float, method: str = "wilson") -> Interval | None:
    """Return the interval of the share part / whole; None if `whole` is 0.

    Wilson, E. B. (1927): Probable inference, the law of succession, and statistical inference,
    https://doi.org/10.1080/01621459.1927.10502953, without correction for continuity.
    """
    if not whole:
        return None
    share = part / whole
    scale = 1 + Z * Z / whole
    middle = (share + Z * Z / (2 * whole)) / scale
    half = Z / scale * math.sqrt(share * (1 - share) / whole + Z * Z / (4 * whole * whole))
    # At the ends the limit is the share itself, which rounding may miss.
    low = 0.0 if part <= 0 else max(0.0, middle - half)
    high = 1.0 if part >= whole else min(1.0, middle + half)
    return Interval(low, high, LEVEL, method)


def wilson_f1(true_positives: int, wrong: int) -> Interval | None:
    """Return the interval of F1; `wrong` counts false positives and false negatives. None without either.

    F1 is 2 p / (1 + p) of the share p of true positives among the rows that are positive or predicted to be, and
    grows with it. Those rows' number given, the true positives are binomial; so the limits of p give those of F1.
    """
    interval = wilson(true_positives, true_positives + wrong)
    if interval is None:
        return None
    return Interval(
        2 * interval.low / (1 + interval.low), 2 * interval.high / (1 + interval.high), LEVEL, interval.method
    )


def logit_normal(share: float, variance: float, method: str) -> Interval:
    """Return the interval of an estimate between 0 and 1, neither included, whose log-odds are near normal."""
    middle = math.log(share / (1 - share))
    half = Z * math.sqrt(variance) / (share * (1 - share))
    return Interval(logistic(middle - half), logistic(middle + half), LEVEL, method)


def logistic(value: float) -> float:
    """Return the share whose log-odds are `value`."""
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    # The other form overflows for large negative values.
    return math.exp(max(value, -700.0)) / (1 + math.exp(max(value, -700.0)))


def normal_share_below(value: float) -> float:
    """Return the standard normal distribution's share below `value`."""
    return 0.5 * math.erfc(-value / math.sqrt(2))


def normal_quantile(share: float) -> float:
    """Return the value below which `share` of the standard normal distribution lies; 0 < share < 1."""
    low, high = -40.0, 40.0
    while low < (middle := (low + high) / 2) < high:
        if normal_share_below(middle) < share:
            low = middle
        else:
            high = middle
    return high

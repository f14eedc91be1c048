"""The area under the ROC curve in bounded memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

from inference_lambdas.intervals import Interval, logit_normal, wilson

# Up to so many distinct scores every one is counted and the area is exact.
EXACT_LIMIT = 100_000
# Beyond, scores are counted in bins of equal width and the error of the area is bounded.
BINS = 65_536


class ScoreRanking:
    """Counts of scores between 0 and 1 by class.

    Which of the two forms is taken depends on the number of distinct scores alone, so not on how they were
    grouped into batches.
    """

    def __init__(self, exact_limit: int = EXACT_LIMIT) -> None:
        self._exact_limit = exact_limit
        self._binned = False
        self._all: Counter[float] = Counter()
        self._positives: Counter[float] = Counter()

    def add(self, scores: list[float], positives: list[float]) -> None:
        """Add the scores of all rows, and once more those of the positive ones."""
        self._all.update(map(_bin, scores) if self._binned else scores)
        self._positives.update(map(_bin, positives) if self._binned else positives)
        if not self._binned and len(self._all) > self._exact_limit:
            self._binned = True
            self._all, self._positives = _gather(self._all), _gather(self._positives)

    def area(self) -> tuple[float | None, float]:
        """Return the area and its greatest error; None where only one class was seen.

        The area is the share of pairs of a positive and a negative row in which the positive scores higher,
        ties counting one half.
        """
        positive = self._positives.total()
        pairs = positive * (self._all.total() - positive)
        if not pairs:
            return None, 0.0
        below = ordered = tied = 0
        for score, count in sorted(self._all.items()):
            positives = self._positives[score]
            ordered += positives * below
            tied += positives * (count - positives)
            below += count - positives
        # A pair within one bin counts as one half and is truly anything from 0 to 1.
        return (2 * ordered + tied) / (2 * pairs), (tied / (2 * pairs) if self._binned else 0.0)

    def interval(self) -> Interval | None:
        """Return the area's interval; None if a class has fewer than two rows.

        The variance is DeLong's, of rows in the two classes drawn independently: DeLong, E. R., DeLong, D. M.,
        Clarke-Pearson, D. L. (1988), Comparing the areas under two or more correlated receiver operating
        characteristic curves, https://doi.org/10.2307/2531595, from ranks as in Sun, X., Xu, W. (2014), Fast
        implementation of DeLong's algorithm, https://doi.org/10.1109/LSP.2014.2337313. The limits are symmetric in
        the log-odds of the area. An area of 0 or 1 has no variance; its limits are Wilson's for as many rows as the
        smaller class has. Of binned scores, the interval is that of the binned scores' area.
        """
        method = f"delong on {BINS:,} bins" if self._binned else "delong"
        positive = self._positives.total()
        negative = self._all.total() - positive
        area, _ = self.area()
        if area is None or min(positive, negative) < 2:
            return None
        if not 0.0 < area < 1.0:
            smaller = min(positive, negative)
            return wilson(area * smaller, smaller, "wilson, rows of the smaller class")
        return logit_normal(area, self._variance(area, positive, negative), method)

    def to_json(self) -> dict[str, Any]:
        return {
            "binned": self._binned,
            "all": [list(item) for item in sorted(self._all.items())],
            "positives": [list(item) for item in sorted(self._positives.items())],
        }

    def _variance(self, area: float, positive: int, negative: int) -> float:
        """Return DeLong's variance: that of each row's share of the other class that it is ranked right against."""
        of_positives, of_negatives = [], []
        below = positives_below = 0
        for score, count in sorted(self._all.items()):
            positives = self._positives[score]
            negatives = count - positives
            of_positives.append(positives * ((below + negatives / 2) / negative - area) ** 2)
            above = positive - positives_below - positives
            of_negatives.append(negatives * ((above + positives / 2) / positive - area) ** 2)
            below += negatives
            positives_below += positives
        return math.fsum(of_positives) / (positive - 1) / positive + math.fsum(of_negatives) / (negative - 1) / negative

    @classmethod
    def from_json(cls, state: dict[str, Any], exact_limit: int = EXACT_LIMIT) -> Self:
        ranking = cls(exact_limit)
        ranking._binned = state["binned"]
        ranking._all = _restored(state["all"])
        ranking._positives = _restored(state["positives"])
        return ranking


def _bin(score: float) -> float:
    return min(int(score * BINS), BINS - 1)


def _gather(counts: Counter[float]) -> Counter[float]:
    gathered: Counter[float] = Counter()
    for score, count in counts.items():
        gathered[_bin(score)] += count
    return gathered


def _restored(items: Iterable[tuple[float, int]]) -> Counter[float]:
    return Counter(dict(items))

"""The area under the ROC curve in bounded memory."""

from __future__ import annotations

import math
from collections import Counter

from inference_lambdas.statistics.intervals import Interval, logit_normal, wilson

# Up to this many distinct scores are each counted and the area is exact.
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
        self._negatives: Counter[float] = Counter()
        self._positives: Counter[float] = Counter()

    def add(self, negatives: list[float], positives: list[float]) -> None:
        """Add the scores of rows of class 0, and of rows of class 1."""
        if self._binned:
            _add_bins(self._negatives, negatives)
            _add_bins(self._positives, positives)
            return
        self._negatives.update(negatives)
        self._positives.update(positives)
        # Counting scores that both classes have takes time, and only a sum beyond the limit asks for it.
        if len(self._negatives) + len(self._positives) > self._exact_limit < len(self._scores()):
            self._binned = True
            self._negatives, self._positives = _gather(self._negatives), _gather(self._positives)

    def area(self) -> tuple[float | None, float]:
        """Return the area and its greatest error; None where only one class was seen.

        The area is the share of pairs of a positive and a negative row in which the positive scores higher,
        ties counting one half.
        """
        pairs = self._positives.total() * self._negatives.total()
        if not pairs:
            return None, 0.0
        below = ordered = tied = 0
        for score in sorted(self._scores()):
            positives, negatives = self._positives[score], self._negatives[score]
            ordered += positives * below
            tied += positives * negatives
            below += negatives
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
        positive, negative = self._positives.total(), self._negatives.total()
        area, _ = self.area()
        if area is None or min(positive, negative) < 2:
            return None
        if not 0.0 < area < 1.0:
            smaller = min(positive, negative)
            return wilson(area * smaller, smaller, "wilson, rows of the smaller class")
        return logit_normal(area, self._variance(area, positive, negative), method)

    def _scores(self) -> set[float]:
        return self._negatives.keys() | self._positives.keys()

    def _variance(self, area: float, positive: int, negative: int) -> float:
        """Return DeLong's variance: that of each row's share of the other class that it is ranked right against."""
        of_positives, of_negatives = [], []
        below = positives_below = 0
        for score in sorted(self._scores()):
            positives, negatives = self._positives[score], self._negatives[score]
            of_positives.append(positives * ((below + negatives / 2) / negative - area) ** 2)
            above = positive - positives_below - positives
            of_negatives.append(negatives * ((above + positives / 2) / positive - area) ** 2)
            below += negatives
            positives_below += positives
        return math.fsum(of_positives) / (positive - 1) / positive + math.fsum(of_negatives) / (negative - 1) / negative


def _add_bins(counts: Counter[float], scores: list[float]) -> None:
    counts.update(map(int, [score * BINS for score in scores]))
    # The score 1 belongs to the last bin.
    if BINS in counts:
        counts[BINS - 1] += counts.pop(BINS)


def _gather(counts: Counter[float]) -> Counter[float]:
    gathered: Counter[float] = Counter()
    for score, count in counts.items():
        gathered[min(int(score * BINS), BINS - 1)] += count
    return gathered

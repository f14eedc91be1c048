"""F1 averaged over classes, and how far it scatters: from counts of pairs of label and prediction alone.

The variance is the multivariate delta method's: the metric is a smooth function of the counts, so its variance is that
of the rows' influences on it. Takahashi, K., Yamamoto, K., Kuchiba, A., Koyama, T. (2022), Confidence interval for
micro-averaged F1 and macro-averaged F1 scores, https://doi.org/10.1007/s10489-021-02635-5.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

from inference_lambdas.statistics.intervals import Interval, wilson

# A row's label and predicted class.
Pair = tuple[int, int]
# A row's label, and what the one and the other model predicts.
Triple = tuple[int, int, int]
# A prediction that is wrong without being another class's.
_NO_CLASS = -1
# Where all rows are right, counts show no scatter at all although other rows might be wrong. So for each class half a
# row is taken to be wrong and half a row right, for the variance alone.
_PSEUDO_ROWS = 0.5


class MacroF1:
    """The mean of the classes' F1; classes are those that are labelled or predicted."""

    def __init__(self, pairs: Mapping[Pair, float]) -> None:
        self._pairs = pairs
        self._right: defaultdict[int, float] = defaultdict(float)
        # Rows labelled plus rows predicted so: a class's F1 is twice the right ones among these.
        self._named: defaultdict[int, float] = defaultdict(float)
        for (label, predicted), count in pairs.items():
            self._named[label] += count
            if predicted != _NO_CLASS:
                self._named[predicted] += count
            if label == predicted:
                self._right[label] += count
        self._scores = {name: 2 * self._right[name] / named for name, named in self._named.items()}

    @property
    def value(self) -> float:
        return math.fsum(self._scores.values()) / len(self._scores)

    def influence(self, label: int, predicted: int) -> float:
        """Return how far one more row of this kind moves the value, to the first order."""
        moved = ((2.0 if label == predicted else 0.0) - self._scores[label]) / self._named[label]
        if predicted != _NO_CLASS:
            moved -= self._scores[predicted] / self._named[predicted]
        return moved / len(self._scores)

    def interval(self) -> Interval | None:
        """Return Wilson's interval for as many rows as give a plain share the variance of this mean."""
        pairs: defaultdict[Pair, float] = defaultdict(float, self._pairs)
        for name in self._scores:
            pairs[(name, name)] += _PSEUDO_ROWS
            pairs[(name, _NO_CLASS)] += _PSEUDO_ROWS
        padded = MacroF1(pairs)
        variance = math.fsum([count * padded.influence(*pair) ** 2 for pair, count in pairs.items()])
        rows = padded.value * (1 - padded.value) / variance
        return wilson(self.value * rows, rows, "delta method, wilson")


def log_ratio(triples: Mapping[Triple, float]) -> tuple[float, float]:
    """Return the logarithm of the first model's value over the second's, and its variance; rows are the same.

    For each class half a row is added that only the one model has right and half a row that only the other has.
    """
    padded: defaultdict[Triple, float] = defaultdict(float, triples)
    for name in {name for triple in triples for name in triple}:
        padded[(name, name, _NO_CLASS)] += _PSEUDO_ROWS
        padded[(name, _NO_CLASS, name)] += _PSEUDO_ROWS
    first: defaultdict[Pair, float] = defaultdict(float)
    second: defaultdict[Pair, float] = defaultdict(float)
    for (label, one, other), count in padded.items():
        first[(label, one)] += count
        second[(label, other)] += count
    one_mean, other_mean = MacroF1(first), MacroF1(second)
    one_value, other_value = one_mean.value, other_mean.value
    variance = math.fsum(
        [
            count * (one_mean.influence(label, one) / one_value - other_mean.influence(label, other) / other_value) ** 2
            for (label, one, other), count in padded.items()
        ]
    )
    return math.log(one_value / other_value), variance

"""Naive Bayes on the cells of a table, with nothing but Python."""

import math
from collections import Counter
from itertools import pairwise
from typing import Any

Rows = list[list[str]]

CUTS = (10.0, 25.0, 50.0, 75.0, 100.0)


def value_of(cell: str) -> str:
    """A number by the part of the scale that it lies in, a short text as it is; an id or a date says nothing."""
    try:
        return f"up to {next((cut for cut in CUTS if float(cell) <= cut), 'more')}"
    except ValueError:
        return cell if len(cell) < 20 and not any(letter.isdigit() for letter in cell) else ""


def fit(rows: Rows, positive: str) -> dict[str, Any]:
    """Logarithms of how much more often each value is among the positive rows."""
    labels = Counter(row[0] == positive for row in rows)
    counts: dict[bool, Counter[tuple[int, str]]] = {True: Counter(), False: Counter()}
    for row in rows:
        counts[row[0] == positive].update(enumerate(map(value_of, row[1:])))
    weights = {
        f"{index}:{value}": math.log((counts[True][index, value] + 1) / (labels[True] + 2))
        - math.log((counts[False][index, value] + 1) / (labels[False] + 2))
        for index, value in {*counts[True], *counts[False]}
    }
    return {"prior": math.log((labels[True] + 1) / (labels[False] + 1)), "weights": weights}


def predict(model: dict[str, Any], row: list[str]) -> float:
    """The probability of the positive class for a row without its label."""
    score = model["prior"] + sum(model["weights"].get(f"{i}:{value_of(cell)}", 0.0) for i, cell in enumerate(row))
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))


def auc(rows: Rows, scores: list[float], positive: str) -> float:
    """The area under the curve, ties counted as half."""
    ranked = sorted(zip(scores, [row[0] == positive for row in rows], strict=True))
    edges = [0, *(i for i, (one, two) in enumerate(pairwise(ranked), 1) if one[0] != two[0]), len(ranked)]
    total = seen = 0.0
    for start, end in pairwise(edges):
        positives = sum(label for _, label in ranked[start:end])
        negatives = end - start - positives
        total += positives * (seen + negatives / 2)
        seen += negatives
    positives = sum(label for _, label in ranked)
    return total / (positives * seen) if positives and seen else 0.5

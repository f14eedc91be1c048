"""Plots of predicted classes. None if there is nothing to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.figures import Counted, Figure
from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.reading import Document, documents, items, number, points
from pipeline_lambdas.report.kit.scales import Scale
from pipeline_lambdas.report.kit.svg import WIDTH, Axis, Chart, block, image, px, width, words

_SHARE = Scale(0.0, 1.0)
_MOST_NUMBERED = 10
_NAME_CHARACTERS = 16
_NUMBER_WIDTH = width("00")
MOST_CLASSES = 30
"""Confusion matrices of more classes are told as a table of the most frequent mistakes."""


def roc(plots: Document, area: float | None, about: str) -> Figure | None:
    """Return the receiver operating characteristic."""
    curve = points(plots, "roc")
    if len(curve) < 2:
        return None
    chart = Chart(Axis("False positive rate", _SHARE), Axis("True positive rate (recall)", _SHARE), square=True)
    chart.line([(0.0, 0.0), (1.0, 1.0)], "ideal")
    chart.line(curve, "data-1")
    title = "ROC curve"
    caption = f"{_area(area)}{text.times(len(curve), 'point')} of {about}. The dashed line is chance."
    description = (
        f"Line chart through {text.times(len(curve), 'point')}. {_area(area)}{_at(curve, 'true positive rate')}"
    )
    return Figure("roc", title, chart.svg("roc", title, description), caption)


def precision_recall(plots: Document, about: str) -> Figure | None:
    """Plot precision against recall, and the precision of chance: the share of positives."""
    curve = points(plots, "precision_recall")
    if len(curve) < 2:
        return None
    chart = Chart(Axis("Recall", _SHARE), Axis("Precision", _SHARE), square=True)
    counts = matrix(plots)
    share = sum(counts[1]) / total if len(counts) == 2 and (total := sum(map(sum, counts))) else None
    chance = ""
    if share is not None:
        chart.line([(0.0, share), (1.0, share)], "ideal")
        chance = f" The dashed line is chance, the share of positives: {text.percent(share)}."
    chart.line(curve, "data-1")
    title = "Precision and recall"
    caption = f"{text.times(len(curve), 'point')} of {about}.{chance}"
    description = f"Line chart through {text.times(len(curve), 'point')}. {_at(curve, 'precision')}{chance}"
    return Figure("precision-recall", title, chart.svg("precision-recall", title, description), caption)


def _area(area: float | None) -> str:
    return "" if area is None else f"Area under the curve {text.number(area)}. "


def _at(curve: Sequence[tuple[float, float]], name: str) -> str:
    """Describe a curve by its values at the quarters."""
    nearest = [min((abs(x - quarter), x, y) for x, y in curve) for quarter in (0.1, 0.25, 0.5, 0.75)]
    return f"The {name} is " + ", ".join(f"{text.number(y, 3)} at {text.number(x, 3)}" for _, x, y in nearest) + "."


def calibration(plots: Document, counted: Counted) -> Figure | None:
    """Plot the share of positives against their predicted score; a larger dot stands for more rows."""
    found = [
        (number(bin_, "mean_score"), number(bin_, "share"), number(bin_, "rows") or 0)
        for bin_ in documents(plots, "calibration")
    ]
    bins = [
        (score, share, rows) for score, share, rows in found if score is not None and share is not None and rows > 0
    ]
    if not bins:
        return None
    chart = Chart(Axis("Mean score in the bin", _SHARE), Axis("Share of positives", _SHARE), square=True)
    chart.line([(0.0, 0.0), (1.0, 1.0)], "ideal")
    chart.line([(score, share) for score, share, _ in bins], "data-1")
    most = max(rows for *_, rows in bins)
    for score, share, rows in bins:
        radius = 2.5 + 5 * math.sqrt(rows / most)
        chart.add(el("circle", cx=px(chart.x(score)), cy=px(chart.y(share)), r=px(radius), class_="fill data-1"))
    sizes = [rows for *_, rows in bins]
    title = "Calibration"
    caption = (
        f"{counted(sum(sizes))} in {text.times(len(bins), 'bin')} of {min(sizes):,.0f} to "
        f"{text.rows(most)}; larger dots hold more. On the dashed line scores are shares."
    )
    told = ", ".join(f"{text.number(share, 3)} at {text.number(score, 3)}" for score, share, _ in bins)
    return Figure(
        "calibration", title, chart.svg("calibration", title, f"Share of positives by score: {told}."), caption
    )


def class_names(evaluation: Document) -> list[str]:
    """Return the names of the classes, by their numbers; none where these are all there is."""
    return [str(name) for name in items(evaluation, "classes")]


def _names(names: Sequence[str], classes: int) -> list[str]:
    """Return what the classes of a plot are called."""
    known = names if len(names) == classes else map(str, range(classes))
    return [text.shortened(name, _NAME_CHARACTERS) for name in known]


def matrix(plots: Document) -> list[list[int]]:
    """Return the confusion matrix, rows are actual classes; empty if it is missing or not square."""
    found = [[max(0, int(number(cell) or 0)) for cell in items(row)] for row in items(plots, "confusion")]
    return found if all(len(row) == len(found) for row in found) else []


def confusion(plots: Document, counted: Counted, names: Sequence[str] = ()) -> Figure | None:
    """Plot the confusion matrix, each cell with its count and its share of the actual class."""
    counts = matrix(plots)
    if not 0 < len(counts) <= MOST_CLASSES or not sum(map(sum, counts)):
        return None
    classes = len(counts)
    names = _names(names, classes)
    widest = max(map(width, names))
    beside = 32.0 + max(0.0, widest - _NUMBER_WIDTH)
    left, top = beside + 12.0, 32.0
    side = min((WIDTH - left - 16) / classes, 110.0)
    left = max(left, (WIDTH - side * classes) / 2)
    parts: list[Html] = [
        words("Predicted class", left + side * classes / 2, 10, "name middle"),
        words("Actual class", left - beside, top + side * classes / 2, "name middle",
              transform=f"rotate(-90 {px(left - beside)} {px(top + side * classes / 2)})"),
    ]  # fmt: skip
    every = math.ceil((widest + 4) / side)
    for place in range(0, classes, every):
        middle = side * (place + 0.5)
        parts += [
            words(names[place], left + middle, top - 3, "tick middle"),
            words(names[place], left - 6, top + middle + 4, "tick end"),
        ]
    for actual, row in enumerate(counts):
        for predicted, count in enumerate(row):
            parts += _cell(
                left + side * predicted, top + side * actual, side, count, sum(row), classes <= _MOST_NUMBERED
            )
    title = "Confusion matrix"
    caption = _confusion_caption(plots, counts, counted, names)
    right = sum(row[place] for place, row in enumerate(counts))
    description = (
        f"Matrix of {classes} actual by {classes} predicted classes. {right:,} of {sum(map(sum, counts)):,} rows are "
        f"right. {mistakes_text(counts, names)}"
    )
    svg = image("confusion", title, description, top + side * classes + 8, parts)
    return Figure("confusion", title, svg, caption)


def _cell(x: float, y: float, side: float, count: int, of: int, numbered: bool) -> list[Html]:
    share = count / of if of else 0.0
    square = block(x + 0.5, y + 0.5, x + side - 0.5, y + side - 0.5, f"cell shade-{math.ceil(share * 8)}")
    if not numbered:
        return [square]
    middle = y + side / 2
    if side < 40:
        return [square, words(_compact(count), x + side / 2, middle + 4, "cell-text middle")]
    return [
        square,
        words(f"{count:,}" if side > 60 else _compact(count), x + side / 2, middle, "cell-text middle"),
        words(
            text.percent(share) if side > 60 else f"{100 * share:.0f} %", x + side / 2, middle + 15, "cell-share middle"
        ),
    ]


def _compact(count: int) -> str:
    if count < 10_000:
        return str(count)
    return f"{count / 1000:.0f}k" if count < 1_000_000 else f"{count / 1_000_000:.0f}M"


def _confusion_caption(plots: Document, counts: Sequence[Sequence[int]], counted: Counted, names: Sequence[str]) -> str:
    threshold = number(plots, "threshold")
    at = "" if threshold is None or len(names) < 2 else f" Class {names[1]} is a score above {text.bound(threshold)}."
    shown = "Counts, and shares" if len(counts) <= _MOST_NUMBERED else "Darker cells hold a greater share"
    return f"{counted(sum(map(sum, counts)))}. {shown} of the actual class.{at}"


def mistakes(counts: Sequence[Sequence[int]], most: int) -> list[tuple[int, int, int]]:
    """Return the most frequent mistakes: actual class, predicted class, rows."""
    found = [
        (actual, predicted, count)
        for actual, row in enumerate(counts)
        for predicted, count in enumerate(row)
        if count and actual != predicted
    ]
    return sorted(found, key=lambda item: (-item[2], item))[:most]


def mistakes_text(counts: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    worst = [
        f"{names[actual]} predicted as {names[predicted]} in {text.rows(count)}"
        for actual, predicted, count in mistakes(counts, 3)
    ]
    return f"Most frequent mistakes: {'; '.join(worst)}." if worst else "No prediction is wrong."

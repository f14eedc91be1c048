"""Charts with a row for each name: bars, and values with their intervals. None if there is nothing to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.figures import Figure
from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.reading import Document, documents, mapping, number, string
from pipeline_lambdas.report.kit.scales import Scale, linear
from pipeline_lambdas.report.kit.svg import (
    BOTTOM,
    RIGHT,
    TOP,
    WIDTH,
    Key,
    across,
    block,
    fitted,
    image,
    legend,
    legend_lines,
    px,
    width,
    words,
)

MOST_ROWS = 20
MOST_SHARES = 3
_ROW = 22.0
_LABEL = 140.0
_CATEGORY_CHARACTERS = 40
_LEGEND = 20.0


@dataclass(frozen=True, slots=True)
class Row:
    """A named value, with its interval if it is known."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    bound: float | None = None

    @property
    def sides(self) -> list[float]:
        return [side for side in (self.low, self.value, self.high, self.bound) if side is not None]


class _Rows:
    """Rows over a common axis; a long name is cut to its column, and shown in full on hover."""

    def __init__(
        self, names: Sequence[str], scale: Scale, label: str, keys: Sequence[Key] = (), row: float = _ROW
    ) -> None:
        lines = legend_lines(keys)
        self.row = row
        self.top = TOP + _LEGEND * len(lines)
        self.bottom = self.top + row * len(names)
        left = min(_LABEL, max(map(width, names), default=0.0) + 6)
        self.x = scale.on(left + 6, WIDTH - RIGHT)
        most = int((self.x.end - self.x.start) / (max(width(words_) for _, words_ in scale.ticks()) + 14))
        ticks = self.x.ticks(max(2, min(6, most)))
        grid = "".join(f"M{px(self.x(value))} {px(self.top)}V{px(self.bottom)}" for value, _ in ticks)
        self.parts: list[Html] = [
            legend(lines, self.x.start),
            el("path", d=grid, class_="grid"),
            across(label, self.x, ticks, self.bottom),
            *(self._name(place, name, left) for place, name in enumerate(names)),
        ]

    def _name(self, place: int, name: str, left: float) -> Html:
        shown = fitted(name, left)
        label = words(shown, left, self.middle(place) + 4, "label end")
        return label if shown == name else el("g", el("title", name), label)

    def middle(self, place: int) -> float:
        return self.top + self.row * (place + 0.5)

    def bar(self, place: int, value: float, style: str, half: float = 7.0, shift: float = 0.0) -> None:
        zero, end = sorted((self.x(0.0), self.x(value)))
        middle = self.middle(place) + shift
        self.parts.append(block(zero, middle - half, max(end, zero + 0.5), middle + half, style))

    def interval(self, place: int, row: Row) -> None:
        y = self.middle(place)
        if row.low is not None and row.high is not None:
            low, high = self.x(row.low), self.x(row.high)
            whiskers = f"M{px(low)} {px(y - 4)}v8M{px(low)} {px(y)}H{px(high)}M{px(high)} {px(y - 4)}v8"
            self.parts.append(el("path", d=whiskers, class_="line data-1"))
        self.parts.append(el("circle", cx=px(self.x(row.value)), cy=px(y), r=4, class_="fill data-1"))
        if row.bound is not None:
            self.parts.append(el("path", d=f"M{px(self.x(row.bound))} {px(y - 9)}v18", class_="line bound"))

    def upright(self, value: float, style: str) -> None:
        x = px(self.x(value))
        self.parts.append(el("path", d=f"M{x} {px(self.top - 3)}V{px(self.bottom)}", class_=f"line {style}"))

    def svg(self, key: str, title: str, description: str) -> Html:
        return image(key, title, description, self.bottom + BOTTOM, self.parts)


def importance(document: Document) -> Figure | None:
    """Chart how much worse a metric gets when a column's values are shuffled."""
    columns = [(string(column, "column"), number(column, "increase")) for column in documents(document, "columns")]
    found = [Row(name, value) for name, value in columns if value is not None]
    rows = sorted(found, key=lambda row: (-row.value, row.name))
    if not rows:
        return None
    metric = string(document, "metric") or "the metric"
    shown = rows[:MOST_ROWS]
    chart = _Rows([row.name for row in shown], linear([row.value for row in shown], zero=True), f"Increase of {metric}")
    for place, row in enumerate(shown):
        chart.bar(place, row.value, "fill data-1")
    if min(row.value for row in shown) < 0:
        chart.upright(0.0, "zero")
    title = "Importance of the columns"
    told = ", ".join(f"{row.name} {text.number(row.value, 3)}" for row in shown)
    caption = (
        f"By how much {metric} grows when a column's values are shuffled among {text.rows(number(document, 'rows'))}."
        f"{_more(len(rows), 'column')} {string(document, 'note')}"
    )
    svg = chart.svg("importance", title, f"Bar chart. Increase of {metric}: {told}.")
    return Figure("importance", title, svg, caption.strip())


def drift(document: Document, bounds: Sequence[float], about: str) -> Figure | None:
    """Chart each column's population stability index, the greatest first, and the bound of its gate."""
    columns = [(string(column, "column"), number(column, "psi")) for column in documents(document, "columns")]
    rows = sorted((Row(name, psi) for name, psi in columns if psi is not None), key=lambda row: (-row.value, row.name))
    if not rows:
        return None
    shown = rows[:MOST_ROWS]
    scale = linear([*(row.value for row in shown), *bounds], zero=True)
    keys = [Key("line bound", f"bound {text.bound(bound)}") for bound in bounds]
    chart = _Rows([row.name for row in shown], scale, "Population stability index (PSI)", keys)
    for place, row in enumerate(shown):
        chart.bar(place, row.value, "fill data-1")
    for bound in bounds:
        chart.upright(bound, "bound")
    unknown = len(columns) - len(rows)
    missing = f" {text.times(unknown, 'column')} could not be compared." if unknown else ""
    title = "Drift of the columns"
    told = ", ".join(f"{row.name} {text.number(row.value, 3)}" for row in shown)
    caption = f"{about}.{_more(len(rows), 'column')}{missing}"
    return Figure("drift", title, chart.svg("drift", title, f"Bar chart. PSI by column: {told}."), caption)


def drift_shares(document: Document) -> list[Figure]:
    """Chart the distributions of the columns that drifted most."""
    found = [(number(column, "psi"), column) for column in documents(document, "columns")]
    worst = sorted(((psi, column) for psi, column in found if psi), key=lambda item: -item[0])[:MOST_SHARES]
    figures = [_shares(place, psi, column) for place, (psi, column) in enumerate(worst)]
    return [figure for figure in figures if figure]


def _shares(index: int, psi: float, column: Document) -> Figure | None:
    bins = documents(column, "bins")
    if not bins:
        return None
    names = _bin_names(bins)
    pairs = [(number(bin_, "reference_share") or 0.0, number(bin_, "share") or 0.0) for bin_ in bins]
    keys = [Key("fill data-1", "training rows"), Key("fill data-2", "test rows")]
    chart = _Rows(names, linear([share for pair in pairs for share in pair], zero=True), "Share of rows", keys, 26.0)
    for place, (reference, share) in enumerate(pairs):
        chart.bar(place, reference, "fill data-1", 4.5, -5.0)
        chart.bar(place, share, "fill data-2", 4.5, 5.0)
    name = string(column, "column")
    title = f"Distribution of {name}"
    told = "; ".join(
        f"{range_} {text.percent(reference)} then {text.percent(share)}"
        for range_, (reference, share) in zip(names, pairs, strict=True)
    )
    caption = f"PSI {text.number(psi)} over {text.times(len(bins), 'bin')}, whose bounds come from the training rows."
    svg = chart.svg(f"shares-{index}", title, f"Bar chart of shares in the training rows and in the test rows: {told}.")
    return Figure(f"shares-{index}", title, svg, caption)


def _bin_names(bins: Sequence[Document]) -> list[str]:
    """Name bins by their bounds; those of categories by these."""
    labels = [string(bin_, "label") for bin_ in bins]
    bounds = [(number(bin_, "low"), number(bin_, "high")) for bin_ in bins]
    if set(bounds) == {(None, None)} and not {"all", "missing", "other"}.issuperset(labels):
        return [text.shortened(label, _CATEGORY_CHARACTERS) or "empty" for label in labels]
    return [_range(low, high, len(bins)) for low, high in bounds]


def _range(low: float | None, high: float | None, bins: int) -> str:
    if low is None and high is None:
        return "all values" if bins == 1 else "no number"
    if low is None or high is None:
        return f"below {text.plain(high)}" if low is None else f"from {text.plain(low)}"
    return text.plain(low) if low == high else f"{text.plain(low)} to {text.plain(high)}"


def slices(index: int, evaluation: Document, metric: str, bounds: Sequence[float]) -> Figure | None:
    """Chart a metric in each slice with its interval, and over all rows for comparison."""
    rows = [_measured("all rows", evaluation, metric)]
    rows += [
        _measured(string(part, "label") or string(part, "column"), part, metric)
        for part in documents(evaluation, "slices")
    ]
    shown = [row for row in rows if row is not None][: MOST_ROWS + 1]
    if len(shown) < 2 or rows[0] is None:
        return None
    scale = linear([side for row in shown for side in row.sides] + list(bounds))
    keys = [Key("line bound", f"bound {text.bound(bound)}") for bound in bounds]
    chart = _Rows([row.name for row in shown], scale, metric, keys)
    chart.upright(rows[0].value, "ideal")
    for bound in bounds:
        chart.upright(bound, "bound")
    for place, row in enumerate(shown):
        chart.interval(place, row)
    title = f"{metric} by slice"
    told = "; ".join(_told(row) for row in shown)
    caption = f"Lines are {text.INTERVAL}s; the dashed line is the value of all rows.{_more(len(rows) - 1, 'slice')}"
    svg = chart.svg(f"slices-{index}", title, f"{metric} by slice, with {text.INTERVAL}s: {told}.")
    return Figure(f"slices-{index}", title, svg, caption)


def _measured(name: str, part: Document, metric: str) -> Row | None:
    value = number(part, "metrics", metric)
    interval = mapping(part, "intervals", metric)
    return None if value is None else Row(name, value, number(interval, "low"), number(interval, "high"))


def differences(rows: Sequence[Row]) -> Figure | None:
    """Chart by how many per cent the model is worse than the champion, metric by metric, and what the gates allow."""
    if not rows:
        return None
    sides = [side for row in rows for side in row.sides]
    # Both sides of zero are shown, so that nobody takes the edge for it.
    room = max(map(abs, sides)) / 10
    scale = linear([*sides, -room, room], zero=True)
    keys = [Key("line bound", "allowed by a gate")] if any(row.bound is not None for row in rows) else []
    chart = _Rows([row.name for row in rows], scale, "Worse than the champion by, %", keys, 28.0)
    chart.upright(0.0, "zero")
    for place, row in enumerate(rows):
        chart.interval(place, row)
    title = "Difference to the champion"
    told = "; ".join(_told(row, text.PERCENT) for row in rows)
    svg = chart.svg("differences", title, f"Worse than the champion by, negative is better: {told}.")
    return Figure(
        "differences",
        title,
        svg,
        f"Left of zero this model is better, right of zero it is worse. Lines are {text.INTERVAL}s.",
    )


def _told(row: Row, unit: str = "") -> str:
    within = f" ({text.between(row.low, row.high)}{unit})" if row.low is not None else ""
    return f"{row.name} {text.number(row.value)}{unit}{within}"


def _more(count: int, word: str) -> str:
    return f" The first {MOST_ROWS} of {text.times(count, word)} are drawn." if count > MOST_ROWS else ""

"""Plots of a training job and of predicted numbers. None if there is nothing to draw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.figures import Counted, Figure
from pipeline_lambdas.report.kit.markup import el
from pipeline_lambdas.report.kit.reading import Document, at, documents, items, mapping, number, points
from pipeline_lambdas.report.kit.scales import Scale, linear, logarithmic
from pipeline_lambdas.report.kit.svg import Axis, Chart, Key, block, px

_MOST_ROUNDS = 200
_MOST_BUCKETS = 40
_LAYERS = 20
_CHANNELS = ("train", "validation")


def learning_curves(training: Document, rounds: Sequence[float] = ()) -> list[Figure]:
    """Plot each metric that the training job logged round by round, with a line for each channel.

    `rounds` are the rounds of the values, from 1; none if no round is left out.
    """
    by_metric: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(dict)
    for name, _ in sorted(mapping(training, "curves").items()):
        channel, _, metric = name.rpartition(":")
        values = [(float(place), number(value)) for place, value in enumerate(items(training, "curves", name), 1)]
        if len(rounds) == len(values):
            values = [(place, value) for place, (_, value) in zip(rounds, values, strict=True)]
        known = [(place, value) for place, value in values if value is not None]
        if known:
            by_metric[metric][channel or "training"] = known
    return [_curves(index, metric, lines) for index, (metric, lines) in enumerate(sorted(by_metric.items()))]


def _curves(index: int, metric: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    ordered = sorted(lines, key=lambda name: (_CHANNELS.index(name) if name in _CHANNELS else len(_CHANNELS), name))
    styles = {name: f"line data-{1 + place % 4}" for place, name in enumerate(ordered)}
    rounds = max(line[-1][0] for line in lines.values())
    x = Axis("Training round", Scale(1, max(rounds, 2)), _whole(linear([1, max(rounds, 2)], whole=True).ticks(8)))
    y = Axis(metric, linear([value for line in lines.values() for _, value in line]))
    chart = Chart(x, y, [Key(styles[name], name) for name in ordered])
    points = max(map(len, lines.values()))
    stride = -(-points // _MOST_ROUNDS)
    apart = round(stride * rounds / points)
    for name in ordered:
        line = lines[name]
        chart.line([*line[:-1:stride], line[-1]], styles[name])
    told = ", ".join(_last(name, lines[name]) for name in ordered)
    title = f"Learning curve, {metric}"
    drawn = f" Each {apart}th is drawn." if apart > 1 else ""
    caption = f"{text.times(int(rounds), 'round')} of the training job.{drawn} Last values (and their range): {told}."
    return Figure(
        f"curve-{index}", title, chart.svg(f"curve-{index}", title, f"Line chart. Last values: {told}."), caption
    )


def _last(name: str, line: Sequence[tuple[float, float]]) -> str:
    values = [value for _, value in line]
    return f"{name} {text.number(values[-1])} ({text.between(min(values), max(values))})"


def _whole(ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    return [(value, told) for value, told in ticks if value == int(value)]


def predicted_actual(plots: Document, counted: Counted) -> Figure | None:
    """Plot predicted against actual values of a sample of rows."""
    sample = points(plots, "sample", "points")
    if not sample:
        return None
    scale = linear([value for point in sample for value in point])
    chart = Chart(Axis("Actual", scale), Axis("Predicted", scale), square=True)
    chart.line([(scale.low, scale.low), (scale.high, scale.high)], "ideal")
    # Painted in layers, so that places with many points are darker; a path paints a place only once.
    for layer in range(min(_LAYERS, len(sample))):
        dots = "".join(
            f"M{px(chart.x(actual))} {px(chart.y(predicted))}h0" for actual, predicted in sample[layer::_LAYERS]
        )
        chart.add(el("path", d=dots, class_="dots"))
    stride = number(plots, "sample", "stride")
    sampled = f", each {stride:,.0f}th" if stride and stride > 1 else ""
    caption = f"{counted(len(sample))}{sampled}. On the dashed line a prediction is right."
    errors = [abs(actual - predicted) for actual, predicted in sample]
    description = (
        f"Scatter plot of {text.rows(len(sample))}. Actual values from {text.number(min(a for a, _ in sample))} to "
        f"{text.number(max(a for a, _ in sample))}, predictions from {text.number(min(p for _, p in sample))} to "
        f"{text.number(max(p for _, p in sample))}; on average {text.number(sum(errors) / len(errors))} apart."
    )
    title = "Predicted against actual"
    return Figure("predicted", title, chart.svg("predicted", title, description), caption)


def residuals(plots: Document, counted: Counted) -> Figure | None:
    """Plot the distribution of the errors of the predictions."""
    edges = [number(edge) for edge in items(plots, "residuals", "edges")]
    counts = [number(count) or 0.0 for count in items(plots, "residuals", "counts")]
    known = [edge for edge in edges if edge is not None]
    if not sum(counts) or len(known) != len(edges) or len(edges) != len(counts) + 1:
        return None
    bars = [(low, high, count) for (low, high), count in zip(pairwise(known), counts, strict=True)]
    x = Axis("Residual (actual less predicted)", linear(known))
    chart = _histogram(x, "Rows", bars)
    chart.line([(0.0, 0.0), (0.0, chart.most)], "ideal")
    low, high, most = max(bars, key=lambda bar: bar[2])
    description = (
        f"Histogram of {text.rows(sum(counts))} in {text.times(len(counts), 'bar')} from {text.number(known[0])} to "
        f"{text.number(known[-1])}. The highest bar, {text.rows(most)}, is {text.number(low)} to {text.number(high)}."
    )
    title = "Residuals"
    caption = f"{counted(sum(counts))}."
    return Figure("residuals", title, chart.svg("residuals", title, description), caption)


def latency(measured: Document, bound_ms: float | None, endpoint: str) -> Figure | None:
    """Plot the latencies of the requests, with their percentiles and the bound of a gate."""
    found = [
        (number(bar, "low_ms"), number(bar, "high_ms"), number(bar, "count") or 0.0)
        for bar in documents(measured, "histogram")
    ]
    bars = sorted(
        (low, high, count) for low, high, count in found if low is not None and high is not None and low < high
    )
    if not sum(count for *_, count in bars):
        return None
    merged = _merged(bars)
    requests = sum(count for *_, count in bars)
    marks = {f"p{rank}": number(measured, f"latency_p{rank}_ms") for rank in (50, 95, 99)}
    x = Axis("Milliseconds per request", _latency_scale(merged, bound_ms))
    chart = _histogram(x, "Requests", merged, [Key("line ideal", "p50, p95, p99"), *_bound_key(bound_ms)])
    for value in marks.values():
        if value is not None:
            chart.line([(value, 0.0), (value, chart.most)], "ideal")
    if bound_ms is not None:
        chart.line([(bound_ms, 0.0), (bound_ms, chart.most)], "bound")
    told = ", ".join(f"{name} {text.number(value)} ms" for name, value in marks.items() if value is not None)
    caption = f"{_requests(measured, int(requests))}, to {endpoint}. {told}.{_first(measured)}"
    description = (
        f"Histogram of {text.times(int(requests), 'request')} from {text.number(merged[0][0])} ms to "
        f"{text.number(merged[-1][1])} ms; {told}."
    )
    title = "Latency of the endpoint"
    return Figure("latency", title, chart.svg("latency", title, description), caption)


def _requests(measured: Document, requests: int) -> str:
    """Say which requests were timed; earlier evaluations timed the large ones that predict the rows."""
    rows, batch = number(measured, "rows_per_request"), number(measured, "largest_batch_rows")
    if rows:
        warm = number(measured, "warm_up")
        after = f", after {warm:.0f} to warm up" if warm else ""
        return f"{text.times(requests, 'request')} with {text.rows(rows)} each, one after the other{after}"
    return f"{text.times(requests, 'request')}{f', each with up to {text.rows(batch)}' if batch else ''}"


def _first(measured: Document) -> str:
    first, rows = number(measured, "first_ms"), number(measured, "first_rows")
    if first is None or not rows:
        return ""
    cold = ", with the cold start of the serverless endpoint if there was one" if at(measured, "serverless") else ""
    return f" Not among them: the evaluation's first request, of {text.rows(rows)}, took {text.number(first)} ms{cold}."


def _bound_key(bound: float | None) -> list[Key]:
    return [] if bound is None else [Key("line bound", f"bound on p95, {text.bound(bound)} ms")]


def _latency_scale(bars: Sequence[tuple[float, float, float]], bound: float | None) -> Scale:
    low, high = bars[0][0], bars[-1][1]
    values = [low, high, *([bound] if bound is not None else [])]
    if low > 0 and min(values) > 0 and max(values) > 8 * min(values):
        return logarithmic(min(values), max(values))
    return linear(values, zero=True)


def _merged(bars: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Join neighbouring bars until they are few enough to be seen."""
    size = -(-len(bars) // _MOST_BUCKETS)
    groups = [bars[start : start + size] for start in range(0, len(bars), size)]
    return [(group[0][0], group[-1][1], sum(count for *_, count in group)) for group in groups]


class _Histogram(Chart):
    """Bars from zero upwards."""

    def __init__(self, x: Axis, label: str, bars: Sequence[tuple[float, float, float]], keys: Sequence[Key]) -> None:
        scale = linear([count for *_, count in bars], zero=True)
        super().__init__(x, Axis(label, scale, _whole(scale.ticks())), keys)
        self.most = scale.high
        for low, high, count in bars:
            if count:
                self.add(block(self.x(low) + 0.5, self.y(count), self.x(high) - 0.5, self.bottom, "fill data-1"))


def _histogram(x: Axis, label: str, bars: Sequence[tuple[float, float, float]], keys: Sequence[Key] = ()) -> _Histogram:
    return _Histogram(x, label, bars, keys)

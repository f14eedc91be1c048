"""The load of an endpoint as CloudWatch has it: invocations, errors and latencies of each variant.

SageMaker publishes latencies in microseconds: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.figures import Figure, figures
from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.scales import Scale, linear
from pipeline_lambdas.report.kit.svg import Axis, Chart, Key, px
from pipeline_lambdas.report.kit.tables import note
from slipway.console.room import Asked
from slipway.console.shell import at, panel
from slipway.session import Session

NAMESPACE = "AWS/SageMaker"
_MS = 1e-3
_MILLISECONDS = "Milliseconds"
_DAY_S = 86_400
_MOST_VARIANTS = 4


@dataclass(frozen=True, slots=True)
class Window:
    """How far back to look, the length of a period, and the distance of the axis's ticks, seconds."""

    title: str
    length_s: int
    period_s: int
    tick_s: int


WINDOWS = {
    "hour": Window("The last hour", 3600, 60, 900),
    "day": Window("The last day", 86_400, 900, 21_600),
    "week": Window("The last week", 604_800, 7200, 172_800),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A statistic of a metric, and the factor to what is shown."""

    metric: str
    statistic: str
    title: str
    factor: float = 1.0


_CHARTS: Mapping[str, tuple[str, tuple[Line, ...]]] = {
    "Invocations": ("Invocations", (Line("Invocations", "Sum", "invocations"),)),
    "Errors": (
        "Invocations that failed",
        (Line("Invocation4XXErrors", "Sum", "4XX"), Line("Invocation5XXErrors", "Sum", "5XX")),
    ),
    "Latency of the model": (
        _MILLISECONDS,
        (Line("ModelLatency", "Average", "average", _MS), Line("ModelLatency", "p95", "p95", _MS)),
    ),
    "Overhead of SageMaker": (
        _MILLISECONDS,
        (Line("OverheadLatency", "Average", "average", _MS), Line("OverheadLatency", "p95", "p95", _MS)),
    ),
}
Points = list[tuple[float, float]]
"""Unix times with values."""


def load_panel(asked: Asked, variants: Sequence[str]) -> Html | None:
    """Return the charts of a window of time; what CloudWatch does not have is left out."""
    name = asked.path["name"]
    chosen = asked.query.get("window", "")
    chosen = chosen if chosen in WINDOWS else "hour"
    links = (
        el("a", window.title, href=at("endpoints", name, window=key), aria_current="true" if key == chosen else None)
        for key, window in WINDOWS.items()
    )
    choose = el("nav", *links, aria_label="Window of time")
    drawn = _figures(asked.session, name, variants[:_MOST_VARIANTS], WINDOWS[chosen], asked.now) if variants else []
    return panel("load", "Load", choose, figures(drawn) if drawn else note("There were no invocations."))


def _figures(session: Session, name: str, variants: Sequence[str], window: Window, now: datetime) -> list[Figure]:
    # Whole periods, so that a value stays the same until the next one begins.
    end = datetime.fromtimestamp((now.timestamp() // window.period_s + 1) * window.period_s, UTC)
    start = end - timedelta(seconds=window.length_s)
    found = load(session, name, variants, window, (start, end))
    drawn = []
    for place, (title, (label, lines)) in enumerate(_CHARTS.items()):
        shown = {
            line.title if len(variants) == 1 else f"{variant} {line.title}": found.get((variant, line), [])
            for variant in variants
            for line in lines
        }
        there = {key: points for key, points in shown.items() if points}
        if there and (title != "Errors" or any(value for points in there.values() for _, value in points)):
            drawn.append(_figure(f"load-{place}", title, label, there, (start.timestamp(), end.timestamp()), window))
    return drawn


def load(
    session: Session, name: str, variants: Sequence[str], window: Window, between: tuple[datetime, datetime]
) -> dict[tuple[str, Line], Points]:
    """Return what CloudWatch has of each variant's lines, in one call."""
    asked = [(variant, line) for variant in variants for _, lines in _CHARTS.values() for line in lines]
    queries = [_query(f"q{place}", name, variant, line, window) for place, (variant, line) in enumerate(asked)]
    pages = session.client("cloudwatch").get_paginator("get_metric_data")
    found: dict[tuple[str, Line], Points] = {}
    for page in pages.paginate(MetricDataQueries=queries, StartTime=between[0], EndTime=between[1]):
        for result in page["MetricDataResults"]:
            variant, line = asked[int(result["Id"].removeprefix("q"))]
            times = (time.timestamp() for time in result["Timestamps"])
            points = ((time, value * line.factor) for time, value in zip(times, result["Values"], strict=True))
            found.setdefault((variant, line), []).extend(points)
    return {key: sorted(points) for key, points in found.items()}


def _query(key: str, name: str, variant: str, line: Line, window: Window) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": variant}]
    metric = {"Namespace": NAMESPACE, "MetricName": line.metric, "Dimensions": dimensions}
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": window.period_s, "Stat": line.statistic}}


def _figure(
    key: str, title: str, label: str, lines: Mapping[str, Points], between: tuple[float, float], window: Window
) -> Figure:
    scale = linear([value for points in lines.values() for _, value in points], zero=True)
    counts = [(value, told) for value, told in scale.ticks() if value == int(value)]
    chart = Chart(
        Axis("Time (UTC)", Scale(*between), _clock(*between, window)),
        Axis(label, scale, None if label == _MILLISECONDS else counts),
        [Key(f"line data-{place}", name) for place, name in enumerate(lines, 1)] if len(lines) > 1 else (),
    )
    for place, points in enumerate(lines.values(), 1):
        style = f"data-{1 + (place - 1) % 4}"
        chart.line(points, style)
        chart.add(el("path", d=_dots(chart, points), class_=f"point {style}"))
    told = ", ".join(f"{name} {_told(points, label)}" for name, points in lines.items())
    return Figure(key, title, chart.svg(key, title, f"Line chart. {told}."), f"{told[:1].upper()}{told[1:]}.")


def _dots(chart: Chart, points: Iterable[tuple[float, float]]) -> str:
    """Return a dot for each value: one that stands alone makes no line."""
    return "".join(f"M{px(chart.x(time))} {px(chart.y(value))}h0" for time, value in points)


def _told(points: Points, label: str) -> str:
    values = [value for _, value in points]
    if label == _MILLISECONDS:
        return f"{text.number(values[-1])} ms last, at most {text.number(max(values))} ms"
    return f"{text.number(sum(values))} in all"


def _clock(start: float, end: float, window: Window) -> list[tuple[float, str]]:
    form = "%H:%M" if window.tick_s < _DAY_S else "%b %d"
    first, last = int(-(-start // window.tick_s)), int(end // window.tick_s)
    times = [place * window.tick_s for place in range(first, last + 1)]
    return [(time, f"{datetime.fromtimestamp(time, UTC):{form}}") for time in times]

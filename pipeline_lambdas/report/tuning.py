"""The search for hyperparameters: its training jobs in their order, and what each range had to do with the result."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.figures import Figure, figures
from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.reading import Document, documents, items, mapping, number, string
from pipeline_lambdas.report.kit.scales import Scale, linear, logarithmic
from pipeline_lambdas.report.kit.svg import Axis, Chart, Key, fitted, px
from pipeline_lambdas.report.kit.tables import Section, facts, note, section, table, word

_MOST_ROWS = 10
_MOST_RANGES = 30
_LABEL_PX = 60.0
_LONGEST_VALUE = 8
_NUMBER = re.compile(r"-(\d{3,5})-[0-9A-Za-z]+$")
_LOGARITHMIC_FROM = 100.0
"""How many times the least the greatest is where Auto scaling spans magnitudes."""

Measured = Sequence[tuple[int, float, Document]]
"""Training jobs that have a value of the metric: the place in the order, from 1, the value, and the job."""


def tuning(record: Document) -> Section | None:
    """Return the search; None for a release that had none."""
    search = mapping(record, "training", "tuning")
    if not search:
        return None
    trials, found = documents(search, "trials"), _measured(search)
    drawn = search_figures(search)
    return section(
        "tuning",
        "Search for hyperparameters",
        note("The best model is the release's; gates and tests judge it as any other."),
        _facts(search, len(trials)),
        figures(drawn) if drawn else None,
        _best(search, found, [name for name, _ in _drawn_ranges(search)]),
        _failed(trials),
    )


def search_figures(search: Document) -> list[Figure]:
    """Plot a search, which is `training.tuning` of a record: its jobs in their order, then each of its ranges."""
    found = _measured(search)
    if not found:
        return []
    ranges = enumerate(_drawn_ranges(search))
    of_ranges = (_of_range(index, name, one, search, found) for index, (name, one) in ranges)
    return [_in_order(search, found, len(documents(search, "trials"))), *(one for one in of_ranges if one)]


def _measured(search: Document) -> Measured:
    return [
        (_place(trial, place), value, trial)
        for place, trial in enumerate(documents(search, "trials"), 1)
        if (value := number(trial, "objective")) is not None
    ]


def _drawn_ranges(search: Document) -> list[tuple[str, Document]]:
    ranges = mapping(search, "ranges").items()
    return [(name, one) for name, one in ranges if isinstance(one, Mapping)][:_MOST_RANGES]


def _place(trial: Document, recorded: int) -> int:
    """Return the job's place in the search, which its name tells: the record of a long one has not all."""
    number = _NUMBER.search(string(trial, "job"))
    return int(number[1]) if number else recorded


def _maximizes(search: Document) -> bool:
    return string(search, "objective", "type") == "Maximize"


def _facts(search: Document, shown: int) -> Html:
    counts = mapping(search, "counts")
    jobs = ", ".join(f"{text.number(number(counts, name))} {name}" for name in ("completed", "stopped", "failed"))
    told = f"{string(search, 'objective', 'type').lower()} {string(search, 'objective', 'metric')}"
    most = string(search, "max_jobs")
    return facts(
        [
            ("Tuning job", el("code", string(search, "job"))),
            ("Status", word(string(search, "status"))),
            ("Strategy", string(search, "strategy")),
            ("Aim", told),
            ("Training jobs", f"{jobs}{f', of at most {most}' if most else ''}; {shown:,} are recorded"),
            ("At a time", string(search, "max_parallel_jobs")),
            ("Early stopping", string(search, "early_stopping")),
            ("Seed", string(search, "seed")),
            ("Failure", string(search, "failure_reason")),
        ]
    )


def _in_order(search: Document, found: Measured, jobs: int) -> Figure:
    metric, better = string(search, "objective", "metric"), max if _maximizes(search) else min
    last = max(jobs, found[-1][0], 2)
    x = Axis("Training job", Scale(1, last), _whole_ticks(last))
    y = Axis(metric, linear([value for _, value, _ in found]))
    chart = Chart(x, y, [Key("line data-2", "best so far"), Key("fill data-1", "a training job")])
    places = [place for place, _, _ in found]
    so_far = list(accumulate((value for _, value, _ in found), better))
    steps = [(float(places[0]), so_far[0])]
    for place, value in zip(places[1:], so_far[1:], strict=True):
        steps += [(float(place), steps[-1][1]), (float(place), value)]
    chart.line(steps, "data-2")
    _dots(chart, [(float(place), value) for place, value, _ in found])
    best = so_far[-1]
    title = "The search, job by job"
    told = f"The best value is {text.number(best)}, reached first by job {places[so_far.index(best)]}"
    missing = jobs - len(found)
    without = (
        f" {text.times(missing, 'job')} without a value {'is' if missing == 1 else 'are'} not drawn." if missing else ""
    )
    return Figure(
        "tuning-order",
        title,
        chart.svg("tuning-order", title, f"Scatter plot of {text.times(len(found), 'training job')}. {told}."),
        f"{told}.{without}",
    )


def _of_range(index: int, name: str, one: Document, search: Document, found: Measured) -> Figure | None:
    if string(one, "type") == "categorical":
        values = [str(value) for value in items(one, "values")]
        places = {value: float(place) for place, value in enumerate(values, 1)}
        points = [(places[given], value) for _, value, job in found if (given := _given(job, name)) in places]
        ticks = [(place, fitted(value, _LABEL_PX)) for value, place in places.items()]
        axis = Axis(name, Scale(0.5, max(len(values), 1) + 0.5), ticks)
    else:
        read = [(_as_number(_given(job, name)), value) for _, value, job in found]
        points = [(x, value) for x, value in read if x is not None]
        axis = Axis(name, _scale(one, [x for x, _ in points]))
    if not points:
        return None
    metric = string(search, "objective", "metric")
    chart = Chart(axis, Axis(metric, linear([value for _, value in points])))
    _dots(chart, points)
    best = (max if _maximizes(search) else min)(points, key=lambda point: point[1])
    chart.line([(best[0], chart.y.low), best], "ideal")
    told = f"The best job has {_told(one, name, best[0])}"
    title = f"{name} and {metric}"
    key = f"tuning-range-{index}"
    description = f"Scatter plot of {text.times(len(points), 'training job')}. {told}."
    return Figure(key, title, chart.svg(key, title, description), f"{told}. Each dot is a training job.")


def _told(one: Document, name: str, place: float) -> str:
    if string(one, "type") == "categorical":
        return f"{name} {items(one, 'values')[int(place) - 1]}"
    return f"{name} {text.plain(place)}"


def _given(job: Document, name: str) -> str:
    return string(mapping(job, "hyperparameters").get(name))


def _shown(given: str) -> str:
    """Return a hyperparameter's value, a long number with six digits."""
    value = _as_number(given)
    return f"{value:.6g}" if value is not None and len(given) > _LONGEST_VALUE else given or text.NONE


def _as_number(written: str) -> float | None:
    try:
        return number({"value": float(written)}, "value")
    except ValueError:
        return None


def _scale(one: Document, values: Sequence[float]) -> Scale:
    low, high = number(one, "min"), number(one, "max")
    ends = [end for end in (low, high) if end is not None]
    scaling = string(one, "scaling")
    spans = bool(low and high and low > 0 and high / low >= _LOGARITHMIC_FROM)
    if low and high and low > 0 and (scaling == "Logarithmic" or (scaling == "Auto" and spans)):
        return logarithmic(min(low, *values), max(high, *values)) if values else logarithmic(low, high)
    return linear([*ends, *values])


def _dots(chart: Chart, points: Sequence[tuple[float, float]]) -> None:
    chart.add(el("path", d="".join(f"M{px(chart.x(x))} {px(chart.y(y))}h0" for x, y in points), class_="dots"))


def _whole_ticks(most: int) -> list[tuple[float, str]]:
    ticks = linear([1, most], whole=True).ticks(8)
    return [(value, told) for value, told in ticks if value == int(value)]


def _best(search: Document, found: Measured, names: Sequence[str]) -> Html | None:
    if not found:
        return None
    ordered = sorted(found, key=lambda one: -one[1] if _maximizes(search) else one[1])[:_MOST_ROWS]
    chosen = string(search, "best")
    rows = [
        [
            f"{place:,}",
            text.number(value),
            *(_shown(_given(job, name)) for name in names),
            text.duration(number(job, "seconds")),
            "the release's" if string(job, "job") == chosen else word(string(job, "status")),
        ]
        for place, value, job in ordered
    ]
    headings = ("Job", string(search, "objective", "metric"), *names, "Duration", "Status")
    title = "The best" if len(found) <= _MOST_ROWS else f"The {_MOST_ROWS} best of {len(found):,}"
    return table("tuning-best", title, headings, rows, "nn" + "k" * len(names) + "kk")


def _failed(trials: Sequence[Document]) -> Html | None:
    """Return the training jobs that failed, those of one reason together."""
    reasons: dict[str, list[str]] = {}
    for trial in trials:
        if string(trial, "status") == "Failed":
            reasons.setdefault(string(trial, "failure_reason"), []).append(string(trial, "job"))
    rows = [[f"{len(jobs):,}", jobs[0], reason] for reason, jobs in list(reasons.items())[:_MOST_ROWS]]
    return (
        table("tuning-failed", "Training jobs that failed", ("Jobs", "One of them", "Reason"), rows, "nkw")
        if rows
        else None
    )

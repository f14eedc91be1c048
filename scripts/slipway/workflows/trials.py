"""Experiments of an execution: their table, and a plot of what each has reached."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.scales import linear
from pipeline_lambdas.report.kit.style import style
from pipeline_lambdas.report.kit.svg import WIDTH, across, block, fitted, image, width, words
from pipeline_lambdas.report.kit.text import number
from slipway.workflows.tables import status_word, table

_TOP, _ROW, _BAR, _AXIS = 34.0, 22.0, 12.0, 44.0
_NAMES = 120.0


@dataclass(frozen=True)
class Trial:
    """One experiment; `value` is None for one that failed, and `reason` says why."""

    name: str
    parameters: Mapping[str, Any]
    value: float | None
    reason: str = ""

    @property
    def settings(self) -> str:
        return ", ".join(f"{key} {value}" for key, value in self.parameters.items())


@dataclass(frozen=True)
class Trials:
    """The experiments of an execution, the metric of each, and the name of the best."""

    metric: str
    best: str
    rows: tuple[Trial, ...]

    def ordered(self) -> list[Trial]:
        """The best first, those that failed last."""
        return sorted(self.rows, key=lambda row: (row.value is None, row.value or 0.0))


def read_trials(output: str | None) -> Trials | None:
    """Return the experiments in an execution's output; None if it tells of none."""
    found = json.loads(output or "null")
    try:
        return Trials(str(found["Metric"]), str(found["Best"]["Name"]), tuple(map(_trial, found["Experiments"])))
    except (TypeError, ValueError, LookupError, AttributeError):
        # A state machine of the user's may have an output of any form.
        return None


def _trial(row: Mapping[str, Any]) -> Trial:
    value, reason = row.get("Value"), " ".join(str(row.get("Reason", "")).split())
    return Trial(str(row["Name"]), {**row["HyperParameters"]}, None if value is None else float(value), reason)


def trials_table(trials: Trials) -> Table:
    """Return a row for each experiment."""

    def rows() -> Iterator[Sequence[Any]]:
        for row in trials.ordered():
            status = "Failed" if row.value is None else "Completed"
            words = "best" if row.name == trials.best and row.value is not None else ""
            yield row.name, number(row.value), status_word(status, words or status), row.settings

    return table(("experiment", trials.metric, "status", "with"), rows(), right=(trials.metric,))


def plot(trials: Trials) -> str:
    """Return a bar for each experiment that completed, the best first, as an SVG file of its own."""
    rows = [(row, row.value) for row in trials.ordered() if row.value is not None]
    left = min(_NAMES, max(width(row.name) for row, _ in rows) + 12)
    scale = linear([value for _, value in rows], zero=True).on(left, WIDTH - 56)
    bottom = _TOP + _ROW * len(rows)
    parts: list[Html] = [words(f"{trials.metric} of {len(rows)} experiments", 4, 16, "name")]
    for position, (row, value) in enumerate(rows):
        middle = _TOP + _ROW * position + _ROW / 2
        colour = "fill data-1" if row.name == trials.best else "fill data-2"
        parts += [
            words(fitted(row.name, left - 10), left - 6, middle + 4, "tick end"),
            block(scale(0.0), middle - _BAR / 2, scale(value), middle + _BAR / 2, colour),
            words(number(value), scale(value) + 4, middle + 4, "tick"),
        ]
    failed = len(trials.rows) - len(rows)
    about = f"{trials.metric}: " + ", ".join(f"{row.name} {number(value)}" for row, value in rows)
    missing = f"; {failed} failed" if failed else ""
    drawn = image(
        "experiments",
        "Experiments",
        f"{about}{missing}.",
        bottom + _AXIS,
        [el("style", Html(style())), *parts, across(trials.metric, scale, scale.ticks(5), bottom + 4)],
    )
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"

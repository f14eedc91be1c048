"""Reads the evaluations of a release from the evidence bucket, and prints them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from pipeline_lambdas.evidence import keys
from pipeline_lambdas.evidence.actions import reported_version
from pipeline_lambdas.evidence.judgement import WORSE, state_of, state_of_gate, words_of
from pipeline_lambdas.release.names import ENVIRONMENTS
from pipeline_lambdas.report.kit.text import champion_bound
from slipway.releases.records import read_version
from slipway.releases.run_view import RunView
from slipway.session import Session
from slipway.terminal.output import STATUS_STYLES, Output, status_text


def load_reports(session: Session, run: RunView) -> dict[str, dict[str, Any]]:
    """Map each evaluated environment to its evaluation.

    Each is read by the version that its action reported: pushed code of another release may have overwritten the
    object.
    """
    reports: dict[str, dict[str, Any]] = {}
    for environment in ENVIRONMENTS:
        key = keys.evaluation(session.names.model, run.id, environment)
        uri = f"s3://{session.names.bucket('evidence')}/{key}"
        for action in run.actions:
            version = reported_version(action.variables, action.external_id, uri)
            found = read_version(session, key, version) if version else None
            if found is not None:
                reports[environment] = json.loads(found)
    return reports


def say_reports(output: Output, reports: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the metrics and the verdicts."""
    output.say(reports_table(reports))
    worse = worse_line(reports)
    if worse:
        output.say()
        output.say(worse)


def reports_table(reports: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the metrics of each environment, with bounds and verdict if they have a gate."""
    table = Table(box=None, pad_edge=False)
    for title in ("environment", "rows", "metric", "value", "allowed", "gate"):
        justify: JustifyMethod = "right" if title in {"rows", "value"} else "left"
        # In a narrow terminal the columns of words wrap, so that no number is cut.
        table.add_column(title, justify=justify, no_wrap=title not in {"metric", "allowed"})
    for environment, report in reports.items():
        first = True
        for row in [*_metric_rows(report), *_gate_rows(report)]:
            table.add_row(environment if first else "", f"{report['rows']:,}" if first else "", *row)
            first = False
    return table


def worse_line(reports: Mapping[str, Mapping[str, Any]]) -> Text | None:
    """Say in which metrics a model that passed is shown to be worse than the champion; None if in none."""
    report = reports.get("test")
    if report is None or state_of(report) != WORSE:
        return None
    return Text.assemble(("verdict    ", "bold"), (words_of(report), STATUS_STYLES[WORSE]))


def bounds_text(gate: Mapping[str, Any]) -> str:
    """A gate's bounds in words."""
    low, high = gate.get("min"), gate.get("max")
    if low is None and high is None:
        return "a number"
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}"


def kind_of(gate: Mapping[str, Any]) -> str:
    """Return the kind of a gate; evaluations of earlier versions have bounds only and no kind."""
    return str(gate.get("kind", "bound"))


def _metric_rows(report: Mapping[str, Any]) -> Iterator[tuple[str | Text, ...]]:
    gates = {gate["metric"]: gate for gate in report["gates"] if kind_of(gate) == "bound"}
    values = {**report["metrics"], **{metric: gate["value"] for metric, gate in gates.items()}}
    for metric, value in values.items():
        gate = gates.get(metric)
        judged = (bounds_text(gate), status_text(gate["verdict"])) if gate else ("", "")
        yield (metric, _value_text(value), *judged)


def _gate_rows(report: Mapping[str, Any]) -> Iterator[tuple[str | Text, ...]]:
    """Yield gates of champion, slices and drift: failed gates singly, others by bound with their worst value."""
    together: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for gate in report["gates"]:
        kind = kind_of(gate)
        if kind != "bound":
            own = gate["subject"] if gate["verdict"] == "failed" else ""
            key = (kind, gate["metric"], gate["min"], gate["max"], state_of_gate(gate), own)
            together.setdefault(key, []).append(gate)
    for (kind, metric, *_), alike in together.items():
        values = [gate["value"] for gate in alike if gate["value"] is not None]
        worst = (max if alike[0]["max"] is not None else min)(values, default=None)
        text, allowed = _value_text(worst), bounds_text(alike[0])
        if kind == "champion":
            text += "" if worst is None else " %"
            allowed = champion_bound(alike[0]["max"], report["champion"]["require"])
        yield (_subject(kind, metric, alike), text, allowed, status_text(state_of_gate(alike[0])))


def _subject(kind: str, metric: str, gates: Sequence[Mapping[str, Any]]) -> str:
    if kind == "champion":
        return f"{metric} against the champion"
    if len(gates) == 1:
        return f"{metric} of {gates[0]['subject']}"
    return f"{metric} of {len(gates)} {'slices' if kind == 'slice' else 'columns'}"


def _value_text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"

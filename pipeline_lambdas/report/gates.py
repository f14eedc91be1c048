"""The gates of each environment: failed gates in full, passed gates folded by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline_lambdas.evidence.judgement import FAILED, NOT_APPLICABLE, PASSED, WORSE, state_of_gate
from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.reading import Document, documents, mapping, number, string
from pipeline_lambdas.report.kit.tables import Section, fold, note, section, table, word
from pipeline_lambdas.report.verdict import environment_name

_KINDS = {
    "bound": "Bounds of metrics",
    "champion": "Against the champion",
    "slice": "Slices",
    "drift": "Drift of columns",
}
_MOST_TOLD = 3


def about(evaluation: Document) -> str:
    """Describe the rows of an evaluation: 240 rows of channel test."""
    channel = string(evaluation, "channel")
    return text.rows(number(evaluation, "rows")) + (f" of channel {channel}" if channel else "")


def gates(evaluations: Mapping[str, Document]) -> Section | None:
    """Return each environment's gates, the decisive environments first."""
    parts: list[Child] = []
    for place, (environment, evaluation) in enumerate(evaluations.items()):
        found = documents(evaluation, "gates")
        parts.append(el("h3", f"{environment_name(environment)}: {about(evaluation)}"))
        if not found:
            parts.append(note("No gate was judged."))
        parts += _judged(f"gates-{place}", found, evaluation)
        parts.append(_failed_rows(evaluation))
    if not evaluations:
        parts.append(el("p", "This release was not evaluated, so no gate was judged."))
    return section("gates", "Gates", *parts)


def _judged(key: str, found: Sequence[Document], evaluation: Document) -> list[Child]:
    parts: list[Child] = []
    by_state: dict[str, list[Document]] = {}
    for gate in found:
        by_state.setdefault(state_of_gate(gate), []).append(gate)
    for state in (FAILED, WORSE):
        if state in by_state:
            parts.append(_table(f"{key}-{len(parts)}", word(state), by_state[state], evaluation))
    passed = by_state.get(PASSED, [])
    kinds = [*_KINDS, *sorted({string(gate, "kind") for gate in passed} - set(_KINDS))]
    for kind in kinds:
        alike = [gate for gate in passed if string(gate, "kind") == kind]
        if alike:
            title = _KINDS.get(kind, kind or "Others")
            told = join(word(PASSED), f" {title}: {_told(alike, evaluation)}")
            parts.append(fold(told, _table(f"{key}-{len(parts)}", title, alike, evaluation, heard=True)))
    others = by_state.get(NOT_APPLICABLE, [])
    if others:
        told = join(word(NOT_APPLICABLE), f" {text.times(len(others), 'gate')}: {string(others[0], 'reason')}")
        parts.append(fold(told, _table(f"{key}-{len(parts)}", "Not applicable", others, evaluation, heard=True)))
    return parts


def _told(alike: Sequence[Document], evaluation: Document) -> str:
    """Summarise gates: all of a few; of many, the one closest to its bound."""
    if len(alike) <= _MOST_TOLD:
        return "; ".join(_short(gate, evaluation) for gate in alike)
    closest = min(alike, key=_room)
    return f"all {len(alike)}, the closest to its bound is {_short(closest, evaluation)}"


def _short(gate: Document, evaluation: Document) -> str:
    subject = string(gate, "subject")
    of = f" of {subject}:" if subject else ""
    return f"{string(gate, 'metric')}{of} {_value(gate)} ({_bound(gate, evaluation)})"


def _room(gate: Document) -> float:
    """Return the distance of a value from its nearest bound, as a share of the bound; without either, it is large."""
    value = number(gate, "value")
    bounds = [bound for bound in (number(gate, "min"), number(gate, "max")) if bound is not None]
    if value is None or not bounds:
        return float("inf")
    return min(abs(value - bound) / (abs(bound) or 1.0) for bound in bounds)


def _table(key: str, caption: Child, found: Sequence[Document], evaluation: Document, *, heard: bool = False) -> Html:
    rows = [_row(gate, evaluation) for gate in found]
    return table(key, caption, ("Gate", "Value", "Allowed"), rows, " m ", heard=heard)


def _row(gate: Document, evaluation: Document) -> list[Child]:
    kind, subject = string(gate, "kind"), string(gate, "subject")
    told = "against the champion" if kind == "champion" else f"drift of {subject}" if kind == "drift" else subject
    # What a number and its bound say is not said again.
    told_by_numbers = number(gate, "value") is not None and string(gate, "metric") != "failed_share"
    reason = "" if told_by_numbers else string(gate, "reason")
    within = _interval(gate, evaluation)
    return [
        join(string(gate, "metric"), *(el("span", part, class_="subject") for part in (told, reason) if part)),
        join(_value(gate), el("span", within, class_="within") if within else None),
        _bound(gate, evaluation),
    ]


def _unit(gate: Document) -> str:
    return f"{text.SPACE}ms" if string(gate, "metric").endswith("_ms") else ""


def _value(gate: Document) -> str:
    value = number(gate, "value")
    if value is None:
        return "no value"
    if string(gate, "kind") == "champion":
        return text.worse(value)
    return text.apart(value, number(gate, "min"), number(gate, "max")) + _unit(gate)


def _bound(gate: Document, evaluation: Document) -> str:
    low, high, unit = number(gate, "min"), number(gate, "max"), _unit(gate)
    if string(gate, "kind") == "champion" and high is not None:
        return text.champion_bound(high, string(evaluation, "champion", "require"))
    if low is not None and high is not None:
        return f"{text.bound(low)} to {text.bound(high)}{unit}"
    if low is None and high is None:
        return "no bound is known"
    return f"at most {text.bound(high)}{unit}" if high is not None else f"at least {text.bound(low or 0.0)}{unit}"


def _interval(gate: Document, evaluation: Document) -> str:
    """Return the interval that decided, else that of the gate's metric; empty if there is none."""
    found: Document = gate
    kind, metric = string(gate, "kind"), string(gate, "metric")
    if number(gate, "low") is None and number(gate, "high") is None:
        part = evaluation
        if kind == "slice":
            label = string(gate, "subject")
            part = next((one for one in documents(evaluation, "slices") if string(one, "label") == label), {})
        found = mapping(part, "intervals", metric) if kind in {"bound", "slice"} else {}
    low, high = number(found, "low"), number(found, "high")
    if low is None and high is None:
        return ""
    return text.worse_between(low, high) if kind == "champion" else text.between(low, high) + _unit(gate)


def _failed_rows(evaluation: Document) -> Html | None:
    failed = number(evaluation, "failed_rows")
    if not failed:
        return None
    first = string(evaluation, "first_failed_row")
    return note(
        f"Predictions failed or were not finite for {text.rows(failed)}{f', the first {first}' if first else ''}. "
        "The metrics leave them out."
    )

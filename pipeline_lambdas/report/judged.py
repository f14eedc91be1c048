"""What was measured and how it was judged: gates, metrics, the champion, slices, drift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pipeline_lambdas.report import bars, text
from pipeline_lambdas.report.figures import figures
from pipeline_lambdas.report.markup import Child, Html, el, join
from pipeline_lambdas.report.reading import Document, at, documents, mapping, number, string
from pipeline_lambdas.report.tables import Section, note, section, table, word
from pipeline_lambdas.report.verdict import environment_name

_VERDICTS = ("failed", "not applicable", "passed")
_MOST_PLOTTED = 4


def about(evaluation: Document) -> str:
    """Say which rows an evaluation is of: 240 rows of channel test."""
    return text.rows(number(evaluation, "rows")) + _channel(evaluation)


def counted(evaluation: Document, rows: float) -> str:
    """Say how many of an evaluation's rows a plot counts: All 240 rows of channel test."""
    total = number(evaluation, "rows")
    if total is None or rows >= total:
        return f"All {text.rows(rows)}{_channel(evaluation)}"
    return f"{rows:,.0f} of {text.rows(total)}{_channel(evaluation)}"


def _channel(evaluation: Document) -> str:
    channel = string(evaluation, "channel")
    return f" of channel {channel}" if channel else ""


def gates(evaluations: Mapping[str, Document]) -> Section | None:
    """Return each environment's gates, those that did not pass first."""
    parts: list[Child] = []
    for place, (environment, evaluation) in enumerate(evaluations.items()):
        name = environment_name(environment)
        found = documents(evaluation, "gates")
        if not found:
            parts.append(note(f"{name}: no gate was judged."))
            continue
        ordered = sorted(found, key=lambda gate: _order(string(gate, "verdict")))
        parts += [
            table(
                f"gates-{place}",
                f"{name}: {about(evaluation)}",
                ("Gate", "Verdict", "Value", "Bound", text.INTERVAL, "Reason"),
                [_gate(gate, evaluation) for gate in ordered],
                "  mknw",
            ),
            _failed_rows(evaluation),
        ]
    if not evaluations:
        parts.append(el("p", "This release was not evaluated, so no gate was judged."))
    return section("gates", "Gates", *parts)


def _order(verdict: str) -> int:
    return _VERDICTS.index(verdict) if verdict in _VERDICTS else 0


def _gate(gate: Document, evaluation: Document) -> list[Child]:
    kind, metric, subject = (string(gate, name) for name in ("kind", "metric", "subject"))
    low, high = number(gate, "min"), number(gate, "max")
    value = number(gate, "value")
    unit = " ms" if metric.endswith("_ms") else ""
    return [
        join(metric, el("span", _subject(kind, subject), class_="subject")),
        word(string(gate, "verdict")),
        text.worse(value) if kind == "champion" else text.apart(value, low, high) + unit,
        _bound(low, high, unit)
        if kind != "champion" or high is None
        else text.champion_bound(high, string(evaluation, "champion", "require")),
        _interval(gate, kind, metric, subject, evaluation, unit),
        string(gate, "reason"),
    ]


def _subject(kind: str, subject: str) -> str | None:
    if kind == "champion":
        return "against the champion"
    return f"drift of {subject}" if kind == "drift" else subject or None


def _bound(low: float | None, high: float | None, unit: str) -> str:
    if low is not None and high is not None:
        return f"{text.bound(low)} to {text.bound(high)}{unit}"
    if low is None and high is None:
        return text.NONE
    return f"at most {text.bound(high)}{unit}" if high is not None else f"at least {text.bound(low or 0.0)}{unit}"


def _interval(gate: Document, kind: str, metric: str, subject: str, evaluation: Document, unit: str) -> str:
    """Return the interval that decided, or the one of the metric that is judged."""
    found: Document = gate
    if number(gate, "low") is None and number(gate, "high") is None:
        part = evaluation
        if kind == "slice":
            part = next((one for one in documents(evaluation, "slices") if string(one, "label") == subject), {})
        found = mapping(part, "intervals", metric) if kind in {"bound", "slice"} else {}
    low, high = number(found, "low"), number(found, "high")
    if low is None and high is None:
        return text.NONE
    if kind == "champion":
        return f"{text.worse(low)} to {text.worse(high)}"
    return text.between(low, high) + unit


def _failed_rows(evaluation: Document) -> Html | None:
    failed = number(evaluation, "failed_rows")
    if not failed:
        return None
    first = string(evaluation, "first_failed_row")
    return note(
        f"Predictions failed or were not finite for {text.rows(failed)}{f', the first {first}' if first else ''}. "
        "They are no part of the metrics."
    )


def metrics(evaluation: Document) -> Html:
    """Return all metrics of the full evaluation, judged or not."""
    rows = [
        [name, text.number(number(value)), _metric_interval(evaluation, name)]
        for name, value in mapping(evaluation, "metrics").items()
    ]
    if not rows:
        return join()
    title = f"All metrics on {environment_name(string(evaluation, 'environment'))}"
    shown = table("metrics", title, ("Metric", "Value", text.INTERVAL), rows, "knn")
    return join(shown, methods(evaluation))


def _metric_interval(part: Document, name: str) -> str:
    found = mapping(part, "intervals", name)
    return text.between(number(found, "low"), number(found, "high"))


def methods(part: Document) -> Html | None:
    """Say how intervals were made."""
    by_method: dict[str, list[str]] = defaultdict(list)
    for name in mapping(part, "intervals"):
        method, level = string(part, "intervals", name, "method"), number(part, "intervals", name, "level")
        known = f"{method or 'a method that is not named'}{f' at {100 * level:g}{text.PERCENT}' if level else ''}"
        by_method[known].append(name)
    if not by_method:
        return None
    return note("Intervals: ", "; ".join(f"{', '.join(names)} by {method}" for method, names in by_method.items()), ".")


def champion(evaluation: Document, record: Document) -> Section | None:
    """Return the comparison with the model that Prod serves."""
    found, title = mapping(evaluation, "champion"), "Comparison with the champion"
    status, reason = string(found, "status"), string(found, "reason")
    if not string(evaluation, "verdict"):
        return section("champion", title, el("p", "There is no evaluation on Test, so nothing was compared."))
    if status == "none":
        known = f" The evaluation says: {reason}" if reason else ""
        return section("champion", title, el("p", f"No champion yet: there is no model to compare with.{known}"))
    if status == "failed":
        why = reason or "no reason was given"
        return section("champion", title, el("p", word("failed"), f" The comparison could not be made: {why}"))
    if status != "compared":
        return section("champion", title, el("p", "The config asks for no comparison with the champion."))
    differing = mapping(found, "differences")
    return section(
        "champion",
        title,
        el("p", _who(found, record)),
        _comparison(found, evaluation),
        note("Worse by: in per cent of the champion's value; a negative number means that this model is better."),
        figures([bars.differences([row for name in differing if (row := _row(name, evaluation, found))])]),
    )


def _comparison(found: Document, evaluation: Document) -> Html:
    rows = [_difference(name, evaluation, found) for name in mapping(found, "differences")]
    if not rows:
        return note("No metric was compared.")
    headings = ("Metric", "Champion", "This model", "Difference", "Worse by", text.INTERVAL, "p-value", "Method")
    return table("comparison", f"On the same {text.rows(number(found, 'rows'))}", headings, rows, "knnnnnnw")


def _who(found: Document, record: Document) -> str:
    model = string(found, "model") or string(record, "champion", "model") or "not named"
    release = string(record, "champion", "execution_id")
    return f"The champion, which Prod served, is {model}{f' of release {release}' if release else ''}."


def _difference(name: str, evaluation: Document, found: Document) -> list[Child]:
    change = mapping(found, "differences", name)
    ours, theirs = number(evaluation, "metrics", name), number(found, "metrics", name)
    low, high, p_value = (number(change, key) for key in ("low", "high", "p_value"))
    worse = number(change, "worse_percent")
    difference = number(change, "difference")
    sign = "+" if difference and difference > 0 else ""
    return [
        name,
        text.apart(theirs, ours),
        text.apart(ours, theirs),
        sign + text.plain(difference),
        text.signed_percent(worse),
        text.between(low, high, 3) + (text.PERCENT if low is not None or high is not None else ""),
        text.NONE if p_value is None else "< 0.001" if p_value < 0.001 else text.number(p_value, 2),
        string(change, "method"),
    ]


def _row(name: str, evaluation: Document, found: Document) -> bars.Row | None:
    change = mapping(found, "differences", name)
    worse = number(change, "worse_percent")
    bounds = gate_bounds(evaluation, "champion", name)
    if worse is None:
        return None
    return bars.Row(name, worse, number(change, "low"), number(change, "high"), bounds[0] if bounds else None)


def gate_bounds(evaluation: Document, kind: str, metric: str) -> list[float]:
    """Return the different bounds that gates of a kind set on a metric."""
    found = {
        bound
        for gate in documents(evaluation, "gates")
        if string(gate, "kind") == kind and string(gate, "metric") == metric
        for bound in (number(gate, "min"), number(gate, "max"))
        if bound is not None
    }
    return sorted(found)


def slices(evaluation: Document) -> Section | None:
    """Return each slice's metrics as a table, and those with gates as plots."""
    parts = documents(evaluation, "slices")
    if not parts:
        return None
    names = list(dict.fromkeys(name for part in parts for name in mapping(part, "metrics")))
    gated = [name for name in names if gate_bounds(evaluation, "slice", name)]
    plotted = (gated or [name for name in names if mapping(parts[0], "intervals", name)] or names)[:_MOST_PLOTTED]
    rows = [
        [
            string(part, "label") or string(part, "column"),
            text.NONE if (count := number(part, "rows")) is None else f"{count:,.0f}",
            "yes" if at(part, "judged") else "no, too few rows" if at(part, "judged") is False else text.NONE,
            *(_with_interval(part, name) for name in names),
        ]
        for part in parts
    ]
    plots = [
        bars.slices(place, evaluation, name, gate_bounds(evaluation, "slice", name))
        for place, name in enumerate(plotted)
    ]
    headings = ("Slice", "Rows", "Judged", *names)
    shown = table("slices-table", "Metrics by slice", headings, rows, "knk" + "n" * len(names))
    return section("slices", "Slices", figures(plots, el("div", shown, class_="two")))


def _with_interval(part: Document, name: str) -> Html:
    value, within = number(part, "metrics", name), _metric_interval(part, name)
    interval = None if within == text.NONE else el("span", f" ({within})", class_="none")
    return join(text.number(value), interval)


def drift(evaluation: Document) -> Section | None:
    """Return how far the new rows are from those of the training."""
    found = mapping(evaluation, "drift")
    if not found:
        return None
    sampled = " (a sample)" if at(found, "sampled") else ""
    reference = string(found, "reference") or "train"
    compared = (
        f"{text.rows(number(found, 'rows'))} of channel {string(evaluation, 'channel') or 'test'} against "
        f"{text.rows(number(found, 'reference_rows'))} of channel {reference}{sampled}"
    )
    bounds = gate_bounds(evaluation, "drift", "psi")
    rows = [[string(one, "column"), _psi(one)] for one in _by_psi(documents(found, "columns"))]
    return section(
        "drift",
        "Drift",
        figures(
            [bars.drift(found, bounds, compared), *bars.drift_shares(found)],
            table("drift-table", "Population stability index (PSI)", ("Column", "PSI"), rows, "kn"),
        ),
        note("PSI is 0 where the shares of all bins are the same, and grows with the distance between them."),
    )


def _psi(column: Document) -> str:
    psi = number(column, "psi")
    return text.NONE if psi is None else text.fixed(psi, 4)


def _by_psi(columns: Sequence[Document]) -> list[Document]:
    return sorted(columns, key=lambda column: -(number(column, "psi") or 0.0))

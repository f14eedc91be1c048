"""The measurements: metrics, the comparison with the champion, slices, drift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pipeline_lambdas.report import bars
from pipeline_lambdas.report.class_plots import class_names
from pipeline_lambdas.report.gates import about
from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.figures import figures
from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.reading import Document, at, documents, items, mapping, number, string
from pipeline_lambdas.report.kit.tables import Section, note, section, table, word
from pipeline_lambdas.report.verdict import environment_name

_MOST_PLOTTED = 4
_SHORT = 32
"""Characters of a text that does not wrap."""
_AUC_ERROR = "auc_error_max"


def counted(evaluation: Document, rows: float) -> str:
    """Say how many of an evaluation's rows a plot counts: All 240 rows of channel test."""
    total = number(evaluation, "rows")
    if total is None or rows >= total:
        return f"All {about({**evaluation, 'rows': rows})}"
    return f"{rows:,.0f} of {about(evaluation)}"


def metrics(evaluation: Document) -> Html:
    """Return all metrics of the full evaluation, with or without gates."""
    rows = [
        [name, text.number(number(evaluation, "metrics", name)), _metric_interval(evaluation, name)]
        for name in _metrics_of(evaluation)
    ]
    if not rows:
        return join()
    title = f"All metrics on {environment_name(string(evaluation, 'environment'))}"
    shown = table("metrics", title, ("Metric", "Value", text.INTERVAL), rows, "knn")
    return join(shown, positive_class(evaluation), _counted_scores(evaluation), methods(evaluation))


def _metrics_of(part: Document) -> list[str]:
    """Return the names of the metrics, without the error of the auc."""
    return [name for name in mapping(part, "metrics") if name != _AUC_ERROR]


def _counted_scores(evaluation: Document) -> Html | None:
    error = number(evaluation, "metrics", _AUC_ERROR)
    if not error:
        return None
    return note(
        f"The auc is at most {text.number(error, 2)} off: with this many different scores they are counted in narrow "
        "bins instead of being sorted one by one."
    )


def _metric_interval(part: Document, name: str) -> str:
    found = mapping(part, "intervals", name)
    return text.between(number(found, "low"), number(found, "high"))


def methods(part: Document) -> Html | None:
    """Describe how the intervals were computed."""
    by_method: dict[str, list[str]] = defaultdict(list)
    for name in mapping(part, "intervals"):
        method, level = string(part, "intervals", name, "method"), number(part, "intervals", name, "level")
        known = f"{method or 'a method that is not named'}{f' at {100 * level:g}{text.PERCENT}' if level else ''}"
        by_method[known].append(name)
    if not by_method:
        return None
    return note("Intervals: ", "; ".join(f"{', '.join(names)} by {method}" for method, names in by_method.items()), ".")


def positive_class(evaluation: Document) -> Html | None:
    """Say which of two named classes the metrics of one class are of."""
    names = class_names(evaluation)
    if string(evaluation, "problem") != "binary" or len(names) != 2:
        return None
    return note(
        f"The positive class is {names[1]}: precision, recall and f1 are of it, and scores are its probability."
    )


def _class(evaluation: Document, value: float | None) -> str:
    """Return a class by its name, a number where classes have none."""
    names = class_names(evaluation)
    known = value is not None and value == int(value) and 0 <= value < len(names)
    return names[int(value)] if known and value is not None else text.number(value)


def worst(evaluation: Document) -> Section | None:
    """Return the rows that were predicted worst, with their values."""
    names, rows = [str(name) for name in items(evaluation, "worst", "columns")], documents(evaluation, "worst", "rows")
    if not rows:
        return None
    told: list[list[str]] = []
    for row in rows:
        values = [str(value) for value in items(row, "values")]
        predicted, error = number(row, "prediction"), text.number(number(row, "error"))
        scored = string(evaluation, "problem") == "binary"
        shown_as = text.number(predicted) if scored else _class(evaluation, predicted)
        measured = [_class(evaluation, number(row, "label")), shown_as, error]
        told.append([f"{number(row, 'row') or 0:,.0f}", *measured, *(values if names else [" ".join(values)])])
    width = max(map(len, told))
    headings = ("Row", "Label", "Prediction", "Error", *(names or ["Values"]))[:width]
    shown = table(
        "worst-rows",
        f"The {len(rows)} rows with the greatest errors on {environment_name(string(evaluation, 'environment'))}",
        headings,
        [[*row, *[""] * (len(headings) - len(row))] for row in told],
        _styles(told, width) if names else "nnnnw",
    )
    told_of = "Rows are counted from 1 over the files of the channel, as in the file of predictions."
    return section("worst", "Worst-predicted rows", shown, note(told_of))


def _styles(rows: Sequence[Sequence[str]], width: int) -> str:
    """Return the styles of columns: numbers stand to the right, texts to the left, of which long ones wrap."""
    columns = [[row[place] for row in rows if place < len(row)] for place in range(width)]
    styles = [
        "n" if all(map(_is_number, cells)) else "k" if max(map(len, cells)) <= _SHORT else "w" for cells in columns
    ]
    # One beyond them, as the table is wide.
    return "".join(styles) + "w"


def _is_number(cell: str) -> bool:
    """Whether a cell shows a number, or nothing."""
    try:
        float(cell.replace(",", ""))
    except ValueError:
        return cell in {text.NONE, ""}
    return True


def champion(evaluation: Document, record: Document) -> Section | None:
    """Return the comparison with Prod's model."""
    found, title = mapping(evaluation, "champion"), "Comparison with the champion"
    status, reason = string(found, "status"), string(found, "reason")
    if not string(evaluation, "verdict"):
        return section("champion", title, el("p", "There is no evaluation on Test, so nothing was compared."))
    if status == "none":
        return section("champion", title, el("p", "No champion yet: there is no model to compare with."))
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
        note("Worse by is a percentage of the champion's value; where it is negative, this model is better."),
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
    """Return the distinct bounds that gates of a kind set on a metric."""
    found = {
        bound
        for gate in documents(evaluation, "gates")
        if string(gate, "kind") == kind and string(gate, "metric") == metric
        for bound in (number(gate, "min"), number(gate, "max"))
        if bound is not None
    }
    return sorted(found)


def slices(evaluation: Document) -> Section | None:
    """Return each slice's metrics as a table, and those with gates also as plots."""
    parts = documents(evaluation, "slices")
    if not parts:
        return None
    names = list(dict.fromkeys(name for part in parts for name in _metrics_of(part)))
    gated = [name for name in names if gate_bounds(evaluation, "slice", name)]
    plotted = (gated or [name for name in names if mapping(parts[0], "intervals", name)] or names)[:_MOST_PLOTTED]
    rows = [[_slice(part), *(_with_interval(part, name) for name in names)] for part in parts]
    plots = [
        bars.slices(place, evaluation, name, gate_bounds(evaluation, "slice", name))
        for place, name in enumerate(plotted)
    ]
    shown = table(
        "slices-table", f"Metrics by slice, with {text.INTERVAL}s", ("Slice", *names), rows, " " + "n" * len(names)
    )
    return section("slices", "Slices", shown, figures(plots))


def _slice(part: Document) -> Html:
    count = number(part, "rows")
    unjudged = ", too few to be judged" if at(part, "judged") is False else ""
    told = None if count is None else el("span", text.rows(count) + unjudged, class_="subject")
    return join(string(part, "label") or string(part, "column"), told)


def _with_interval(part: Document, name: str) -> Html:
    value, within = number(part, "metrics", name), _metric_interval(part, name)
    return join(text.number(value), None if within == text.NONE else el("span", within, class_="within"))


def drift(evaluation: Document) -> Section | None:
    """Return how much the new rows differ from the training rows."""
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
    left_out = ", ".join(map(str, items(found, "left_out")))
    rows = [[string(one, "column"), _psi(one)] for one in _by_psi(documents(found, "columns"))]
    return section(
        "drift",
        "Drift",
        figures(
            [bars.drift(found, bounds, compared), *bars.drift_shares(found)],
            table("drift-table", "Population stability index (PSI)", ("Column", "PSI"), rows, "kn"),
        ),
        note("PSI is 0 where the shares of all bins are the same, and grows with the distance between them."),
        note(f"Not compared, as neither numbers nor categories: {left_out}.") if left_out else None,
    )


def _psi(column: Document) -> str:
    psi = number(column, "psi")
    return text.NONE if psi is None else text.fixed(psi, 4)


def _by_psi(columns: Sequence[Document]) -> list[Document]:
    return sorted(columns, key=lambda column: -(number(column, "psi") or 0.0))

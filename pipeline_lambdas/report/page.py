"""The report of a release as one self-contained HTML page.

It is for the person who approves a model: first the verdict, then its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pipeline_lambdas.evidence.judgement import FULLEST_FIRST
from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report import bars, class_plots, gates, judged, lineage, plots, tuning
from pipeline_lambdas.report.key_figures import key_figures
from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.figures import figures
from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.reading import Document, documents, mapping, number, string
from pipeline_lambdas.report.kit.style import style
from pipeline_lambdas.report.kit.tables import SIGNS, Section, facts, section, table
from pipeline_lambdas.report.verdict import Verdict, environment_name, verdict

_MOST_MISTAKES = 10


def render(record: Mapping[str, Any], evaluations: Mapping[str, Any], champion_record: Mapping[str, Any] | None) -> str:
    """Return the page.

    `record` is a release record (slipway-record/1); `evaluations` are the evaluation documents (slipway-evaluation/2)
    by environment, with their plots; `champion_record` is the record of the release that Prod served, None if there is
    none. Any part of them may be missing or null: the page leaves it out or says that it is not known. The same
    documents give the same page.
    """
    found = _evaluations(record, evaluations)
    main = next(iter(found.values()), {})
    decided = verdict(record, found)
    sections = [one for one in _sections(record, found, main, champion_record) if one]
    model = string(record, "model") or "a model that is not named"
    body = el(
        "body",
        el("a", "To the evidence", href="#evidence", class_="skip"),
        el(
            "header",
            el("p", f"Release report, {model}", class_="eyebrow"),
            _verdict(decided),
            key_figures(record, main, mapping(found, "test")),
            _facts(record),
            _contents(sections),
        ),
        el("main", *(one.html for one in sections), id="evidence"),
        el("footer", el("p", _footer(record))),
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el(
            "title",
            f"{text.shortened(decided.headline, 80)} {model}, release {short_id(string(record, 'execution_id'))}",
        ),
        el("style", Html(style())),
    )
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def _sections(
    record: Document, evaluations: Mapping[str, Document], main: Document, champion: Document | None
) -> list[Section | None]:
    curves = plots.learning_curves(mapping(record, "training"))
    return [
        gates.gates(evaluations),
        section("metrics", "Metrics", judged.metrics(main)),
        judged.champion(mapping(evaluations, "test"), record),
        _measured(main),
        judged.worst(main),
        judged.slices(main),
        judged.drift(main),
        section("training", "Training", figures(curves, el("div", lineage.training(record), class_="two"))),
        tuning.tuning(record),
        lineage.differences(record, champion),
        lineage.sources(record),
        lineage.actions(record),
        lineage.approval(record),
        lineage.missing(record),
    ]


def _evaluations(record: Document, evaluations: Document) -> dict[str, Document]:
    """Return the evaluations, the fullest first; without plots if only the record has them."""
    known = {**mapping(record, "evaluations"), **{name: one for name, one in evaluations.items() if one}}
    names = [*FULLEST_FIRST, *sorted(known.keys() - set(FULLEST_FIRST))]
    return {name: found for name in names if (found := mapping(known, name))}


def _verdict(decided: Verdict) -> Html:
    more = decided.reasons if len(decided.reasons) > 1 else ()
    return el(
        "div",
        el("span", SIGNS[decided.tone], class_="sign", aria_hidden="true"),
        el("div", el("h1", decided.headline), el("ul", *(el("li", reason) for reason in more)) if more else None),
        class_=f"verdict {decided.tone}",
    )


def _facts(record: Document) -> Html:
    started, ended = string(record, "started"), string(record, "ended")
    took = text.seconds_between(started, ended)
    champion = string(record, "champion", "model")
    return facts(
        [
            ("Model", string(record, "model")),
            ("Release", el("code", string(record, "execution_id")) if string(record, "execution_id") else None),
            ("Started", text.moment(started)),
            ("Started by", text.trigger(record)),
            ("Ended", f"{text.moment(ended)}, after {text.duration(took)}" if ended else None),
            ("Champion", champion or "none is known"),
            ("Number in the chain", string(record, "sequence")),
            ("Pipeline", string(record, "pipeline")),
        ]
    )


def _contents(sections: list[Section]) -> Html:
    return el("nav", *(el("a", one.title, href=f"#{one.key}") for one in sections), aria_label="Contents")


def _measured(evaluation: Document) -> Section | None:
    drawn, counted = mapping(evaluation, "plots"), partial(judged.counted, evaluation)
    p95 = [number(gate, "max") for gate in documents(evaluation, "gates") if string(gate, "metric") == "latency_p95_ms"]
    endpoint, names = string(evaluation, "endpoint") or "the endpoint", class_plots.class_names(evaluation)
    found = [
        plots.predicted_actual(drawn, counted),
        plots.residuals(drawn, counted),
        class_plots.confusion(drawn, counted, names),
        class_plots.roc(drawn, number(evaluation, "metrics", "auc"), gates.about(evaluation)),
        class_plots.precision_recall(drawn, gates.about(evaluation)),
        class_plots.calibration(drawn, counted),
        bars.importance(mapping(evaluation, "importance")),
        plots.latency(mapping(evaluation, "latency"), p95[0] if p95 else None, endpoint),
    ]
    title = f"Measured on {environment_name(string(evaluation, 'environment'))}"
    return section("measured", title, figures(found), _mistakes(drawn, names))


def _mistakes(drawn: Document, names: Sequence[str]) -> Html | None:
    """Return the most frequent mistakes if the matrix has too many classes to be read."""
    counts = class_plots.matrix(drawn)
    worst = class_plots.mistakes(counts, _MOST_MISTAKES)
    if len(counts) <= _MOST_MISTAKES or not worst:
        return None
    named = names if len(names) == len(counts) else list(map(str, range(len(counts))))
    rows = [[named[actual], named[predicted], f"{count:,}"] for actual, predicted, count in worst]
    title = f"The most frequent mistakes among {len(counts)} classes"
    return table("mistakes", title, ("Actual class", "Predicted class", "Rows"), rows, "nnn")


def _footer(record: Document) -> str:
    written, schema = string(record, "written"), string(record, "schema")
    when = f" written {text.moment(written)}" if written else ""
    return f"Made of the release record{f' ({schema})' if schema else ''}{when} and of the evaluations beside it."

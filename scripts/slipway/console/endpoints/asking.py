"""Sends rows to an endpoint, when a person says so, and shows what it predicts of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.release.names import CHAMPION, ENVIRONMENTS, short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import facts, note, table
from pipeline_lambdas.report.kit.text import number, shortened, times
from slipway.console.room import Asked, Page
from slipway.console.shell import at, choice, form, panel, to
from slipway.datasets.rows import Row
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of, explain, message_of
from slipway.releases.overview import session_for
from slipway.releases.predictions import Prediction, Served, find_served, predictions_of, rows_of
from slipway.session import Session

MOST_ROWS = 500
_MOST_ANSWER_BYTES = 100_000
_ROWS_SHOWN, _LONGEST_ROW = 8, 200
_TYPES = ("text/csv", "application/json", "application/jsonlines")
_SOURCE = "rows"


@dataclass(frozen=True, slots=True)
class Model:
    """What answers: a model of this installation, by its session, and what is known of its rows."""

    session: Session
    served: Served


def ask(asked: Asked) -> Page:
    """Draw the empty form."""
    return _page(asked, find_model(asked), {}, None)


def answer(asked: Asked, given: Mapping[str, str]) -> Page:
    """Send the rows and draw the form with what came back; the form keeps what was typed."""
    model = find_model(asked)
    typed = {**given, "rows": given.get("rows", "").replace("\r\n", "\n")}
    try:
        shown = _predicted(model, typed["rows"]) if model else _invoked(asked, typed)
    except (SlipwayError, ClientError, BotoCoreError) as error:
        explained = error if isinstance(error, SlipwayError) else explain(error)
        if explained is None:
            raise
        told = " ".join(filter(None, (explained.message, explained.advice(asked.session.command))))
        shown = el("p", told, class_="outcome", role="alert")
    return _page(asked, model, typed, panel("answer", "Answer", shown))


def find_model(asked: Asked) -> Model | None:
    """Return the model of this installation that an endpoint serves; None for an endpoint of something else."""
    prefix = f"slipway-{asked.session.names.suffix}-"
    found = re.fullmatch(rf"{re.escape(prefix)}(.+)-({'|'.join((*ENVIRONMENTS, CHAMPION))})", asked.path["name"])
    if found is None:
        return None
    session = session_for(asked.session, found[1])
    try:
        served = find_served(session, found[2])
    except ClientError as error:
        if code_of(error) != "PipelineNotFoundException":
            raise
        return None
    return Model(session, served) if served.release else None


def _page(asked: Asked, model: Model | None, typed: Mapping[str, str], shown: Html | None) -> Page:
    name = asked.path["name"]
    about = _about(model) if model else [note("The body is sent as it is typed; the answer is shown as it is.")]
    rows = el(
        "label",
        f"Rows, at most {MOST_ROWS}" if model else "Body of the request",
        el("textarea", typed.get("rows", ""), id="rows", name="rows", rows=10, required="", spellcheck="false"),
        for_="rows",
        class_="whole",
    )
    kinds = [(one, one) for one in _TYPES]
    kind = None if model else choice("content-type", "Content type", "type", kinds, typed.get("type", _TYPES[0]))
    sent = form(at("endpoints", name, "predict"), "Predict", rows, kind, tone="good")
    above = (("Endpoints", at("endpoints")), (name, at("endpoints", name)))
    parts = [panel("ask", "Rows", *about, sent), shown]
    return Page(f"Predictions of {name}", [one for one in parts if one is not None], above)


def _about(model: Model) -> list[Html]:
    served, columns, release = model.served, model.served.columns, model.served.release
    address = at("models", model.session.names.model, "releases", release) if release else ""
    made_by = to(f"release {short_id(release)}", address) if release else None
    order = "as CSV or JSON, without the label; with a line of column names they may have any order"
    return [
        facts(
            [
                ("Serves", served.model),
                ("Made by", made_by),
                ("Predicts", columns.label),
                ("Columns", columns.listed),
            ]
        ),
        note(f"The features in the order of training, {order}."),
    ]


def _predicted(model: Model, text: str) -> Html:
    rows = rows_of(model.served, text, _SOURCE)
    if len(rows) > MOST_ROWS:
        raise SlipwayError(
            f"{_SOURCE}: found {len(rows):,}; expected at most {MOST_ROWS}.",
            f"A file of more: {model.session.command('predict --env', model.served.environment)} FILE",
        )
    found = predictions_of(model.session, model.served, rows)
    return _table(model.served, rows, found)


def _table(served: Served, rows: Sequence[Row], found: Sequence[Prediction]) -> Html:
    features = served.columns.features[:_ROWS_SHOWN]
    cells = [row[:_ROWS_SHOWN] if features else (shortened(", ".join(row), _LONGEST_ROW),) for row in rows]
    told = served.columns.label or "Predicted"
    headings = ("Row", f"{told}, predicted", "Probability", "Scores", *(features or ("Features",)))
    shown = [(str(place), *_cells(one), *cell) for place, (one, cell) in enumerate(zip(found, cells, strict=True), 1)]
    left_out = len(served.columns.features) - len(features)
    cut = f", with the first {len(features)} of {len(served.columns.features)} features" if left_out else ""
    return table(
        "answer-table", f"{times(len(rows), 'prediction')}{cut}", headings, shown, "nknw" + "k" * len(headings)
    )


def _cells(one: Prediction) -> tuple[Child, Child, Child]:
    """Return what is predicted, its probability, and the scores where there are several."""
    several = isinstance(one.score, list)
    scores = ", ".join(_value(score) for score in one.score) if several else None
    predicted = one.label if one.label is not None else _highest(one.score) if several else _value(one.score)
    return predicted, None if one.probability is None else number(one.probability), scores


def _highest(scores: Sequence[Any]) -> str:
    numbers = [score for score in scores if isinstance(score, int | float)]
    return f"class {scores.index(max(numbers))}" if numbers and len(numbers) == len(scores) else ""


def _value(score: Any) -> str:
    return number(score) if isinstance(score, int | float) and not isinstance(score, bool) else str(score)


def _invoked(asked: Asked, typed: Mapping[str, str]) -> Html:
    """Send what was typed to an endpoint of which nothing is known, and return its answer as text."""
    if not typed["rows"].strip():
        raise SlipwayError("The body of the request is empty.")
    kind = typed.get("type", "")
    try:
        found = asked.session.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=asked.path["name"],
            Body=typed["rows"].encode(),
            ContentType=kind if kind in _TYPES else _TYPES[0],
        )
    except ClientError as error:
        if code_of(error) != "ModelError":
            raise
        said = error.response.get("OriginalMessage") or message_of(error)
        raise SlipwayError(f"{asked.path['name']}: the model refused the request: {said}") from None
    body = found["Body"].read(_MOST_ANSWER_BYTES + 1)
    text = body[:_MOST_ANSWER_BYTES].decode("utf-8", "replace").replace("\r\n", "\n")
    cut = " The rest of it is not shown." if len(body) > _MOST_ANSWER_BYTES else ""
    about = note(f"{found.get('ContentType', 'No content type')}, by {found.get('InvokedProductionVariant', '')}.{cut}")
    return el("div", about, el("pre", text, class_="log", role="region", tabindex=0, aria_label="Answer"))

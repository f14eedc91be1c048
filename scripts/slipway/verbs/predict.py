"""Verb `predict`: ask an endpoint.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lambdas.release.names import Environment, short_id
from slipway.datasets.rows import Format
from slipway.errors import SlipwayError
from slipway.project import shown
from slipway.releases.predictions import Prediction, find_served, predictions_of, rows_of
from slipway.session import session_of


def predict(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="CSV or JSON file of rows; `-`, or no FILE with a pipe: stdin.")
    ] = None,
    row: Annotated[list[str] | None, typer.Option("--row", help="A row, such as 7.4,0.7,0; repeatable.")] = None,
    environment: Annotated[Environment | None, typer.Option("--env", help="Default: prod if it is there.")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="Default: detected from the rows.")] = None,
) -> None:
    """Ask an endpoint for predictions.

    A row holds the features in the order of training, without the label; rows with column names may have any order. A
    model with `features` takes the cells of the table as they stand.
    """
    session = session_of(context)
    served = find_served(session, environment)
    text, source = _input(file, row or [])
    rows = rows_of(served, text, source, form)
    by = f", release {short_id(served.release)}" if served.release else ""
    session.output.say(f"{served.endpoint} serves {served.model}{by}")
    predictions = predictions_of(session, served, rows)
    session.output.result(
        {
            "endpoint": served.endpoint,
            "environment": served.environment,
            "model": served.model,
            "release": served.release or None,
            "predicts": served.columns.label or None,
            "predictions": [prediction.score for prediction in predictions],
            **_labels(predictions),
        }
    )
    for number, prediction in enumerate(predictions, 1):
        session.output.say(f"{number:>6}  {prediction}")


def _labels(predictions: Sequence[Prediction]) -> dict[str, list[str | None]]:
    """The predicted classes, where the endpoint names them."""
    labels = [prediction.label for prediction in predictions]
    return {"labels": labels} if any(label is not None for label in labels) else {}


def _input(file: Path | None, rows: Sequence[str]) -> tuple[str, str]:
    """The text of the rows, and what it is called in an error."""
    if rows:
        if file:
            raise SlipwayError("found a file and --row; expected one of the two.")
        return "\n".join(rows), "--row"
    if file is None and sys.stdin.isatty():
        raise SlipwayError("found no rows; expected a file, --row, or rows piped to stdin.")
    try:
        if file is None or str(file) == "-":
            return sys.stdin.read(), "stdin"
        return file.read_text(encoding="utf-8-sig"), shown(file)
    except OSError as error:
        raise SlipwayError(f"{file}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise SlipwayError(f"{file or 'stdin'}: found bytes that are not UTF-8 at offset {error.start}.") from None

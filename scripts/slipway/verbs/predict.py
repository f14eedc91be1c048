"""Verb `predict`: ask an endpoint.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.algorithms.table import ALGORITHMS, algorithm_of_image
from pipeline_lambdas.release.names import ENVIRONMENTS, Environment, short_id
from slipway.datasets.rows import Columns, Format, Row, as_csv, parse_rows
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of, message_of
from slipway.project import shown
from slipway.releases.pipeline import MOST_RUNS, list_runs
from slipway.releases.records import find_record
from slipway.session import Session, session_of

_MOST_BYTES = min(algorithm.request_limit_bytes for algorithm in ALGORITHMS.values()) * 5 // 6
"""Of a request: below what any algorithm's container takes."""
_PREFERRED = ("prod", "test", "dev")
_ANSWER, _CSV = "application/json", "text/csv"


@dataclass(frozen=True)
class Served:
    """An endpoint, the model that it serves, and the release that made it; empty where that is not known."""

    environment: str
    endpoint: str
    model: str
    release: str
    columns: Columns
    algorithm: Algorithm | None
    script: bool = False
    """Whether a program of its own answers, which has to know CSV alone."""


@dataclass(frozen=True)
class Prediction:
    """What an endpoint predicts of a row: a number, or a list of the classes' probabilities.

    From a model that knows its classes also the name of the likeliest, and its probability if the model gives any.
    """

    score: Any
    label: str | None = None
    probability: float | None = None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Prediction:
        """Read a row's answer; KeyError, TypeError or AttributeError if it is none."""
        label = answer.get("predicted_label")
        probability = (answer.get("probabilities") or {}).get(label)
        return cls(answer["score"], None if label is None else str(label), probability)

    def __str__(self) -> str:
        if self.label is None:
            return _text(self.score)
        return self.label if self.probability is None else f"{self.label}  ({_text(self.probability)})"


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
    rows = parse_rows(text, served.columns, source, form)
    _refuse_missing(served.algorithm, rows, source)
    by = f", release {short_id(served.release)}" if served.release else ""
    session.output.say(f"{served.endpoint} serves {served.model}{by}")
    predictions = [prediction for part in _parts(rows) for prediction in invoke(session, served, part)]
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


def find_served(session: Session, environment: str | None) -> Served:
    """The endpoint of an environment, else that of Prod, Test or Dev, the first that is there."""
    for name in (environment,) if environment else _PREFERRED:
        config = _config_of(session, session.names.endpoint(name))
        if config is None:
            continue
        described = session.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
        model = str(described["ProductionVariants"][0]["ModelName"])
        release = _release_of(session, model)
        record = (find_record(session, release) if release else None) or {}
        endpoint = session.names.endpoint(name)
        columns = replace(_columns_of(record), table=_takes_a_table(session, model))
        values = (record.get("config") or {}).get("values") or {}
        script = bool(values.get("script") or values.get("container"))
        return Served(name, endpoint, model, release, columns, _algorithm_of(record), script)
    wanted = environment or "any environment"
    there = [name for name in ENVIRONMENTS if _config_of(session, session.names.endpoint(name))] if environment else []
    next_step = f"Ask another one: {session.command('predict --env', there[-1])}" if there else ""
    raise SlipwayError(
        f"{session.names.pipeline}: found no endpoint of {wanted} that serves.",
        next_step or f"An endpoint comes with a release; see where it is: {session.command('status')}",
    )


def _labels(predictions: Sequence[Prediction]) -> dict[str, list[str | None]]:
    """The predicted classes, where the endpoint names them."""
    labels = [prediction.label for prediction in predictions]
    return {"labels": labels} if any(label is not None for label in labels) else {}


def invoke(session: Session, served: Served, rows: Sequence[Row]) -> list[Prediction]:
    """The predictions of these rows."""
    endpoint = served.endpoint
    try:
        answer = session.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint, Body=as_csv(rows), ContentType=_CSV, Accept=_CSV if served.script else _ANSWER
        )
    except ClientError as error:
        if code_of(error) != "ModelError":
            raise
        said = error.response.get("OriginalMessage") or message_of(error)
        raise SlipwayError(f"{endpoint}: the model refused the rows: {said}") from None
    body = answer["Body"].read()
    try:
        found = csv_predictions(body) if served.script else _json_predictions(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SlipwayError(
            f'{endpoint}: found an answer that is not {{"predictions": [{{"score": ...}}]}}: {body[:100]!r}'
        ) from None
    if len(found) != len(rows):
        raise SlipwayError(f"{endpoint}: found {len(found)} predictions for {len(rows)} rows.")
    return found


def _json_predictions(body: bytes) -> list[Prediction]:
    return [Prediction.of(one) for one in json.loads(body)["predictions"]]


def csv_predictions(body: bytes) -> list[Prediction]:
    """Return what an answer in CSV holds of each row: a number, a text, or a list of them; ValueError if it is none."""
    rows = [[_value(cell) for cell in row] for row in csv.reader(body.decode().splitlines()) if row]
    return [Prediction(row[0] if len(row) == 1 else row) for row in rows]


def _value(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell.strip()


def _config_of(session: Session, endpoint: str) -> str | None:
    try:
        found = session.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if code_of(error) != "ValidationException":
            raise
        return None
    # Until its first deployment has ended an endpoint has no config that it serves.
    config = found.get("EndpointConfigName")
    return str(config) if config else None


def _release_of(session: Session, model: str) -> str:
    """The release that made a model, whose name begins with the pipeline's and the release's."""
    short = short_id(model.removeprefix(f"{session.names.pipeline}-"))
    found = list_runs(session, MOST_RUNS, lambda one: bool(one["pipelineExecutionId"].startswith(short)))
    return str(found[0]["pipelineExecutionId"]) if found else ""


def _columns_of(record: Mapping[str, Any]) -> Columns:
    names = [str(name) for name in (record.get("dataset") or {}).get("columns") or []]
    return Columns(names[0], tuple(names[1:])) if names else Columns()


def _takes_a_table(session: Session, model: str) -> bool:
    """Whether the model is served by a program or an image of a team's own, which reads the cells of a table itself.

    The variable is that of SageMaker's inference toolkit: https://github.com/aws/sagemaker-inference-toolkit
    """
    container = session.client("sagemaker").describe_model(ModelName=model)["PrimaryContainer"]
    return "SAGEMAKER_PROGRAM" in container.get("Environment", {}) or algorithm_of_image(container["Image"]) is None


def _algorithm_of(record: Mapping[str, Any]) -> Algorithm | None:
    return algorithm_of_image(str((record.get("training") or {}).get("image_uri") or ""))


def _refuse_missing(algorithm: Algorithm | None, rows: Sequence[Row], source: str) -> None:
    if algorithm is None or algorithm.missing_values:
        return
    for number, row in enumerate(rows, 1):
        if "" in row:
            raise SlipwayError(
                f"{source}: row {number}, column {row.index('') + 1}: found a missing value; {algorithm.title}, which "
                "made the model, takes none; expected a number."
            )


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


def _parts(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows in requests that the container takes."""
    part: list[Row] = []
    size = 0
    for row in rows:
        length = len(as_csv([row])) + 1
        if part and size + length > _MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    yield part


def _text(prediction: Any) -> str:
    if isinstance(prediction, list):
        return "  ".join(_text(one) for one in prediction)
    return f"{prediction:.6g}" if isinstance(prediction, float) else str(prediction)

"""Asks an endpoint of a model for predictions: which release it serves, what its rows look like, what it answers.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.algorithms.table import ALGORITHMS, algorithm_of_image
from pipeline_lambdas.release.names import ENVIRONMENTS, short_id
from slipway.datasets.rows import Columns, Format, Row, as_csv, parse_rows
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of, message_of
from slipway.releases.pipeline import list_runs
from slipway.releases.records import find_record
from slipway.session import Session

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


def rows_of(served: Served, text: str, source: str, form: Format | None = None) -> list[Row]:
    """Return the rows of a text as the endpoint takes them; SlipwayError names `source` and the row that is wrong."""
    rows = parse_rows(text, served.columns, source, form)
    _refuse_missing(served.algorithm, rows, source)
    return rows


def predictions_of(session: Session, served: Served, rows: Sequence[Row]) -> list[Prediction]:
    """Return the predictions of rows, in as many requests as the container needs; SlipwayError if it refuses them."""
    return [prediction for part in _parts(rows) for prediction in _invoke(session, served, part)]


def _invoke(session: Session, served: Served, rows: Sequence[Row]) -> list[Prediction]:
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
    found = list_runs(session, 1, lambda one: bool(one["pipelineExecutionId"].startswith(short)))
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

"""Encodes predictions as a response body.

Formats: https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html and
https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/algorithm_mode/serve_utils.py.
A 32-bit prediction is printed as the container prints it: widened to a Python float, hence `0.43861907720565796`.

Not emulated: answers in RecordIO-protobuf.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from local_aws.sagemaker.containers.toolkit import log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from local_aws.sagemaker.containers.xgboost.scoring import Objective

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
RECORDIO = "application/x-recordio-protobuf"
ACCEPTED = [JSON, JSON_LINES, RECORDIO, CSV]

_LABEL_KEYS = ("predicted_label", "labels")
_PROBABILITY_KEYS = ("probability", "probabilities")
_RAW_KEYS = ("raw_score", "raw_scores")
_CLASSIFICATION = (*_LABEL_KEYS, *_PROBABILITY_KEYS, *_RAW_KEYS)
_WITHOUT_PROBABILITY = (*_LABEL_KEYS, *_RAW_KEYS)
_REGRESSION = ("predicted_score",)
_KEYS = {
    "reg:squarederror": _REGRESSION,
    "reg:logistic": _REGRESSION,
    "reg:gamma": _REGRESSION,
    "reg:absoluteerror": _REGRESSION,
    "reg:tweedie": _REGRESSION,
    "binary:logistic": _CLASSIFICATION,
    "multi:softprob": _CLASSIFICATION,
    "binary:logitraw": _WITHOUT_PROBABILITY,
    "binary:hinge": _WITHOUT_PROBABILITY,
    "multi:softmax": _WITHOUT_PROBABILITY,
}


class NotAcceptableError(ValueError):
    """The Accept header asks for an unsupported type (status 406)."""


class EncodingError(ValueError):
    """The predictions cannot be encoded in this form (status 500)."""


def accept_of(header: str | None, default: str) -> str:
    """Return the response's content type. Raises NotAcceptableError with the container's message."""
    accept = (header or "").partition(";")[0].strip()
    if accept in ("", "*/*"):
        return default
    if accept.lower() not in ACCEPTED:
        raise NotAcceptableError(
            f"Accept type {accept} is not supported. Please use supported accept types: {ACCEPTED}."
        )
    return accept.lower()


def plain(predictions: NDArray[np.float32], accept: str) -> str:
    """Return all predictions, as CSV lines or as `{"predictions": [{"score": 0.43}]}`."""
    if accept == JSON:
        return json.dumps({"predictions": [{"score": score} for score in predictions.tolist()]})
    if accept != CSV:
        raise EncodingError(f"Accept type {accept} needs the environment variable SAGEMAKER_INFERENCE_OUTPUT")
    # The repr of a list is computed in C, several times faster than one call of repr per prediction.
    if predictions.ndim == 1:
        return repr(predictions.tolist())[1:-1].replace(", ", "\n") + "\n"
    return repr(predictions.tolist())[2:-2].replace("], [", "\n").replace(", ", ",") + "\n"


def batch(predictions: NDArray[np.float32]) -> str:
    """Return one line per prediction as Python prints it; probabilities of classes are a list in brackets."""
    if predictions.ndim == 1:
        return plain(predictions, CSV)
    return "".join(f"{row}\n" for row in predictions.tolist())


def selected(
    predictions: NDArray[np.float32], objective: Objective, keys: list[str], accept: str, *, in_batch: bool
) -> str:
    """Return the output that SAGEMAKER_INFERENCE_OUTPUT selects. Raises EncodingError with the container's message."""
    records = _select(predictions, objective, keys)
    if accept == JSON:
        return json.dumps({"predictions": records})
    if accept == JSON_LINES:
        return "".join(json.dumps(record) + "\n" for record in records)
    if accept == CSV:
        return "\n".join(",".join(map(_cell, map(record.get, keys))) for record in records) + "\n" * in_batch
    if accept == RECORDIO:
        raise EncodingError("Answers in application/x-recordio-protobuf are not emulated locally")
    raise EncodingError(f"Cannot encode selected predictions into accept type '{accept}'.")


def _cell(value: object) -> str:
    return f'"{value}"' if isinstance(value, list) else str(value)


def _select(predictions: NDArray[np.float32], objective: Objective, keys: list[str]) -> list[dict[str, Any]]:
    valid = _KEYS.get(objective.name)
    if valid is None:
        raise EncodingError(f"Objective `{objective.name}` unsupported for selectable inference predictions.")
    invalid = [key for key in keys if key not in valid]
    if invalid:
        log.warning(
            f"Selected key(s) {set(invalid)} incompatible for objective '{objective.name}'. "
            f"Please use list of compatible selectable inference predictions: {list(valid)}"
        )
    columns: dict[str, Iterable[Any]] = {key: _column(key, predictions, objective) for key in valid if key in keys}
    columns |= {key: [math.nan] * len(predictions) for key in invalid}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _column(key: str, predictions: NDArray[np.float32], objective: Objective) -> list[Any]:
    values: list[Any] = predictions.tolist()
    if key == "labels":
        return [list(range(objective.classes or 2))] * len(values)
    if key == "predicted_label":
        return _labels(predictions, objective)
    if key in ("probability", "raw_score"):
        return [max(row) for row in values] if predictions.ndim == 2 else values
    if key in ("probabilities", "raw_scores"):
        return values if predictions.ndim == 2 else [[1.0 - value, value] for value in values]
    return values


def _labels(predictions: NDArray[np.float32], objective: Objective) -> list[Any]:
    if objective.name == "multi:softprob":
        return list(predictions.argmax(axis=1).tolist())
    if objective.name in ("multi:softmax", "binary:hinge"):
        return list(predictions.tolist())
    threshold = 0.5 if objective.name == "binary:logistic" else 0.0
    return list((predictions > threshold).astype(np.int64).tolist())

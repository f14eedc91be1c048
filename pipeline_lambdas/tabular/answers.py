"""Writes predictions: CSV as the built-in algorithm does, JSON with the names of the classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lambdas.tabular.requests import CSV, JSON, RequestError


@dataclass(frozen=True)
class Predictions:
    """Scores of shape (rows,) or (rows, classes), with what says how to read them."""

    scores: NDArray[np.float32]
    objective: str
    classes: tuple[str, ...]


def written(predictions: Predictions, accept: str | None) -> str:
    """Return the body of an answer of the type that the request accepts; RequestError with status 406."""
    kind = (accept or CSV).partition(";")[0].strip().lower()
    if kind in (CSV, "*/*", ""):
        return _csv(predictions.scores)
    if kind == JSON:
        return json.dumps({"predictions": _records(predictions)}, ensure_ascii=False)
    raise RequestError(406, f"Accept: found {kind}; expected {CSV} or {JSON}")


def _csv(scores: NDArray[np.float32]) -> str:
    """Return a line per row. The text of a list is written in C, several times faster than number by number."""
    if scores.ndim == 1:
        return repr(scores.tolist())[1:-1].replace(", ", "\n") + "\n"
    return repr(scores.tolist())[2:-2].replace("], [", "\n").replace(", ", ",") + "\n"


def _records(predictions: Predictions) -> list[dict[str, Any]]:
    return [_record(score, predictions.objective, predictions.classes) for score in predictions.scores.tolist()]


def _record(score: Any, objective: str, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return a row's answer: the score as in CSV, the class, and where the model gives them the probabilities."""
    if objective == "multi:softprob":
        best = max(range(len(classes)), key=score.__getitem__)
        return {
            "score": score,
            "predicted_label": classes[best],
            "probabilities": dict(zip(classes, score, strict=True)),
        }
    if objective == "binary:logistic":
        probabilities = dict(zip(classes, (1.0 - score, score), strict=True))
        return {"score": score, "predicted_label": classes[score > 0.5], "probabilities": probabilities}
    if objective == "binary:logitraw":
        return {"score": score, "predicted_label": classes[score > 0]}
    if objective in ("binary:hinge", "multi:softmax"):
        return {"score": score, "predicted_label": classes[int(score)]}
    return {"score": score}

"""The answer of a model for a row, and how to read an endpoint's answer as numbers."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"

Read = Callable[[bytes], list[float]]
"""All numbers of an answer, row by row; ValueError that says what was found instead."""


def csv_numbers(content: bytes) -> list[float]:
    """Return the numbers of text/csv, whether the rows end in a new line or in a comma."""
    return list(map(float, csv_texts(content)))


def csv_texts(content: bytes) -> list[bytes]:
    """Return the numbers of text/csv as they are written."""
    return content.replace(b",", b" ").split()


def json_numbers(field: str) -> Read:
    """Return a reader of one field of each prediction, a number or a list of numbers.

    JSON is {"predictions": [{"score": 0.4}]}; JSON Lines has one such prediction per line.
    https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
    """
    return partial(_json_numbers, field)


def _json_numbers(field: str, content: bytes) -> list[float]:
    try:
        found = [prediction[field] for prediction in _json_predictions(content)]
        return [float(number) for value in found for number in (value if isinstance(value, list) else (value,))]
    except (TypeError, KeyError, RecursionError):
        raise ValueError(f'no predictions with a number or numbers as "{field}"') from None


def _json_predictions(content: bytes) -> list[Any]:
    try:
        document = json.loads(content)
    except ValueError:
        return list(json.loads(b"[" + b",".join(filter(None, content.splitlines())) + b"]"))
    return list(document["predictions"]) if "predictions" in document else [document]


@dataclass(frozen=True, slots=True)
class PredictionForm:
    """The form of one row's prediction: `width` numbers, and how to read them from an answer of the type `accept`.

    `probability` requires numbers from 0 to 1; `convert` turns the numbers into the input of the metrics. With
    `names_classes` a prediction names the class without its probability.
    """

    width: int = 1
    probability: bool = False
    convert: Callable[[list[float]], list[float]] | None = None
    names_classes: bool = False
    accept: str = CSV
    read: Read = csv_numbers


def answer_form(answers: str, classes: Sequence[str]) -> PredictionForm:
    """Return the form of a program's answers in CSV, one row a line, as `script.answers` of a config names it."""
    match answers:
        case "probability":
            return PredictionForm(probability=True)
        case "probabilities":
            return PredictionForm(width=len(classes), probability=True)
        case "class":
            return PredictionForm(names_classes=True, read=class_numbers(classes))
        case _:
            return PredictionForm()


def class_numbers(classes: Sequence[str]) -> Read:
    """Return a reader of text/csv with the name of a class in each line, as the number of its place."""
    return partial(_class_numbers, {name: float(number) for number, name in enumerate(classes)})


def _class_numbers(known: Mapping[str, float], content: bytes) -> list[float]:
    rows = csv.reader(content.decode().splitlines())
    names = [",".join(row).strip() for row in rows if row]
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise ValueError(f"found the class {unknown[:80]!r}; expected {', '.join(known)}")
    return [known[name] for name in names]


def probabilities_of(margins: list[float]) -> list[float]:
    """Return the logistic function of each."""
    # Below -700 the exponential overflows, and the probability is 0 in a double anyway.
    return [1.0 / (1.0 + math.exp(-margin)) if margin > -700.0 else 0.0 for margin in margins]

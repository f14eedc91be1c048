"""The bodies of requests and answers.

https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html#blazingtext-artifacts-inference
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.containers.toolkit.model_service import JSON

Vector = tuple[str, list[float]]
"""A word and its vector."""

Prediction = tuple[list[bytes], list[float]]
"""Labels and their probabilities, the likeliest first."""


class PayloadError(Exception):
    """A body cannot be used; the message says why."""


@dataclass(frozen=True)
class Sentence:
    """A sentence, and the number of labels asked for."""

    text: str
    count: int


def parsed(body: bytes, kind: str) -> list[Sentence]:
    """Return the sentences in a body of JSON or JSON lines. Raises PayloadError."""
    if kind == JSON:
        return _instances(_document(body, "the body"))
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    if not lines:
        raise PayloadError('the body is empty, expected lines such as {"source": "some words"}')
    return [_line(_document(line, f"line {number}"), f"line {number}") for number, line in lines]


def _document(text: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"{name} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise PayloadError(f"{name} is a {type(found).__name__}, expected an object")
    return found


def _instances(document: dict[str, Any]) -> list[Sentence]:
    instances = _strings(document)
    configuration = document.get("configuration", {})
    if not isinstance(configuration, dict):
        raise PayloadError("'configuration' must be an object such as {\"k\": 2}")
    count = _count(configuration, "'configuration'")
    return [Sentence(text, count) for text in instances]


def _line(document: dict[str, Any], name: str) -> Sentence:
    source = document.get("source")
    if not isinstance(source, str):
        raise PayloadError(f"{name} must have a string 'source'")
    return Sentence(source, _count(document, name))


def _count(document: dict[str, Any], name: str) -> int:
    count = document.get("k", 1)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise PayloadError(f"'k' in {name} is {count!r}, expected an integer from 1")
    return count


def words_in(body: bytes) -> list[str]:
    """Return the words in a body of JSON. Raises PayloadError."""
    return _strings(_document(body, "the body"))


def _strings(document: dict[str, Any]) -> list[str]:
    instances = document.get("instances")
    if not isinstance(instances, list) or not all(isinstance(one, str) for one in instances):
        raise PayloadError("'instances' must be a list of strings")
    return instances


def written(predictions: Sequence[Prediction], kind: str) -> str:
    """Return an answer of JSON or JSON lines."""
    documents = [
        {"label": [label.decode("utf-8", "replace") for label in labels], "prob": shares}
        for labels, shares in predictions
    ]
    if kind == JSON:
        return json.dumps(documents)
    return "".join(json.dumps(document) + "\n" for document in documents)


def written_vectors(vectors: Sequence[Vector]) -> str:
    """Return an answer of JSON, with the names that AWS's examples read."""
    return json.dumps([{"vector": numbers, "word": word} for word, numbers in vectors])

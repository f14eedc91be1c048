"""What the job of own metrics has written, checked: a data scientist's functions had a part in it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference_lambdas.aws.s3 import Bucket
from pipeline_lambdas.config.model import OwnMetrics
from pipeline_lambdas.release.retries import RETRY_ALL, START_NEW
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError

SCHEMA = "slipway-own-metrics/1"
MOST_BYTES = 8 * 1024 * 1024
MOST_REPLICATES = 1000
_MOST_TEXT = 500

Replicates = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Compared:
    """The values of both models of the rows that both have predicted, and the draws of both."""

    value: float
    champion: float
    replicates: Replicates
    champion_replicates: Replicates


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one function; `value` is None after a `failure`. `slices` are by column, in the test's order."""

    value: float | None
    failure: str
    slices: Sequence[Sequence[float | None]]
    compared: Compared | None
    replicates: Replicates


class _WrongError(Exception):
    """The output is not as the program writes it."""


def read(bucket: Bucket, key: str, metrics: OwnMetrics, slices: Sequence[int]) -> dict[str, Found]:
    """Return what came of each function; `slices` are the numbers of slices of each column.

    Raises JobFailedError for an output that the program did not write.
    """
    try:
        content = bucket.read_range(key, 0, MOST_BYTES + 1)
    except ConfigurationError:
        raise JobFailedError(
            f"{bucket.uri(key)}: found no object, though its job has ended well; expected what the job writes. A "
            f"function that ends the process, as os._exit does, leaves none: mend {metrics.file}. {START_NEW}."
        ) from None
    try:
        return parse(content, metrics, slices)
    except _WrongError as error:
        raise JobFailedError(
            f"{bucket.uri(key)}: found {error}; expected what the job writes. {RETRY_ALL} to compute the metrics again."
        ) from None


def parse(content: bytes, metrics: OwnMetrics, slices: Sequence[int]) -> dict[str, Found]:
    """Return what came of each function; _WrongError for anything else."""
    if len(content) > MOST_BYTES:
        raise _WrongError(f"more than {MOST_BYTES} bytes")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _WrongError("no JSON") from None
    found = _mapping(_mapping(document, "the document").get("metrics"), "metrics")
    if document.get("schema") != SCHEMA or set(found) != set(metrics.functions):
        raise _WrongError("other functions than those of the config")
    return {name: _found(_mapping(found[name], name), slices) for name in metrics.functions}


def _found(item: Mapping[str, Any], slices: Sequence[int]) -> Found:
    failure = item.get("failure")
    if not isinstance(failure, str):
        raise _WrongError("no text as failure")
    if failure:
        return Found(None, _shown(failure[:_MOST_TEXT]), [[None] * count for count in slices], None, ())
    found = _list(item.get("slices"), lambda column: _list(column, _number_or_none))
    if [len(column) for column in found] != list(slices):
        raise _WrongError("other slices than those of the config")
    compared = item.get("compared")
    return Found(
        value=_number(item.get("value")),
        failure="",
        slices=found,
        compared=None if compared is None else _compared(_mapping(compared, "compared")),
        replicates=_replicates(item.get("replicates")),
    )


def _shown(text: str) -> str:
    """Return a text that every terminal can show, and UTF-8 can hold: what cannot be printed as its escape."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _compared(item: Mapping[str, Any]) -> Compared:
    ours, theirs = _replicates(item.get("replicates")), _replicates(item.get("champion_replicates"))
    if len(ours) != len(theirs):
        raise _WrongError("draws of one model alone")
    return Compared(_number(item.get("value")), _number(item.get("champion")), ours, theirs)


def _replicates(found: object) -> Replicates:
    values: list[float | None] = _list(found, _number_or_none)
    if len(values) > MOST_REPLICATES:
        raise _WrongError(f"more than {MOST_REPLICATES} draws")
    return values


def _mapping(found: object, what: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise _WrongError(f"no mapping as {what}")
    return found


def _list(found: object, read_item: Callable[[object], Any]) -> list[Any]:
    if not isinstance(found, list):
        raise _WrongError("no list where one belongs")
    return [read_item(item) for item in found]


def _number_or_none(found: object) -> float | None:
    return None if found is None else _number(found)


def _number(found: object) -> float:
    try:
        # A whole number of JSON may be too large for a float.
        value = math.nan if isinstance(found, bool) or not isinstance(found, int | float) else float(found)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise _WrongError("no finite number where one belongs")
    return value

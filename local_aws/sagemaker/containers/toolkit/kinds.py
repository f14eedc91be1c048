"""Kinds of values of hyperparameters, and the check of those that a job was given.

AWS's messages for missing and unknown hyperparameters are taken from reports such as
https://github.com/aws/sagemaker-python-sdk/issues/132. For a wrong value AWS shows the schema that it violates; the
message here shows the value and what is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError

VALIDATION = "(caused by ValidationError)"


@dataclass(frozen=True)
class Kind:
    """One kind of value: its description, and a test of a text."""

    words: str
    fits: Callable[[str], bool]

    def __or__(self, other: Kind) -> Kind:
        return Kind(f"{self.words} or {other.words}", lambda text: self.fits(text) or other.fits(text))


def one_of(*names: str) -> Kind:
    return Kind(", ".join(map(repr, names)), lambda text: text in names)


def integer(low: int, high: int | None = None) -> Kind:
    def fits(text: str) -> bool:
        number = _number(text)
        return number is not None and number.is_integer() and low <= number and (high is None or number <= high)

    return Kind(f"an integer from {low}" + ("" if high is None else f" to {high}"), fits)


def real(words: str, holds: Callable[[float], bool]) -> Kind:
    """A finite number with a property."""

    def fits(text: str) -> bool:
        number = _number(text)
        return number is not None and holds(number)

    return Kind(words, fits)


POSITIVE = real("a number above 0", lambda number: number > 0)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def check(given: Mapping[str, str], kinds: Mapping[str, Kind], required: Collection[str]) -> None:
    """Raise CustomerError for the first unknown, missing or wrong hyperparameter."""
    for name in given:
        if name not in kinds:
            raise CustomerError(f"Additional hyperparameters are not allowed ({name!r} was unexpected) {VALIDATION}")
    missing = ", ".join(repr(name) for name in required if name not in given)
    if missing:
        raise CustomerError(
            f"No value(s) were specified for {missing} which are required hyperparameter(s) {VALIDATION}"
        )
    for name, text in given.items():
        if not kinds[name].fits(text):
            raise CustomerError(f"Hyperparameter {name}: {text!r} is not {kinds[name].words} {VALIDATION}")

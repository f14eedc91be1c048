"""What an algorithm is to Slipway: all that differs between SageMaker's built-in algorithms.

A module of this package describes one, and `table` lists them; everything else asks the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pipeline_lambdas.algorithms.answers import PredictionForm
from pipeline_lambdas.config.rules import Rule

Hyperparameters = Mapping[str, str]
"""Those that a config gives, as the texts that SageMaker takes."""


class Dependencies(Protocol):
    def __call__(self, values: Hyperparameters, *, validation: bool) -> list[tuple[str, str]]:
        """Return (hyperparameter, what is wrong) for rules that concern several values.

        `validation` tells whether the config has a validation channel.
        """


@dataclass(frozen=True, slots=True)
class Image:
    """The repository of an algorithm's image; `versions`, its tags, are in order of age.

    `registries` is the file of AWS's SDK that knows the accounts: `make images` writes them into the template.
    """

    repository: str
    versions: tuple[str, ...]
    registries: str


@dataclass(frozen=True, slots=True)
class Target:
    """The hyperparameter that says what is learned, and by problem its values that fit; without `default` required."""

    hyperparameter: str
    fitting: Mapping[str, tuple[str, ...]]
    default: str | None = None


@dataclass(frozen=True, slots=True)
class LogPattern:
    """How a training job's log tells the values of a step, such as a round or an epoch.

    `line` finds the groups `step` and `values`; `value` matches each of the values, which `separator` parts, as a
    whole, with the groups `channel`, `metric` and `value`.
    """

    line: re.Pattern[str]
    value: re.Pattern[str]
    separator: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One built-in algorithm.

    name                 as a config names it
    title                as people call it
    reference            where AWS documents its hyperparameters
    content_types        that a channel may have; in CSV the label stands first, and there is no header
    since                hyperparameters and values of them that came with a version
    classes              the number of classes by the hyperparameters; 2 unless they say otherwise
    response_types       of a container's answers, for the model registry
    form                 what a model with these hyperparameters answers
    weighted             whether these hyperparameters make column 2 of CSV a row's weight
    missing_values       whether a feature in a request may be empty
    request_limit_bytes  the largest request that the container takes
    distributed          whether it trains on several instances together
    """

    name: str
    title: str
    reference: str
    image: Image
    content_types: tuple[str, ...]
    response_types: tuple[str, ...]
    hyperparameters: Mapping[str, Rule]
    target: Target
    dependencies: Dependencies
    classes: Callable[[Hyperparameters], int]
    form: Callable[[Hyperparameters], PredictionForm]
    log: LogPattern
    missing_values: bool
    request_limit_bytes: int
    distributed: bool
    since: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    weighted: Callable[[Hyperparameters], bool] = lambda _: False

    @property
    def mapping_key(self) -> str:
        """What the template's mapping calls the account of the image; only letters and digits may stand there."""
        return self.name.title().replace("-", "")

    def image_uri(self, registry: str, version: str) -> str:
        """Return the image's URI in `registry`, such as 683313688378.dkr.ecr.us-east-1.amazonaws.com."""
        return f"{registry}/{self.image.repository}:{version}"

    def lacks(self, name: str, version: str) -> bool:
        """Tell whether a hyperparameter or a value came only after `version`."""
        numbers = tuple(map(int, version.partition("-")[0].split(".")))
        return numbers < self.since.get(name, (0,))

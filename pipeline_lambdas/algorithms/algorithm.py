"""Describes an algorithm: everything in which SageMaker's built-in algorithms differ.

Each module of this package describes one algorithm, and `table` lists them. All other code looks an algorithm up in the
table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pipeline_lambdas.algorithms.answers import PredictionForm
from pipeline_lambdas.algorithms.tunable import Tunable
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
    """The repository of an algorithm's image; `versions` are the oldest first. All are empty for a team's own image.

    `registries` is the file of AWS's SDK that lists the accounts; `make images` writes them into the template. A tag is
    a version with the `suffix`.
    """

    repository: str
    versions: tuple[str, ...]
    registries: str
    suffix: str = ""

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(version + self.suffix for version in self.versions)


@dataclass(frozen=True, slots=True)
class Target:
    """The hyperparameter that names the problem, with the values that fit each problem; required without `default`."""

    hyperparameter: str
    fitting: Mapping[str, tuple[str, ...]]
    default: str | None = None


@dataclass(frozen=True, slots=True)
class LogPattern:
    """How a training job's log reports the values of a step, such as a round or an epoch.

    `line` finds the groups `step` and `values`. `separator` splits the values, and `value` matches each of them in
    full, with the groups `channel`, `metric` and `value`.
    """

    line: re.Pattern[str]
    value: re.Pattern[str]
    separator: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Tabular:
    """How an algorithm trains on tables; `classes` below is the number of the label's, 0 without classes.

    versions   of its image that run the code of `pipeline_lambdas/tabular`
    problems   (hyperparameter, what is wrong) for what is not allowed with a table
    completed  the hyperparameters with those that follow from the number of classes
    """

    versions: tuple[str, ...]
    problems: Callable[[Hyperparameters, int], list[tuple[str, str]]]
    completed: Callable[[Hyperparameters, int], dict[str, str]]


class GpuProblems(Protocol):
    def __call__(self, values: Hyperparameters, version: str, *, on_gpu: bool, sharded: bool) -> list[tuple[str, str]]:
        """Return (hyperparameter, what is wrong) for those that need a GPU, or leave one idle.

        `on_gpu` tells whether the job's instances have one, `sharded` whether each gets a part of the files.
        """


def _no_problems(values: Hyperparameters, version: str, *, on_gpu: bool, sharded: bool) -> list[tuple[str, str]]:
    del values, version, on_gpu, sharded
    return []


@dataclass(frozen=True, slots=True)
class Gpus:
    """The instances with GPUs that an image can use.

    families  by its version, such as g4dn and g5
    problems  of the algorithm's hyperparameters; a program of one's own decides for itself
    """

    families: Callable[[str], tuple[str, ...]]
    problems: GpuProblems = _no_problems


@dataclass(frozen=True, slots=True)
class Platform:
    """What a wheel has to fit in an image: CPython and glibc on x86-64, as (major, minor)."""

    python: tuple[int, int]
    glibc: tuple[int, int]

    @property
    def name(self) -> str:
        """Return it as uv names it beside the Python: x86_64-manylinux_2_31."""
        return f"x86_64-manylinux_{self.glibc[0]}_{self.glibc[1]}"

    @property
    def title(self) -> str:
        """Return it for people."""
        return f"Python {_dotted(self.python)} on Linux (x86-64, glibc {_dotted(self.glibc)})"


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


@dataclass(frozen=True, slots=True)
class ScriptMode:
    """How an image runs a program of a data scientist's.

    own_metrics  whether a job may say which metrics its log holds; SageMaker refuses this for its built-in algorithms,
                 and XGBoost's image is one of them, script or not
    platforms    version of the image to what its wheels have to fit, as far as it is known. A tag is built again now
                 and then; this is the oldest glibc that its builds have had
    """

    own_metrics: bool = True
    platforms: Mapping[str, Platform] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One built-in algorithm, or a framework whose image runs programs.

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
    tabular              how it trains on tables; None if it does not
    script               how its image runs a program; None if it does not
    checkpoints          whether a job that was interrupted goes on from files that it has saved
    gpus                 the GPU instances that it can use; None if it runs on processors alone
    tunable              what a tuning job may search; None where a program alone knows
    target, log          None for an image that runs programs alone
    """

    name: str
    title: str
    reference: str
    image: Image
    content_types: tuple[str, ...]
    response_types: tuple[str, ...]
    hyperparameters: Mapping[str, Rule]
    target: Target | None
    dependencies: Dependencies
    classes: Callable[[Hyperparameters], int]
    form: Callable[[Hyperparameters], PredictionForm]
    log: LogPattern | None
    missing_values: bool
    request_limit_bytes: int
    distributed: bool
    since: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    weighted: Callable[[Hyperparameters], bool] = lambda _: False
    tabular: Tabular | None = None
    script: ScriptMode | None = None
    checkpoints: bool = False
    gpus: Gpus | None = None
    tunable: Tunable | None = None

    @property
    def mapping_key(self) -> str:
        """Return the key of the image's account in the template's mapping; CloudFormation allows letters and digits."""
        return self.name.title().replace("-", "")

    def image_uri(self, registry: str, version: str) -> str:
        """Return the image's URI in `registry`, such as 683313688378.dkr.ecr.us-east-1.amazonaws.com."""
        return f"{registry}/{self.image.repository}:{version}{self.image.suffix}"

    def lacks(self, name: str, version: str) -> bool:
        """Tell whether a version newer than `version` added a hyperparameter or a value."""
        numbers = tuple(map(int, version.partition("-")[0].split(".")))
        return numbers < self.since.get(name, (0,))

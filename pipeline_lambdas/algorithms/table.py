"""The algorithms that a training config may name: images, versions, content types, hyperparameters.

Image names and versions: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html and
https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pipeline_lambdas.algorithms import xgboost as xgboost_rules
from pipeline_lambdas.config.rules import Rule


class Dependencies(Protocol):
    def __call__(self, values: Mapping[str, str], *, validation: bool) -> list[tuple[str, str]]: ...


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One built-in algorithm. `versions` are in order of age; `objectives` are by problem."""

    name: str
    repository: str
    versions: tuple[str, ...]
    tag: Callable[[str], str]
    content_types: tuple[str, ...]
    hyperparameters: Mapping[str, Rule]
    objectives: Mapping[str, tuple[str, ...]]
    default_objective: str
    since: Mapping[str, tuple[int, int]]
    dependencies: Dependencies

    def image_uri(self, registry: str, version: str) -> str:
        """Return the image's URI in `registry`, such as 683313688378.dkr.ecr.us-east-1.amazonaws.com."""
        return f"{registry}/{self.repository}:{self.tag(version)}"

    def lacks(self, name: str, version: str) -> bool:
        """Tell whether a hyperparameter or objective came only after `version`."""
        major, minor = version.partition("-")[0].split(".")
        return (int(major), int(minor)) < self.since.get(name, (0, 0))


ALGORITHMS: Mapping[str, Algorithm] = {
    "xgboost": Algorithm(
        name="xgboost",
        repository="sagemaker-xgboost",
        # 0.90 is deprecated and 1.0-1 is no longer listed as supported.
        versions=("1.2-1", "1.2-2", "1.3-1", "1.5-1", "1.7-1", "3.0-5", "3.2-0"),
        tag=str,
        content_types=("text/csv", "text/libsvm"),
        hyperparameters=xgboost_rules.RULES,
        objectives=xgboost_rules.OBJECTIVES,
        default_objective="reg:squarederror",
        since=xgboost_rules.SINCE,
        dependencies=xgboost_rules.dependency_problems,
    ),
}


def algorithm(name: str) -> Algorithm:
    """Return the algorithm; KeyError for a name that the schema does not allow."""
    return ALGORITHMS[name]

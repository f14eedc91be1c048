"""Instance types of a config, and which of them a stack allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from pipeline_lambdas.config.model import InstanceVariant, TrainingConfig
from pipeline_lambdas.release.names import CHAMPION
from pipeline_lambdas.runtime.boundary import listed
from pipeline_lambdas.runtime.failures import ConfigurationError

PATTERNS_PARAMETER = "InstanceTypePatterns"
"""The pipeline stack's parameter that says which types there may be."""


def instance_problems(config: TrainingConfig, patterns: Sequence[str], environments: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each instance type that the stack's InstanceTypePatterns do not allow in the environments.

    The roles deny it too, but IAM's message names a role instead of the parameter. The environments `training` and
    `metrics` stand for the jobs; without patterns any type is allowed.
    """
    for key, instance_type in _instance_types(config):
        if key.split(".")[-2] not in environments or not patterns:
            continue
        if not any(fnmatchcase(instance_type, pattern) for pattern in patterns):
            yield (
                f"{key}: found {instance_type}; expected {', '.join(patterns)}, the parameter {PATTERNS_PARAMETER} of "
                "the pipeline stack. Choose one of these, or let the stack allow it"
            )


def _instance_types(config: TrainingConfig) -> Iterator[tuple[str, str]]:
    yield "training.instance_type", config.training.instance_type
    if config.metrics:
        yield "metrics.instance_type", config.metrics.instance_type
    for name, variant in config.environments.items():
        if isinstance(variant, InstanceVariant):
            yield f"environments.{name}.instance_type", variant.instance_type


def refuse_instances(config: TrainingConfig, patterns: str, environment: str) -> None:
    """Raise ConfigurationError for an instance type that the stack does not allow, before any call to SageMaker.

    `patterns` is a comma list; the champion runs on the instances of Test.
    """
    problems = list(instance_problems(config, listed(patterns), ["test" if environment == CHAMPION else environment]))
    if problems:
        raise ConfigurationError("\n".join(f"{config.model}.yml: {problem}." for problem in problems))

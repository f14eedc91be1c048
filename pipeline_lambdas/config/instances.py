"""Reads properties of an instance type from its name.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-types.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from pipeline_lambdas.config.model import InstanceVariant, TrainingConfig
from pipeline_lambdas.release.names import CHAMPION
from pipeline_lambdas.runtime.boundary import listed
from pipeline_lambdas.runtime.failures import ConfigurationError

PATTERNS_PARAMETER = "InstanceTypePatterns"
"""The pipeline stack's parameter that says which types there may be."""

# A `d` behind the generation marks local NVMe storage (m5d, c6gd, g4dn, p4de). The accelerated families
# below have it without the letter.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/InstanceStorage.html
_LOCAL_STORAGE = re.compile(
    r"ml\.(?:[a-z]{1,16}\d{1,4}(?=[a-z]*d)[a-z]*|g[5-9]e?|p[5-9][a-z]*|trn\d+n?|dl1)(?:-[a-z0-9]+)?\."
)


def has_local_storage(instance_type: str) -> bool:
    """Tell whether the type has local NVMe storage; neither a job nor an endpoint config may name a key for it.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
    """
    return _LOCAL_STORAGE.match(instance_type) is not None


def instance_problems(config: TrainingConfig, patterns: Sequence[str], environments: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each instance type that the stack's InstanceTypePatterns do not allow in the environments.

    The roles deny it too, but IAM's message names a role instead of the parameter. The environment `training` stands
    for the job; without patterns any type is allowed.
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

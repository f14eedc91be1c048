"""Refuses instance types whose accelerator an image cannot use, and settings that need one or leave it idle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_lambdas.algorithms.algorithm import Algorithm, Hyperparameters
from pipeline_lambdas.config.model import InstanceVariant, Variant
from pipeline_lambdas.config.reader import Reader

# GPUs, and AWS's own chips: https://aws.amazon.com/ec2/instance-types/#Accelerated_Computing
_ACCELERATED = re.compile(r"ml\.(?P<family>(?:p|gr?|trn|inf|dl)\d[a-z0-9-]*)\.")


def accelerator_of(instance_type: str) -> str | None:
    """Return the family of a type with an accelerator, g5 for ml.g5.xlarge; None for one without."""
    found = _ACCELERATED.match(instance_type)
    return found["family"] if found else None


def check_accelerators(
    reader: Reader,
    algorithm: Algorithm | None,
    version: str | None,
    training: Mapping[str, Any],
    hyperparameters: Hyperparameters,
    environments: Mapping[str, Variant | None],
    *,
    features: bool,
    script: bool,
) -> None:
    """Note instance types, of the job and of the environments, whose accelerator the image cannot use, and idle ones.

    A program of one's own decides for itself what it uses.
    """
    if algorithm is None or version not in algorithm.image.versions:
        return
    families = algorithm.gpus.families(version) if algorithm.gpus else ()
    allowed = "".join(f"ml.{family}, " for family in families)
    for path, found in _types(training.get("instance_type"), environments):
        if accelerator_of(found) not in {None, *families}:
            reader.problem(
                path,
                f"found {found}, whose accelerator {algorithm.name} {version} cannot use; expected {allowed}"
                f"{'or ' if allowed else ''}a type without one, such as ml.m5.large",
            )
    instance_type = training.get("instance_type")
    if instance_type is None or script:
        return
    on_gpu = accelerator_of(instance_type) is not None
    if not features:
        _check_use(reader, algorithm, version, hyperparameters, on_gpu=on_gpu, sharded=_is_sharded(training))
    elif accelerator_of(instance_type) in families:
        reader.problem(
            "training.instance_type",
            f"found {instance_type} with features, which leave its GPU idle; expected a type without one",
        )


def _check_use(
    reader: Reader, algorithm: Algorithm, version: str, values: Hyperparameters, *, on_gpu: bool, sharded: bool
) -> None:
    if algorithm.gpus is None:
        return
    for name, text in algorithm.gpus.problems(values, version, on_gpu=on_gpu, sharded=sharded):
        reader.problem(f"hyperparameters.{name}", text)


def _is_sharded(training: Mapping[str, Any]) -> bool:
    return training.get("distribution") == "sharded"


def _types(instance_type: str | None, environments: Mapping[str, Variant | None]) -> Iterator[tuple[str, str]]:
    if instance_type:
        yield "training.instance_type", instance_type
    for name, variant in environments.items():
        if isinstance(variant, InstanceVariant):
            yield f"environments.{name}.instance_type", variant.instance_type

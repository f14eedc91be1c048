"""Checks what concerns a search for hyperparameters as a whole: the strategy, and how many jobs there may be.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceLimits.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

from __future__ import annotations

import math

from pipeline_lambdas.config import tuning_schema as schema
from pipeline_lambdas.config.reader import Reader
from pipeline_lambdas.config.tuning_model import Range, Tuning


def check_search(reader: Reader, tuning: Tuning) -> None:
    """Note what SageMaker refuses of this strategy."""
    if tuning.strategy == schema.GRID:
        _check_grid(reader, tuning)
    else:
        _check_number(reader, tuning)
    if tuning.max_parallel_jobs > tuning.jobs:
        reader.problem(
            "tuning.max_parallel_jobs", f"found {tuning.max_parallel_jobs}; expected at most max_jobs, {tuning.jobs}"
        )
    _check_hyperband(reader, tuning)


def _check_grid(reader: Reader, tuning: Tuning) -> None:
    for name, one in tuning.ranges.items():
        if one.type != "categorical":
            reader.problem(
                f"tuning.ranges.{name}.type", f"found {one.type} with strategy Grid; expected categorical, with values"
            )
    if tuning.max_jobs is not None:
        reader.problem("tuning.max_jobs", "found with strategy Grid; expected none, as it tries each combination")
    elif tuning.jobs > schema.MOST_JOBS:
        reader.problem(
            "tuning.ranges", f"found {tuning.jobs} combinations; expected at most {schema.MOST_JOBS} with strategy Grid"
        )


def _check_number(reader: Reader, tuning: Tuning) -> None:
    most = schema.MOST_RANDOM_JOBS if tuning.strategy == schema.RANDOM else schema.MOST_JOBS
    allowed = f"an integer from 1 to {most}"
    if tuning.max_jobs is None:
        reader.problem("tuning.max_jobs", f"missing; expected {allowed}, which strategy {tuning.strategy} needs")
        return
    if tuning.max_jobs > most:
        reader.problem(
            "tuning.max_jobs", f"found {tuning.max_jobs} with strategy {tuning.strategy}; expected {allowed}"
        )
    combinations = math.prod(_values(one) for one in tuning.ranges.values())
    if tuning.max_jobs > combinations:
        reader.problem(
            "tuning.max_jobs",
            f"found {tuning.max_jobs}; expected at most {combinations:.0f}, as the ranges have no more",
        )


def _values(one: Range) -> float:
    """Return how many values a range has."""
    if one.type == "categorical":
        return len(one.values)
    if one.type == "integer" and one.min is not None and one.max is not None:
        return one.max - one.min + 1
    return math.inf


def _check_hyperband(reader: Reader, tuning: Tuning) -> None:
    if tuning.strategy != schema.HYPERBAND:
        if tuning.resource:
            reader.problem("tuning.resource", f"found with strategy {tuning.strategy}; allowed with Hyperband")
        return
    if tuning.early_stopping != "Off":
        reader.problem(
            "tuning.early_stopping", "found Auto with strategy Hyperband; expected Off, as it stops jobs itself"
        )
    if tuning.resource is None:
        reader.problem("tuning.resource", "missing; expected a mapping with min, max, which strategy Hyperband needs")
    elif tuning.resource.min >= tuning.resource.max:
        reader.problem(
            "tuning.resource.max", f"found {tuning.resource.max}; expected more than min, {tuning.resource.min}"
        )

"""Checks CreateHyperParameterTuningJob's request: what SageMaker refuses beyond its model, and what is not emulated.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html. The messages about combinations
and about the metric were observed on AWS; the others are local AWS's own.
"""

from __future__ import annotations

import math

from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.own_images.images import OwnImages
from local_aws.sagemaker.faults import invalid, not_emulated
from local_aws.sagemaker.jobs.training import requests as training
from local_aws.sagemaker.jobs.training.states import metric_definitions
from local_aws.sagemaker.jobs.tuning.search.space import LOGARITHMIC, REVERSE, Categorical, Integer, Range
from local_aws.sagemaker.jobs.tuning.settings import GRID, HYPERBAND, OBJECTIVE, RANDOM, Tuning
from local_aws.sagemaker.jobs.tuning.training_requests import request_of
from local_aws.sagemaker.refusals import refuse
from local_aws.wire import Document

_MOST_RANGES, _MOST_HYPERPARAMETERS, _MOST_METRICS = 30, 100, 20
_MOST_PARALLEL, _MOST_JOBS, _MOST_RANDOM_JOBS = 100, 750, 10_000
_MOST_RESOURCE = 20_000


def check(request: Document, own_images: OwnImages) -> None:
    """Raise ValidationException for a request that SageMaker refuses, or that local AWS cannot run."""
    refuse(request, {"Autotune": "Autotune of tuning jobs"})
    tuning = Tuning(request)
    _check_definitions(request)
    _check_config(tuning)
    _check_ranges(tuning)
    _check_limits(tuning)
    _check_strategy(tuning)
    _check_objective(tuning, own_images)


def _check_definitions(request: Document) -> None:
    several = request.get("TrainingJobDefinitions", [])
    if bool(several) == bool(request.get("TrainingJobDefinition")):
        raise invalid("Specify either TrainingJobDefinition or TrainingJobDefinitions.")
    if len(several) > 1:
        raise not_emulated("several training job definitions in a tuning job (TrainingJobDefinitions)")
    config = request["HyperParameterTuningJobConfig"]
    for member in ("HyperParameterTuningJobObjective", "ParameterRanges"):
        if several and config.get(member):
            raise invalid(f"With TrainingJobDefinitions, {member} belongs into each definition.")
    if several and not several[0].get("DefinitionName"):
        raise invalid("Each of the TrainingJobDefinitions needs a DefinitionName.")


def _check_config(tuning: Tuning) -> None:
    criteria = tuning.config.get("TuningJobCompletionCriteria", {})
    if criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled":
        raise not_emulated("the detection of convergence (TuningJobCompletionCriteria.ConvergenceDetected)")
    refuse(tuning.ranges, {"AutoParameters": "Autotune of tuning jobs (AutoParameters)"})
    if not tuning.objective:
        raise invalid("A tuning job needs an objective: Type and MetricName of its HyperParameterTuningJobObjective.")


def _check_ranges(tuning: Tuning) -> None:
    try:
        ranges = tuning.space.ranges
    except ValueError as error:
        raise invalid(f"MinValue and MaxValue must be numbers, of an integer range whole ones: {error}.") from None
    if not 0 < len(ranges) <= _MOST_RANGES:
        raise invalid(f"A tuning job searches 1 to {_MOST_RANGES} hyperparameters; found {len(ranges)}.")
    names = [one.name for one in ranges]
    for name in names:
        if names.count(name) > 1 or name in tuning.static or name == OBJECTIVE:
            raise invalid(f"The hyperparameter {name} must be given once: static, or with one range.")
    if len(names) + len(tuning.static) + 1 > _MOST_HYPERPARAMETERS:
        raise invalid(
            f"A tuning job can have {_MOST_HYPERPARAMETERS} hyperparameters, static and tunable, with {OBJECTIVE}, "
            f"which it adds; found {len(names) + len(tuning.static) + 1}."
        )
    for one in ranges:
        _check_range(one)


def _check_range(one: Range) -> None:
    if isinstance(one, Categorical):
        if len(set(one.choices)) < len(one.choices):
            raise invalid(f"The categorical hyperparameter {one.name} has a value twice.")
        return
    if not (math.isfinite(one.low) and math.isfinite(one.high) and one.low < one.high):
        raise invalid(f"The range of {one.name}: MinValue {one.low} must be less than MaxValue {one.high}.")
    if one.scale == LOGARITHMIC and one.low <= 0:
        raise invalid(f"The range of {one.name}: Logarithmic scaling is only for values greater than 0.")
    if one.scale == REVERSE and (isinstance(one, Integer) or not 0 <= one.low < one.high < 1):
        raise invalid(f"The range of {one.name}: ReverseLogarithmic scaling is only for continuous values 0<=x<1.0.")


def _check_limits(tuning: Tuning) -> None:
    limits, combinations = tuning.limits, tuning.space.combinations
    given = limits.get("MaxNumberOfTrainingJobs")
    if given is None and tuning.strategy != GRID:
        raise invalid(f"The strategy {tuning.strategy} needs MaxNumberOfTrainingJobs in its ResourceLimits.")
    if tuning.strategy == GRID:
        _check_grid(tuning, given)
    elif given is not None and given > combinations:
        raise invalid(
            "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
            f"combinations for the provided ranges [{float(combinations)}] must be equal or greater than the value of "
            f"MaxNumberOfJobs, [{given}]. Provide additional ranges."
        )
    most = _MOST_RANDOM_JOBS if tuning.strategy == RANDOM else _MOST_JOBS
    if tuning.most_jobs > most:
        raise invalid(f"A tuning job of the strategy {tuning.strategy} runs {most} training jobs at most.")
    if limits["MaxParallelTrainingJobs"] > _MOST_PARALLEL:
        raise invalid(f"A tuning job runs {_MOST_PARALLEL} training jobs at a time at most.")


def _check_grid(tuning: Tuning, given: int | None) -> None:
    if not all(isinstance(one, Categorical) for one in tuning.space.ranges):
        raise invalid("The strategy Grid searches categorical hyperparameters only.")
    combinations = int(tuning.space.combinations)
    if given not in (None, combinations):
        raise invalid(
            f"The strategy Grid tries each combination: leave out MaxNumberOfTrainingJobs, or let it be {combinations}."
        )


def _check_strategy(tuning: Tuning) -> None:
    if tuning.strategy != HYPERBAND:
        if tuning.config.get("StrategyConfig"):
            raise invalid("StrategyConfig is only for the strategy Hyperband.")
        return
    if tuning.config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
        raise invalid("The strategy Hyperband stops training jobs itself: TrainingJobEarlyStoppingType must be Off.")
    resource = tuning.resource
    if resource is None:
        raise invalid("The strategy Hyperband needs MaxResource, or a static hyperparameter such as epochs.")
    if not resource.least < resource.most <= _MOST_RESOURCE:
        raise invalid(
            f"MinResource ({resource.least}) must be less than MaxResource ({resource.most}), which is "
            f"{_MOST_RESOURCE} at most."
        )


def _check_objective(tuning: Tuning, own_images: OwnImages) -> None:
    """The training jobs' requests, and the metric that they must have."""
    training.check(request_of(tuning, "x", tuning.space.values(0.5 for _ in tuning.space.ranges)), own_images)
    algorithm = tuning.definition["AlgorithmSpecification"]
    _check_tunable(tuning, algorithm["TrainingImage"])
    if len(algorithm.get("MetricDefinitions", [])) > _MOST_METRICS:
        raise invalid(f"A tuning job can define {_MOST_METRICS} metrics.")
    if tuning.metric not in dict(metric_definitions(algorithm)):
        raise invalid(
            "A metric is required for this hyperparameter tuning job objective. Provide a metric in the metric "
            "definitions."
        )


def _check_tunable(tuning: Tuning, image: str) -> None:
    """SageMaker knows what its own images may have tuned, whatever program they run.

    https://github.com/aws/sagemaker-python-sdk/issues/2226
    """
    entry = registry.TABLE.get(registry.parse_image(image).repository)
    if entry is None or not entry.tunable:
        return
    others = [one.name for one in tuning.space.ranges if one.name not in entry.tunable]
    if others:
        raise invalid(
            f"The hyperparameter tuning job has hyperparameters that cannot be tuned: {', '.join(others)}. For the "
            f"image {image} only these can: {', '.join(entry.tunable)}."
        )

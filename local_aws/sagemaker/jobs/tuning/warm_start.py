"""Tuning jobs that begin with what others found.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html
"""

from __future__ import annotations

from local_aws.sagemaker import names
from local_aws.sagemaker.faults import invalid, not_found
from local_aws.sagemaker.jobs.lifecycle import TERMINAL
from local_aws.sagemaker.jobs.tuning import trials
from local_aws.sagemaker.jobs.tuning.search.space import Range, Values
from local_aws.sagemaker.jobs.tuning.search.trial import best, cost
from local_aws.sagemaker.jobs.tuning.settings import BAYESIAN, RANDOM, Tuning
from local_aws.sagemaker.jobs.tuning.trials import Found
from local_aws.sagemaker.records import Record, Records
from local_aws.wire import Caller, Document

_IDENTICAL = "IdenticalDataAndAlgorithm"


def check(records: Records, caller: Caller, request: Document) -> None:
    """Raise ResourceNotFound and ValidationException for parents that a tuning job cannot begin with."""
    tuning = Tuning(request)
    if _parents(request) and tuning.strategy not in (BAYESIAN, RANDOM):
        raise invalid(f"Warm start is for the strategies Bayesian and Random; found {tuning.strategy}.")
    for name in _parents(request):
        parent = records.find(names.TUNING_JOB, name)
        if parent is None:
            raise not_found(names.TUNING_JOB, names.arn(caller, names.TUNING_JOB, name))
        _check_parent(tuning, parent)


def known(records: Records, record: Record) -> list[tuple[Values, float]]:
    """Values of the parents' training jobs and their cost; none where other data gave them another meaning."""
    tuning = Tuning(record.request)
    if not _is_identical(record.request):
        return []
    found = [(_values(one), cost(one[0], maximize=tuning.maximize)) for one in _of_parents(records, record)]
    return [(values, price) for values, price in found if price < float("inf") and tuning.space.holds(values)]


def first(records: Records, record: Record, number: int) -> Values | None:
    """For other data: the best values of a parent, which training job `number` tries before the search begins."""
    tuning, parents = Tuning(record.request), _parents(record.request)
    if _is_identical(record.request) or number >= len(parents):
        return None
    parent = records.find(names.TUNING_JOB, parents[number])
    found = trials.read(records, parent) if parent else []
    winner = best([trial for trial, _ in found], maximize=tuning.maximize)
    chosen = next((_values(one) for one in found if one[0] is winner), {})
    return {one.name: chosen[one.name] for one in tuning.space.ranges} if tuning.space.holds(chosen) else None


def overall(records: Records, record: Record) -> list[Found]:
    """The training jobs among which OverallBestTrainingJob is; none unless data and algorithm are the same."""
    if not _is_identical(record.request):
        return []
    return [*trials.read(records, record), *_of_parents(records, record)]


def _of_parents(records: Records, record: Record) -> list[Found]:
    parents = (records.find(names.TUNING_JOB, name) for name in _parents(record.request))
    return [one for parent in parents if parent for one in trials.read(records, parent)]


def _parents(request: Document) -> list[str]:
    given = request.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", [])
    return [one["HyperParameterTuningJobName"] for one in given if "HyperParameterTuningJobName" in one]


def _is_identical(request: Document) -> bool:
    return bool(request.get("WarmStartConfig", {}).get("WarmStartType") == _IDENTICAL)


def _values(found: Found) -> dict[str, str]:
    """All hyperparameters of a training job: one that was static may be tunable now."""
    trial, record = found
    return {**(record.request.get("HyperParameters", {}) if record else {}), **trial.values}


def _check_parent(tuning: Tuning, parent: Record) -> None:
    before = Tuning(parent.request)
    if parent.status not in TERMINAL:
        raise invalid(f"The parent tuning job {parent.name} is {parent.status}; it must have ended.")
    if before.objective != tuning.objective:
        raise invalid(f"The objective must be the one of the parent tuning job {parent.name}.")
    if _is_identical(tuning.request) and _source(before) != _source(tuning):
        raise invalid(f"{_IDENTICAL} needs the image and the input data of the parent tuning job {parent.name}.")
    if {*before.static, *_types(before)} != {*tuning.static, *_types(tuning)}:
        raise invalid(f"The hyperparameters, static and tunable, must be those of the parent tuning job {parent.name}.")
    for name, kind in _types(tuning).items():
        if _types(before).get(name, kind) is not kind:
            raise invalid(f"The type of the hyperparameter {name} differs in the parent tuning job {parent.name}.")


def _source(tuning: Tuning) -> tuple[object, object]:
    definition = tuning.definition
    return definition["AlgorithmSpecification"].get("TrainingImage"), definition.get("InputDataConfig")


def _types(tuning: Tuning) -> dict[str, type[Range]]:
    return {one.name: type(one) for one in tuning.space.ranges}

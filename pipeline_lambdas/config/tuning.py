"""Reads the section `tuning` of a training config: the search for hyperparameters.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTuningJobConfig.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html. What SageMaker would refuse,
or find out in each of the training jobs, is noted before the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.algorithms.tunable import VALIDATION, Direction
from pipeline_lambdas.config import tuning_schema as schema
from pipeline_lambdas.config.model import Container, Script
from pipeline_lambdas.config.reader import Reader
from pipeline_lambdas.config.rules import Rule, describe, finding, nearest
from pipeline_lambdas.config.scripts import HYPERPARAMETER, MOST_HYPERPARAMETERS
from pipeline_lambdas.config.tuning_model import Objective, Range, Resource, Tuning
from pipeline_lambdas.config.tuning_search import check_search

_PATH = "tuning"
_NUMBERS = ("min", "max")


def tuned_names(top: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the hyperparameters that a config searches, whatever else it says about them."""
    section = top.get(_PATH)
    ranges = section.get("ranges") if isinstance(section, dict) else None
    return frozenset(name for name in ranges if isinstance(name, str)) if isinstance(ranges, dict) else frozenset()


def read_tuning(
    reader: Reader,
    top: Mapping[str, Any],
    algorithm: Algorithm,
    static: Mapping[str, str],
    script: Script | Container | None,
) -> Tuning | None:
    """Return the search; None without one or after a problem was noted. `static` are the other hyperparameters."""
    if _PATH not in top:
        return None
    before = len(reader.problems)
    values = reader.section(top[_PATH], _PATH, schema.TUNING, ["objective", "resource", "ranges"])
    if not isinstance(top[_PATH], dict):
        return None
    _check_around(reader, top, algorithm, script)
    objective = _objective(reader, values.pop("objective", None), _logged(top, algorithm, static, script))
    resource = _resource(reader, values.pop("resource")) if "resource" in values else None
    ranges = _ranges(reader, values.pop("ranges", None), algorithm)
    _check_static(reader, top, ranges, static)
    if objective is None or len(reader.problems) > before:
        return None
    found = Tuning(objective=objective, ranges=ranges, resource=resource, **{"strategy": schema.BAYESIAN, **values})
    check_search(reader, found)
    return found


def _check_around(
    reader: Reader, top: Mapping[str, Any], algorithm: Algorithm, script: Script | Container | None
) -> None:
    """Note what the other sections lack for a search, or have that does not go with one."""
    if script and _has_own_metrics(algorithm):
        _check_own_metrics(reader, "container" if "container" in top else "script", script.metrics)
    channels, training = top.get("channels"), top.get("training")
    has_program = bool({"script", "container"} & top.keys())
    if not has_program and isinstance(channels, dict) and VALIDATION not in channels:
        reader.problem(f"channels.{VALIDATION}", "missing; expected it, as tuning aims at a metric of its rows")
    if isinstance(training, dict) and "keep_alive_s" in training:
        reader.problem(
            "training.keep_alive_s", "found with tuning; allowed without, as SageMaker itself hands the instances on"
        )


def _check_own_metrics(reader: Reader, section: str, metrics: Mapping[str, str]) -> None:
    """Note that a program names no metric, or more of them than a tuning job takes."""
    path = f"{section}.metrics"
    if not metrics:
        reader.problem(path, "missing; expected the metric that tuning aims at, and how the log shows it")
    if len(metrics) > schema.MOST_METRICS:
        reader.problem(path, f"found {len(metrics)} with tuning; expected at most {schema.MOST_METRICS}")


def _has_own_metrics(algorithm: Algorithm) -> bool:
    return algorithm.script is not None and algorithm.script.own_metrics


def _logged(
    top: Mapping[str, Any], algorithm: Algorithm, static: Mapping[str, str], script: Script | Container | None
) -> Mapping[str, Direction | None]:
    """Return the metrics that a training job logs, with None for a direction that only the program knows.

    SageMaker knows the metrics of its own image by their form in the log, whatever program writes it. The program that
    trains on a table logs those of eval_metric, where the built-in algorithm adds the one that is asked for.
    """
    if script and _has_own_metrics(algorithm):
        return dict.fromkeys(script.metrics)
    known = algorithm.tunable.metrics(static) if algorithm.tunable else {}
    if "features" not in top:
        return known
    named = [f"{VALIDATION}:{name}" for name in static.get("eval_metric", "").split(",")]
    return {name: known[name] for name in named if name in known}


def _objective(reader: Reader, item: object, metrics: Mapping[str, Direction | None]) -> Objective | None:
    path = f"{_PATH}.objective"
    values = reader.section(item, path, schema.OBJECTIVE)
    metric, wanted = values.get("metric"), values.get("type")
    if metric is None or wanted is None:
        return None
    if metric not in metrics:
        listed = ", ".join(sorted(metrics)) or "none: name them in hyperparameters.eval_metric"
        reader.problem(
            f"{path}.metric",
            f"found {describe(metric)}; expected a metric that the training job logs: {listed}"
            f"{nearest(metric, list(metrics))}",
        )
        return None
    right = metrics[metric]
    if right and wanted != right:
        reader.problem(f"{path}.type", f"found {wanted} with {metric}; expected {right}")
        return None
    return Objective(metric, wanted)


def _resource(reader: Reader, item: object) -> Resource | None:
    values = reader.section(item, f"{_PATH}.resource", schema.RESOURCE)
    return Resource(values.get("min", 1), values["max"]) if "max" in values else None


def _ranges(reader: Reader, found: object, algorithm: Algorithm) -> dict[str, Range]:
    path, rules = f"{_PATH}.ranges", algorithm.hyperparameters
    if not isinstance(found, dict) or not found:
        given = "found none" if found == {} else finding(found)
        reader.problem(path, f"{given}; expected a mapping of hyperparameters to what is tried of them")
        return {}
    if len(found) > schema.MOST_RANGES:
        reader.problem(path, f"found {len(found)}; expected at most {schema.MOST_RANGES}")
    ranges = {}
    for name, item in found.items():
        if not isinstance(name, str) or not HYPERPARAMETER.fullmatch(name):
            reader.problem(path, f"found the name {describe(name)}; expected a hyperparameter")
            continue
        one = _range(reader, f"{path}.{name}", item)
        if one and _may_be_tuned(reader, name, one, algorithm) and _allowed(reader, name, one, rules.get(name)):
            ranges[name] = one
    return ranges


def _range(reader: Reader, path: str, item: object) -> Range | None:
    values = reader.section(item, path, schema.RANGE)
    kind = values.get("type")
    if kind is None:
        return None
    needed = ("values",) if kind == "categorical" else _NUMBERS
    missing = [name for name in needed if name not in values]
    for name in missing:
        if not (isinstance(item, dict) and name in item):
            reader.problem(f"{path}.{name}", f"missing; expected {schema.RANGE[name].allowed}, which {kind} needs")
    unfitting = [
        name for name in ("min", "max", "scaling", "values") if name in values and name not in (*needed, "scaling")
    ]
    if kind == "categorical" and "scaling" in values:
        unfitting.append("scaling")
    for name in unfitting:
        reader.problem(f"{path}.{name}", f"found with type {kind}; allowed with {_others(name)}")
    if missing or unfitting:
        return None
    found = Range(**values)
    return None if kind != "categorical" and _wrong_bounds(reader, path, found) else found


def _others(name: str) -> str:
    return "type categorical" if name == "values" else "type integer, continuous"


def _wrong_bounds(reader: Reader, path: str, one: Range) -> bool:
    low, high = one.min, one.max
    if low is None or high is None:
        return True
    before = len(reader.problems)
    if one.type == "integer":
        for name, value in (("min", low), ("max", high)):
            if not isinstance(value, int):
                reader.problem(f"{path}.{name}", f"found {value}; expected a whole number, as the type is integer")
    if low >= high:
        reader.problem(f"{path}.max", f"found {high}; expected more than min, {low}")
    if one.scaling == "Logarithmic" and low <= 0:
        reader.problem(f"{path}.scaling", f"found Logarithmic with min {low}; allowed for numbers above 0")
    if one.scaling == "ReverseLogarithmic" and (one.type != "continuous" or not 0 <= low < high < 1):
        reader.problem(f"{path}.scaling", "found ReverseLogarithmic; allowed for continuous numbers from 0 to below 1")
    return len(reader.problems) > before


def _may_be_tuned(reader: Reader, name: str, one: Range, algorithm: Algorithm) -> bool:
    """Note a hyperparameter that SageMaker does not tune in its own image, or not in a range of this type.

    It refuses the request whatever program the image runs: https://github.com/aws/sagemaker-python-sdk/issues/2226.
    """
    if not algorithm.hyperparameters:
        return True
    path, types = f"{_PATH}.ranges.{name}", algorithm.tunable.types if algorithm.tunable else {}
    if name not in types:
        reader.problem(
            path,
            f"found a hyperparameter that SageMaker does not tune in the image of {algorithm.name}; expected "
            f"{', '.join(types) or 'none'}{nearest(name, list(types))}",
        )
    elif one.type not in {types[name], "categorical"}:
        reader.problem(f"{path}.type", f"found {one.type}; expected {types[name]}, or categorical with values")
    else:
        return True
    return False


def _allowed(reader: Reader, name: str, one: Range, rule: Rule | None) -> bool:
    """Note bounds and values that the hyperparameter itself may not have."""
    if rule is None:
        return True
    path = f"{_PATH}.ranges.{name}"
    places: list[tuple[str, object]] = [(place, getattr(one, place)) for place in _NUMBERS if one.values == ()]
    places += [("values", value) for value in one.values]
    wrong = [(place, value) for place, value in places if rule.read(value) is None]
    for place, value in wrong:
        reader.problem(f"{path}.{place}", f"found {describe(value)}; expected {rule.allowed}")
    return not wrong


def _check_static(
    reader: Reader, top: Mapping[str, Any], ranges: Mapping[str, Range], static: Mapping[str, str]
) -> None:
    given = top.get("hyperparameters")
    for name in ranges:
        if isinstance(given, dict) and name in given:
            reader.problem(
                f"{_PATH}.ranges.{name}", "found in hyperparameters too; expected it in one of them, fixed or searched"
            )
    # One more is SageMaker's own: _tuning_objective_metric.
    if len(static) + len(ranges) + 1 > MOST_HYPERPARAMETERS:
        reader.problem(
            f"{_PATH}.ranges",
            f"found {len(ranges)} beside {len(static)} hyperparameters; expected at most {MOST_HYPERPARAMETERS - 1} "
            "in all",
        )

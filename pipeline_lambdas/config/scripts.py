"""Reads the section `script` of a training config, and what a program of a data scientist's changes in the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.config import schema
from pipeline_lambdas.config.model import Script
from pipeline_lambdas.config.reader import Reader
from pipeline_lambdas.config.rules import describe, finding

_CSV = "text/csv"
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html; six are the toolkit's own.
MOST_HYPERPARAMETERS, _MOST_VALUE = 94, 2500
# The toolkits keep some names for themselves: https://github.com/aws/sagemaker-training-toolkit (params.py).
HYPERPARAMETER = re.compile(
    r"(?!sagemaker_|_tuning_objective_metric$|default_user_module_name$)[A-Za-z_][A-Za-z0-9_-]{0,255}"
)
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MetricDefinition.html
_MOST_METRICS, _METRIC, _MOST_REGEX = 40, re.compile(r"[^\s,]{1,255}"), 500
_FITTING: Mapping[str, tuple[str, ...]] = {
    "regression": ("number",),
    "binary": ("probability", "class"),
    "multiclass": ("probabilities", "class"),
}


def read_script(reader: Reader, top: Mapping[str, Any], problem: str | None) -> Script | None:
    """Return the script; None without one or after a problem was noted."""
    if "script" not in top:
        return None
    if "features" in top:
        reader.problem("script", "found with features; expected one of them, as a program reads the columns itself")
    values = reader.section(top["script"], "script", schema.SCRIPT, ["metrics"])
    answers = values.get("answers")
    check_answers(reader, "script", answers, problem)
    metrics = read_metrics(reader, "script", values.get("metrics", {}))
    if "program" not in values or answers is None:
        return None
    return Script(values["program"], values.get("serve", values["program"]), answers, metrics)


def check_answers(reader: Reader, section: str, answers: str | None, problem: str | None) -> None:
    """Note answers of a program that do not fit the problem."""
    if problem and answers and answers not in _FITTING[problem]:
        allowed = ", ".join(_FITTING[problem])
        reader.problem(f"{section}.answers", f"found {answers}; allowed for problem {problem}: {allowed}")


def read_metrics(reader: Reader, section: str, found: object) -> dict[str, str]:
    """Return the names of a program's metrics with the expressions that find them in its log."""
    path = f"{section}.metrics"
    if not isinstance(found, dict):
        reader.problem(path, f"{finding(found)}; expected a mapping of names to regular expressions")
        return {}
    if len(found) > _MOST_METRICS:
        reader.problem(path, f"found {len(found)} metrics; expected at most {_MOST_METRICS}")
    for name, regex in found.items():
        _check_metric(reader, path, name, regex)
    return {str(name): str(regex) for name, regex in found.items()}


def _check_metric(reader: Reader, path: str, name: object, regex: object) -> None:
    if not isinstance(name, str) or not _METRIC.fullmatch(name):
        reader.problem(path, f"found the name {describe(name)}; expected a text such as validation:auc")
        return
    try:
        groups = re.compile(regex).groups if isinstance(regex, str) and len(regex) <= _MOST_REGEX else 0
    except re.error as error:
        reader.problem(f"{path}.{name}", f"found {describe(regex)}, which is no regular expression ({error})")
        return
    if groups != 1:
        reader.problem(
            f"{path}.{name}",
            f"found {describe(regex)}; expected a regular expression of at most {_MOST_REGEX} characters with one "
            r"group, which finds the value in a line of the log, such as 'validation auc: ([0-9.]+)'",
        )


def check_script(reader: Reader, algorithm: Algorithm, channels: Mapping[str, str | None], *, given: bool) -> None:
    """Note what keeps an algorithm's image from running the script, or from running without one."""
    if not given:
        if algorithm.target is None and algorithm.image.versions:
            reader.problem("script", f"missing; {algorithm.name} runs a program, so say which: program, answers")
        return
    if algorithm.script is None or not algorithm.image.versions:
        able = ", ".join(entry.name for entry in ALGORITHMS.values() if entry.script and entry.image.versions)
        reader.problem("script", f"found with {algorithm.name}; allowed with {able}")
    for name, kind in channels.items():
        if kind is not None and kind != _CSV:
            reader.problem(f"channels.{name}.content_type", f"found {kind} with script; expected {_CSV}")


def free_hyperparameters(reader: Reader, found: object) -> dict[str, str]:
    """Return the hyperparameters of a program as texts; it alone knows which there are."""
    path = "hyperparameters"
    if not isinstance(found, dict):
        if found is not None:
            reader.problem(path, f"{finding(found)}; expected a mapping of names to texts or numbers")
        return {}
    if len(found) > MOST_HYPERPARAMETERS:
        reader.problem(path, f"found {len(found)}; expected at most {MOST_HYPERPARAMETERS}")
    values: dict[str, str] = {}
    for name, value in found.items():
        if not isinstance(name, str) or not HYPERPARAMETER.fullmatch(name):
            reader.problem(
                path,
                f"found the name {describe(name)}; expected letters, digits, _ and -, and no name that begins with "
                "sagemaker_ or that the image keeps for itself: _tuning_objective_metric, default_user_module_name",
            )
        elif not isinstance(value, str | int | float) or len(str(value)) > _MOST_VALUE:
            reader.problem(
                f"{path}.{name}",
                f"{finding(value)}; expected a number, true, false, or a text of at most {_MOST_VALUE} characters",
            )
        else:
            values[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return values

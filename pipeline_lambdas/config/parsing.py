"""Reads a training config; finds every problem in one pass and reports all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from pipeline_lambdas.algorithms.algorithm import Algorithm, Tabular
from pipeline_lambdas.algorithms.answers import answer_form
from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.config import schema
from pipeline_lambdas.config.accelerators import check_accelerators
from pipeline_lambdas.config.columns import column_problems
from pipeline_lambdas.config.containers import check_container, read_container
from pipeline_lambdas.config.endpoint_tests import Judged, read_test
from pipeline_lambdas.config.environments import read_variant
from pipeline_lambdas.config.features import check_table, read_features, read_label
from pipeline_lambdas.config.model import (
    AlgorithmChoice,
    EvaluationTest,
    Keep,
    Label,
    TrainingConfig,
    TrainingResources,
    Variant,
    canonical,
    column_types,
    config_sha256,
)
from pipeline_lambdas.config.own_metrics import read_own_metrics
from pipeline_lambdas.config.reader import Reader
from pipeline_lambdas.config.resources import read_training
from pipeline_lambdas.config.rules import describe, finding, nearest
from pipeline_lambdas.config.scripts import check_script, free_hyperparameters, read_script
from pipeline_lambdas.config.tuning import read_tuning, tuned_names
from pipeline_lambdas.config.yaml_text import YamlError, decode, load
from pipeline_lambdas.runtime.failures import ConfigurationError

__all__ = ["ConfigError", "TrainingConfig", "canonical", "config_sha256", "parse_config"]

_TOP = (
    "model",
    "problem",
    "label",
    "features",
    "script",
    "container",
    "metrics",
    "algorithm",
    "hyperparameters",
    "training",
    "tuning",
    "channels",
    "data",
    "environments",
    "tests",
    "keep",
)


class ConfigError(ConfigurationError):
    """The file is not a valid training config; `problems` are the lines of the message."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def parse_config(content: str | bytes, file: str) -> TrainingConfig:
    """Parse a config, its text or its bytes in UTF-8; `file` is its name in messages.

    Raises ConfigError, each line of which reads `file: key.path: found X; expected Y`.
    """
    try:
        document = load(decode(content) if isinstance(content, bytes) else content)
    except YamlError as error:
        raise ConfigError([f"{file}: {error}"]) from None
    reader = Reader(file)
    config = _read(reader, document)
    if reader.problems or config is None:
        raise ConfigError(reader.problems)
    return config


def _read(reader: Reader, document: object) -> TrainingConfig | None:
    top = reader.section(document, "", schema.ROOT, _TOP[2:])
    if not isinstance(document, dict):
        return None
    problem = top.get("problem")
    label = read_label(reader, top, problem)
    features = read_features(reader, top["features"], label) if "features" in top else ()
    script = read_script(reader, top, problem)
    container = read_container(reader, top, problem)
    program, has_program = script or container, bool({"script", "container"} & top.keys())
    metrics = read_own_metrics(reader, top["metrics"]) if "metrics" in top else None
    channels = _channels(reader, top.get("channels"))
    choice = reader.section(top.get("algorithm"), "algorithm", schema.ALGORITHM)
    algorithm = ALGORITHMS.get(choice.get("name", ""))
    hyperparameters: dict[str, str] = {}
    tuning = None
    if algorithm:
        _check_version(reader, algorithm, choice.get("version"))
        check_container(reader, algorithm, top)
        check_script(reader, algorithm, channels, given="script" in top)
        hyperparameters = _all_hyperparameters(reader, algorithm, choice.get("version"), top, label)
        if not has_program:
            _check_hyperparameters(reader, algorithm, hyperparameters, problem, "validation" in channels)
    training = read_training(reader, top.get("training"), algorithm, script=has_program)
    if algorithm:
        instances = training.get("instance_count", 1)
        if "features" in top:
            check_table(reader, algorithm, choice.get("version"), channels, instances)
        _check_job(reader, algorithm, channels, instances)
        tuning = read_tuning(reader, top, algorithm, hyperparameters, program)
    environments = {
        name: read_variant(reader, item, name)
        for name, item in reader.named(top.get("environments"), "environments", schema.ENVIRONMENTS).items()
    }
    own = {"features": "features" in top, "script": has_program}
    check_accelerators(reader, algorithm, choice.get("version"), training, hyperparameters, environments, **own)
    form = algorithm.form(hyperparameters) if algorithm else None
    if has_program:
        form = answer_form(program.answers, label.classes if label else ()) if program else None
    types = column_types(label, features)
    functions = tuple(metrics.functions) if metrics else ()
    judged = Judged(problem, form, cast("dict[str, str]", channels), types, untyped=has_program, own=functions)
    tests = _tests(reader, top.get("tests"), judged, list(types) if label else [])
    data = reader.section(top["data"], "data", schema.DATA) if "data" in top else {}
    keep = reader.section(top["keep"], "keep", schema.KEEP) if "keep" in top else {}
    if reader.problems:
        return None
    return TrainingConfig(
        model=top["model"],
        problem=top["problem"],
        algorithm=AlgorithmChoice(**choice),
        hyperparameters=hyperparameters,
        training=TrainingResources(**training),
        channels=cast("dict[str, str]", channels),
        environments=cast("dict[str, Variant]", environments),
        tests=tests,
        keep=Keep(**keep),
        dataset=data.get("dataset"),
        label=label,
        features=features,
        script=script,
        tuning=tuning,
        container=container,
        metrics=metrics,
    )


def _channels(reader: Reader, found: object) -> dict[str, str | None]:
    return {
        name: reader.section(item, f"channels.{name}", schema.CHANNEL).get("content_type")
        for name, item in reader.named(found, "channels", schema.CHANNELS).items()
    }


def _tests(reader: Reader, found: object, judged: Judged, columns: Sequence[str]) -> dict[str, EvaluationTest]:
    """Return the tests; where `columns` are known, note those that a test names and the table lacks."""
    tests = {
        name: read_test(reader, name, item, judged)
        for name, item in reader.named(found, "tests", dict.fromkeys(schema.TESTS, True)).items()
    }
    for test in tests.values() if columns else ():
        for text in column_problems(test, columns):
            reader.problem(*text.split(": ", 1))
    return tests


def _check_version(reader: Reader, algorithm: Algorithm, version: str | None) -> None:
    if version is not None and algorithm.image.versions and version not in algorithm.image.versions:
        reader.problem(
            "algorithm.version",
            f"found {describe(version)}; expected {', '.join(algorithm.image.versions)}"
            f"{nearest(version, list(algorithm.image.versions))}",
        )


def _hyperparameters(
    reader: Reader, algorithm: Algorithm, version: str | None, top: Mapping[str, object]
) -> dict[str, str]:
    tuned, path = tuned_names(top), "hyperparameters"
    rules = {name: rule.optional() if name in tuned else rule for name, rule in algorithm.hyperparameters.items()}
    given = top.get("hyperparameters")
    if not isinstance(given, dict):
        required = ", ".join(name for name, rule in rules.items() if rule.required)
        reader.problem(path, f"{finding(given)}; expected a mapping with at least {required}")
        return {}
    reader.unknown(
        path,
        given,
        list(rules),
        f"found a hyperparameter that {algorithm.name} lacks; expected those of its reference",
    )
    result: dict[str, str] = {}
    for name, rule in rules.items():
        reader.value(given, name, f"{path}.{name}", rule, result.__setitem__)
    if version in algorithm.image.versions:
        for name, value in result.items():
            for item in (name, value):
                if algorithm.lacks(item, version):
                    reader.problem(f"{path}.{name}", f"found {item} with version {version}; allowed in later versions")
    return result


def _all_hyperparameters(
    reader: Reader, algorithm: Algorithm, version: str | None, top: Mapping[str, object], label: Label | None
) -> dict[str, str]:
    """Return the algorithm's own, those that follow from a table, or whatever a program takes."""
    if "script" in top or algorithm.target is None:
        return free_hyperparameters(reader, top.get("hyperparameters"))
    found = _hyperparameters(reader, algorithm, version, top)
    return _of_table(reader, algorithm.tabular, found, label) if algorithm.tabular and "features" in top else found


def _of_table(reader: Reader, tabular: Tabular, values: Mapping[str, str], label: Label | None) -> dict[str, str]:
    classes = len(label.classes) if label else 0
    for name, text in tabular.problems(values, classes):
        reader.problem(f"hyperparameters.{name}", text)
    return tabular.completed(values, classes)


def _check_hyperparameters(
    reader: Reader, algorithm: Algorithm, values: Mapping[str, str], problem: str | None, validation: bool
) -> None:
    for name, text in algorithm.dependencies(values, validation=validation):
        reader.problem(f"hyperparameters.{name}", text)
    if problem is None:
        return
    target = algorithm.target
    if target is None:
        return
    found, fitting = values.get(target.hyperparameter, target.default), target.fitting[problem]
    # Without a default it is required, and noted as missing already.
    if found is not None and found not in fitting:
        given = "" if target.hyperparameter in values else " (the default)"
        reader.problem(
            f"hyperparameters.{target.hyperparameter}",
            f"found {found}{given}; allowed for problem {problem}: {', '.join(fitting)}",
        )


def _check_job(reader: Reader, algorithm: Algorithm, channels: Mapping[str, str | None], instances: int) -> None:
    for name, kind in channels.items():
        if kind is not None and kind not in algorithm.content_types:
            reader.problem(
                f"channels.{name}.content_type",
                f"found {kind} with {algorithm.name}; expected {', '.join(algorithm.content_types)}",
            )
    if instances > 1 and not algorithm.distributed:
        reader.problem(
            "training.instance_count",
            f"found {instances}; expected 1, as {algorithm.name} does not train on several together",
        )

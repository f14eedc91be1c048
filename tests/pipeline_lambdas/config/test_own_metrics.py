"""The section `metrics` of a training config."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pipeline_lambdas.config.instances import instance_problems
from pipeline_lambdas.config.model import TrainingConfig, config_values
from pipeline_lambdas.config.own_metrics import TAKEN
from pipeline_lambdas.config.parsing import ConfigError, parse_config
from pipeline_lambdas.config.schema import FAILED_SHARE, LATENCIES, METRICS
from tests.pipeline_lambdas.aws_doubles import plain_document, sample_config

COST = {"functions": {"cost": {"direction": "lower"}}}


def config_of(metrics: Any, **tests: Any) -> TrainingConfig:
    document = plain_document()
    document["metrics"] = metrics
    for name, sections in tests.items():
        document["tests"][name] |= sections
    return parse_config(yaml.safe_dump(document), "wine-quality.yml")


def problems(metrics: Any, **tests: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config_of(metrics, **tests)
    return [text.removeprefix("wine-quality.yml: ") for text in caught.value.problems]


def test_functions_and_what_is_left_out() -> None:
    metrics = config_of(COST).metrics
    assert metrics is not None
    assert (metrics.functions, metrics.file) == ({"cost": "lower"}, "metrics.py")
    assert (metrics.instance_type, metrics.max_runtime_s) == ("ml.m5.large", 900)


def test_a_config_without_them_has_the_values_that_it_had() -> None:
    assert "metrics" not in config_values(sample_config())
    assert config_values(config_of(COST))["metrics"]["functions"] == {"cost": "lower"}


def test_gates_of_every_kind_may_name_them() -> None:
    config = config_of(
        COST,
        full={
            "gates": {"cost": {"max": 3}},
            "champion": {"gates": {"cost": {"max_worse_percent": 5}}},
            "slices": [{"column": "column 2", "ranges": [1], "gates": {"cost": {"max": 9}}}],
        },
    )
    test = config.tests["full"]
    assert [gate.metric for gate in test.gates] == ["cost"]
    assert test.champion is not None
    assert test.champion.gates[0].metric == test.slices[0].gates[0].metric == "cost"
    assert test.gated == {"cost"}


def test_full_computes_them_and_smoke_where_a_gate_names_one() -> None:
    config = config_of(COST)
    assert config.own_metrics(config.tests["full"]) == config.metrics
    assert config.own_metrics(config.tests["smoke"]) is None
    asked = config_of(COST, smoke={"gates": {"cost": {"max": 3}}})
    assert asked.own_metrics(asked.tests["smoke"]) == asked.metrics
    assert sample_config().own_metrics(sample_config().tests["full"]) is None


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({}, "metrics.functions: missing; expected a mapping of 1 to 20 names of functions"),
        ([], "metrics: found a list; expected a mapping with file"),
        ({"functions": {}}, "metrics.functions: found 0; expected a mapping of 1 to 20 names"),
        ({"functions": ["cost"]}, "metrics.functions: found a list; expected a mapping of 1 to 20"),
        ({"functions": {f"m{n}": {"direction": "lower"} for n in range(21)}}, "metrics.functions: found 21; expected"),
        ({"functions": {"cost": {}}}, "metrics.functions.cost.direction: missing; expected lower, higher"),
        ({"functions": {"cost": {"direction": "less"}}}, "metrics.functions.cost.direction: found 'less'; expected"),
        ({"functions": {"cost": "lower"}}, "metrics.functions.cost: found 'lower'; expected a mapping"),
        ({"functions": {"rmse": {"direction": "lower"}}}, "metrics.functions.rmse: found the name of another metric"),
        ({"functions": {"class": {"direction": "lower"}}}, "metrics.functions: found the name 'class'; expected that"),
        ({"functions": {"a b": {"direction": "lower"}}}, "metrics.functions: found the name 'a b'; expected that of a"),
        (
            {"functions": {1: {"direction": "lower"}}},
            "metrics.functions: found the name 1; expected that of a function",
        ),
        ({**COST, "file": "../metrics.py"}, "metrics.file: found '../metrics.py'; expected the name of a Python file"),
        ({**COST, "max_runtime_s": 10}, "metrics.max_runtime_s: found 10; expected an integer from 60 to 3600"),
        ({**COST, "instance_type": "m5"}, "metrics.instance_type: found 'm5'; expected ml.<family>.<size>"),
        ({**COST, "seed": 1}, "metrics.seed: found an unknown key"),
    ],
)
def test_what_is_refused(metrics: Any, message: str) -> None:
    found = problems(metrics)
    assert any(text.startswith(message) for text in found), found


def test_a_gate_of_no_function_is_refused() -> None:
    (found,) = problems(COST, full={"gates": {"costs": {"max": 3}}})
    assert found == (
        "tests.full.gates.costs: found an unknown key; expected rmse, mae, r2, cost, latency_p50_ms, latency_p95_ms, "
        "latency_p99_ms, failed_share; did you mean cost?"
    )


def test_no_name_of_a_metric_is_free() -> None:
    assert {name for names in METRICS.values() for name in names} | {*LATENCIES, FAILED_SHARE} <= TAKEN


def test_its_instances_are_those_that_the_stack_allows() -> None:
    config = config_of({**COST, "instance_type": "ml.g5.xlarge"})
    (problem,) = instance_problems(config, ["ml.m5.*"], ["metrics"])
    assert problem.startswith("metrics.instance_type: found ml.g5.xlarge; expected ml.m5.*")
    assert not list(instance_problems(sample_config(), ["ml.m5.*"], ["metrics"]))

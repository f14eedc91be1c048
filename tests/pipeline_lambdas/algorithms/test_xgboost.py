from __future__ import annotations

from typing import Any

import pytest
import yaml

from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.config.parsing import ConfigError, TrainingConfig, parse_config
from pipeline_lambdas.config.reference import reference_markdown
from pipeline_lambdas.config.schema import METRICS, SECTIONS
from tests.pipeline_lambdas.aws_doubles import plain_document


def parsed(values: dict[str, Any], **top: Any) -> TrainingConfig:
    document = plain_document()
    document |= top
    document["hyperparameters"] = {"num_round": 10, **values}
    if document["problem"] != "regression":
        for test in document["tests"].values():
            test["gates"] = {"accuracy": {"min": 0.5}}
    return parse_config(yaml.safe_dump(document), "f")


def refused(values: dict[str, Any], **top: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        parsed(values, **top)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].removeprefix("f: hyperparameters.")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("eta", 0.1, "0.1"),
        ("eta", "1e-3", "0.001"),
        ("eta", 1, "1"),
        ("max_depth", "6", "6"),
        ("verbosity", 0, "0"),
        ("csv_weights", 1, "1"),
        ("deterministic_histogram", False, "false"),
        ("eval_metric", "rmse, mae", "rmse,mae"),
        ("eval_metric", "rmse,ndcg@5", "rmse,ndcg@5"),
        ("updater", "refresh,prune", "refresh,prune"),
        ("seed", -5, "-5"),
        ("base_score", 0, "0"),
        ("alpha", 0, "0"),
        ("tweedie_variance_power", 1.5, "1.5"),
    ],
)
def test_values_become_texts(name: str, value: object, text: str) -> None:
    assert parsed({name: value}).hyperparameters[name] == text


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"eta": 1.5}, "eta: found 1.5; expected a number in [0, 1]"),
        ({"eta": float("inf")}, "eta: found inf; expected a number in [0, 1]"),
        ({"eta": "nan"}, "eta: found 'nan'; expected a number in [0, 1]"),
        ({"subsample": 0.0}, "subsample: found 0.0; expected a number in (0, 1]"),
        ({"sketch_eps": 1}, "sketch_eps: found 1; expected a number in (0, 1)"),
        ({"gamma": -1}, "gamma: found -1; expected a number from 0"),
        ({"scale_pos_weight": 0}, "scale_pos_weight: found 0; expected a number above 0"),
        ({"tweedie_variance_power": 2}, "tweedie_variance_power: found 2; expected a number in (1, 2)"),
        ({"verbosity": 4}, "verbosity: found 4; expected an integer from 0 to 3"),
        ({"csv_weights": True}, "csv_weights: found true; expected 0, 1"),
        ({"booster": "tree"}, "booster: found 'tree'; expected gbtree, gblinear, dart"),
        ({"max_depth": [6]}, "max_depth: found a list; expected an integer from 0"),
        ({"eta": 0.1, "learning_rate": 0.2}, "learning_rate: found together with eta, which is the same setting"),
        ({"eval_metric": "auc"}, "eval_metric: found auc with reg:squarederror; allowed with binary:* and rank:*"),
        ({"eval_metric": "aft-nloglik"}, "eval_metric: found aft-nloglik with reg:squarederror"),
        ({"eval_metric": "accuracy@0.5"}, "eval_metric: found 'accuracy@0.5'; expected a comma list of: accuracy, auc"),
        (
            {"monotone_constraints": "(1,0)"},
            "monotone_constraints: found with tree_method auto; allowed with exact, hist",
        ),
        (
            {"interaction_constraints": "[[1,2]]"},
            "interaction_constraints: found with tree_method auto; allowed with exact, hist, approx",
        ),
        ({"early_stopping_rounds": 5}, "early_stopping_rounds: found without its conditions; allowed with eval_metric"),
        ({"silent": 1}, "silent: found a hyperparameter that xgboost lacks"),
    ],
)
def test_refused_values(values: dict[str, Any], problem: str) -> None:
    assert refused(values).startswith(problem)


def test_conditions_that_are_met() -> None:
    assert parsed({"monotone_constraints": "(1, 0, -1)", "tree_method": "hist"})
    assert parsed({"early_stopping_rounds": 5, "eval_metric": "rmse"})
    assert parsed({"objective": "binary:logistic", "eval_metric": "auc"}, problem="binary")


def test_early_stopping_needs_the_validation_channel() -> None:
    channels = {"train": {"content_type": "text/csv"}}
    assert refused({"early_stopping_rounds": 5, "eval_metric": "rmse"}, channels=channels).startswith("early_stopping")


def test_several_classes_need_their_number() -> None:
    problem = refused({"objective": "multi:softprob"}, problem="multiclass")
    assert problem == "num_class: missing; expected an integer from 2, which multi:softprob needs"


def test_the_default_objective_must_fit() -> None:
    assert refused({}, problem="binary").startswith(
        "objective: found reg:squarederror (the default); allowed for problem"
    )


def test_objectives_of_no_problem_are_refused() -> None:
    assert refused({"objective": "rank:ndcg"}).startswith("objective: found rank:ndcg; allowed for problem regression")


@pytest.mark.parametrize(
    ("values", "version", "later"),
    [
        ({"objective": "reg:absoluteerror"}, "1.7-1", "3.0-5"),
        ({"use_dask_gpu_training": "false"}, "1.5-1", "1.7-1"),
    ],
)
def test_what_came_with_a_version(values: dict[str, Any], version: str, later: str) -> None:
    assert "with version" in refused(values, algorithm={"name": "xgboost", "version": version})
    assert parsed(values, algorithm={"name": "xgboost", "version": later})


def test_folds_are_not_trained_by_dask() -> None:
    values = {"objective": "reg:squarederror", "tree_method": "gpu_hist", "_kfold": 3}
    version = {"algorithm": {"name": "xgboost", "version": "1.7-1"}}
    training = {**plain_document()["training"], "instance_type": "ml.g5.xlarge"}
    assert parsed(values, training=training, **version)
    problem = refused({**values, "use_dask_gpu_training": "true"}, training=training, **version)
    assert problem == "_kfold: found with use_dask_gpu_training, which trains one model; expected one of them"


def test_the_reference_names_everything() -> None:
    page = reference_markdown()
    for section in SECTIONS:
        for key in section.rules:
            assert f"`{section.path}.{key}`" in page if section.path else f"`{key}`" in page
    for algorithm in ALGORITHMS.values():
        assert all(f"| `{name}` |" in page for name in algorithm.hyperparameters)
        assert all(version in page for version in algorithm.image.versions)
    assert all(name in page for names in METRICS.values() for name in names)
    assert all(line.count("|") >= 3 for line in page.splitlines() if line.startswith("|"))


def test_every_metric_rule_and_default_is_itself_allowed() -> None:
    for algorithm in ALGORITHMS.values():
        for name, rule in algorithm.hyperparameters.items():
            if rule.default and rule.default not in {"by objective", "all"}:
                assert rule.read(rule.default) is not None, name

"""Linear Learner in a training config: https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pipeline_lambdas.algorithms.table import ALGORITHMS, algorithm_of_image
from pipeline_lambdas.config.parsing import ConfigError, TrainingConfig, parse_config
from tests.pipeline_lambdas.aws_doubles import plain_document

PREDICTORS = {"regression": "regressor", "binary": "binary_classifier", "multiclass": "multiclass_classifier"}


def document(values: dict[str, Any], problem: str = "regression") -> dict[str, Any]:
    found = plain_document() | {"problem": problem, "algorithm": {"name": "linear-learner", "version": 1}}
    found["hyperparameters"] = {"predictor_type": PREDICTORS[problem], **values}
    if problem == "multiclass":
        found["hyperparameters"].setdefault("num_classes", 3)
    if problem != "regression":
        for test in found["tests"].values():
            test["gates"] = {"accuracy": {"min": 0.5}}
    return found


def parsed(values: dict[str, Any], problem: str = "regression") -> TrainingConfig:
    return parse_config(yaml.safe_dump(document(values, problem)), "f")


def refused(found: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(yaml.safe_dump(found), "f")
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].removeprefix("f: ")


def test_a_config_names_its_image() -> None:
    config = parsed({})
    uri = config.built_in.image_uri("382416733822.dkr.ecr.us-east-1.amazonaws.com", config.algorithm.version)
    assert uri == "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
    assert algorithm_of_image(uri) is ALGORITHMS["linear-learner"]
    assert algorithm_of_image(f"registry/sagemaker-xgboost@sha256:{'0' * 64}") is ALGORITHMS["xgboost"]
    assert algorithm_of_image("registry/mine:1") is None


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("learning_rate", "auto", "auto"),
        ("learning_rate", 0.1, "0.1"),
        ("wd", 0, "0"),
        ("l1", "1e-3", "0.001"),
        ("momentum", 0, "0"),
        ("use_bias", False, "false"),
        ("normalize_data", "auto", "auto"),
        ("normalize_label", True, "true"),
        ("epochs", 30, "30"),
        ("num_models", "auto", "auto"),
        ("positive_example_weight_mult", "balanced", "balanced"),
        ("positive_example_weight_mult", 2.5, "2.5"),
        ("init_bias", -1, "-1"),
        ("loss", "huber_loss", "huber_loss"),
    ],
)
def test_values_become_texts(name: str, value: object, text: str) -> None:
    assert parsed({name: value}).hyperparameters[name] == text


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"learning_rate": 0}, "learning_rate: found 0; expected auto, or a number above 0"),
        ({"beta_1": 1}, "beta_1: found 1; expected auto, or a number in [0, 1)"),
        ({"wd": -0.1}, "wd: found -0.1; expected auto, or a number from 0"),
        ({"epochs": 0}, "epochs: found 0; expected an integer from 1"),
        ({"mini_batch_size": "auto"}, "mini_batch_size: found 'auto'; expected an integer from 1"),
        ({"target_recall": 1}, "target_recall: found 1; expected a number in (0, 1)"),
        ({"quantile": 0}, "quantile: found 0; expected a number in (0, 1)"),
        ({"num_classes": 2}, "num_classes: found 2; expected an integer from 3 to 1000000"),
        ({"use_bias": "auto"}, "use_bias: found 'auto'; expected false, true"),
        ({"optimizer": "adagrad"}, "optimizer: found 'adagrad'; expected auto, sgd, adam, rmsprop"),
        ({"loss": "hinge_loss"}, "loss: found hinge_loss with regressor; expected auto, squared_loss, absolute_loss"),
        ({"num_round": 10}, "num_round: found a hyperparameter that linear-learner lacks"),
    ],
)
def test_refused_values(values: dict[str, Any], problem: str) -> None:
    assert refused(document(values)).startswith(f"hyperparameters.{problem}")


def test_the_predictor_must_fit_the_problem() -> None:
    found = document({"predictor_type": "binary_classifier"})
    assert refused(found) == (
        "hyperparameters.predictor_type: found binary_classifier; allowed for problem regression: regressor"
    )
    del found["hyperparameters"]["predictor_type"]
    assert refused(found).startswith("hyperparameters.predictor_type: missing; expected regressor, binary_")


def test_several_classes_need_their_number() -> None:
    found = document({}, "multiclass")
    del found["hyperparameters"]["num_classes"]
    assert refused(found) == (
        "hyperparameters.num_classes: missing; expected an integer from 3 to 1000000, which multiclass_classifier needs"
    )


def test_a_config_without_hyperparameters_is_told_what_it_needs() -> None:
    assert refused({**document({}), "hyperparameters": None}).endswith(
        "expected a mapping with at least predictor_type"
    )


def test_it_reads_csv_alone() -> None:
    found = document({})
    found["channels"]["validation"] = {"content_type": "text/libsvm"}
    assert refused(found) == (
        "channels.validation.content_type: found text/libsvm with linear-learner; expected text/csv"
    )


def test_versions_are_its_own() -> None:
    found = {**document({}), "algorithm": {"name": "linear-learner", "version": "3.2-0"}}
    assert refused(found) == "algorithm.version: found '3.2-0'; expected 1"


@pytest.mark.parametrize(
    ("values", "refuses"),
    [
        ({}, False),
        ({"binary_classifier_model_selection_criteria": "loss_function"}, False),
        ({"binary_classifier_model_selection_criteria": "f_beta"}, True),
        ({"loss": "hinge_loss"}, True),
    ],
)
def test_metrics_of_probabilities_need_scores_that_are_some(values: dict[str, Any], refuses: bool) -> None:
    found = document(values, "binary")
    found["tests"]["full"]["gates"] = {"logloss": {"max": 0.5}}
    if refuses:
        assert "found a metric of probabilities" in refused(found)
    else:
        assert not parse_config(yaml.safe_dump(found), "f").prediction_form.names_classes


def test_classes_and_forms() -> None:
    assert parsed({}).prediction_form.accept == "application/json"
    assert parsed({"num_classes": 5}, "multiclass").classes == 5
    assert parsed({"num_classes": 5}, "multiclass").prediction_form.width == 5
    # Ignored, as by the algorithm.
    assert parsed({"num_classes": 5}, "binary").classes == 2
    assert parsed({}, "binary").prediction_form.probability

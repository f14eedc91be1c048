from __future__ import annotations

import pytest

from local_aws.sagemaker.containers.toolkit.exceptions import ToolkitError
from local_aws.sagemaker.containers.xgboost.hyperparameters import validate

ROUND = {"num_round": "10"}
MULTI = {"objective": "multi:softprob", "num_class": "3"}

REFUSED = [
    ({}, "Missing required hyperparameter: num_round"),
    ({**ROUND, "silent": "1"}, "Extraneous hyperparameter found: silent"),
    ({**ROUND, "device": "cpu"}, "Extraneous hyperparameter found: device"),
    ({"silent": "1"}, "Missing required hyperparameter: num_round"),
    ({"num_round": "0"}, "Hyperparameter num_round: 0 is not in [1, +inf)"),
    ({"num_round": "10.0"}, "Hyperparameter num_round: could not parse value (caused by ValueError)"),
    ({**ROUND, "eta": "fast"}, "Hyperparameter eta: could not parse value (caused by ValueError)"),
    ({**ROUND, "eta": "1.5"}, "Hyperparameter eta: 1.5 is not in [0, 1]"),
    ({**ROUND, "learning_rate": "1.5"}, "Hyperparameter eta: 1.5 is not in [0, 1]"),
    ({**ROUND, "subsample": "0"}, "Hyperparameter subsample: 0.0 is not in (0, 1]"),
    ({**ROUND, "tweedie_variance_power": "2"}, "Hyperparameter tweedie_variance_power: 2.0 is not in (1, 2)"),
    ({**ROUND, "seed": "2147483647"}, "Hyperparameter seed: 2147483647 is not in (-2147483648, 2147483647)"),
    ({**ROUND, "booster": "tree"}, "Hyperparameter booster: tree is not in ['gbtree', 'gblinear', 'dart']"),
    (
        {**ROUND, "save_model_on_termination": "True"},
        "Hyperparameter save_model_on_termination: True is not in ['true', 'false']",
    ),
    # Ranges are checked before dependencies, whatever the order of the request.
    ({**ROUND, "objective": "multi:softmax", "eta": "2"}, "Hyperparameter eta: 2.0 is not in [0, 1]"),
    (
        {**ROUND, "objective": "multi:softmax"},
        "Require input for parameter 'num_class' for multi-classification",
    ),
    ({**ROUND, **MULTI, "num_class": "1"}, "Hyperparameter num_class: 1 is not in [2, +inf)"),
    (
        {**ROUND, **MULTI, "eval_metric": "auc"},
        "Metric 'auc' can only be applied for classification and ranking problems.",
    ),
    (
        {**ROUND, "objective": "reg:squarederror", "eval_metric": "rmse,aft-nloglik"},
        "Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.",
    ),
    (
        {**ROUND, "objective": "reg:squarederror", "eval_metric": "rmse@2"},
        "Metric 'rmse@2' is not supported. Parameter 'eval_metric' with customized threshold should be one of "
        "these options: 'error', 'ndcg', 'map'.",
    ),
    (
        {**ROUND, "objective": "binary:logistic", "eval_metric": "error@half"},
        "Threshold value 't' in 'error@t' expects float input.",
    ),
    (
        {**ROUND, "eval_metric": "rmse"},
        "Hyperparameter eval_metric: set objective as well, the container refuses one without it",
    ),
    (
        {**ROUND, "monotone_constraints": "(1, -1)"},
        "monotone_constraints can be used only when the tree_method parameter is set to either 'exact' or 'hist'.",
    ),
    (
        {**ROUND, "tree_method": "hist", "monotone_constraints": "(1, 2)"},
        "Hyperparameter monotone_constraints: value (1, 2) not in range [-1, 0, 1]",
    ),
    (
        {**ROUND, "tree_method": "hist", "monotone_constraints": "1"},
        "Hyperparameter monotone_constraints: unexpected failure when validating 1 (caused by TypeError)",
    ),
    (
        {**ROUND, "interaction_constraints": "[[1, 2]]"},
        "interaction_constraints can be used only when the tree_method parameter is set to either 'exact', "
        "'hist' or 'approx'.",
    ),
    (
        {**ROUND, "tree_method": "hist", "interaction_constraints": "[[0, 2]]"},
        "Hyperparameter interaction_constraints: value [[0, 2]] not in range [1, +inf)",
    ),
    (
        {**ROUND, "booster": "gblinear", "updater": "prune"},
        "Linear updater should be one of these options: 'shotgun', 'coord_descent'.",
    ),
    (
        {**ROUND, "process_type": "update", "updater": "sync"},
        "process_type 'update' can only be used with updater 'refresh' and 'prune'",
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED])
def test_a_violation_has_the_text_of_the_container(given: dict[str, str], message: str) -> None:
    with pytest.raises(ToolkitError) as caught:
        validate(given)
    assert str(caught.value) == message


def test_an_unknown_metric_is_refused_with_the_list() -> None:
    with pytest.raises(ToolkitError) as caught:
        validate({**ROUND, "objective": "reg:squarederror", "eval_metric": "rmse,speed"})
    text = str(caught.value)
    assert text.startswith("Hyperparameter eval_metric: value ['rmse', 'speed'] not in range ['accuracy', 'auc', ")


def test_values_have_their_types_and_aliases_their_names() -> None:
    given = {
        "num_round": "100",
        "objective": "rank:ndcg",
        "eval_metric": "ndcg@5,map",
        "reg_lambda": "2",
        "min_split_loss": "0.5",
        "tree_method": "hist",
        "monotone_constraints": "(1,-1)",
        "interaction_constraints": "[[1, 2], [3]]",
        "seed": "-5",
    }
    assert validate(given) == {
        "num_round": 100,
        "objective": "rank:ndcg",
        "eval_metric": ["ndcg@5", "map"],
        "lambda": 2.0,
        "gamma": 0.5,
        "tree_method": "hist",
        "monotone_constraints": (1, -1),
        "interaction_constraints": [[1, 2], [3]],
        "seed": -5,
    }

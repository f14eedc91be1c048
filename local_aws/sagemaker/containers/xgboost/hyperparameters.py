"""The container's own check of hyperparameters, before any data is read.

Order: aliases, required, parse (unknown names here), ranges, dependencies. The container fills in no default.
Names, ranges and defaults: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html; texts:
https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/algorithm_mode/hyperparameter_validation.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local_aws.sagemaker.containers.toolkit.exceptions import UserError
from local_aws.sagemaker.containers.xgboost import metric_names
from local_aws.sagemaker.containers.xgboost.parameters import (
    Interval,
    Parameter,
    categorical,
    comma_list,
    continuous,
    integer,
    nested_list,
    tuple_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIASES = {"learning_rate": "eta", "min_split_loss": "gamma", "reg_lambda": "lambda", "reg_alpha": "alpha"}

_GROW_UPDATERS = ("grow_colmaker", "distcol", "grow_histmaker")
_TREE_UPDATERS = (*_GROW_UPDATERS, "grow_skmaker", "sync", "refresh", "prune")
_LINEAR_UPDATERS = ("shotgun", "coord_descent")
_UPDATE_ONLY = ("refresh", "prune")
_THRESHOLD_METRICS = ("error", "ndcg", "map")


class _EvalMetrics:
    """The allowed elements of eval_metric: the known names, and `<name>@<number>` for three of them."""

    def __contains__(self, metric: object) -> bool:
        text = str(metric)
        if "@" not in text:
            return text in metric_names.ALL
        name, threshold = (part.strip() for part in text.split("@")[:2])
        if name not in _THRESHOLD_METRICS:
            raise UserError(
                f"Metric '{text}' is not supported. Parameter 'eval_metric' with customized threshold should "
                "be one of these options: 'error', 'ndcg', 'map'."
            )
        try:
            float(threshold)
        except ValueError:
            raise UserError(f"Threshold value 't' in '{name}@t' expects float input.") from None
        return True

    def __str__(self) -> str:
        return str(list(metric_names.ALL))


def _check_updater(value: list[str], others: dict[str, Any]) -> None:
    if others.get("booster") == "gblinear":
        if len(value) != 1 or value[0] not in _LINEAR_UPDATERS:
            raise UserError("Linear updater should be one of these options: 'shotgun', 'coord_descent'.")
    elif others.get("process_type") == "update":
        if not set(value) <= set(_UPDATE_ONLY):
            raise UserError("process_type 'update' can only be used with updater 'refresh' and 'prune'")
    elif not set(value) <= set(_TREE_UPDATERS):
        names = ", ".join(f"'{name}'" for name in (*_TREE_UPDATERS, *_LINEAR_UPDATERS))
        raise UserError(f"Tree updater should be selected from these options: {names}.")
    elif sum(name in _GROW_UPDATERS for name in value) > 1:
        names = ", ".join(f"'{name}'" for name in (*_GROW_UPDATERS, "grow_skmaker"))
        raise UserError(f"Only one tree grow plugin can be selected. Choose one from the following: {names}")


def _check_objective(value: str, others: dict[str, Any]) -> None:
    if value in ("multi:softmax", "multi:softprob") and "num_class" not in others:
        raise UserError("Require input for parameter 'num_class' for multi-classification")


def _check_eval_metric(value: list[str], others: dict[str, Any]) -> None:
    if "objective" not in others:
        # The container looks up the objective before anything else and fails with KeyError('objective').
        raise UserError("Hyperparameter eval_metric: set objective as well, the container refuses one without it")
    objective = others["objective"]
    if "auc" in value and not objective.startswith(("binary:", "rank:")):
        raise UserError("Metric 'auc' can only be applied for classification and ranking problems.")
    if "aft-nloglik" in value and objective != "survival:aft":
        raise UserError("Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.")


def _check_monotone(_: Any, others: dict[str, Any]) -> None:
    if others.get("tree_method") not in ("exact", "hist"):
        raise UserError(
            "monotone_constraints can be used only when the tree_method parameter is set to either 'exact' or 'hist'."
        )


def _check_interaction(_: Any, others: dict[str, Any]) -> None:
    if others.get("tree_method") not in ("exact", "hist", "approx"):
        raise UserError(
            "interaction_constraints can be used only when the tree_method parameter is set to "
            "either 'exact', 'hist' or 'approx'."
        )


_FLAG = Interval(0, 1)
_UNIT = Interval(0, 1)
_SHARE = Interval(0, 1, low_open=True)
_NOT_NEGATIVE = Interval(0)
_POSITIVE_INT = Interval(1)

_OBJECTIVES = (
    *("aft_loss_distribution", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson"),
    *("multi:softmax", "multi:softprob", "rank:pairwise", "rank:ndcg", "rank:map", "reg:linear"),
    *("reg:squarederror", "reg:logistic", "reg:gamma", "reg:pseudohubererror", "reg:squaredlogerror"),
    *("reg:absoluteerror", "reg:tweedie", "survival:aft", "survival:cox"),
)

PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        integer("num_round", _POSITIVE_INT, required=True),
        integer("csv_weights", _FLAG),
        integer("early_stopping_rounds", _POSITIVE_INT),
        categorical("booster", "gbtree", "gblinear", "dart"),
        integer("verbosity", Interval(0, 3)),
        integer("nthread", _POSITIVE_INT),
        continuous("eta", _UNIT),
        continuous("gamma", _NOT_NEGATIVE),
        integer("max_depth", _NOT_NEGATIVE),
        continuous("min_child_weight", _NOT_NEGATIVE),
        continuous("max_delta_step", _NOT_NEGATIVE),
        continuous("subsample", _SHARE),
        continuous("colsample_bytree", _SHARE),
        continuous("colsample_bylevel", _SHARE),
        continuous("colsample_bynode", _SHARE),
        continuous("lambda", _NOT_NEGATIVE),
        continuous("alpha", _NOT_NEGATIVE),
        categorical("tree_method", "auto", "exact", "approx", "hist", "gpu_hist"),
        continuous("sketch_eps", Interval(0, 1, low_open=True, high_open=True)),
        continuous("scale_pos_weight", Interval(0, low_open=True)),
        comma_list("updater", [*_TREE_UPDATERS, *_LINEAR_UPDATERS], ("booster", "process_type"), _check_updater),
        categorical("dsplit", "row", "col"),
        integer("refresh_leaf", _FLAG),
        categorical("process_type", "default", "update"),
        categorical("grow_policy", "depthwise", "lossguide"),
        integer("max_leaves", _NOT_NEGATIVE),
        integer("max_bin", _NOT_NEGATIVE),
        categorical("predictor", "auto", "cpu_predictor", "gpu_predictor"),
        tuple_of("monotone_constraints", [-1, 0, 1], ("tree_method",), _check_monotone),
        nested_list("interaction_constraints", _POSITIVE_INT, ("tree_method",), _check_interaction),
        categorical("sample_type", "uniform", "weighted"),
        categorical("normalize_type", "tree", "forest"),
        continuous("rate_drop", _UNIT),
        integer("one_drop", _FLAG),
        continuous("skip_drop", _UNIT),
        continuous("lambda_bias", _UNIT),
        continuous("tweedie_variance_power", Interval(1, 2, low_open=True, high_open=True)),
        categorical("objective", *_OBJECTIVES, after=("num_class",), rule=_check_objective),
        integer("num_class", Interval(2)),
        continuous("base_score", _NOT_NEGATIVE),
        integer("_kfold", Interval(2)),
        integer("_num_cv_round", _POSITIVE_INT),
        categorical("_tuning_objective_metric", *(f"validation:{name}" for name in metric_names.ALL)),
        comma_list("eval_metric", _EvalMetrics(), ("objective",), _check_eval_metric),
        integer("seed", Interval(-(2**31), 2**31 - 1, low_open=True, high_open=True)),
        integer("num_parallel_tree", _POSITIVE_INT),
        categorical("save_model_on_termination", "true", "false"),
        categorical("use_dask_gpu_training", "true", "false"),
        categorical("aft_loss_distribution", "normal", "logistic", "extreme"),
        continuous("aft_loss_distribution_scale", _NOT_NEGATIVE),
        categorical("deterministic_histogram", "true", "false"),
        categorical("sampling_method", "uniform", "gradient_based"),
        integer("prob_buffer_row", Interval(1.0, low_open=True)),
    )
}


def validate(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the hyperparameters as values; raises UserError with the container's text for the first fault."""
    given = {ALIASES.get(name, name): text for name, text in texts.items()}
    for parameter in PARAMETERS.values():
        if parameter.required and parameter.name not in given:
            raise UserError(f"Missing required hyperparameter: {parameter.name}")
    values = {name: _parse(name, text) for name, text in given.items()}
    for name, value in values.items():
        PARAMETERS[name].check_range(value)
    for name in sorted(values, key=_depth):
        parameter = PARAMETERS[name]
        if parameter.rule is not None:
            parameter.rule(values[name], {other: values[other] for other in parameter.after if other in values})
    return values


def _parse(name: str, text: str) -> Any:
    parameter = PARAMETERS.get(name)
    if parameter is None:
        raise UserError(f"Extraneous hyperparameter found: {name}")
    try:
        return parameter.parse(text)
    except ValueError as error:
        raise UserError(f"Hyperparameter {name}: could not parse value", caused_by=error) from error


def _depth(name: str) -> int:
    """Return how many checks must come before this one: 0 for most, so the order of the request is kept."""
    return max((1 + _depth(other) for other in PARAMETERS[name].after), default=0)

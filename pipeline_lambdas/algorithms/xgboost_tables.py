"""Which hyperparameters XGBoost's image takes where it trains on a table, with the code of `pipeline_lambdas/tabular`.

In script mode the container checks no hyperparameter, and has none of the metrics that its built-in algorithm adds:
https://github.com/aws/sagemaker-xgboost-container (algorithm_mode/train_utils.py, metrics/custom_metrics.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_lambdas.algorithms.algorithm import Hyperparameters, Tabular

TABULAR_VERSIONS = ("3.0-5", "3.2-0")
_OF_THE_BUILT_IN = frozenset(
    {
        "accuracy",
        "balanced_accuracy",
        "f1",
        "f1_binary",
        "f1_macro",
        "mse",
        "precision",
        "precision_macro",
        "precision_micro",
        "r2",
        "recall",
        "recall_macro",
        "recall_micro",
    }
)
"""Metrics that XGBoost itself does not have."""
_REFUSED: Mapping[str, str] = {
    "_kfold": "it trains one model",
    "_num_cv_round": "it trains one model",
    "csv_weights": "a table has no column of weights",
    "dsplit": "it trains on one instance",
    "interaction_constraints": "it counts columns of numbers, which are made of the table's",
    "monotone_constraints": "it counts columns of numbers, which are made of the table's",
    "process_type": "there is no earlier model to update",
    "updater": "categories need the trees that tree_method hist makes",
    "use_dask_gpu_training": "it trains on one instance",
}
_TREES = ("auto", "hist", "approx")


def problems(values: Hyperparameters, classes: int) -> list[tuple[str, str]]:
    found = [
        (name, f"found with features; expected none, as {why}") for name, why in _REFUSED.items() if name in values
    ]
    if values.get("save_model_on_termination") == "true":
        found.append(("save_model_on_termination", "found true with features; expected false, as a stop saves nothing"))
    added = [name for name in values.get("eval_metric", "").split(",") if name in _OF_THE_BUILT_IN]
    if added:
        found.append(
            (
                "eval_metric",
                f"found {', '.join(added)} with features; expected metrics of XGBoost itself, such as rmse, logloss, "
                "error, auc, mlogloss, merror. The gates under tests judge accuracy, f1 and the like",
            )
        )
    if values.get("booster") == "gblinear":
        found.append(("booster", "found gblinear with features; expected gbtree, dart, which take categories"))
    if values.get("tree_method", "auto") not in _TREES:
        found.append(("tree_method", f"found {values['tree_method']} with features; expected {', '.join(_TREES)}"))
    if classes and values.get("num_class", str(classes)) != str(classes) and _has_classes(values):
        found.append(("num_class", f"found {values['num_class']}; expected {classes}, one for each of label.classes"))
    return found


def completed(values: Hyperparameters, classes: int) -> dict[str, str]:
    """Add the number of classes where the objective needs it."""
    return {"num_class": str(classes), **values} if classes and _has_classes(values) else dict(values)


def _has_classes(values: Hyperparameters) -> bool:
    return values.get("objective", "").startswith("multi:")


TABLES = Tabular(versions=TABULAR_VERSIONS, problems=problems, completed=completed)

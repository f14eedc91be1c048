"""XGBoost, SageMaker's built-in algorithm: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html.

Names, ranges and dependencies of hyperparameters:
https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html and the container's own checks,
https://github.com/aws/sagemaker-xgboost-container (algorithm_mode/hyperparameter_validation.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline_lambdas.algorithms.algorithm import Algorithm, Hyperparameters, Image, LogPattern, ScriptMode, Target
from pipeline_lambdas.algorithms.answers import CSV, JSON, PredictionForm, probabilities_of
from pipeline_lambdas.algorithms.xgboost_gpus import GPUS
from pipeline_lambdas.algorithms.xgboost_platforms import PLATFORMS
from pipeline_lambdas.algorithms.xgboost_tables import TABLES
from pipeline_lambdas.algorithms.xgboost_tuning import MAXIMIZED, MINIMIZED, TUNABLE
from pipeline_lambdas.config.rules import Rule, as_text, choice, integer, listed, number, switch, text

REGRESSION_OBJECTIVES = (
    "reg:squarederror",
    "reg:linear",
    "reg:logistic",
    "reg:squaredlogerror",
    "reg:pseudohubererror",
    "reg:absoluteerror",
    "reg:gamma",
    "reg:tweedie",
    "count:poisson",
)
BINARY_OBJECTIVES = ("binary:logistic", "binary:logitraw", "binary:hinge")
MULTICLASS_OBJECTIVES = ("multi:softmax", "multi:softprob")
DEFAULT_OBJECTIVE = "reg:squarederror"

_OTHER_OBJECTIVES = (
    "rank:pairwise",
    "rank:ndcg",
    "rank:map",
    "survival:aft",
    "survival:cox",
)
_METRICS = (*MAXIMIZED, *MINIMIZED)
_UPDATERS = (
    "grow_colmaker",
    "distcol",
    "grow_histmaker",
    "grow_skmaker",
    "sync",
    "refresh",
    "prune",
    "shotgun",
    "coord_descent",
)


def _eval_metrics() -> Rule:
    named = choice(*_METRICS)
    cut = text(r"(error|ndcg|map)@[0-9.]+", "")

    def read(value: object) -> object | None:
        return named.read(value) or cut.read(value)

    return listed(Rule(f"{named.allowed}, error@t, ndcg@n, map@n", read))


_SHARE = as_text(number(0, 1, above=True))
_FROM_ZERO = as_text(number(0))
_UNIT = as_text(number(0, 1))
_TRUTH = switch("true", "false")
_BIT = switch("1", "0")

RULES: Mapping[str, Rule] = {
    "num_round": as_text(integer(1)).about("Boosting rounds"),
    "num_class": as_text(integer(2)).about("Number of classes; required for multi:*").optional(),
    "objective": choice(*REGRESSION_OBJECTIVES, *BINARY_OBJECTIVES, *MULTICLASS_OBJECTIVES, *_OTHER_OBJECTIVES)
    .about("What to learn; must fit `problem`")
    .optional(DEFAULT_OBJECTIVE),
    "eval_metric": _eval_metrics().about("Metrics on the validation data").optional("by objective"),
    "booster": choice("gbtree", "gblinear", "dart").optional("gbtree"),
    "eta": _UNIT.about("Step size shrinkage").optional("0.3"),
    "learning_rate": _UNIT.about("Another name of eta").optional(),
    "gamma": _FROM_ZERO.about("Least loss reduction for a split").optional("0"),
    "min_split_loss": _FROM_ZERO.about("Another name of gamma").optional(),
    "max_depth": as_text(integer(0)).about("Depth of a tree; 0 is no limit").optional("6"),
    "min_child_weight": _FROM_ZERO.about("Least weight of a leaf").optional("1"),
    "max_delta_step": _FROM_ZERO.optional("0"),
    "subsample": _SHARE.about("Share of rows per round").optional("1"),
    "colsample_bytree": _SHARE.about("Share of columns per tree").optional("1"),
    "colsample_bylevel": _SHARE.optional("1"),
    "colsample_bynode": _SHARE.optional("1"),
    "lambda": _FROM_ZERO.about("L2 regularisation").optional("1"),
    "reg_lambda": _FROM_ZERO.about("Another name of lambda").optional(),
    "alpha": _FROM_ZERO.about("L1 regularisation").optional("0"),
    "reg_alpha": _FROM_ZERO.about("Another name of alpha").optional(),
    "lambda_bias": _UNIT.optional("0"),
    "tree_method": choice("auto", "exact", "approx", "hist", "gpu_hist").optional("auto"),
    "grow_policy": choice("depthwise", "lossguide").optional("depthwise"),
    "max_leaves": as_text(integer(0)).optional("0"),
    "max_bin": as_text(integer(0)).optional("256"),
    "sketch_eps": as_text(number(0, 1, above=True, below=True)).optional("0.03"),
    "scale_pos_weight": as_text(number(0, above=True)).about("Weight of the positive class").optional("1"),
    "base_score": _FROM_ZERO.optional("0.5"),
    "updater": listed(choice(*_UPDATERS)).optional(),
    "process_type": choice("default", "update").optional("default"),
    "refresh_leaf": _BIT.optional("1"),
    "one_drop": _BIT.optional("0"),
    "csv_weights": _BIT.about("1: column 2 of every CSV file is the row's weight").optional("0"),
    "sample_type": choice("uniform", "weighted").optional("uniform"),
    "normalize_type": choice("tree", "forest").optional("tree"),
    "rate_drop": _UNIT.optional("0"),
    "skip_drop": _UNIT.optional("0"),
    "tweedie_variance_power": as_text(number(1, 2, above=True, below=True)).optional("1.5"),
    "monotone_constraints": text(r"\(\s*-?[01](\s*,\s*-?[01])*\s*,?\s*\)", "a text such as (1,0,-1)")
    .about("Needs tree_method exact or hist")
    .optional(),
    "interaction_constraints": text(r"\[\s*\[[0-9,\s]+\](\s*,\s*\[[0-9,\s]+\])*\s*\]", "a text such as [[1,2],[3,4]]")
    .about("Needs tree_method exact, hist or approx")
    .optional(),
    "early_stopping_rounds": as_text(integer(1))
    .about("Stops after this many rounds in which the last eval_metric has not improved on the validation channel")
    .optional(),
    "seed": as_text(integer(-(2**31) + 1, 2**31 - 2)).optional("0"),
    "num_parallel_tree": as_text(integer(1)).optional("1"),
    "nthread": as_text(integer(1)).optional("all"),
    "verbosity": as_text(integer(0, 3)).optional("1"),
    "predictor": choice("auto", "cpu_predictor", "gpu_predictor").optional("auto"),
    "dsplit": choice("row", "col").optional(),
    "sampling_method": choice("uniform", "gradient_based").optional("uniform"),
    "deterministic_histogram": _TRUTH.optional("true"),
    "prob_buffer_row": as_text(number(1, above=True)).optional(),
    "aft_loss_distribution": choice("normal", "logistic", "extreme").optional("normal"),
    "aft_loss_distribution_scale": _FROM_ZERO.optional("1"),
    "save_model_on_termination": _TRUTH.optional("false"),
    "use_dask_gpu_training": _TRUTH.optional("false"),
    "_kfold": as_text(integer(2))
    .about(
        "Cross-validation: the rows of train and validation are divided into so many parts, a model is trained without "
        "each of them, and the endpoint answers with what the models say together. See [tuning.md](tuning.md)"
    )
    .optional(),
    "_num_cv_round": as_text(integer(1)).about("How often the rows are divided, with _kfold").optional("1"),
}

# Hyperparameters and objectives that came with a version of the container.
SINCE: Mapping[str, tuple[int, ...]] = {
    "_kfold": (1, 5),
    "_num_cv_round": (1, 5),
    "use_dask_gpu_training": (1, 7),
    "reg:absoluteerror": (3, 0),
}
_ALIASES = (
    ("eta", "learning_rate"),
    ("gamma", "min_split_loss"),
    ("lambda", "reg_lambda"),
    ("alpha", "reg_alpha"),
)


def dependency_problems(values: Hyperparameters, *, validation: bool) -> list[tuple[str, str]]:
    objective = values.get("objective", DEFAULT_OBJECTIVE)
    metrics = values.get("eval_metric", "").split(",")
    tree_method = values.get("tree_method", "auto")
    problems = [
        (second, f"found together with {first}, which is the same setting; expected one of them")
        for first, second in _ALIASES
        if first in values and second in values
    ]
    if objective.startswith("multi:") and "num_class" not in values:
        problems.append(("num_class", f"missing; expected an integer from 2, which {objective} needs"))
    problems += _fold_problems(values, validation=validation)
    if "auc" in metrics and not objective.startswith(("binary:", "rank:")):
        problems.append(("eval_metric", f"found auc with {objective}; allowed with binary:* and rank:*"))
    if "aft-nloglik" in metrics and objective != "survival:aft":
        problems.append(("eval_metric", f"found aft-nloglik with {objective}; allowed with survival:aft"))
    if "monotone_constraints" in values and tree_method not in {"exact", "hist"}:
        problems.append(("monotone_constraints", f"found with tree_method {tree_method}; allowed with exact, hist"))
    if "interaction_constraints" in values and tree_method not in {"exact", "hist", "approx"}:
        problems.append(
            ("interaction_constraints", f"found with tree_method {tree_method}; allowed with exact, hist, approx")
        )
    if "early_stopping_rounds" in values and not (validation and values.get("eval_metric")):
        # The container ignores it silently without both.
        problems.append(
            ("early_stopping_rounds", "found without its conditions; allowed with eval_metric and channels.validation")
        )
    return problems


def _fold_problems(values: Hyperparameters, *, validation: bool) -> list[tuple[str, str]]:
    """Return what the container's cross-validation needs, or would ignore."""
    if "_kfold" not in values:
        found = "_num_cv_round" in values
        return [("_num_cv_round", "found without _kfold, which it repeats; allowed with it")] if found else []
    needed = {"objective": "objective" in values, "channels.validation": validation}
    problems = [
        ("_kfold", f"found without {name}; expected it, as the container needs it")
        for name, there in needed.items()
        if not there
    ]
    if values.get("use_dask_gpu_training") == "true":
        # https://github.com/aws/sagemaker-xgboost-container (distributed_gpu/distributed_gpu_training.py)
        problems.append(("_kfold", "found with use_dask_gpu_training, which trains one model; expected one of them"))
    return problems


def classes(values: Hyperparameters) -> int:
    return int(values.get("num_class", "2"))


def prediction_form(values: Hyperparameters) -> PredictionForm:
    """Return the form of an answer in CSV.

    Since 1.2-2 the container writes one line per row, the values of a row joined by commas; 1.2-1 joins everything in
    one line: https://github.com/aws/sagemaker-xgboost-container
    """
    match values.get("objective", DEFAULT_OBJECTIVE):
        case "multi:softprob":
            return PredictionForm(width=classes(values), probability=True)
        case "binary:logistic":
            return PredictionForm(probability=True)
        case "binary:logitraw":
            return PredictionForm(convert=probabilities_of)
        case "binary:hinge" | "multi:softmax":
            return PredictionForm(names_classes=True)
        case _:
            return PredictionForm()


XGBOOST = Algorithm(
    name="xgboost",
    title="XGBoost",
    reference="https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html",
    image=Image(
        repository="sagemaker-xgboost",
        # 0.90 is deprecated and 1.0-1 is no longer listed as supported.
        versions=("1.2-1", "1.2-2", "1.3-1", "1.5-1", "1.7-1", "3.0-5", "3.2-0"),
        registries="xgboost",
    ),
    content_types=("text/csv", "text/libsvm"),
    response_types=(CSV, JSON),
    hyperparameters=RULES,
    target=Target(
        "objective",
        {"regression": REGRESSION_OBJECTIVES, "binary": BINARY_OBJECTIVES, "multiclass": MULTICLASS_OBJECTIVES},
        DEFAULT_OBJECTIVE,
    ),
    dependencies=dependency_problems,
    classes=classes,
    form=prediction_form,
    # A line per round, `[12]<TAB>train-rmse:0.5<TAB>validation-rmse:0.6`; in CloudWatch the tab may read `#011`.
    # The values and their names: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html
    log=LogPattern(
        line=re.compile(r"\[(?P<step>\d{1,9})\](?:\t|#011)(?P<values>\S.*)"),
        value=re.compile(r"(?P<channel>[a-z]+)-(?P<metric>[^:]+):(?P<value>\S+)"),
        separator=re.compile(r"\t|#011"),
    ),
    missing_values=True,
    # SageMaker takes 25 MB, but the container's own MAX_CONTENT_LENGTH is 6 MiB.
    request_limit_bytes=6 * 1024 * 1024,
    distributed=True,
    since=SINCE,
    weighted=lambda values: values.get("csv_weights") == "1",
    tabular=TABLES,
    script=ScriptMode(own_metrics=False, platforms=PLATFORMS),
    # https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
    checkpoints=True,
    gpus=GPUS,
    tunable=TUNABLE,
)

"""Linear Learner, SageMaker's built-in algorithm: https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html.

Hyperparameters: https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html. Where that page does not say
whether a bound itself is allowed, version 2 of AWS's SDK decides: https://github.com/aws/sagemaker-python-sdk,
src/sagemaker/amazon/linear_learner.py
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from pipeline_lambdas.algorithms.algorithm import Algorithm, Gpus, Hyperparameters, Image, LogPattern, Target
from pipeline_lambdas.algorithms.answers import JSON, JSON_LINES, PredictionForm, json_numbers
from pipeline_lambdas.algorithms.tunable import Direction, Tunable, directions
from pipeline_lambdas.config.rules import Rule, as_text, choice, integer, number, switch

_PREDICTORS: Mapping[str, tuple[str, ...]] = {
    "regression": ("regressor",),
    "binary": ("binary_classifier",),
    "multiclass": ("multiclass_classifier",),
}
_LOSSES: Mapping[str, tuple[str, ...]] = {
    "regressor": (
        "auto",
        "squared_loss",
        "absolute_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
        "quantile_loss",
        "huber_loss",
    ),
    "binary_classifier": ("auto", "logistic", "hinge_loss"),
    "multiclass_classifier": ("auto", "softmax_loss"),
}
"""By predictor_type."""
_THRESHOLDS = ("f_beta", "precision_at_target_recall", "recall_at_target_precision")
"""Criteria whose whole point is the threshold that makes a class of a score."""


def _or(word: str, rule: Rule) -> Rule:
    """Allow a word beside the values of a rule."""
    return replace(
        rule, allowed=f"{word}, or {rule.allowed}", read=lambda value: word if value == word else rule.read(value)
    )


def _auto(rule: Rule) -> Rule:
    return _or("auto", rule).optional("auto")


_COUNT = as_text(integer(1))
_ABOVE_ZERO = as_text(number(0, above=True))
_FROM_ZERO = as_text(number(0))
_DECAY = as_text(number(0, 1, below=True))
_INSIDE = as_text(number(0, 1, above=True, below=True))
_TRUTH = switch("true", "false")
_AUTO_TRUTH = replace(_or("auto", _TRUTH), allowed="auto, false, true")

RULES: Mapping[str, Rule] = {
    "predictor_type": choice(*(name for names in _PREDICTORS.values() for name in names)).about(
        "What to learn; must fit `problem`"
    ),
    "num_classes": as_text(integer(3, 1_000_000))
    .about("Number of classes; required for multiclass_classifier")
    .optional(),
    "feature_dim": _auto(_COUNT).about("Number of features").optional("auto"),
    "epochs": _COUNT.about("Passes over the training data, at most").optional("15"),
    "loss": choice(*dict.fromkeys(name for names in _LOSSES.values() for name in names))
    .about("The loss to minimise; must fit predictor_type. With hinge_loss a model predicts classes and no probability")
    .optional("auto"),
    "binary_classifier_model_selection_criteria": choice("accuracy", *_THRESHOLDS, "loss_function")
    .about(
        f"How the best model and its threshold are chosen. With {', '.join(_THRESHOLDS)} the predicted classes are "
        "judged; with the others the probabilities, whose class changes at 0.5"
    )
    .optional("accuracy"),
    "target_precision": _INSIDE.about("Of recall_at_target_precision").optional("0.8"),
    "target_recall": _INSIDE.about("Of precision_at_target_recall").optional("0.8"),
    "positive_example_weight_mult": _or("auto", _or("balanced", _ABOVE_ZERO))
    .about("Weight of the positive class")
    .optional("1.0"),
    "balance_multiclass_weights": _TRUTH.about("Gives each class the same weight").optional("false"),
    "accuracy_top_k": _COUNT.about("The k of the top-k accuracy in the log").optional("3"),
    "f_beta": _ABOVE_ZERO.about("The beta of the F score in the log and of the criterion f_beta").optional("1.0"),
    "optimizer": choice("auto", "sgd", "adam", "rmsprop").optional("auto"),
    "learning_rate": _auto(_ABOVE_ZERO).about("Step size"),
    "mini_batch_size": _COUNT.about("Rows per step").optional("1000"),
    "l1": _auto(_FROM_ZERO).about("L1 regularisation"),
    "wd": _auto(_FROM_ZERO).about("Weight decay, the L2 regularisation"),
    "momentum": _auto(_DECAY).about("Of the optimizer sgd"),
    "beta_1": _auto(_DECAY).about("Of the optimizer adam"),
    "beta_2": _auto(_DECAY).about("Of the optimizer adam"),
    "use_bias": _TRUTH.about("Whether there is an intercept").optional("true"),
    "bias_lr_mult": _auto(_ABOVE_ZERO).about("Learning rate of the intercept, as a multiple"),
    "bias_wd_mult": _auto(_FROM_ZERO).about("Weight decay of the intercept, as a multiple"),
    "use_lr_scheduler": _TRUTH.optional("true"),
    "lr_scheduler_step": _auto(_COUNT).about("Steps after which the learning rate falls"),
    "lr_scheduler_factor": _auto(_INSIDE),
    "lr_scheduler_minimum_lr": _auto(_ABOVE_ZERO),
    "normalize_data": _AUTO_TRUTH.about("Scales the features").optional("true"),
    "normalize_label": _AUTO_TRUTH.about("Scales the label of a regressor").optional("auto"),
    "unbias_data": _AUTO_TRUTH.about("Moves the mean of the features to 0").optional("auto"),
    "unbias_label": _AUTO_TRUTH.about("Moves the mean of a regressor's label to 0").optional("auto"),
    "num_point_for_scaler": _COUNT.about("Rows to compute the scaling from").optional("10000"),
    "num_models": _auto(_COUNT).about("Models trained in parallel; the best is kept"),
    "num_calibration_samples": _auto(_COUNT).about("Validation rows used to find the threshold"),
    "early_stopping_patience": _COUNT.about("Epochs without improvement after which training ends").optional("3"),
    "early_stopping_tolerance": _ABOVE_ZERO.about("Relative improvement that counts as none").optional("0.001"),
    "init_method": choice("uniform", "normal").optional("uniform"),
    "init_scale": _ABOVE_ZERO.optional("0.07"),
    "init_sigma": _ABOVE_ZERO.optional("0.01"),
    "init_bias": as_text(number()).optional("0"),
    "margin": _ABOVE_ZERO.about("Of hinge_loss").optional("1.0"),
    "quantile": _INSIDE.about("Of quantile_loss").optional("0.5"),
    "loss_insensitivity": _ABOVE_ZERO.about("Of the eps_insensitive losses").optional("0.01"),
    "huber_delta": _ABOVE_ZERO.about("Of huber_loss").optional("1.0"),
}


def dependency_problems(values: Hyperparameters, *, validation: bool) -> list[tuple[str, str]]:
    del validation
    predictor, loss = values.get("predictor_type"), values.get("loss", "auto")
    problems = []
    if predictor == "multiclass_classifier" and "num_classes" not in values:
        allowed = RULES["num_classes"].allowed
        problems.append(("num_classes", f"missing; expected {allowed}, which {predictor} needs"))
    if predictor and loss not in _LOSSES[predictor]:
        problems.append(("loss", f"found {loss} with {predictor}; expected {', '.join(_LOSSES[predictor])}"))
    return problems


def classes(values: Hyperparameters) -> int:
    # What else than a multiclass_classifier is given num_classes ignores it.
    return int(values.get("num_classes", "2")) if values.get("predictor_type") == "multiclass_classifier" else 2


def prediction_form(values: Hyperparameters) -> PredictionForm:
    """Return the form of an answer in JSON: a score, and for classes the predicted label.

    https://docs.aws.amazon.com/sagemaker/latest/dg/LL-in-formats.html. The meaning of a score depends on the loss:
    https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html#ll-input_output. The container does not answer
    in CSV.
    """
    predictor = values.get("predictor_type")
    if predictor == "multiclass_classifier":
        return PredictionForm(width=classes(values), probability=True, accept=JSON, read=json_numbers("score"))
    if predictor != "binary_classifier":
        return PredictionForm(accept=JSON, read=json_numbers("score"))
    criteria = values.get("binary_classifier_model_selection_criteria")
    if criteria in _THRESHOLDS or values.get("loss") == "hinge_loss":
        return PredictionForm(names_classes=True, accept=JSON, read=json_numbers("predicted_label"))
    return PredictionForm(probability=True, accept=JSON, read=json_numbers("score"))


_BINARY_SCORES = ("binary_classification_accuracy", "binary_f_beta", "precision", "recall", "roc_auc_score")
_CLASS_SCORES = (
    "multiclass_accuracy",
    "multiclass_top_k_accuracy",
    "dcg",
    "macro_f_beta",
    "macro_precision",
    "macro_recall",
)


def tuning_metrics(values: Mapping[str, str]) -> dict[str, Direction]:
    """Return the metrics that a tuning job may aim at: https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html."""
    match values.get("predictor_type"):
        case "binary_classifier":
            return directions(maximized=_BINARY_SCORES, minimized=("objective_loss",))
        case "multiclass_classifier":
            return directions(maximized=_CLASS_SCORES, minimized=("objective_loss",))
        case _:
            return directions(minimized=("objective_loss", "mse", "absolute_loss"))


LINEAR_LEARNER = Algorithm(
    name="linear-learner",
    title="Linear Learner",
    reference="https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html",
    # https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
    image=Image(repository="linear-learner", versions=("1",), registries="linear-learner"),
    content_types=("text/csv",),
    response_types=(JSON, JSON_LINES),
    hyperparameters=RULES,
    target=Target("predictor_type", _PREDICTORS),
    dependencies=dependency_problems,
    classes=classes,
    form=prediction_form,
    # `#quality_metric: host=algo-1, epoch=0, train mse_objective <loss>=0.97`, a line for each channel. The names:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html
    log=LogPattern(
        line=re.compile(r"#quality_metric: host=\S+, epoch=(?P<step>\d{1,9}), (?P<values>\S.*)"),
        value=re.compile(r"(?P<channel>train|validation) (?P<metric>\S+) <(?:loss|score)>=(?P<value>\S+)"),
        separator=re.compile(r", "),
    ),
    missing_values=False,
    # AWS documents no limit of the container; this is what SageMaker itself took before it took 25 MB.
    request_limit_bytes=6 * 1024 * 1024,
    distributed=True,
    # https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html, "EC2 instance recommendation"
    gpus=Gpus(lambda _version: ("p2", "p3", "g4dn", "g5")),
    tunable=Tunable(
        reference="https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html",
        types={
            "l1": "continuous",
            "learning_rate": "continuous",
            "mini_batch_size": "integer",
            "positive_example_weight_mult": "continuous",
            "use_bias": "categorical",
            "wd": "continuous",
        },
        metrics=tuning_metrics,
    ),
)

"""Losses and scores of a model on the rows of a channel, under their names in the log.

https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html. The names of objectives are known from logs
for the losses that `auto` means; the names for other losses follow the same form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from local_aws.sagemaker.containers.linear_learner.hyperparameters import MULTICLASS, REGRESSOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from local_aws.sagemaker.containers.linear_learner.data import Rows
    from local_aws.sagemaker.containers.linear_learner.hyperparameters import Settings
    from local_aws.sagemaker.containers.linear_learner.model import LinearModel

    Numbers = NDArray[np.float64]

_LEAST = 1e-12
_OBJECTIVES = {
    "squared_loss": "mse_objective",
    "logistic": "binary_classification_cross_entropy_objective",
    "softmax_loss": "multiclass_cross_entropy_objective",
}


def objective_name(settings: Settings) -> str:
    return _OBJECTIVES.get(settings.loss, f"{settings.loss}_objective")


def objective(settings: Settings, model: LinearModel, rows: Rows) -> float:
    """Return the mean of the loss that training minimises."""
    return float(_losses(settings, rows.labels, model.scores(rows.features)).mean())


def _losses(settings: Settings, labels: Numbers, scores: Numbers) -> Numbers:
    if settings.predictor == REGRESSOR:
        return _of_distances(settings, np.abs(labels - scores))
    if settings.loss == "hinge_loss":
        return np.maximum(settings.number("margin") - np.where(labels > 0, scores, -scores), 0.0)
    if settings.predictor == MULTICLASS:
        likely = scores[np.arange(len(labels)), labels.astype(np.int64)]
    else:
        likely = np.where(labels > 0, scores, 1.0 - scores)
    return np.asarray(-np.log(np.maximum(likely, _LEAST)))


def _of_distances(settings: Settings, distances: Numbers) -> Numbers:
    beyond = np.maximum(distances - settings.number("loss_insensitivity"), 0.0)
    match settings.loss:
        case "squared_loss":
            return np.square(distances)
        case "huber_loss":
            delta = settings.number("huber_delta")
            return np.where(distances <= delta, 0.5 * np.square(distances), delta * (distances - 0.5 * delta))
        case "eps_insensitive_absolute_loss":
            return beyond
        case "eps_insensitive_squared_loss":
            return np.square(beyond)
        case _:
            return distances


def scores_of(settings: Settings, model: LinearModel, rows: Rows) -> list[tuple[str, str, float]]:
    """Return the metrics of a finished model as (name, loss or score, value)."""
    scores = model.scores(rows.features)
    found = [(objective_name(settings), "loss", objective(settings, model, rows))]
    if settings.predictor == REGRESSOR:
        distance = rows.labels - scores
        return [
            *found,
            ("mse", "loss", float(np.square(distance).mean())),
            ("absolute_loss", "loss", float(np.abs(distance).mean())),
        ]
    labels, predicted = rows.labels.astype(np.int64), model.labels(scores)
    if settings.predictor == MULTICLASS:
        return [*found, *_of_classes(settings, labels, scores, predicted)]
    precision, recall, f_beta = precision_recall_f(labels, predicted, 1, settings.number("f_beta"))
    return [
        *found,
        ("binary_classification_accuracy", "score", float((labels == predicted).mean())),
        (f"binary_f_{settings.number('f_beta'):.3f}", "score", f_beta),
        ("precision", "score", precision),
        ("recall", "score", recall),
        ("roc_auc_score", "score", area_under_curve(labels, scores)),
    ]


def _of_classes(
    settings: Settings, labels: NDArray[np.int64], scores: Numbers, predicted: NDArray[np.int64]
) -> list[tuple[str, str, float]]:
    # The number of classes ranked before the right one.
    own = scores[np.arange(len(labels)), labels]
    rank = (scores > own[:, None]).sum(axis=1)
    top, beta = settings.integer("accuracy_top_k"), settings.number("f_beta")
    of_each = [precision_recall_f(labels, predicted, one, beta) for one in range(settings.classes)]
    precision, recall, f_beta = (float(np.mean(values)) for values in zip(*of_each, strict=True))
    return [
        ("multiclass_accuracy", "score", float((labels == predicted).mean())),
        (f"multiclass_top_k_accuracy_{top}", "score", float((rank < top).mean())),
        ("dcg", "score", float((1.0 / np.log2(rank + 2.0)).mean())),
        ("macro_recall", "score", recall),
        ("macro_precision", "score", precision),
        (f"macro_f_{beta:.3f}", "score", f_beta),
    ]


def precision_recall_f(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], one: int, beta: float
) -> tuple[float, float, float]:
    """Return precision, recall and the F score of a class; 0 where there are no rows."""
    right = float(((labels == one) & (predicted == one)).sum())
    precision = right / max(float((predicted == one).sum()), 1.0)
    recall = right / max(float((labels == one).sum()), 1.0)
    below = beta * beta * precision + recall
    return precision, recall, (1 + beta * beta) * precision * recall / below if below else 0.0


def area_under_curve(labels: NDArray[np.int64], scores: Numbers) -> float:
    """Return the area under the ROC curve; 0.5 if a class has no rows."""
    values, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    del values
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[places]
    positives = int((labels == 1).sum())
    pairs = positives * (len(labels) - positives)
    if not pairs:
        return 0.5
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2.0) / pairs)

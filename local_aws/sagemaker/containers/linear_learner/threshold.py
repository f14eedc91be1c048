"""The score from which a row is of class 1, chosen by binary_classifier_model_selection_criteria.

https://docs.aws.amazon.com/sagemaker/latest/dg/ll_how-it-works.html: a sample of the validation data decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from local_aws.sagemaker.containers.linear_learner.hyperparameters import Settings

    Numbers = NDArray[np.float64]


def best_threshold(settings: Settings, labels: Numbers, scores: Numbers, middle: float) -> float:
    """Return the threshold between scores that is best by the criteria; `middle` is the default of the loss."""
    criteria = settings.texts["binary_classifier_model_selection_criteria"]
    if criteria == "loss_function" or not len(labels):
        return middle
    order = np.argsort(-scores, kind="stable")
    ordered, positive = scores[order], labels[order] > 0
    # The counts if all rows up to each position are taken as class 1.
    right = np.concatenate([[0.0], np.cumsum(positive)])
    taken = np.arange(len(ordered) + 1, dtype=np.float64)
    # A threshold cannot separate equal scores.
    apart = np.concatenate([[True], ordered[:-1] != ordered[1:], [True]])
    worth = np.where(apart, _worth(settings, criteria, right, taken), -np.inf)
    place = int(np.argmax(worth))
    if worth[place] <= worth[int((scores >= middle).sum())]:
        return middle
    if place == 0:
        return float(np.nextafter(ordered[0], np.inf))
    return float(ordered[place - 1] if place == len(ordered) else (ordered[place - 1] + ordered[place]) / 2.0)


def _worth(settings: Settings, criteria: str, right: Numbers, taken: Numbers) -> Numbers:
    positives, rows = right[-1], taken[-1]
    precision = right / np.maximum(taken, 1.0)
    recall = right / max(positives, 1.0)
    match criteria:
        case "f_beta":
            square = settings.number("f_beta") ** 2
            return np.asarray((1 + square) * precision * recall / np.maximum(square * precision + recall, 1e-12))
        case "precision_at_target_recall":
            return np.where(recall >= settings.number("target_recall"), precision, recall - 1.0)
        case "recall_at_target_precision":
            return np.where(precision >= settings.number("target_precision"), recall, precision - 1.0)
        case _:
            return np.asarray((right + (rows - positives) - (taken - right)) / rows)

r"""Cross-validation in the XGBoost container (`_kfold`, `_num_cv_round`): which rows each model sees, and what is told.

https://github.com/aws/sagemaker-xgboost-container (algorithm_mode/train.py, prediction_utils.py). Rows of both channels
are divided. Each model is measured on both channels as they are, rows of its own among them; what the models predict
for the rows that they have not seen is in predictions.csv. AWS divides by chance, here the hyperparameter `seed` does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost as xgb
from scipy.sparse import vstack

from local_aws.sagemaker.containers.toolkit.exceptions import AlgorithmError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from local_aws.sagemaker.containers.xgboost.callbacks import EvaluationLog

    Rows = NDArray[np.int64]

PREDICTIONS = "predictions.csv"


def joined(matrices: Mapping[str, xgb.DMatrix]) -> xgb.DMatrix:
    """Return the rows of both channels, with labels and weights. AlgorithmError without a validation channel."""
    if "validation" not in matrices:
        raise AlgorithmError("XGB train call failed with exception:\n 'validation': _kfold needs this channel")
    parts = [matrices[name] for name in ("train", "validation")]
    data = [matrix.get_data() for matrix in parts]
    width = max(matrix.num_col() for matrix in parts)
    for rows in data:
        rows.resize(rows.shape[0], width)
    whole = xgb.DMatrix(vstack(data, format="csr"), label=np.concatenate([matrix.get_label() for matrix in parts]))
    weights = [matrix.get_weight() for matrix in parts]
    if all(weight.size for weight in weights):
        whole.set_weight(np.concatenate(weights))
    return whole


def is_classification(values: Mapping[str, Any]) -> bool:
    """Tell whether folds get the same share of each class. AlgorithmError without an objective, as in the container."""
    if "objective" not in values and "num_class" not in values:
        raise AlgorithmError(
            "XGB train call failed with exception:\n 'NoneType' object has no attribute 'startswith': _kfold needs "
            "the hyperparameter objective"
        )
    return bool(values.get("num_class")) or values["objective"].startswith("binary:")


def split(values: Mapping[str, Any], labels: NDArray[np.float32]) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows that a model trains on and those that it does not see, `_kfold` times each round."""
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold  # noqa: PLC0415 - heavy, and only here

    kind = RepeatedStratifiedKFold if is_classification(values) else RepeatedKFold
    folds = kind(
        n_splits=values["_kfold"], n_repeats=values.get("_num_cv_round", 1), random_state=values.get("seed", 0)
    )
    yield from folds.split(np.zeros((len(labels), 1)), labels)


def tell(num_round: int, results: Sequence[EvaluationLog]) -> None:
    """Print the averages of several models' last values, in the form of a round."""
    words = [f"[{num_round}]"]
    for metric in results[0]["train"]:
        for channel in ("train", "validation"):
            last = [np.ravel(result[channel][metric][-1])[0] for result in results]
            words.append(f"{channel}-{metric}:{np.mean(last):.5f}")
    sys.stdout.write("\t".join(words) + "\n")
    sys.stdout.flush()


class Predictions:
    """What the models predict for the rows that they have not seen, a column a round."""

    def __init__(self, labels: NDArray[np.float32], rounds: int, *, classes: bool) -> None:
        self._labels, self._classes = labels, classes
        self._values = np.zeros((len(labels), rounds))
        self._named = np.zeros((len(labels), rounds))
        self._next = np.zeros(len(labels), dtype=np.int64)

    def record(self, rows: Rows, predicted: NDArray[np.float32]) -> None:
        """Add one model's predictions, shape (rows,) or (rows, classes)."""
        places = self._next[rows]
        if predicted.ndim > 1:
            named = predicted.argmax(axis=1)
            values = predicted[np.arange(len(named)), named]
        else:
            named, values = (predicted > 0.5).astype(np.int64), predicted
        self._values[rows, places], self._named[rows, places] = values, named
        self._next[rows] += 1

    def save(self, folder: Path) -> None:
        """Write predictions.csv: the label, of classes the mean probability, and the prediction."""
        columns = [self._labels, self._values.mean(axis=1)]
        if self._classes:
            columns.append(np.apply_along_axis(_most_frequent, 1, self._named))
        folder.mkdir(parents=True, exist_ok=True)
        np.savetxt(folder / PREDICTIONS, np.column_stack(columns), delimiter=",", fmt="%f")


def _most_frequent(votes: NDArray[np.float64]) -> float:
    values, counts = np.unique(votes, return_counts=True)
    return float(values[counts.argmax()])

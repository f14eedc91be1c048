"""A linear model, which training writes and serving reads.

The file in model.tar.gz is JSON, which only this stand-in reads; AWS's file contains parameters of MXNet.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from local_aws.sagemaker.containers.linear_learner.hyperparameters import BINARY, MULTICLASS
from local_aws.sagemaker.containers.toolkit.model_service import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MODEL_NAME = "model_algo-1"


@dataclass(frozen=True)
class LinearModel:
    """`weights` has one row per output: a single one, or one for each class.

    With `probability`, a score is the probability of a class; rows with a score of at least `threshold` are of class 1.
    """

    predictor: str
    probability: bool
    weights: list[list[float]]
    bias: list[float]
    threshold: float = 0.5

    @property
    def features(self) -> int:
        return len(self.weights[0])

    def scores(self, features: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return a number per row, or per row the probabilities of the classes."""
        margins = features.astype(np.float64) @ np.array(self.weights).T + np.array(self.bias)
        if self.predictor == MULTICLASS:
            powers = np.exp(margins - margins.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        margins = margins[:, 0]
        if self.predictor == BINARY and self.probability:
            return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margins, -500.0, 500.0))))
        return np.asarray(margins)

    def labels(self, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the class of each row of scores of a classifier."""
        if self.predictor == MULTICLASS:
            return np.asarray(scores.argmax(axis=1))
        return np.asarray((scores >= self.threshold).astype(np.int64))

    def save(self, model_dir: Path) -> None:
        model_dir.mkdir(parents=True, exist_ok=True)
        (model_dir / MODEL_NAME).write_text(json.dumps(asdict(self)), encoding="utf-8")


def load(model_dir: Path) -> LinearModel:
    """Return the model in a directory. Raises ModelError."""
    path = model_dir / MODEL_NAME
    try:
        return LinearModel(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ModelError(f"No model file in {model_dir}: expected {MODEL_NAME} at the root of model.tar.gz") from None
    except (ValueError, TypeError) as error:
        raise ModelError(f"Model at {path} was not trained by local AWS: {error}") from None

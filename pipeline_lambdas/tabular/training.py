"""Trains XGBoost by the hyperparameters of a training job, with log lines like those of the built-in algorithm.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray
from scipy.sparse import vstack

from pipeline_lambdas.tabular.errors import TableError
from pipeline_lambdas.tabular.specification import Specification
from pipeline_lambdas.tabular.treatment import Matrix, Treatment

EvaluationLog = dict[str, dict[str, list[float] | list[tuple[float, float]]]]
"""Channel to metric to its values, a value a round."""
TRAIN, VALIDATION = "train", "validation"
_OBJECTIVES = {"regression": "reg:squarederror", "binary": "binary:logistic", "multiclass": "multi:softprob"}
_NOT_XGBOOSTS = ("csv_weights", "save_model_on_termination", "use_dask_gpu_training")
"""Hyperparameters of the built-in algorithm that XGBoost does not know."""


@dataclass(frozen=True)
class Hyperparameters:
    """What XGBoost is called with; `early_stopping` is the rounds without improvement after which it ends, or None."""

    rounds: int
    early_stopping: int | None
    metrics: tuple[str, ...]
    booster: dict[str, Any]

    @property
    def max_bin(self) -> int | None:
        """Return how many bins a column of numbers gets, None for XGBoost's own default."""
        return int(self.booster["max_bin"]) if "max_bin" in self.booster else None


def parse_arguments(arguments: Sequence[str], specification: Specification) -> Hyperparameters:
    """Read `--name value` pairs, as SageMaker's toolkit passes hyperparameters on; TableError names a wrong one."""
    names = [name.lstrip("-") for name in arguments[::2]]
    if len(arguments) % 2 or not all(name.startswith("-") for name in arguments[::2]):
        raise TableError(f"arguments: found {' '.join(arguments)}; expected pairs of --name value")
    values: dict[str, Any] = dict(zip(names, arguments[1::2], strict=True))
    # What belongs to SageMaker begins with an underscore, such as _tuning_objective_metric.
    values = {name: value for name, value in values.items() if not name.startswith("_") and name not in _NOT_XGBOOSTS}
    rounds = _integer(values, "num_round")
    if rounds is None:
        raise TableError("num_round: missing; expected an integer from 1")
    early_stopping = _integer(values, "early_stopping_rounds")
    metrics = tuple(filter(None, str(values.pop("eval_metric", "")).split(",")))
    values.setdefault("objective", _OBJECTIVES[specification.problem])
    if values["objective"].startswith("multi:"):
        values["num_class"] = len(specification.classes)
    return Hyperparameters(rounds, early_stopping, metrics, values)


def _integer(values: dict[str, Any], name: str) -> int | None:
    text = str(values.pop(name, ""))
    if text and not (text.isascii() and text.isdecimal() and int(text)):
        raise TableError(f"{name}: found {text}; expected an integer from 1")
    return int(text) if text else None


def matrix_of(
    treatment: Treatment,
    parts: Iterable[tuple[Matrix, NDArray[np.float32]]],
    hyperparameters: Hyperparameters,
    reference: xgb.DMatrix | None = None,
) -> xgb.DMatrix:
    """Return encoded blocks and their labels as XGBoost holds them; `reference` is the matrix of the training rows.

    Where the method allows it, that is the place of each value among some 256 bounds, an eighth of the memory.
    """
    blocks, labels = zip(*parts, strict=True)
    rows = np.concatenate(blocks) if isinstance(blocks[0], np.ndarray) else vstack(blocks, "csr")
    description: dict[str, Any] = {
        "label": np.concatenate(labels),
        "feature_names": treatment.names,
        "feature_types": treatment.kinds,
        "enable_categorical": True,
    }
    if hyperparameters.booster.get("tree_method", "auto") not in ("auto", "hist"):
        return xgb.DMatrix(rows, **description)
    return xgb.QuantileDMatrix(rows, ref=reference, max_bin=hyperparameters.max_bin, **description)


def _print_round(epoch: int, evaluated: EvaluationLog) -> None:
    """Print `[<round>]<TAB>train-<metric>:<value><TAB>validation-<metric>:<value>`, as the built-in algorithm does."""
    words = [f"[{epoch}]"]
    for channel, metrics in evaluated.items():
        words += [f"{channel}-{metric}:{values[-1]:.5f}" for metric, values in metrics.items()]
    sys.stdout.write("\t".join(words) + "\n")
    sys.stdout.flush()


class Rounds(xgb.callback.TrainingCallback):
    """Prints the line of each round."""

    def after_iteration(self, model: Any, epoch: int, evals_log: EvaluationLog) -> bool:
        """Return False, as training goes on."""
        del model
        _print_round(epoch, evals_log)
        return False


class RoundsToTheBest(xgb.callback.EarlyStopping):
    """Prints the line of each round and ends the training.

    It is one callback: XGBoost 3.0 calls several in any order, and none after the one that ends the training.
    """

    def after_iteration(self, model: Any, epoch: int, evals_log: EvaluationLog) -> bool:
        """Return whether training ends."""
        _print_round(epoch, evals_log)
        return super().after_iteration(model, epoch, evals_log)


def boost(hyperparameters: Hyperparameters, train: xgb.DMatrix, validation: xgb.DMatrix | None) -> xgb.Booster:
    """Run the rounds; after early stopping the model is that of the best round. TableError has XGBoost's reason."""
    watched = [(train, TRAIN), *([(validation, VALIDATION)] if validation is not None else [])]
    callback: xgb.callback.TrainingCallback = Rounds()
    if hyperparameters.early_stopping and hyperparameters.metrics and validation is not None:
        # The last metric decides, as in the built-in algorithm.
        callback = RoundsToTheBest(
            rounds=hyperparameters.early_stopping,
            metric_name=hyperparameters.metrics[-1],
            data_name=VALIDATION,
            save_best=True,
        )
    parameters = dict(hyperparameters.booster)
    if hyperparameters.metrics:
        parameters["eval_metric"] = list(hyperparameters.metrics)
    try:
        return xgb.train(
            parameters, train, hyperparameters.rounds, evals=watched, callbacks=[callback], verbose_eval=False
        )
    except xgb.core.XGBoostError as error:
        raise TableError(f"XGBoost: {str(error).partition('Stack trace:')[0].strip()}") from None

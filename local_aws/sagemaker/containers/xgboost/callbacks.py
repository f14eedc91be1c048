"""Callbacks after each round: the log line, the checkpoint, the current model for a stopped job."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import xgboost as xgb

from local_aws.sagemaker.containers.toolkit import log

if TYPE_CHECKING:
    from pathlib import Path

EvaluationLog = dict[str, dict[str, list[float] | list[tuple[float, float]]]]

MODEL_NAME = "xgboost-model"
_CHECKPOINT = "xgboost-checkpoint"
_CHECKPOINTS_KEPT = 5


class RoundLine(xgb.callback.TrainingCallback):
    """Prints `[<round>]<TAB>train-<metric>:<value><TAB>validation-<metric>:<value>` with 5 decimals."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self._start = start

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: EvaluationLog) -> bool:
        del model
        words = [f"[{self._start + epoch}]"]
        for channel, metrics in evals_log.items():
            words += [f"{channel}-{metric}:{values[-1]:.5f}" for metric, values in metrics.items()]
        sys.stdout.write("\t".join(words) + "\n")
        sys.stdout.flush()
        return False


class SaveEachRound(xgb.callback.TrainingCallback):
    """Keeps the model of the last finished round where the model will be (save_model_on_termination)."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: EvaluationLog) -> bool:
        del epoch, evals_log
        save(model, self._path)
        return False


class Checkpoint(xgb.callback.TrainingCallback):
    """Writes `xgboost-checkpoint.<round>` after each round and keeps the newest five of this run."""

    def __init__(self, directory: Path, start: int) -> None:
        super().__init__()
        self._directory = directory
        self._start = start

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: EvaluationLog) -> bool:
        del evals_log
        save(model, self._directory / f"{_CHECKPOINT}.{self._start + epoch}")
        if epoch >= _CHECKPOINTS_KEPT:
            old = self._directory / f"{_CHECKPOINT}.{self._start + epoch - _CHECKPOINTS_KEPT}"
            old.unlink(missing_ok=True)
        return False


def save(model: xgb.Booster, path: Path) -> None:
    """Write a model as UBJSON, atomically: neither a reader nor a kill leaves half of it."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(model.save_raw("ubj"))
    part.replace(path)


def last_checkpoint(directory: Path) -> tuple[xgb.Booster | None, int]:
    """Return the model of the highest readable checkpoint and the number of the next round; (None, 0) if none."""
    found = [
        (int(match[1]), path)
        for path in (directory.iterdir() if directory.is_dir() else ())
        if (match := re.fullmatch(rf"{_CHECKPOINT}\.([0-9]+)", path.name))
    ]
    for number, path in sorted(found, reverse=True):
        booster = xgb.Booster()
        try:
            booster.load_model(bytearray(path.read_bytes()))
        except xgb.core.XGBoostError:
            log.warning(f"Checkpoint {path.name} cannot be read, trying the one before")
            continue
        log.info(f"Checkpoint loaded from {path.name}")
        log.info(f"Resuming from iteration {number + 1}")
        return booster, number + 1
    return None, 0

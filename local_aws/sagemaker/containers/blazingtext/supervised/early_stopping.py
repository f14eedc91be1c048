"""Ends training when the accuracy on the validation channel no longer improves.

https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext_hyperparameters.html: early_stopping, patience, min_epochs.
"""

from __future__ import annotations

from local_aws.sagemaker.containers.blazingtext.supervised.fitting import Weights
from local_aws.sagemaker.containers.toolkit import algorithm_log
from local_aws.sagemaker.containers.toolkit.threads import processors


class EarlyStopping:
    """Judges epochs from `min_epochs` on; `best` has the weights of the best one so far."""

    def __init__(self, min_epochs: int, patience: int) -> None:
        self.best: Weights | None = None
        self._first, self._patience = min_epochs, patience
        self._accuracy, self._epoch, self._stale = -1.0, 0, 0

    def begins(self, epoch: int) -> bool:
        """Return whether an epoch, counted from 1, is to be judged."""
        return epoch >= self._first

    @property
    def ended(self) -> bool:
        return self._stale >= self._patience

    def judge(self, epoch: int, weights: Weights, accuracy: float) -> None:
        """Take the accuracy after an epoch; weights that improve it are copied."""
        algorithm_log.plain(f"Using {processors()} threads for prediction!")
        algorithm_log.plain(f"Validation accuracy: {accuracy:.6f}")
        if accuracy > self._accuracy:
            algorithm_log.plain("Validation accuracy improved! Storing best weights...")
            self._accuracy, self._epoch, self._stale, self.best = accuracy, epoch, 0, weights.copy()
            return
        self._stale += 1
        algorithm_log.plain(f"Validation accuracy has not improved for last {self._stale} epochs.")
        if self.ended:
            algorithm_log.plain(f"Reached patience. Terminating training. Best epoch: {self._epoch}")

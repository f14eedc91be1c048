"""The training job of Linear Learner, on one host.

https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html. Log lines, names of metrics and the first lines'
settings are those of jobs on AWS. Not emulated, each refused with a message of its own: several hosts, RecordIO data,
quantile_loss. What is trained otherwise than on AWS stands in docs/local-aws.md.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.linear_learner import data, fitting, hyperparameters, log, metrics
from local_aws.sagemaker.containers.linear_learner.hyperparameters import BINARY
from local_aws.sagemaker.containers.linear_learner.threshold import best_threshold
from local_aws.sagemaker.containers.toolkit import algorithm_log
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError, NotEmulatedError, exit_code

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.linear_learner.data import Rows
    from local_aws.sagemaker.containers.linear_learner.hyperparameters import Settings
    from local_aws.sagemaker.containers.linear_learner.model import LinearModel


def train(ml: Ml) -> int:
    """Train by /opt/ml/input and leave the model in /opt/ml/model; return the exit code.

    A failure is logged, written to /opt/ml/output/failure, and returned as 2 if it is the customer's, else as 1.
    """
    return exit_code(ml, _train)


def _train(ml: Ml) -> None:
    given = ml.hyperparameters()
    algorithm_log.info(
        f"Merging with provided configuration from /opt/ml/input/config/hyperparameters.json: {json.dumps(given)}"
    )
    settings = hyperparameters.validate(given)
    algorithm_log.info(f"Final configuration: {json.dumps(dict(settings.texts))}")
    hosts = ml.resource_config().get("hosts", [])
    if len(hosts) > 1:
        raise NotEmulatedError(f"InstanceCount is {len(hosts)}: training locally runs on one host, set it to 1")
    note = ml.gpu_note()
    if note:
        algorithm_log.info(note)
    rows = data.load(ml, settings)
    model = _calibrated(settings, _best(settings, rows), rows.get("validation", rows["train"]))
    for channel, found in rows.items():
        scores = metrics.scores_of(settings, model, found)
        for name, _, value in scores:
            algorithm_log.info(f"#{channel}_score (algo-1) : ({name!r}, {value!r})")
        for name, measure, value in scores:
            log.quality(f"{channel} {name}", measure, value)
    if "test" not in rows:
        algorithm_log.info("Test data is not provided.")
    model.save(ml.model_dir)


def _best(settings: Settings, rows: dict[str, Rows]) -> LinearModel:
    """Train epoch by epoch until the loss no longer improves, and return the best model."""
    limit, patience = settings.integer("epochs"), settings.integer("early_stopping_patience")
    name, judged = metrics.objective_name(settings), "validation" if "validation" in rows else "train"
    best: tuple[float, LinearModel] | None = None
    stale, started = 0, time.monotonic()
    for epoch, model in zip(range(limit), fitting.epochs(settings, rows["train"]), strict=False):
        losses = {channel: metrics.objective(settings, model, rows[channel]) for channel in rows if channel != "test"}
        for channel, value in losses.items():
            log.quality(f"epoch={epoch}, {channel} {name}", "loss", value)
        algorithm_log.info(
            f"#early_stopping_criteria_metric: host=algo-1, epoch={epoch}, criteria={name}, value={losses[judged]!r}"
        )
        gain = 1.0 if best is None else (best[0] - losses[judged]) / max(abs(best[0]), 1e-12)
        if best is None or gain > 0:
            algorithm_log.info(f"Epoch {epoch}: Loss improved. Updating best model")
            best = losses[judged], model
        stale = 0 if gain >= settings.number("early_stopping_tolerance") else stale + 1
        algorithm_log.info(f"#progress_metric: host=algo-1, completed {100 * (epoch + 1) // limit} % of epochs")
        seconds = max(time.monotonic() - started, 1e-6)
        done = len(rows["train"].labels) * (epoch + 1)
        algorithm_log.info(f"#throughput_metric: host=algo-1, train throughput={done / seconds!r} records/second")
        if stale >= patience:
            algorithm_log.info(f"Early stop: no improvement in {patience} epochs")
            break
    if best is None:
        raise CustomerError(f"The training data gave no model in {limit} epochs")
    return best[1]


def _calibrated(settings: Settings, model: LinearModel, rows: Rows) -> LinearModel:
    if settings.predictor != BINARY:
        return model
    most = settings.integer("num_calibration_samples") if settings.texts["num_calibration_samples"] != "auto" else None
    scores = model.scores(rows.features[:most])
    return replace(model, threshold=best_threshold(settings, rows.labels[:most], scores, model.threshold))

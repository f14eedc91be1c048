r"""The training job of the XGBoost container in algorithm mode, on one host.

Behaviour: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html and
https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/algorithm_mode/train.py

The processor trains what asks for a GPU. Not emulated, each refused with a message of its own: training on several
hosts, script mode (`sagemaker_program`), Parquet and RecordIO data, query groups (`qid`) in libsvm data. Debugger hooks
are left out.

The failure file differs from AWS's on purpose. AWS writes `framework error: \n<traceback>\n<message>` and cuts it
at 1,024 characters, often before the message. Here the traceback is its last line only, so the reason is seen;
a traceback of an unexpected error goes to the log.
"""

from __future__ import annotations

import os
import signal
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import xgboost as xgb

from local_aws.sagemaker.containers.contract import ContractError, Ml
from local_aws.sagemaker.containers.toolkit import log, threads
from local_aws.sagemaker.containers.toolkit.exceptions import (
    AlgorithmError,
    NotEmulatedError,
    PlatformError,
    ToolkitError,
    UserError,
)
from local_aws.sagemaker.containers.xgboost import callbacks, channels, data, folds, hyperparameters, metrics
from local_aws.sagemaker.containers.xgboost.callbacks import EvaluationLog
from local_aws.sagemaker.containers.xgboost.data import Channel

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULT_OBJECTIVE = "reg:squarederror"

_LOGISTIC = ("binary:logistic", "binary:logitraw", "reg:logistic")

_CUSTOMER_ERRORS = (
    "label must be in [0,1] for logistic regression",
    "label must be in [0, num_class)",
    "Target is multiclass but average='binary'",
    "feature_names mismatch",
    "Check failed: preds.size() == info.labels_.size()",
    "Check failed: !auc_error AUC: the dataset only contains pos or neg samples",
    "base_score must be in (0,1) for logistic loss",
    "PoissonRegression: label must be nonnegative",
    "TweedieRegression: label must be nonnegative",
    "Parameter reg_lambda should be greater equal to 0",
)
"""Parts of XGBoost's messages that the container treats as the customer's error."""

_CONTAINER_ONLY = (
    "num_round",
    "csv_weights",
    "early_stopping_rounds",
    "eval_metric",
    "save_model_on_termination",
    "use_dask_gpu_training",
    "_tuning_objective_metric",
    "_kfold",
    "_num_cv_round",
)
"""Hyperparameters that the container uses and XGBoost does not know."""


def train(ml: Ml) -> int:
    """Train on /opt/ml/input and write the model to /opt/ml/model/xgboost-model; return the exit code.

    A failure is logged, written to /opt/ml/output/failure, and returned as 1.
    """
    try:
        _train(ml)
    except ToolkitError as error:
        _fail(ml, error.documented_name, str(error))
    except ContractError as error:
        _fail(ml, PlatformError.documented_name, str(error))
    except Exception as error:  # noqa: BLE001  # as in the container: every failure writes its file
        log.error(traceback.format_exc())
        _fail(ml, type(error).__qualname__, str(error))
    else:
        return 0
    return 1


def _fail(ml: Ml, name: str, message: str) -> None:
    log.error(f"{name}: {message}")
    ml.write_failure(f"framework error: \n{name}: {message}")


def _train(ml: Ml) -> None:
    texts = ml.hyperparameters()
    if "sagemaker_program" in texts or "sagemaker_submit_directory" in texts:
        raise NotEmulatedError("Script mode (sagemaker_program) is not run locally, only the built-in algorithm")
    log.info("Running XGBoost Sagemaker in algorithm mode")
    values = hyperparameters.validate(texts)
    config = ml.input_data_config()
    data_format = channels.validate(config)
    _check_emulated(values, ml)
    _use_no_gpu(values, ml)
    log.info("Determined 0 GPU(s) available on the instance.")
    nthread = values.get("nthread")
    weights = values.get("csv_weights") == 1
    train_channel = _channel(ml, "train")
    matrices = {"train": data.load(train_channel, data_format, csv_weights=weights, nthread=nthread)}
    if "validation" in config:
        validation = _channel(ml, "validation")
        data.warn_if_same(train_channel, validation)
        matrices["validation"] = data.load(validation, data_format, csv_weights=weights, nthread=nthread)
    _check_classes(values, matrices["train"])
    log.info("Single node training.")
    log.info(f"Train matrix has {matrices['train'].num_row()} rows and {matrices['train'].num_col()} columns")
    if "validation" in matrices:
        log.info(f"Validation matrix has {matrices['validation'].num_row()} rows")
    ml.model_dir.mkdir(parents=True, exist_ok=True)
    if "_kfold" in values:
        _cross_validate(values, matrices, ml)
    else:
        model = _boost(values, matrices, ml.model_dir / callbacks.MODEL_NAME, ml.checkpoint_dir())
        callbacks.save(model, ml.model_dir / callbacks.MODEL_NAME)


def _cross_validate(values: dict[str, Any], matrices: dict[str, xgb.DMatrix], ml: Ml) -> None:
    """Train a model for each fold; all of them are the artifact."""
    whole, rounds, models = folds.joined(matrices), values.get("_num_cv_round", 1), values["_kfold"]
    log.info(f"Run {rounds}-round of {models}-fold cross validation with {whole.num_row()} rows")
    labels, checkpoints = np.asarray(whole.get_label()), ml.checkpoint_dir()
    predictions = folds.Predictions(labels, rounds, classes=folds.is_classification(values))
    results: list[EvaluationLog] = []
    for number, (seen, unseen) in enumerate(folds.split(values, labels)):
        log.info(f"Train cross validation fold {number % models + 1}")
        path, of_fold = ml.model_dir / f"{callbacks.MODEL_NAME}-{number}", EvaluationLog()
        place = checkpoints / f"model-{number}" if checkpoints else None
        model = _boost(values, matrices, path, place, whole.slice(seen), of_fold)
        results.append(of_fold)
        predictions.record(unseen, np.asarray(model.predict(whole.slice(unseen))))
        callbacks.save(model, path)
        if (number + 1) % models == 0:
            log.info(f"The metrics of round {(number + 1) // models} cross validation")
            folds.tell(values["num_round"], results[-models:])
    predictions.save(ml.output_data_dir)
    if rounds > 1:
        log.info(f"The overall metrics of {rounds}-round cross validation")
        folds.tell(values["num_round"], results)


def _channel(ml: Ml, name: str) -> Channel:
    directory = ml.channel_dir(name)
    return Channel(name, directory, ml.documented(directory))


def _check_emulated(values: dict[str, Any], ml: Ml) -> None:
    hosts = ml.resource_config().get("hosts", [])
    if len(hosts) > 1:
        raise NotEmulatedError(f"InstanceCount is {len(hosts)}: training locally runs on one host, set it to 1")
    if values.get("use_dask_gpu_training") == "true" and not ml.gpu_note():
        raise UserError(
            "Some configurations unsuitable for Dask GPU training were found: no GPU is available on the instance."
        )


def _use_no_gpu(values: dict[str, Any], ml: Ml) -> None:
    """Let a job that asks for an instance with a GPU train by the same method on the processor."""
    note = ml.gpu_note()
    if note is None:
        return
    log.warning(note)
    if values.get("tree_method") == "gpu_hist":
        values["tree_method"] = "hist"


def _check_classes(values: dict[str, Any], matrix: xgb.DMatrix) -> None:
    """Refuse labels that are not classes of the objective.

    XGBoost 3.2 detects a wrong label of binary:logistic through base_score, and its message says so; the message here
    is that of earlier versions, which the container recognises.
    """
    objective = values.get("objective", _DEFAULT_OBJECTIVE)
    labels = np.asarray(matrix.get_label())
    if objective in _LOGISTIC:
        wrong = labels[(labels < 0) | (labels > 1)]
        text = "label must be in [0,1] for logistic regression"
    elif objective.startswith("multi:"):
        wrong = labels[(labels < 0) | (labels >= values["num_class"]) | (labels != np.floor(labels))]
        text = "label must be in [0, num_class)"
    else:
        return
    if wrong.size:
        raise UserError(f"{text}: channel train has {wrong.size} others, the first is {wrong[0]:g}")


def _boost(
    values: dict[str, Any],
    matrices: dict[str, xgb.DMatrix],
    path: Path,
    checkpoint_dir: Path | None,
    rows: xgb.DMatrix | None = None,
    results: EvaluationLog | None = None,
) -> xgb.Booster:
    """Run the rounds for the model at `path`. Raises UserError or AlgorithmError with XGBoost's message.

    It trains on `rows`, or on the channel train; `results` receives the metrics of each round.
    """
    selection = metrics.select(values)
    parameters = {name: value for name, value in values.items() if name not in _CONTAINER_ONLY}
    cells = matrices["train"].num_row() * matrices["train"].num_col()
    parameters["nthread"] = threads.for_training(cells, values.get("nthread"))
    if "updater" in parameters:
        parameters["updater"] = ",".join(parameters["updater"])
    if selection.built_in:
        parameters["eval_metric"] = list(selection.built_in)
    start_model, start = callbacks.last_checkpoint(checkpoint_dir) if checkpoint_dir else (None, 0)
    objective = values.get("objective", _DEFAULT_OBJECTIVE)
    try:
        return xgb.train(
            parameters,
            matrices["train"] if rows is None else rows,
            num_boost_round=values["num_round"] - start,
            evals=[(matrix, name) for name, matrix in matrices.items()],
            custom_metric=metrics.evaluator(selection.container, objective) if selection.container else None,
            evals_result=results,
            callbacks=_callbacks(values, matrices, selection, path, checkpoint_dir, start),
            xgb_model=start_model,
            verbose_eval=False,
        )
    except ToolkitError:
        raise
    except Exception as error:
        message = _without_stack(str(error))
        if any(known in message for known in _CUSTOMER_ERRORS):
            raise UserError(message) from error
        raise AlgorithmError(f"XGB train call failed with exception:\n {message}") from error


def _callbacks(
    values: dict[str, Any],
    matrices: dict[str, xgb.DMatrix],
    selection: metrics.Selection,
    path: Path,
    checkpoint_dir: Path | None,
    start: int,
) -> list[xgb.callback.TrainingCallback]:
    chosen: list[xgb.callback.TrainingCallback] = [callbacks.RoundLine(start)]
    if checkpoint_dir is not None:
        checkpoint_dir.mkdir(parents=True, exist_ok=True)
        chosen.append(callbacks.Checkpoint(checkpoint_dir, start))
    if values.get("save_model_on_termination") == "true":
        chosen.append(callbacks.SaveEachRound(path))
        _keep_model_on_sigterm(path.parent)
    rounds = values.get("early_stopping_rounds")
    if rounds and selection.stop_on and "validation" in matrices:
        chosen.append(
            xgb.callback.EarlyStopping(
                rounds=rounds,
                data_name="validation",
                metric_name=selection.stop_on,
                maximize=selection.maximize,
                save_best=True,
            )
        )
    return chosen


def _keep_model_on_sigterm(model_dir: Path) -> None:
    """On SIGTERM keep only the last finished model and exit with 0, in any round."""

    def stop(*_: object) -> NoReturn:
        for path in model_dir.iterdir():
            if path.is_file() and not path.name.startswith(callbacks.MODEL_NAME):
                path.unlink(missing_ok=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)


def _without_stack(message: str) -> str:
    """Return XGBoost's message without the addresses of its C++ stack."""
    return message.partition("\nStack trace:")[0].strip()

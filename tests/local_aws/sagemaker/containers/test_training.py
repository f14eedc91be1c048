"""Training jobs from /opt/ml/input to /opt/ml/model, in this process."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xgboost as xgb

from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.xgboost.train import train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    MakeMl = Callable[..., Ml]

REGRESSION = {"num_round": "3", "objective": "reg:squarederror", "nthread": "1"}
USER_ERROR = "framework error: \nsagemaker_algorithm_toolkit.exceptions.UserError: "
ROWS = "".join(f"{n % 7},{n},{n * 3 % 11},{n * n % 5}\n" for n in range(60))
BINARY_ROWS = "".join(f"{int(n % 7 > 2)},{n},{n * 3 % 11},{n % 7}\n" for n in range(80))
LIBSVM = "".join(f"{n % 2} 0:{n} 2:{n * 3 % 11}\n" for n in range(60))


def rounds(log: str) -> list[dict[str, float]]:
    """Return the values of each round's line by name."""
    return [
        {name: float(value) for name, value in re.findall(r"\t([^:]+):([0-9.]+)", line)}
        for line in log.splitlines()
        if re.match(r"\[[0-9]+\]\t", line)
    ]


def load(ml: Ml) -> xgb.Booster:
    booster = xgb.Booster()
    booster.load_model(bytearray((ml.model_dir / "xgboost-model").read_bytes()))
    return booster


def test_the_model_is_the_one_that_xgboost_trains(
    make_ml: MakeMl, wine_files: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    given = {"num_round": "20", "objective": "reg:squarederror", "eta": "0.3", "max_depth": "4"}
    ml = make_ml(given, wine_files)
    assert train(ml) == 0
    log = capfd.readouterr().out
    data = {name: np.loadtxt(text.splitlines(), delimiter=",") for name, text in wine_files.items()}
    rows = data["train/train.csv"]
    validation = data["validation/validation.csv"]
    parameters = {"objective": "reg:squarederror", "eta": 0.3, "max_depth": 4, "nthread": 1}
    history: dict[str, dict[str, list[float]]] = {}
    matrix = xgb.DMatrix(rows[:, 1:], label=rows[:, 0])
    bare = xgb.train(
        parameters,
        matrix,
        20,
        evals=[(matrix, "train"), (xgb.DMatrix(validation[:, 1:], label=validation[:, 0]), "validation")],
        evals_result=history,
        verbose_eval=False,
    )
    test = xgb.DMatrix(validation[:, 1:])
    assert (load(ml).predict(test) == bare.predict(test)).all()
    assert "Train matrix has 4000 rows and 11 columns" in log
    assert "Validation matrix has 898 rows" in log
    assert "Determined delimiter of CSV input is ','" in log
    last = f"[19]\ttrain-rmse:{history['train']['rmse'][-1]:.5f}\tvalidation-rmse:"
    assert f"{last}{history['validation']['rmse'][-1]:.5f}" in log.splitlines()
    assert len(rounds(log)) == 20
    assert [path.name for path in ml.model_dir.iterdir()] == ["xgboost-model"]
    assert not ml.failure_file.exists()


def test_early_stopping_keeps_the_best_round(
    make_ml: MakeMl, wine_files: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    given = {
        **REGRESSION,
        "num_round": "200",
        "eta": "0.9",
        "max_depth": "8",
        "eval_metric": "rmse",
        "early_stopping_rounds": "5",
    }
    ml = make_ml(given, wine_files)
    assert train(ml) == 0
    values = [line["validation-rmse"] for line in rounds(capfd.readouterr().out)]
    best = min(range(len(values)), key=values.__getitem__)
    assert len(values) == best + 1 + 5
    assert load(ml).num_boosted_rounds() == best + 1


@pytest.mark.parametrize(
    ("hyperparameters", "files"),
    [
        ({**REGRESSION, "early_stopping_rounds": "1"}, {"train/a.csv": ROWS, "validation/b.csv": ROWS}),
        ({**REGRESSION, "early_stopping_rounds": "1", "eval_metric": "mae"}, {"train/a.csv": ROWS}),
    ],
    ids=["no eval_metric", "no validation channel"],
)
def test_early_stopping_without_metric_or_validation_is_ignored(
    make_ml: MakeMl, hyperparameters: dict[str, str], files: dict[str, str]
) -> None:
    ml = make_ml({**hyperparameters, "num_round": "30", "eta": "1", "max_depth": "9"}, files)
    assert train(ml) == 0
    assert load(ml).num_boosted_rounds() == 30


def test_metrics_stand_on_the_line_with_xgboosts_own_first(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    given = {**REGRESSION, "objective": "binary:logistic", "eval_metric": "f1,auc,accuracy"}
    assert train(make_ml(given, {"train/a.csv": BINARY_ROWS, "validation/b.csv": BINARY_ROWS})) == 0
    line = rounds(capfd.readouterr().out)[0]
    assert list(line) == [f"{data}-{name}" for data in ("train", "validation") for name in ("auc", "f1", "accuracy")]
    assert line["train-accuracy"] == 1.0


def test_only_the_containers_metrics_bring_the_default_one_along(
    make_ml: MakeMl, capfd: pytest.CaptureFixture[str]
) -> None:
    given = {**REGRESSION, "objective": "binary:logistic", "_tuning_objective_metric": "validation:f1"}
    assert train(make_ml(given, {"train/a.csv": BINARY_ROWS})) == 0
    assert list(rounds(capfd.readouterr().out)[0]) == ["train-logloss", "train-f1"]


def test_weights_are_taken_from_the_second_column(make_ml: MakeMl) -> None:
    weighted = "".join(f"{n % 2},{1 + 9 * (n % 2)},1\n" for n in range(40))
    ml = make_ml({**REGRESSION, "csv_weights": "1", "num_round": "1", "eta": "1", "lambda": "0"}, {"train/a": weighted})
    assert train(ml) == 0
    prediction = load(ml).predict(xgb.DMatrix(np.ones((1, 1))))
    assert prediction[0] == pytest.approx(10 / 11, rel=1e-5)


def test_all_files_down_to_depth_three_are_read(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    files = {"train/a.csv": ROWS, "train/b/c/d.csv": ROWS, "train/b/c/d/e.csv": ROWS, "train/empty.csv": ""}
    assert train(make_ml(REGRESSION, files)) == 0
    log = capfd.readouterr().out
    assert "Train matrix has 120 rows and 3 columns" in log
    assert "The depth of folder /opt/ml/input/data/train exceed the limit 3." in log


def test_libsvm_is_the_format_without_a_content_type(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    ml = make_ml(REGRESSION, {"train/a.libsvm": LIBSVM}, content_type=None)
    assert train(ml) == 0
    assert "Train matrix has 60 rows and 3 columns" in capfd.readouterr().out


def test_training_resumes_after_the_last_checkpoint(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    ml = make_ml({**REGRESSION, "num_round": "8"}, {"train/a.csv": ROWS})
    config = ml.config_dir / "checkpointconfig.json"
    config.write_text(json.dumps({"S3Uri": "s3://b/c", "LocalPath": "/opt/ml/checkpoints"}))
    assert train(ml) == 0
    names = sorted(path.name for path in (ml.root / "checkpoints").iterdir())
    assert names == [f"xgboost-checkpoint.{number}" for number in (3, 4, 5, 6, 7)]
    whole = load(ml)
    (ml.root / "checkpoints" / "xgboost-checkpoint.7").write_bytes(b"cut off")
    capfd.readouterr()
    assert train(ml) == 0
    log = capfd.readouterr().out
    assert "Resuming from iteration 7" in log
    assert [line for line in log.splitlines() if line.startswith("[7]\t")]
    assert len(rounds(log)) == 1
    test = xgb.DMatrix(np.arange(30.0).reshape(10, 3))
    assert (load(ml).predict(test) == whole.predict(test)).all()


def _failures() -> list[tuple[str, Mapping[str, str], Mapping[str, str], str]]:
    load_csv = USER_ERROR + "Failed to load csv data with exception:\n"
    lines = ROWS.splitlines()
    text = "\n".join([*lines[:9], "1,2,high,4", *lines[10:]])
    ragged = "\n".join([*lines[:9], "1,2,3", *lines[10:]])
    unlabelled = "\n".join([*lines[:9], ",2,3,4", *lines[10:]])
    return [
        (
            "text",
            REGRESSION,
            {"train/t.csv": text},
            load_csv + "file 't.csv', line 10, column 3: could not convert string to float: 'high'",
        ),
        (
            "ragged",
            REGRESSION,
            {"train/t.csv": ragged},
            load_csv + "file 't.csv', line 10: found 3 columns, expected 4",
        ),
        (
            "header",
            REGRESSION,
            {"train/t.csv": "quality,acid,sugar,salt\n" + ROWS},
            load_csv + "file 't.csv', line 1, column 1: looks like a header ('quality' is not a number): remove it",
        ),
        (
            "other file",
            REGRESSION,
            {"train/a.csv": ROWS, "train/sub/b.csv": "1,2,3\n"},
            load_csv + "file 'sub/b.csv', line 1: found 3 columns, expected 4",
        ),
        (
            "label missing",
            REGRESSION,
            {"train/t.csv": unlabelled},
            USER_ERROR + "Label in file 't.csv', line 10 is missing: every row needs a finite number as label",
        ),
        (
            "empty",
            REGRESSION,
            {"train/t.csv": ""},
            USER_ERROR + "No data in training channel path /opt/ml/input/data/train",
        ),
        (
            "empty validation",
            REGRESSION,
            {"train/t.csv": ROWS, "validation/v.csv": ""},
            USER_ERROR + "No data in validation channel path /opt/ml/input/data/validation",
        ),
        (
            "hidden",
            REGRESSION,
            {"train/t.csv": ROWS, "train/.t.csv": ROWS},
            USER_ERROR + "Hidden file found in the data path! Remove that before training.",
        ),
        (
            "one column",
            REGRESSION,
            {"train/t.csv": "1\n2\n"},
            USER_ERROR + "Could not determine delimiter on line 1:\nCould not determine delimiter",
        ),
        (
            "hyperparameter",
            {**REGRESSION, "eta": "1.5"},
            {"train/t.csv": ROWS},
            USER_ERROR + "Hyperparameter eta: 1.5 is not in [0, 1]",
        ),
        (
            "class out of range",
            {**REGRESSION, "objective": "multi:softmax", "num_class": "3"},
            {"train/t.csv": ROWS},
            USER_ERROR + "label must be in [0, num_class): channel train has 33 others, the first is 3",
        ),
        (
            "no class 0 or 1",
            {**REGRESSION, "objective": "binary:logistic"},
            {"train/t.csv": ROWS},
            USER_ERROR + "label must be in [0,1] for logistic regression: channel train has 42 others, the first is 2",
        ),
        (
            "xgboost",
            {**REGRESSION, "tree_method": "gpu_hist"},
            {"train/t.csv": ROWS},
            "AlgorithmError: XGB train call failed with exception:\n ",
        ),
        (
            "kfold",
            {**REGRESSION, "_kfold": "3"},
            {"train/t.csv": ROWS},
            "AlgorithmError: XGB train call failed with exception:\n 'validation': _kfold needs this channel",
        ),
        (
            "script mode",
            {**REGRESSION, "sagemaker_program": "train.py"},
            {"train/t.csv": ROWS},
            "local_aws.NotEmulatedError: Script mode (sagemaker_program) is not run locally",
        ),
    ]


@pytest.mark.parametrize(
    ("hyperparameters", "files", "reason"),
    [case[1:] for case in _failures()],
    ids=[case[0] for case in _failures()],
)
def test_a_failure_is_explained_in_the_first_1024_characters(
    make_ml: MakeMl,
    capfd: pytest.CaptureFixture[str],
    hyperparameters: dict[str, str],
    files: dict[str, str],
    reason: str,
) -> None:
    ml = make_ml(hyperparameters, files)
    assert train(ml) == 1
    text = ml.failure_file.read_text()
    assert text.startswith("framework error: \n")
    assert reason in text[:1024]
    assert "Stack trace" not in text
    assert text.partition("\n")[2] in capfd.readouterr().out
    assert not (ml.model_dir / "xgboost-model").exists()


def test_csv_that_is_read_as_libsvm_is_recognised(make_ml: MakeMl) -> None:
    ml = make_ml(REGRESSION, {"train/train.csv": ROWS}, content_type="text/libsvm")
    assert train(ml) == 1
    assert ml.failure_file.read_text() == (
        USER_ERROR + "First line '0,0,0,0...' of file 'train.csv' is not 'LIBSVM' format. "
        "Please ensure the file is in 'LIBSVM' format."
    )


def test_several_hosts_are_refused(make_ml: MakeMl) -> None:
    ml = make_ml(REGRESSION, {"train/train.csv": ROWS}, hosts=2)
    assert train(ml) == 1
    assert "InstanceCount is 2: training locally runs on one host" in ml.failure_file.read_text()


def test_a_missing_configuration_is_the_platforms_fault(tmp_path: Path) -> None:
    ml = Ml(tmp_path)
    assert train(ml) == 1
    assert ml.failure_file.read_text() == (
        "framework error: \nsagemaker_algorithm_toolkit.exceptions.PlatformError: "
        "/opt/ml/input/config/hyperparameters.json is missing: write it before the job starts"
    )


def test_the_processor_trains_what_asks_for_a_gpu(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    on_gpu = {"tree_method": "gpu_hist", "use_dask_gpu_training": "true"}
    ml = make_ml({**REGRESSION, **on_gpu}, {"train/t.csv": ROWS})
    resources = {"current_host": "algo-1", "hosts": ["algo-1"], "current_instance_type": "ml.g5.xlarge"}
    (ml.config_dir / "resourceconfig.json").write_text(json.dumps(resources))
    assert train(ml) == 0
    assert "ml.g5.xlarge: this machine's processor is used in place of the GPU" in capfd.readouterr().out
    assert (ml.model_dir / "xgboost-model").exists()


@pytest.mark.parametrize(
    ("instance_type", "noted"),
    [("ml.p3.2xlarge", True), ("ml.gr6.4xlarge", True), ("ml.m5.large", False), ("ml.trn1.2xlarge", False)],
)
def test_types_with_a_gpu(make_ml: MakeMl, instance_type: str, noted: bool) -> None:
    ml = make_ml({}, {})
    (ml.config_dir / "resourceconfig.json").write_text(json.dumps({"current_instance_type": instance_type}))
    assert (ml.gpu_note() is not None) == noted

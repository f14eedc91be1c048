"""Cross-validation in the XGBoost container: k models, their averages, and what they say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import xgboost as xgb

from local_aws.sagemaker.containers.toolkit import csv_text
from local_aws.sagemaker.containers.toolkit.fields import Text
from local_aws.sagemaker.containers.xgboost.scoring import Scorer
from local_aws.sagemaker.containers.xgboost.train import train
from tests.local_aws.sagemaker.containers.test_training import BINARY_ROWS, REGRESSION, ROWS, rounds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_aws.sagemaker.containers.test_training import MakeMl

FILES = {"train/t.csv": ROWS, "validation/v.csv": ROWS[: len(ROWS) // 2 // 10 * 10].rpartition("\n")[0] + "\n"}
BINARY = {"train/t.csv": BINARY_ROWS, "validation/v.csv": "".join(BINARY_ROWS.splitlines(keepends=True)[:20])}
BODY = b"1,2,3\n4,5,1\n"


def boosters(folder: Path) -> list[xgb.Booster]:
    found = []
    for path in sorted(folder.iterdir()):
        found.append(xgb.Booster())
        found[-1].load_model(bytearray(path.read_bytes()))
    return found


def test_each_fold_has_a_model_and_the_last_line_their_average(
    make_ml: MakeMl, capfd: pytest.CaptureFixture[str]
) -> None:
    ml = make_ml({**REGRESSION, "_kfold": "3"}, FILES)
    assert train(ml) == 0
    log = capfd.readouterr().out
    assert [path.name for path in sorted(ml.model_dir.iterdir())] == [f"xgboost-model-{number}" for number in range(3)]
    told = rounds(log)
    assert len(told) == 3 * 3 + 1
    ends = told[2:9:3]
    average = sum(one["validation-rmse"] for one in ends) / 3
    assert told[-1]["validation-rmse"] == pytest.approx(average, abs=1e-4)
    assert log.splitlines()[-1].startswith("[3]\ttrain-rmse:")
    rows = len(FILES["train/t.csv"].splitlines()) + len(FILES["validation/v.csv"].splitlines())
    assert f"Run 1-round of 3-fold cross validation with {rows} rows" in log
    predicted = np.loadtxt(ml.output_data_dir / "predictions.csv", delimiter=",")
    assert predicted.shape == (rows, 2)
    assert (predicted[:60, 0] == np.loadtxt(ROWS.splitlines(), delimiter=",")[:, 0]).all()


def test_the_endpoint_answers_the_mean_of_the_models(make_ml: MakeMl) -> None:
    ml = make_ml({**REGRESSION, "_kfold": "4"}, FILES)
    assert train(ml) == 0
    body = csv_text.parse(Text.of(BODY.strip()), b",")
    answer = Scorer(ml.model_dir, ensemble=True, threads=1).predict(body)
    alone = [model.predict(xgb.DMatrix(body)) for model in boosters(ml.model_dir)]
    assert answer == pytest.approx(np.mean(alone, axis=0), rel=1e-6)
    assert len({tuple(one) for one in alone}) > 1


def test_classes_are_spread_over_the_folds_and_rounds_repeat_them(
    make_ml: MakeMl, capfd: pytest.CaptureFixture[str]
) -> None:
    given = {"num_round": "2", "objective": "binary:logistic", "_kfold": "2", "_num_cv_round": "3", "nthread": "1"}
    ml = make_ml(given, BINARY)
    assert train(ml) == 0
    log = capfd.readouterr().out
    assert len(boosters(ml.model_dir)) == 6
    assert log.count("The metrics of round") == 3
    assert "The overall metrics of 3-round cross validation" in log
    predicted = np.loadtxt(ml.output_data_dir / "predictions.csv", delimiter=",")
    assert predicted.shape == (100, 3)
    assert set(predicted[:, 2]) <= {0, 1}
    assert ((predicted[:, 1] > 0.5) == predicted[:, 2]).mean() > 0.9


def test_the_same_seed_divides_the_rows_alike(make_ml: MakeMl) -> None:
    answers = []
    for seed in ("1", "1", "2"):
        ml = make_ml({**REGRESSION, "_kfold": "2", "seed": seed}, FILES)
        assert train(ml) == 0
        answers.append((ml.output_data_dir / "predictions.csv").read_text(encoding="utf-8"))
    assert answers[0] == answers[1] != answers[2]


def test_it_needs_an_objective_as_in_the_container(make_ml: MakeMl) -> None:
    ml = make_ml({"num_round": "2", "_kfold": "2"}, FILES)
    assert train(ml) == 1
    assert "_kfold needs the hyperparameter objective" in ml.failure_file.read_text(encoding="utf-8")

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xgboost
from slipway.datasets.csv_rules import check_csv
from slipway.datasets.dataset import write_manifest

DATA = Path(__file__).resolve().parents[2] / "data"
COMMITTED = DATA / "wine-quality"
FILES = ["columns.json", "test/test.csv", "train/train.csv", "validation/validation.csv"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wine")
    subprocess.run([sys.executable, "-I", str(DATA / "make_wine.py"), str(folder)], check=True)
    return folder


@pytest.mark.parametrize("file", FILES)
def test_the_committed_data_is_what_the_generator_makes(made: Path, file: str) -> None:
    assert (made / file).read_bytes() == (COMMITTED / file).read_bytes()


def test_nothing_else_is_committed() -> None:
    assert sorted(path.relative_to(COMMITTED).as_posix() for path in COMMITTED.rglob("*") if path.is_file()) == sorted(
        [*FILES, "manifest.json"]
    )


def test_its_manifest_is_that_of_an_upload(made: Path) -> None:
    write_manifest(made, "wine-quality")
    written = (made / "manifest.json").read_bytes()
    assert (COMMITTED / "manifest.json").read_bytes() == written, (
        "slipway.datasets.dataset.write_manifest writes it anew"
    )


def test_all_rows_are_in_order_and_within_the_bounds() -> None:
    spec = importlib.util.spec_from_file_location("make_wine", DATA / "make_wine.py")
    assert spec is not None
    assert spec.loader is not None
    make_wine = importlib.util.module_from_spec(spec)
    sys.modules["make_wine"] = make_wine  # its dataclasses look themselves up there
    spec.loader.exec_module(make_wine)
    bounds = [(3.0, 9.0), *((feature.low, feature.high) for feature in make_wine.FEATURES)]
    for channel, count in make_wine.ROWS.items():
        path = COMMITTED / channel / f"{channel}.csv"
        with path.open("rb") as lines:
            check = check_csv(lines, channel)
        assert (check.rows, check.columns, check.problems) == (count, 12, [])
        rows = np.loadtxt(path, delimiter=",")
        for column, (low, high) in enumerate(bounds):
            assert low <= rows[:, column].min()
            assert rows[:, column].max() <= high
    assert len(json.loads((COMMITTED / "columns.json").read_text())) == len(bounds)


def test_the_gates_mean_something() -> None:
    """A model beats the mean by far, and is still far from perfect: a worse one would fail the gates."""
    train, test = (np.loadtxt(COMMITTED / name / f"{name}.csv", delimiter=",") for name in ("train", "test"))
    model = xgboost.train(
        {"objective": "reg:squarederror", "eta": 0.1, "max_depth": 6, "nthread": 1},
        xgboost.DMatrix(train[:, 1:], train[:, 0]),
        100,
    )
    errors = test[:, 0] - model.predict(xgboost.DMatrix(test[:, 1:]))
    rmse = float(np.sqrt(np.mean(errors**2)))
    assert rmse < 0.8 * test[:, 0].std()
    assert 0.4 < 1 - np.mean(errors**2) / test[:, 0].var() < 0.65

"""The baselines: what the same work takes in one Python process with nothing around it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROUNDS = 100


def train_and_predict(folder: Path) -> None:
    """Train on a dataset's train channel and predict its test channel."""
    import numpy as np  # noqa: PLC0415 - the import is part of what is measured
    import xgboost  # noqa: PLC0415

    train = np.loadtxt(folder / "train" / "train.csv", delimiter=",", dtype=np.float32)
    test = np.loadtxt(folder / "test" / "test.csv", delimiter=",", dtype=np.float32)
    # One thread, as local AWS trains data of this size: several wait for each other where other work runs beside them,
    # and a slow baseline would flatter the release.
    parameters = {"objective": "reg:squarederror", "eta": 0.1, "max_depth": 6, "nthread": 1}
    model = xgboost.train(parameters, xgboost.DMatrix(train[:, 1:], train[:, 0]), ROUNDS)
    predicted = model.predict(xgboost.DMatrix(test[:, 1:]))
    print(float(np.sqrt(np.mean((predicted - test[:, 0]) ** 2))))


def parse_and_predict(model: Path, file: Path) -> None:
    """Print the seconds that parsing a CSV file and predicting all of it take, without the imports.

    First those on the clock, then those of the processors.
    """
    import numpy as np  # noqa: PLC0415
    import xgboost  # noqa: PLC0415

    booster = xgboost.Booster(model_file=str(model))
    started, used = time.perf_counter(), time.process_time()
    data = np.loadtxt(file, delimiter=",", dtype=np.float32)
    booster.predict(xgboost.DMatrix(data[:, 1:]))
    print(time.perf_counter() - started, time.process_time() - used)


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train_and_predict(Path(sys.argv[2]))
    else:
        parse_and_predict(Path(sys.argv[2]), Path(sys.argv[3]))

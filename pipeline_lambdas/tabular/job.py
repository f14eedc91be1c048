"""The training job: reads the channels, fits the columns on the training rows, trains, and writes the model.

The model folder holds `xgboost-model`, `features.json` (the columns with what was learned of them) and the code that
serves it, `code/`. Paths come in SM_ variables, hyperparameters as arguments:
https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lambdas.tabular import specification as table
from pipeline_lambdas.tabular import treatment
from pipeline_lambdas.tabular.errors import TableError
from pipeline_lambdas.tabular.labels import labels_of
from pipeline_lambdas.tabular.reading import blocks
from pipeline_lambdas.tabular.specification import Specification
from pipeline_lambdas.tabular.training import TRAIN, VALIDATION, boost, matrix_of, parse_arguments
from pipeline_lambdas.tabular.treatment import Matrix, Treatment

MODEL = "xgboost-model"
FEATURES = "features.json"
CODE = "code"


def main(arguments: Sequence[str], environment: Mapping[str, str], entry: Path) -> int:
    """Train; 0, or 1 for what a user can mend, with the reason in the log and in /opt/ml/output/failure.

    SageMaker's toolkit puts its own text into that file where it ends the job, so the log is where the reason stays.
    """
    try:
        train(arguments, environment, entry)
    except TableError as error:
        sys.stderr.write(f"{error}\n")
        if "SM_OUTPUT_DIR" in environment:
            Path(environment["SM_OUTPUT_DIR"], "failure").write_text(f"{error}\n", encoding="utf-8")
        return 1
    return 0


def train(arguments: Sequence[str], environment: Mapping[str, str], entry: Path) -> None:
    """Train by the arguments; `entry` is the program, with features.json and the package beside it."""
    specification = _specification(entry.with_name(FEATURES))
    hyperparameters = parse_arguments(arguments, specification)
    channels = {name: Path(environment[f"SM_CHANNEL_{name.upper()}"]) for name in _channels(environment)}
    found = treatment.fit(
        specification, (block.columns[1:] for block in blocks(channels[TRAIN], specification.names)), _tell
    )
    # Read back, so that these are the numbers which serving makes of the file.
    text = json.dumps(found, indent=1, ensure_ascii=False)
    treated = Treatment(json.loads(text), FEATURES)
    _tell(f"training rows: {found['rows']:,}; columns: {len(specification.columns)}; features: {len(treated.names)}")
    matrices: dict[str, Any] = {}
    for name, folder in channels.items():
        parts = _encoded(treated, specification, folder)
        matrices[name] = matrix_of(treated, parts, hyperparameters, matrices.get(TRAIN))
    booster = boost(hyperparameters, matrices[TRAIN], matrices.get(VALIDATION))
    _save(Path(environment["SM_MODEL_DIR"]), booster.save_raw("ubj"), text, entry)


def _specification(path: Path) -> Specification:
    try:
        return table.parse(json.loads(path.read_text(encoding="utf-8")), FEATURES)
    except (OSError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(f"{path}: {error}; expected the description of the table, which Slipway writes") from None


def _channels(environment: Mapping[str, str]) -> list[str]:
    if "SM_CHANNEL_TRAIN" not in environment:
        raise TableError("channels: found no train; expected train and, if there is one, validation")
    return [TRAIN, *([VALIDATION] if "SM_CHANNEL_VALIDATION" in environment else [])]


def _encoded(
    treated: Treatment, specification: Specification, folder: Path
) -> Iterator[tuple[Matrix, NDArray[np.float32]]]:
    for block in blocks(folder, specification.names):
        yield treated.encode(block.columns[1:]), labels_of(block, specification)


def _save(folder: Path, model: bytearray, features: str, entry: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL).write_bytes(model)
    (folder / FEATURES).write_text(f"{features}\n", encoding="utf-8")
    package = Path(__file__).parent
    # File by file: where the toolkit has installed the program, other packages lie beside it.
    files = {path: path.name for path in (entry, entry.with_name(FEATURES))}
    for path in (package.parent / "__init__.py", *package.glob("*.py")):
        files[path] = str(path.relative_to(package.parents[1]))
    for path, name in files.items():
        (folder / CODE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / CODE / name)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()

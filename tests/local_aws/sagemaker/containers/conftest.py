"""Fixtures: a directory that stands for /opt/ml, the wine data, and a run of the algorithm in it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws.sagemaker.containers.contract import Ml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WINE = Path(__file__).parents[5] / "shared" / "data" / "winequality" / "winequality-white.csv"

CHANNEL = {"ContentType": "text/csv", "TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}


@dataclass
class MlBuilder:
    """Writes what SageMaker would write before a job."""

    root: Path

    def build(
        self,
        hyperparameters: Mapping[str, str],
        files: Mapping[str, str | bytes],
        content_type: str | None = "text/csv",
        hosts: int = 1,
    ) -> Ml:
        """`files` are contents by path below input/data, such as `train/train.csv`."""
        ml = Ml(self.root)
        ml.config_dir.mkdir(parents=True, exist_ok=True)
        channel = CHANNEL if content_type is None else CHANNEL | {"ContentType": content_type}
        if content_type is None:
            channel = {name: value for name, value in CHANNEL.items() if name != "ContentType"}
        channels = {path.partition("/")[0]: channel for path in files}
        names = [f"algo-{number + 1}" for number in range(hosts)]
        for name, document in (
            ("hyperparameters", dict(hyperparameters)),
            ("inputdataconfig", channels),
            ("resourceconfig", {"current_host": "algo-1", "hosts": names}),
        ):
            (ml.config_dir / f"{name}.json").write_text(json.dumps(document))
        for path, content in files.items():
            target = ml.data_dir / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if not path.endswith("/"):
                target.write_bytes(content.encode() if isinstance(content, str) else content)
        return ml


@pytest.fixture
def ml_builder(tmp_path: Path) -> MlBuilder:
    return MlBuilder(tmp_path / "ml")


@pytest.fixture
def make_ml(ml_builder: MlBuilder) -> Callable[..., Ml]:
    return ml_builder.build


@pytest.fixture(scope="session")
def wine_rows() -> list[str]:
    """The 4,898 rows of the white wines as lines of CSV with the label first, in a fixed random order."""
    if not WINE.exists():
        pytest.skip(f"the wine quality data is not at {WINE}")
    rows = []
    for line in WINE.read_text().splitlines()[1:]:
        *features, label = line.split(",")
        rows.append(",".join([label, *features]))
    random.Random(0).shuffle(rows)  # noqa: S311  # an order, not a secret
    return rows


@pytest.fixture(scope="session")
def wine_files(wine_rows: list[str]) -> dict[str, str]:
    return {
        "train/train.csv": "\n".join(wine_rows[:4000]) + "\n",
        "validation/validation.csv": "\n".join(wine_rows[4000:]) + "\n",
    }

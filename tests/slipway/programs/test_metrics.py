"""A config's own metrics are tried on a few rows before a push."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from slipway.programs.metrics import try_metrics
from slipway.programs.trial import Tried

from pipeline_lambdas.config.model import TrainingConfig
from tests.pipeline_lambdas.scripts import PROGRAM, script_config
from tests.pipeline_lambdas.tables import COLUMNS, ROWS, churn_config

METRICS = {"functions": {"cost": {"direction": "lower"}}}
COST = """
import numpy as np

def cost(labels, predictions, rows):
    assert set(labels) == {"no", "yes"} and ((0 < predictions) & (predictions < 1)).all()
    assert list(rows["contract"]) == ["month-to-month", "two-year", "one-year"], rows["contract"]
    return np.nanmean(rows["tenure"] * predictions)
"""


def tried(tmp_path: Path, config: TrainingConfig, files: dict[str, str], *, data: bool = True) -> Tried:
    folder = tmp_path / "configs" / "wine-quality"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    if data:
        (tmp_path / "data" / "test").mkdir(parents=True)
        (tmp_path / "data" / "test" / "rows.csv").write_bytes(ROWS)
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        (tmp_path / "data" / "columns.json").write_text(f"[{names}]", encoding="utf-8")
    return try_metrics(config, tmp_path / "configs", tmp_path / "data")


@pytest.mark.parametrize("champion", [{}, {"champion": {"gates": {"cost": {"max_worse_percent": 5}}}}])
def test_functions_are_called_with_rows_and_predictions(tmp_path: Path, champion: dict[str, Any]) -> None:
    full = {"channel": "test", "gates": {"cost": {"max": 9}}, **champion}
    tests = {"smoke": {"channel": "validation"}, "full": full}
    found = tried(tmp_path, churn_config(metrics=METRICS, tests=tests), {"metrics.py": COST})
    assert (found.problems, found.warning) == ((), "")
    assert found.done.startswith("wine-quality/metrics.py: computed cost of 3 rows and made-up predictions, in ")


def test_those_of_a_script_too(tmp_path: Path) -> None:
    found = tried(tmp_path, script_config(metrics=METRICS), {"metrics.py": COST, "train.py": PROGRAM})
    assert found.problems == ()
    assert "computed cost of 3 rows" in found.done


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def cost(", "def costs(", "metrics.py: found no function cost; expected cost(labels, predictions, rows)"),
        ('rows["tenure"]', 'rows["tenur"]', "metrics.py, line 7: KeyError: 'tenur; the columns are tenure, contract"),
        ("np.nanmean(", "np.mean(", "metrics.py: cost returned nan; expected a finite number"),
        ("import numpy as np", "import numpy as np\nimport beside", "metrics.py, line 3: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_with_a_function_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in COST
    files = {"metrics.py": COST.replace(old, new)}
    found = tried(tmp_path, churn_config(metrics=METRICS), files)
    if "beside" in new:
        assert "not tried, as this Python has no beside" in found.warning
        return
    assert found.problems[0].startswith(f"wine-quality/{message}"), found
    assert len(found.problems) == 1


def test_a_folder_without_the_file_is_told_once(tmp_path: Path) -> None:
    found = tried(tmp_path, churn_config(metrics=METRICS), {"other.py": ""})
    assert found.problems == (
        "wine-quality/metrics.py: found other.py in the folder; expected metrics.py, which wine-quality.yml names",
    )
    assert tried(tmp_path / "script", script_config(metrics=METRICS), {"train.py": PROGRAM}) == Tried()


def test_without_data_nothing_is_tried(tmp_path: Path) -> None:
    assert tried(tmp_path, churn_config(metrics=METRICS), {"metrics.py": COST}, data=False) == Tried()


def test_a_function_that_ends_the_process_is_told(tmp_path: Path) -> None:
    leaves = "import os\ndef cost(labels, predictions, rows):\n    os._exit(0)\n"
    found = tried(tmp_path, churn_config(metrics=METRICS), {"metrics.py": leaves})
    assert found.problems == ("wine-quality/metrics.py: ended the process; expected functions that return a number",)

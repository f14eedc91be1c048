"""Which configs a release can be judged by; that it is judged rightly: tests/inference_lambdas and tests/releases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway.errors import SlipwayError
from slipway.verbs.judge import read_gates

from pipeline_lambdas.config.model import config_values
from pipeline_lambdas.config.parsing import parse_config
from tests.local_server import ROOT
from tests.releases.house import patched

SAMPLE = (ROOT / "training_config" / "wine-quality.yml").read_text(encoding="utf-8")


def record(**changes: Any) -> dict[str, Any]:
    """A record as JSON: of a release that was trained with the sample config and these changes."""
    text = patched(SAMPLE, {name.replace("__", "."): value for name, value in changes.items()})
    values = json.loads(json.dumps(config_values(parse_config(text.encode(), "wine-quality.yml"))))
    return {"execution_id": "8f3c2a1d-4b5e-4c6d-8e7f-0123456789ab", "config": {"values": values}}


def written(folder: Path, **changes: Any) -> Path:
    file = folder / "gates.yml"
    file.write_text(patched(SAMPLE, {name.replace("__", "."): value for name, value in changes.items()}))
    return file


def test_gates_may_differ_and_the_rows_are_those_of_the_release(tmp_path: Path) -> None:
    file = written(tmp_path, tests__full__gates={"rmse": {"max": 0.1}}, tests__full__max_rows=7)
    config = read_gates(file, record(tests__full__max_rows=200))
    assert [gate.max for gate in config.tests["full"].gates] == [0.1]
    assert config.tests["full"].max_rows == 200
    assert read_gates(file, record()).tests["full"].max_rows is None


def test_another_model_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, hyperparameters__max_depth=9)
    with pytest.raises(SlipwayError, match="found other values than release 8f3c2a1d-4b5e was trained with"):
        read_gates(file, record())


TABLE = yaml.safe_load((ROOT / "tests" / "releases" / "table" / "config.yml").read_text(encoding="utf-8"))


def test_other_classes_are_another_model(tmp_path: Path) -> None:
    turned = {**TABLE, "label": {"column": "churned", "classes": ["yes", "no"]}}
    read_gates(written(tmp_path, **TABLE), record(**TABLE))
    for trained in (turned, {}):
        with pytest.raises(SlipwayError, match=r"label.*: found other values than release 8f3c2a1d-4b5e was trained"):
            read_gates(written(tmp_path, **TABLE), record(**trained))


def test_what_is_no_config_is_told(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match=r"none\.yml: cannot be read"):
        read_gates(tmp_path / "none.yml", record())
    with pytest.raises(SlipwayError, match=r"tests\.full\.gates\.rmse\.max: found 'low'; expected a number"):
        read_gates(written(tmp_path, tests__full__gates={"rmse": {"max": "low"}}), record())


def test_a_record_without_a_config_is_told(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="release 8f3c2a1d-4b5e: its record tells no config"):
        read_gates(written(tmp_path), {**record(), "config": None})

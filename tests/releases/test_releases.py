"""Whole releases: each folder beside this file is a behaviour, with what is pushed or uploaded and what must happen.

`expected.yml` says:
- `says`: the behaviour in a sentence
- `status`: how the execution ends
- `action` and `message`: which action fails (`Stage/Action`), and a pattern that its message must contain
- `check`: a pattern that `slipway check` must print beforehand; without it the check must pass
- `metrics`: names that the evaluation report must hold
- `missing`: files of `data/` that the manifest names and that are not uploaded
- `unread`: what the release's record says that it could not read
- `data`: another case, whose dataset this one takes
- `curves`: learning curves that the record must hold
- `tuned`: of a search, how many training jobs completed, and the hyperparameters that it tried
- `explains`: a pattern that `slipway explain` must print of a release that failed
- `deploys`: environments whose endpoint a failing release has updated before it failed
A case holds `config.yml` (values of the sample config to replace), `config.txt` (the whole file as pushed) or
`data/` (a dataset, uploaded as another program would: without the check); with both the config is there beforehand.
`program/` is pushed with the config, as the folder of the model's program.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.local_server import ROOT
from tests.record_schema import problems
from tests.releases.house import MODEL, House, patched

SAMPLE = (ROOT / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8")
CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/expected.yml"))
# They fail where config_unknown_key or ragged_row does, with a sentence that is tested without a release.
LIKE_OTHERS = {
    "config_not_yaml",
    "config_out_of_range",
    "config_wrong_type",
    "unknown_algorithm",
    "unknown_hyperparameter",
    "empty_file",
    "failing_slice",
    "failing_table",
    "wrong_number_of_features",
    "text_in_a_numeric_column",
    "failing_drift",
    "header_in_data",
    "text_label_in_the_test_set",
}


def test_every_folder_is_a_case() -> None:
    folders = {p for p in Path(__file__).parent.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders == set(CASES)


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[pytest.mark.faults] if case.name in LIKE_OTHERS else []) for case in CASES],
    ids=[case.name for case in CASES],
)
def test_release(case: Path, house: House) -> None:
    expected = yaml.safe_load((case / "expected.yml").read_text(encoding="utf-8"))
    data = case.parent / expected.get("data", case.name) / "data"
    _check(case, house, expected.get("check"), data)
    house.restore()
    served = house.serving()
    execution = house.wait_for_release_of(_push_or_upload(case, house, expected.get("missing", []), data))
    summary = house.wait_for_end(execution)
    assert summary["status"] == expected["status"], _why(house, execution, summary)
    if expected["status"] == "Failed":
        action, message = house.failure(execution)
        assert action == expected["action"], message
        assert re.search(expected["message"], message), message
        assert "Traceback" not in message
        house.wait_for_champion_to_go()
        changed = set() if not expected.get("deploys") else {f"slipway-local-{MODEL}-{e}" for e in expected["deploys"]}
        now = house.serving()
        assert {name for name in now if now[name] != served.get(name)} == changed
    assert all(status == "InService" for status, _ in house.serving().values())
    record = house.record(execution)
    assert problems(record) == []
    assert record["status"] == expected["status"]
    assert [text.partition(":")[0] for text in record["missing"]] == expected.get("unread", [])
    for metric in expected.get("metrics", []):
        assert isinstance(house.report(execution)["metrics"][metric], int | float)
    for curve in expected.get("curves", []):
        assert record["training"]["curves"][curve]
    if "tuned" in expected:
        _check_tuned(house, record, expected["tuned"])
    if "explains" in expected:
        said = house.slipway("explain", execution).stdout
        assert re.search(expected["explains"], said), said


def _check_tuned(house: House, record: dict[str, Any], expected: dict[str, Any]) -> None:
    """The record has every training job, and the release has the best of them."""
    training, found = record["training"], record["training"]["tuning"]
    assert found["counts"] == {"completed": expected["jobs"], "stopped": 0, "failed": 0}
    assert sorted(found["ranges"]) == sorted(expected["ranges"])
    trials = {trial["job"]: trial for trial in found["trials"]}
    best = min(trials, key=lambda name: trials[name]["objective"])
    assert (len(trials), training["job"], found["best"]) == (expected["jobs"], best, best)
    assert trials[best]["hyperparameters"].items() <= training["hyperparameters"].items()
    assert record["cost"]["training"] > 0
    assert best in house.slipway("show", record["execution_id"]).stdout


def _why(house: House, execution: str, summary: dict[str, Any]) -> str:
    return str(house.failure(execution)) if summary["status"] == "Failed" else str(summary)


def _config(case: Path) -> str | None:
    if (case / "config.txt").exists():
        return (case / "config.txt").read_text(encoding="utf-8")
    if (case / "config.yml").exists():
        return patched(SAMPLE, yaml.safe_load((case / "config.yml").read_text(encoding="utf-8")))
    return None


def _program(case: Path) -> dict[str, str]:
    return {f"{MODEL}/{path.name}": path.read_text(encoding="utf-8") for path in (case / "program").glob("*.*")}


def _check(case: Path, house: House, pattern: str | None, data: Path) -> None:
    """`slipway check` finds before the push what it can know."""
    house.config_file.write_text(_config(case) or SAMPLE, encoding="utf-8")
    for name, text in _program(case).items():
        (house.config_file.parent / name).parent.mkdir(exist_ok=True)
        (house.config_file.parent / name).write_text(text, encoding="utf-8")
    arguments = ["--data", str(data)] if data.is_dir() else []
    done = house.slipway("check", *arguments)
    if pattern is None:
        assert done.returncode == 0, done.stdout + done.stderr
    else:
        assert done.returncode == 1, done.stdout
        assert re.search(pattern, done.stdout + done.stderr), done.stdout + done.stderr


def _push_or_upload(case: Path, house: House, missing: list[str], data: Path) -> str:
    """Make the case's change; returns the commit, or the version of the manifest."""
    if data.is_dir():
        config = _config(case)
        if config:
            with house.quietly():
                house.push("training_config", {f"{MODEL}.yml": config, **_program(case)}, message=case.name)
        return house.upload(data, missing)
    files = {f"{MODEL}.yml": f"{_config(case)}\n# {case.name}\n", **_program(case)}
    return house.push("training_config", files, message=case.name)

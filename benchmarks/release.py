"""A release, from git push to the last green stage, against a bare process that trains and predicts the same."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.data import ROOT, rows, write_dataset
from benchmarks.figures import Figure, at_most, process_s
from tests.releases.house import MODEL, House, patched

_BARE = str(Path(__file__).with_name("bare.py"))
# The same training as in the bare process; the gates are left open, as the data may be any.
CONFIG = {
    "hyperparameters": {"objective": "reg:squarederror", "num_round": 100, "eta": 0.1, "max_depth": 6},
    "tests.smoke.gates": {"rmse": {"max": 100.0}},
    "tests.full.gates": {"rmse": {"max": 100.0}},
    "tests.full.champion": None,
    "tests.full.slices": None,
    "tests.full.drift": None,
}


def measure(house: House, folder: Path, *, short: bool, data: Path | None) -> list[Figure]:
    """Push a change, follow it to the end, and compare; the last release is told action by action."""
    name, lines = rows(data)
    dataset = write_dataset(folder / "white", lines)
    with house.quietly():
        house.upload(dataset, [])
    taken, ratios, execution = [], [], ""
    for number in range(2 if short else 6):
        wall, execution = push_and_wait(house, number)
        bare = process_s([_BARE, "train", str(dataset)])
        if number:  # the first release starts the functions and the endpoints
            taken.append(wall)
            ratios.append(wall / bare)
    detail = f"{name}, {len(lines)} rows: {statistics.median(taken):.2f} s; " + ", ".join(_actions(house, execution))
    return [at_most("release / bare training process", statistics.median(ratios), "x", 3.0, detail)]


def push_and_wait(house: House, number: int, config: Mapping[str, Any] = CONFIG) -> tuple[float, str]:
    """Seconds from before `git push` to the end of the execution, and the execution's id."""
    text = patched((ROOT / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8"), dict(config))
    before = house.newest()
    started = datetime.now(UTC)
    house.push_config(f"{text}# {number} {time.time()}\n")
    execution = house.wait_for_new(before)
    # Ten million rows take their time.
    summary = house.wait_for_end(execution, timeout_s=3600)
    if summary["status"] != "Succeeded":
        raise SystemExit(f"the release that is measured failed: {house.failure(execution)}")
    return (summary["lastUpdateTime"] - started).total_seconds(), execution


def _actions(house: House, execution: str) -> list[str]:
    return [
        f"{name} {(action['lastUpdateTime'] - action['startTime']).total_seconds():.2f}"
        for name, action in house.actions(execution).items()
    ]

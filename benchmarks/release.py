"""A release, from git push to the last green stage, against a bare process that trains and predicts the same.

The bare process does what Source, Train, DeployDev and DeployTest are there for: it reads the data, trains and
predicts. What these stages add to it should stay small, so they have the target. Their time is that of the whole
release without the three stages below; git, events and all transitions between stages count as theirs.

The other stages do what the bare process does not, and are told apart:

- Build packages the functions and, beside it, looks for checks that are due. A release of a config changes none, and
  should not wait longer for that than for a training: its target is the bare process once.
- Approve waits for a person; here the benchmark approves as soon as it sees the question. DeployProd replaces the
  endpoint blue/green and waits as long as alarms are to be watched: what the config says, not what the machine can do.
  Both, and with them the whole release, have no target.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.data import ROOT, rows, write_dataset
from benchmarks.figures import Figure, at_most, process_s, untargeted
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
APART = ("Build", "Approve", "DeployProd")
"""Stages that do what the bare process does not."""
WHOLE, TRAINED = "whole", "trained"

Actions = Mapping[str, Mapping[str, Any]]
"""The actions of an execution by `Stage/Action`, in their order."""


def measure(house: House, folder: Path, *, short: bool, data: Path | None) -> list[Figure]:
    """Push a change, follow it to the end, and compare; the last release is told action by action."""
    name, lines = rows(data)
    dataset = write_dataset(folder / "white", lines)
    with house.quietly():
        house.upload(dataset, [])
    taken: list[dict[str, float]] = []
    ratios: list[dict[str, float]] = []
    actions: Actions = {}
    for number in [1] if short else range(6):
        whole_s, execution = push_and_wait(house, number)
        bare_s = process_s([_BARE, "train", str(dataset)])
        actions = house.actions(execution)
        if number:  # the first release starts the functions and the endpoints
            taken.append(split_s(whole_s, actions))
            ratios.append({part: seconds / bare_s for part, seconds in taken[-1].items()})
    ratio = {part: statistics.median(one[part] for one in ratios) for part in ratios[0]}
    detail = {part: f"{statistics.median(one[part] for one in taken):.2f} s" for part in taken[0]}
    trained = [stage for stage in _stages(actions) if stage not in APART]
    return [
        at_most(
            f"{', '.join(trained)} / bare training process",
            ratio[TRAINED],
            "x",
            3.0,
            f"{name}, {len(lines)} rows: {detail[TRAINED]}; {_told(actions, trained)}",
        ),
        at_most("Build / bare training process", ratio["Build"], "x", 1.0, detail["Build"]),
        *(
            untargeted(
                f"{stage} / bare training process", ratio[stage], "x", f"{detail[stage]}; {_told(actions, [stage])}"
            )
            for stage in APART
            if stage != "Build"
        ),
        untargeted("whole release / bare training process", ratio[WHOLE], "x", detail[WHOLE]),
    ]


def push_and_wait(
    house: House, number: int, config: Mapping[str, Any] = CONFIG, pause_s: float = 0.02
) -> tuple[float, str]:
    """Seconds from before `git push` to the end of the execution, and the execution's id.

    Whether it has come to its end or to its question is asked with a pause in between.
    """
    text = patched((ROOT / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8"), dict(config))
    before = house.newest()
    started = datetime.now(UTC)
    house.push_config(f"{text}# {number} {time.time()}\n")
    execution = house.wait_for_new(before)
    # Ten million rows take their time.
    summary = house.wait_for_end(execution, timeout_s=3600, pause_s=pause_s)
    if summary["status"] != "Succeeded":
        raise SystemExit(f"the release that is measured failed: {house.failure(execution)}")
    return (summary["lastUpdateTime"] - started).total_seconds(), execution


def split_s(whole_s: float, actions: Actions) -> dict[str, float]:
    """Seconds of the whole release, of each stage that stands apart, and of all the rest."""
    apart = {stage: _span_s([found for name, found in actions.items() if _stage(name) == stage]) for stage in APART}
    return {WHOLE: whole_s, TRAINED: whole_s - sum(apart.values()), **apart}


def _span_s(actions: Iterable[Mapping[str, Any]]) -> float:
    """From the start of the first action to the end of the last one, in seconds."""
    found = list(actions)
    span: timedelta = max(one["lastUpdateTime"] for one in found) - min(one["startTime"] for one in found)
    return span.total_seconds()


def _stage(action: str) -> str:
    return action.partition("/")[0]


def _stages(actions: Actions) -> list[str]:
    return list(dict.fromkeys(_stage(name) for name in actions))


def _told(actions: Actions, stages: Sequence[str]) -> str:
    return ", ".join(f"{name} {_span_s([found]):.2f}" for name, found in actions.items() if _stage(name) in stages)

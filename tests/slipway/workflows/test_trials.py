"""The table and the plot of experiments."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from slipway.terminal.output import PlainConsole
from slipway.workflows.trials import plot, read_trials, trials_table

ROWS: list[dict[str, Any]] = [
    {"Name": "wide", "HyperParameters": {"max_depth": 9}, "Status": "Completed", "Value": 2.5},
    {"Name": "<best>", "HyperParameters": {"eta": 0.1, "gamma": 4}, "Status": "Completed", "Value": 2.125},
    {"Name": "wrong", "HyperParameters": {"eta": 7}, "Status": "Failed", "Reason": "one line\nand another"},
]
OUTPUT = json.dumps({"Metric": "validation:rmse", "Best": ROWS[1], "ModelName": "m", "Experiments": ROWS})


def test_the_table_has_the_best_first_and_those_that_failed_last() -> None:
    trials = read_trials(OUTPUT)
    assert trials is not None
    console = PlainConsole(file=io.StringIO(), width=80)
    with console.capture() as caught:
        console.print(trials_table(trials))
    lines = [" ".join(line.split()) for line in caught.get().splitlines()]
    assert lines == [
        "experiment validation:rmse status with",
        "<best> 2.125 best eta 0.1, gamma 4",
        "wide 2.500 Completed max_depth 9",
        "wrong \N{EN DASH} Failed eta 7",
    ]
    assert trials.rows[2].reason == "one line and another"


def test_the_plot_has_a_bar_for_each_that_completed() -> None:
    trials = read_trials(OUTPUT)
    assert trials is not None
    root = ET.fromstring(plot(trials))  # noqa: S314 - made here
    space = "{http://www.w3.org/2000/svg}"
    bars = [float(bar.attrib["width"]) for bar in root.iter(f"{space}rect")]
    assert bars[0] / bars[1] == pytest.approx(2.125 / 2.5, rel=0.01)
    said = " ".join(root.itertext())
    assert "<best> 2.125, wide 2.500; 1 failed." in said


@pytest.mark.parametrize(
    "output",
    [
        *(None, "null", "[1]", '{"Value": 1}', '"text"'),
        '{"Experiments": [1, 2]}',
        '{"Metric": "m", "Best": {"Name": "a"}, "Experiments": ["a"]}',
        '{"Metric": "m", "Best": {"Name": "a"}, "Experiments": [{"Name": "a", "HyperParameters": 1}]}',
        '{"Metric": "m", "Best": {"Name": "a"}, "Experiments": [{"Name": "a", "HyperParameters": {}, "Value": "b"}]}',
        '{"Metric": "m", "Best": "a", "Experiments": []}',
    ],
)
def test_an_output_without_experiments(output: str | None) -> None:
    assert read_trials(output) is None

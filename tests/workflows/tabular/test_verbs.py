"""The verbs of `slipway workflow` on the stack: what they print, refuse, and name as the next step."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.releases.house import House
from tests.workflows.tabular.machines import run, upload_sample

CHAIN = "workflows/tabular/chain.py"
_STEP = re.compile(r": (\S*(?:slipway|python) .*)$", re.MULTILINE)


def said(house: House, *arguments: str, code: int = 0) -> str:
    done = house.slipway("workflow", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def document(house: House, *arguments: str) -> Any:
    return json.loads(house.slipway("workflow", *arguments, "--json").stdout)


@pytest.fixture(scope="module")
def failed(tabular: House) -> str:
    """An execution of the chain that failed, by its name."""
    done = run(tabular, "tabular", {"JobName": "a"})
    return f"tabular:{done['executionArn'].rpartition(':')[2]}"


def test_a_failed_execution_is_told_and_fails_the_verb(tabular: House, failed: str) -> None:
    text = said(tabular, "progress", failed, code=1)
    assert "\N{MULTIPLICATION SIGN} Refuse Input  failed" in text
    assert "InputError: The input lacks ModelName, lacks EndpointName; expected JobName" in text
    assert document(tabular, "progress", failed)["error"] == "InputError"


def test_every_next_step_works(tabular: House, failed: str) -> None:
    upload_sample(tabular)
    printed = said(tabular, "list") + said(tabular, "list", "tabular")
    printed += said(tabular, "create", CHAIN, "--name", "tabular-other") + said(tabular, "list", "tabular-other")
    given = json.dumps({"Experiments": [{"Name": "one", "HyperParameters": {"num_round": 2}}]})
    printed += said(tabular, "execute", "tabular-experiments", "--input", given)
    printed += said(tabular, "progress", failed, code=1)
    steps = dict.fromkeys(step for step in _STEP.findall(printed) if "{...}" not in step)
    assert len(steps) == 5
    assert "workflow execute tabular-other --input '{...}'" in printed
    environment = {**tabular.environment, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for step in steps:
        done = subprocess.run(
            ["bash", "-c", step], cwd=tabular.root, env=environment, capture_output=True, text=True, check=False
        )
        fails = shlex.quote(failed) in step and "progress" in step
        assert done.returncode == int(fails), f"{step}\n{done.stdout}{done.stderr}"


def test_what_programs_read(tabular: House, failed: str) -> None:
    machines = {one["name"] for one in document(tabular, "list")["machines"]}
    assert machines >= {f"slipway-local-{name}" for name in ("tabular", "tabular-experiments", "tabular-removal")}
    newest = document(tabular, "list", "tabular", "-n", "1")["executions"]
    assert len(newest) == 1
    events = document(tabular, "events", failed)["events"]
    assert [event["type"] for event in events][-2:] == ["FailStateEntered", "ExecutionFailed"]


def test_an_arn_is_as_good_as_a_name(tabular: House, failed: str) -> None:
    arn = document(tabular, "progress", failed)["execution"]
    assert failed in said(tabular, "progress", arn, code=1)
    machine = arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    assert failed in said(tabular, "list", machine)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("create", CHAIN),
            "State machine slipway-local-tabular belongs to the stack slipway-workflows-local, whose next",
        ),
        (("create", CHAIN, "--name", "other"), "--name: found 'other'; expected a name that begins with tabular-"),
        (("graph", "none"), "Found no state machine 'none' in local AWS."),
        (("execute", "none"), "Found no state machine 'none' in local AWS."),
        (("progress", "tabular:none"), "Found no execution 'tabular:none' in local AWS."),
        (("events", "arn:aws:states:us-east-1:111122223333:execution:a:b"), "Found no execution 'arn:aws:states:"),
        (("progress", "TABULAR", "--plot", "p.svg"), "--plot: execution tabular:"),
        (("graph", "tabular", "--out", "none/a.svg"), "none/a.svg: No such file or directory."),
        (
            ("execute", "tabular", "--input", "[]"),
            "--input: The input is not an object; expected JobName (a string of ",
        ),
    ],
)
def test_what_is_refused(tabular: House, failed: str, arguments: tuple[str, ...], message: str) -> None:
    text = said(tabular, *(failed if one == "TABULAR" else one for one in arguments), code=1)
    assert f"error: {message}" in text

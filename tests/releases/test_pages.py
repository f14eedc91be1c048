"""Every command of the pages about data and programs of one's own, as printed; each of the four examples is released.

A command that several pages have runs once. While a release is followed, it is approved.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local_aws.sagemaker.containers.script_mode.wheels import wheel
from tests.local_server import ROOT, wait_for
from tests.releases.house import FINAL, House

PAGES = ("examples.md", "your-data.md", "scripts.md", "features.md")
SCRIPT = "churn-script"
EXAMPLES = {"churn": "auc", "tickets": "f1_macro", "sales": "rmse", SCRIPT: "auc"}
"""Model to a metric that its release has to report."""
_BLOCK = re.compile(r"^    (slipway .*)$|^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """Return the commands of a page's blocks, in their order; a backslash continues a line."""
    found: list[str] = []
    for match in _BLOCK.finditer((ROOT / "docs" / page).read_text(encoding="utf-8")):
        text = (match[1] or match[2]).replace("\\\n", " ")
        found += [line.strip() for line in text.splitlines() if line.strip().startswith(("slipway ", "uv "))]
    return found


ALL = list(dict.fromkeys(command for page in PAGES for command in commands(page)))


def of_model(model: str) -> list[str]:
    """Return the commands about a model, the one that makes it first."""
    return [command for command in ALL if model in shlex.split(command)]


def test_the_pages_have_commands_of_the_examples_alone() -> None:
    assert sorted(command for model in EXAMPLES for command in of_model(model)) == sorted(
        command for command in ALL if command.startswith("slipway ")
    )
    for model in EXAMPLES:
        assert [shlex.split(command)[1] for command in of_model(model)][:3] == ["new", "follow", "predict"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[House]:
    """A house of its own, whose builds find some wheels more."""
    house = House(tmp_path_factory.mktemp("pages"))
    house.server.wheels = house.root / "more-wheels"
    house.server.wheels.mkdir()
    try:
        house.copy_installation(installed)
        for model in EXAMPLES:
            house.note_checks(model)
        yield house
    finally:
        house.slipway("down")


def approve(site: House, model: str) -> None:
    """Approve what waits in the model's pipeline."""
    client, name = site.client("codepipeline"), f"slipway-local-{model}"
    for stage in client.get_pipeline_state(name=name)["stageStates"]:
        for action in stage["actionStates"]:
            latest = action.get("latestExecution", {})
            if latest.get("token") and latest["status"] == "InProgress":
                place = {"pipelineName": name, "stageName": stage["stageName"], "actionName": action["actionName"]}
                decision = {"status": "Approved", "summary": "a test"}
                client.put_approval_result(**place, token=latest["token"], result=decision)


def followed(site: House, model: str, words: list[str]) -> str:
    """Run `follow` to the release's end, approving meanwhile; returns what it printed."""
    command = [sys.executable, "-m", "slipway.cli", *words, "--local"]
    process = subprocess.Popen(command, cwd=site.root, env=site.environment, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        approve(site, model)
        time.sleep(0.2)
    said, _ = process.communicate(timeout=5)
    assert process.returncode == 0, said
    return said


def newest(site: House, model: str) -> dict[str, Any]:
    listed = site.client("codepipeline").list_pipeline_executions(pipelineName=f"slipway-local-{model}")
    found: dict[str, Any] = listed["pipelineExecutionSummaries"][0]
    return found


# One of the tables stands for all three in a quick run.
@pytest.mark.parametrize(
    "model",
    [pytest.param(one, marks=[pytest.mark.faults] if one != "churn" else []) for one in EXAMPLES if one != SCRIPT],
)
def test_an_example_is_released_as_its_page_says(site: House, model: str) -> None:
    release_example(site, model)


def release_example(site: House, model: str) -> None:
    for command in of_model(model):
        words = shlex.split(command)[1:]
        if words[0] == "follow":
            followed(site, model, words)
            continue
        done = site.slipway(*words)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    execution = newest(site, model)["pipelineExecutionId"]
    assert site.record(execution, model)["status"] == "Succeeded"
    assert isinstance(site.report(execution, model=model)["metrics"][EXAMPLES[model]], int | float)


@pytest.mark.faults
def test_an_example_with_a_program_goes_on_with_a_lock(site: House) -> None:
    """Then the program imports a package that its image lacks, in training and in serving, without a network."""
    model, wheels = SCRIPT, site.server.wheels
    assert wheels is not None
    release_example(site, model)
    sha256 = wheel(wheels, "tinyfruit", "1.0")
    folder = site.root / "training_config" / model
    (folder / "requirements.txt").write_text(f"tinyfruit==1.0 --hash=sha256:{sha256}\n", encoding="utf-8")
    rows = folder / "rows.py"
    rows.write_text(f"{rows.read_text(encoding='utf-8')}\n\nimport tinyfruit\n", encoding="utf-8")
    checked = site.slipway("check")
    assert f"{model}/requirements.txt: there are wheels of its 1 packages for Python 3.10" in checked.stdout
    before = newest(site, model)["pipelineExecutionId"]
    done = site.slipway("publish", "training_config", "--model", model)
    assert done.returncode == 0, done.stdout + done.stderr

    def released() -> dict[str, Any] | None:
        found = newest(site, model)
        if found["pipelineExecutionId"] == before:
            return None
        approve(site, model)
        return found if found["status"] in FINAL else None

    execution = wait_for(released, "the release with a lock to end", 200)
    assert execution["status"] == "Succeeded", site.slipway("explain", "--model", model).stdout
    listed = site.client("s3").list_objects_v2(
        Bucket=f"slipway-local-models-{site.account}-us-east-1", Prefix="wheels/"
    )
    keys = [item["Key"].rpartition("/")[2] for item in listed["Contents"]]
    assert "tinyfruit-1.0-py3-none-any.whl" in keys
    assert json.loads(site.slipway("predict", f"data/{model}/example.csv", "--model", model, "--json").stdout)

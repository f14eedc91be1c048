"""Local AWS killed with SIGKILL in the middle of a release: nothing is lost, nothing is done twice."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local_server import wait_for
from tests.releases.house import MODEL, PREFIX, House, patched

# Long enough to be caught in the middle: some seconds of training, some seconds of predicting.
SLOW_TRAINING = {"hyperparameters.num_round": 3000, "hyperparameters.early_stopping_rounds": 3000}
LARGE_TEST_SET_ROWS = 400_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[House]:
    """A house of its own, as its local AWS is killed again and again."""
    house = House(tmp_path_factory.mktemp("faults"))
    try:
        house.copy_installation(installed)
        yield house
    finally:
        house.slipway("down")


def push(house: House, patch: dict[str, Any], message: str) -> str:
    """Push a patched sample config; returns the id of the execution that it starts."""
    before = house.newest()
    text = patched(house.config_file.read_text(encoding="utf-8"), patch)
    house.push_config(f"{text}# {message}\n", message=message)
    return house.wait_for_new(before)


def status_of(house: House, execution: str, action: str) -> str | None:
    found = house.actions(execution).get(action)
    return str(found["status"]) if found else None


def kill_when(house: House, condition: Callable[[], Any], what: str) -> None:
    wait_for(condition, what)
    house.server.kill()
    house.server.up()


def ends_well(house: House, execution: str) -> None:
    """The execution goes on by itself to its end, with one training job, and the endpoints serve its model."""
    summary = house.wait_for_end(execution)
    assert summary["status"] == "Succeeded", house.failure(execution)
    job = f"{PREFIX}-{execution[:13]}"
    jobs = house.client("sagemaker").list_training_jobs(NameContains=execution[:13])["TrainingJobSummaries"]
    assert [(found["TrainingJobName"], found["TrainingJobStatus"]) for found in jobs] == [(job, "Completed")]
    assert house.serving() == {
        f"{PREFIX}-{env}": ("InService", f"{PREFIX}-{env}-{execution[:13]}") for env in ("dev", "test", "prod")
    }
    answer = house.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=f"{PREFIX}-test", ContentType="text/csv", Body=",".join(["1"] * 11)
    )
    assert float(answer["Body"].read()) > 0


@pytest.mark.faults
def test_killed_while_training(house: House) -> None:
    execution = push(house, SLOW_TRAINING, "killed while training")
    job = f"{PREFIX}-{execution[:13]}"

    def training() -> bool:
        jobs = house.client("sagemaker").list_training_jobs(NameContains=execution[:13])["TrainingJobSummaries"]
        if not jobs:
            return False
        described = house.client("sagemaker").describe_training_job(TrainingJobName=job)
        return bool(described["SecondaryStatus"] == "Training")

    kill_when(house, training, "the job to train")
    described = house.client("sagemaker").describe_training_job(TrainingJobName=job)
    assert described["TrainingJobStatus"] in {"InProgress", "Completed"}
    assert "Restarting" in [t["Status"] for t in described["SecondaryStatusTransitions"]]
    ends_well(house, execution)


def kill_function(house: House, name: str, known: set[int]) -> set[int]:
    """Kill the processes of a function that are not known yet; returns all that were killed so far."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            place = str((folder / "cwd").readlink())
            parent = int((folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
        except OSError:
            continue
        if str(house.server.state) in place and f"{PREFIX}-{name}-" in place:
            parents[int(folder.name)] = parent
    # The parent, in the same folder, watches over the function's process, and tells local AWS of its end.
    found = {pid for pid, parent in parents.items() if parent in parents} - set(parents.values()) - known
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    return known | found


@pytest.mark.parametrize(("kills", "status"), [pytest.param(1, "Succeeded", marks=pytest.mark.faults), (2, "Failed")])
def test_a_function_that_is_killed_is_repeated_and_then_answered_for(house: House, kills: int, status: str) -> None:
    before = house.newest()
    assert house.slipway("start").returncode == 0
    execution = house.wait_for_new(before)
    killed: set[int] = set()

    def smoke_test_is_over() -> bool:
        nonlocal killed
        found = status_of(house, execution, "DeployDev/SmokeTest")
        if found == "InProgress" and len(killed) < kills:
            killed = kill_function(house, "evaluate-model", killed)
        return found not in {None, "InProgress"}

    wait_for(smoke_test_is_over, "the smoke test to be over", 180)
    assert len(killed) == kills
    action = house.actions(execution)["DeployDev/SmokeTest"]
    assert action["status"] == status
    if status == "Failed":
        message = action["output"]["executionResult"]["errorDetails"]["message"]
        assert message.startswith(f"Function {PREFIX}-evaluate-model gave no result in 2 attempts: its process ended")
        explained = house.slipway("explain", execution).stdout
        assert "signal: killed" in explained
        retried = house.slipway("retry", "--run", execution)
        assert "DeployDev is tried again, all actions" in retried.stdout, retried.stderr
    house.wait_for_end(execution)


@pytest.mark.faults
def test_killed_while_deploying(house: House) -> None:
    execution = push(house, {}, "killed while deploying")
    kill_when(
        house,
        lambda: status_of(house, execution, "DeployTest/Deploy") in {"InProgress", "Succeeded"},
        "the deployment to Test to begin",
    )
    ends_well(house, execution)


@pytest.mark.faults
def test_killed_while_evaluating(house: House, tmp_path: Path) -> None:
    with house.quietly():
        house.upload(_large_dataset(house, tmp_path), [])
    execution = push(house, {}, "killed while evaluating")
    kill_when(
        house,
        lambda: status_of(house, execution, "DeployTest/Evaluate") == "InProgress",
        "the evaluation to begin",
    )
    ends_well(house, execution)
    assert house.report(execution)["rows"] == LARGE_TEST_SET_ROWS
    with house.quietly():
        house.upload(house.root / "data" / MODEL, [])


def _large_dataset(house: House, folder: Path) -> Path:
    sample = house.root / "data" / MODEL
    for channel in ("train", "validation"):
        (folder / channel).mkdir()
        (folder / channel / f"{channel}.csv").write_bytes((sample / channel / f"{channel}.csv").read_bytes())
    rows = (sample / "test" / "test.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "test").mkdir()
    with (folder / "test" / "test.csv").open("w", encoding="utf-8") as out:
        out.writelines(itertools.islice(itertools.cycle(rows), LARGE_TEST_SET_ROWS))
    return folder


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(12))
def test_killed_at_any_moment(house: House, seed: int) -> None:
    """Up to three kills at random moments of one release."""
    moments = random.Random(seed)  # noqa: S311 - moments, not secrets
    execution = push(house, {}, f"killed at random, seed {seed}")
    for _ in range(moments.randint(1, 3)):
        time.sleep(moments.uniform(0.0, 1.5))
        house.server.kill()
        house.server.up()
    ends_well(house, execution)

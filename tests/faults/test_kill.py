"""Local AWS killed with SIGKILL in the middle of a release: nothing is lost, nothing is done twice."""

from __future__ import annotations

import itertools
import random
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
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of its own, as its local AWS is killed again and again."""
    house = House(tmp_path_factory.mktemp("faults"))
    try:
        house.install()
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


def test_killed_while_deploying(house: House) -> None:
    execution = push(house, {}, "killed while deploying")
    kill_when(
        house,
        lambda: status_of(house, execution, "DeployTest/Deploy") in {"InProgress", "Succeeded"},
        "the deployment to Test to begin",
    )
    ends_well(house, execution)


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

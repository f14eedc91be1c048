"""Lists and pages of jobs, as a running local AWS has them."""

from __future__ import annotations

import pytest
from slipway.console.jobs.decisions import stop_job
from slipway.console.jobs.listing import jobs, training_jobs
from slipway.console.jobs.training import training_job
from slipway.console.shell import drawn
from slipway.errors import SlipwayError
from slipway.session import Session

from tests.local_aws.sagemaker.house import ROUNDS, House, rows
from tests.local_server import LocalServer
from tests.slipway.console.drawing import asked, links_of, session_at, text_of

MARKUP = "<script>"


@pytest.fixture(scope="module")
def house(local_aws: LocalServer) -> House:
    """A job that completed, and one that its data made fail."""
    house = House(local_aws, "console-jobs")
    assert house.trained("console-good", Environment={"TOLD": MARKUP})["TrainingJobStatus"] == "Completed"
    house.s3.put_object(Bucket=house.name, Key="set/train/data.csv", Body=f"{rows(5, 1)}1.0,0.5,{MARKUP},0.5\n")
    assert house.trained("console-bad")["TrainingJobStatus"] == "Failed"
    return house


@pytest.fixture(scope="module")
def session(house: House) -> Session:
    return session_at(house.server)


def test_the_list_tells_how_each_job_ended(session: Session) -> None:
    page = training_jobs(asked(session, query={"name": "console-"}))
    told = text_of(page)
    assert "validation:rmse 0." in told
    assert "AlgorithmError" in told
    assert MARKUP not in drawn(page)
    assert "/_console/jobs/training/console-good" in links_of(page)
    assert page.again_s is None
    failed = text_of(training_jobs(asked(session, query={"name": "console-", "status": "Failed"})))
    assert "console-bad" in failed
    assert "console-good" not in failed


def test_a_job_with_its_curve_settings_timeline_and_log(session: Session) -> None:
    page = training_job(asked(session, name="console-good"))
    told, markup = text_of(page), drawn(page)
    assert f"{ROUNDS} rounds of the training job" in told
    assert "reg:squarederror" in told
    assert "s3://console-jobs/set/train/" in told
    assert "Uploading generated training model" in told
    assert f"[{ROUNDS - 1}]#011train-rmse:" in told
    assert "/_console/buckets/console-jobs/object?key=out/console-good/output/model.tar.gz" in links_of(page)
    assert MARKUP not in markup
    assert "Stop the job" not in told
    keys = [part.split('id="')[1].split('"')[0] for part in page.parts]
    assert len(keys) == len(set(keys))


def test_a_failed_job_says_why(session: Session) -> None:
    page = training_job(asked(session, name="console-bad"))
    assert "AlgorithmError" in text_of(page)
    assert MARKUP not in drawn(page)


def test_a_person_stops_a_running_job(session: Session, house: House) -> None:
    endless = {"objective": "reg:squarederror", "num_round": "1000000"}
    house.sagemaker.create_training_job(**house.request("console-endless", HyperParameters=endless))
    page = training_job(asked(session, name="console-endless"))
    assert "Stop the job" in text_of(page)
    assert page.again_s == 1.0
    done = stop_job(asked(session, kind="training", name="console-endless"), {})
    assert done.address == "/_console/jobs/training/console-endless"
    assert house.ended("console-endless")["TrainingJobStatus"] == "Stopped"


@pytest.mark.parametrize("kind", ["tuning", "processing", "transform"])
def test_a_list_without_jobs(session: Session, kind: str) -> None:
    assert "No such job is here." in text_of(jobs(asked(session, kind=kind, query={"name": "console-none"})))


def test_a_kind_that_is_none(session: Session) -> None:
    with pytest.raises(SlipwayError, match="expected training, tuning, processing, transform"):
        jobs(asked(session, kind="labeling"))

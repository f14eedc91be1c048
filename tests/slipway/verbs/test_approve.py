"""The verbs `approve` and `reject`, and how `release` and `follow` treat a release that waits for them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from slipway.errors import SlipwayError
from slipway.session import Session
from slipway.target import Options, Target
from slipway.terminal.output import Output, PlainConsole
from slipway.verbs.approve import answer, check_reason

from tests.releases.house import PREFIX, House
from tests.slipway.releases.test_run_view import recorded

pytestmark = pytest.mark.usefixtures("local_key")

RUN = "7a51d3aa-0c53-4f39-8f0b-1f1f1f1f1f1f"


@pytest.fixture
def stubbed() -> Iterator[tuple[Session, Stubber]]:
    client = boto3.client(
        "codepipeline", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    session = Session(Options(local=True), Output(console=PlainConsole(file=io.StringIO())))
    target = Target("AWS", "us-east-1", "local", "http://127.0.0.1:1")
    session.__dict__["target"] = target
    target._clients["codepipeline"] = client
    with Stubber(client) as stubber:
        yield session, stubber
        stubber.assert_no_pending_responses()


def expect_state(stubber: Stubber) -> None:
    state = {key: value for key, value in recorded("approval_open")["state"].items() if key != "metadata"}
    for stage in state["stageStates"]:
        stage.get("inboundExecution", {}).pop("details", None)
    stubber.add_response("get_pipeline_state", state, {"name": PREFIX})


@pytest.mark.parametrize("execution", [None, "7a51d3aa-0c53", RUN])
def test_the_open_approval_is_answered_with_its_token(stubbed: tuple[Session, Stubber], execution: str | None) -> None:
    session, stubber = stubbed
    expect_state(stubber)
    expected = {
        "pipelineName": PREFIX,
        "stageName": "Approve",
        "actionName": "Release",
        "token": "11111111-2222-3333-4444-555555555555",
        "result": {"status": "Approved", "summary": "rmse is better than last week"},
    }
    stubber.add_response("put_approval_result", {}, expected)
    answered = answer(session, "Approved", execution, "rmse is better than last week")
    assert answered == (RUN, "Approve", "Release")


def test_another_release_than_the_one_that_waits_is_not_answered(stubbed: tuple[Session, Stubber]) -> None:
    session, stubber = stubbed
    expect_state(stubber)
    with pytest.raises(
        SlipwayError, match="0f3c1f6e: it does not wait for approval; the one that does is 7a51d3aa-0c53"
    ):
        answer(session, "Approved", "0f3c1f6e", "because")


def test_nothing_waits(stubbed: tuple[Session, Stubber]) -> None:
    session, stubber = stubbed
    stubber.add_response("get_pipeline_state", {"pipelineName": PREFIX, "stageStates": []})
    with pytest.raises(SlipwayError, match="no release waits for approval"):
        answer(session, "Rejected", None, "because")


@pytest.mark.parametrize(("reason", "message"), [("  ", "recorded with one"), ("x" * 513, "found 513 characters")])
def test_a_decision_has_a_reason_that_fits(reason: str, message: str) -> None:
    with pytest.raises(SlipwayError, match=message):
        check_reason(reason, "--message")
    check_reason("x" * 512, "--message")


@pytest.fixture(scope="module")
def sample(house: House) -> House:
    """A house that releases the sample, whatever a module before has left."""
    house.restore()
    return house


def waiting(house: House, *arguments: str) -> dict[str, Any]:
    done = house.slipway("release", "--json", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "said": done.stderr}


def test_a_release_stops_at_its_approval_and_continues_after_it(sample: House) -> None:
    first = waiting(sample)
    short = first["id"][:13]
    assert (first["status"], first["approval"]["stage"]) == ("InProgress", "Approve")
    # A link of AWS's console, which the console of local AWS answers.
    assert first["approval"]["evidence"].startswith(f"http://127.0.0.1:{sample.server.port}/_console/aws/s3/object/")
    said = first["said"]
    assert f"release {short} Waiting for approval" in said
    assert said.index("rmse") < said.rindex("waits for a decision") < said.rindex(f"approve {short} --message REASON")
    assert f"follow {short}" in said
    assert "waits for a decision" in sample.slipway("show").stdout

    assert re.search(r"approval Approve/\S+ +Waiting +\S.* show " + short, sample.slipway("status").stdout)

    refused = sample.slipway("approve", short)
    assert (refused.returncode, "recorded with one" in refused.stderr) == (1, True)
    approved = sample.slipway("approve", short, "--message", "good enough")
    assert approved.returncode == 0, approved.stderr
    followed = sample.slipway("follow", short)
    assert followed.returncode == 0, followed.stdout + followed.stderr
    assert f"release {short} Succeeded" in followed.stdout
    assert "no release waits for approval" in sample.slipway("approve", "-m", "again").stderr


def test_a_rejected_release_fails_with_the_reason(sample: House) -> None:
    short = waiting(sample)["id"][:13]
    assert sample.slipway("reject", short, "-m", "too slow").returncode == 0
    followed = sample.slipway("follow", short)
    assert followed.returncode == 1
    assert "Rejected by arn:aws:iam::111122223333:root: too slow" in followed.stdout

"""Where logs lie and what is shown of them; the answers are botocore's Stubber's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from slipway.errors import SlipwayError
from slipway.releases import log_places
from slipway.releases.log_lines import last_lines
from slipway.releases.log_places import JOBS, Place, job_place, place_named, places_of_action
from slipway.releases.run_view import ActionView, RunView
from slipway.session import Session
from slipway.target import Options, Target
from slipway.terminal import log_tail
from slipway.terminal.log_tail import LogTail, plain
from slipway.terminal.output import Output

PIPELINE, SHORT = "slipway-local-wine-quality", "0f3c1f6e-5f0e"
pytestmark = pytest.mark.usefixtures("local_key")
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
AT_MS = round(NOW.timestamp() * 1000)
ANY_QUERY: dict[str, Any] = {"logGroupName": "g", "startTime": ANY, "startFromHead": False, "limit": 20}


@pytest.fixture
def session() -> Session:
    made = Session(Options(local=True), Output(as_json=True))
    made.__dict__["target"] = Target("local AWS", "us-east-1", "local", endpoint_url="http://127.0.0.1:1")
    return made


@pytest.fixture
def stubs(session: Session) -> Iterator[dict[str, Stubber]]:
    with ExitStack() as open_ones:
        yield {name: open_ones.enter_context(Stubber(session.client(name))) for name in ("sagemaker", "logs")}


def action(called: str, /, **parameters: str) -> ActionView:
    told = ", ".join(f'"{key}": "{value}"' for key, value in parameters.items())
    given = {"FunctionName": f"{PIPELINE}-dispatch", "UserParameters": f"{{{told}}}"}
    return ActionView("DeployTest", called, "Lambda", "InProgress", started=NOW, configuration=given)


def release(*actions: ActionView) -> RunView:
    return RunView(f"{SHORT}-4a0b", PIPELINE, "InProgress", "", "by hand", (), actions)


@pytest.mark.parametrize(
    ("name", "group", "prefix"),
    [
        ("train-model", f"/aws/lambda/{PIPELINE}-train-model", ""),
        (f"{PIPELINE}-get-status", f"/aws/lambda/{PIPELINE}-get-status", ""),
        ("endpoint-prod", f"/aws/sagemaker/Endpoints/{PIPELINE}-prod", ""),
        ("workflow/images-train", "/aws/lambda/slipway-local-workflow-images-train", ""),
    ],
)
def test_names_that_ask_nobody(session: Session, name: str, group: str, prefix: str) -> None:
    place = place_named(session, name, None)
    assert (place.group, place.prefix) == (group, prefix)


def test_an_unknown_name_is_answered_with_all_there_are(session: Session) -> None:
    with pytest.raises(SlipwayError) as error:
        place_named(session, "nonsense", None)
    assert "found 'nonsense'; expected train-model, " in error.value.message
    assert "metrics-job" in error.value.message
    assert "processing/JOB" in error.value.message


@pytest.mark.parametrize(
    ("kind", "group", "prefix"),
    [
        ("training", "/aws/sagemaker/TrainingJobs", "a-job/"),
        ("tuning", "/aws/sagemaker/TrainingJobs", "a-job-"),
        ("processing", "/aws/sagemaker/ProcessingJobs", "a-job/"),
        ("transform", "/aws/sagemaker/TransformJobs", "a-job/"),
    ],
)
def test_any_job_has_a_log_until_it_has_ended(
    session: Session, kind: str, group: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def described(_: Session, kind: str, name: str) -> bool:
        asked.append(f"{kind}/{name}")
        return False

    monkeypatch.setattr(log_places, "_job_ended", described)
    place = place_named(session, f"{kind}/a-job", None)
    assert (place.group, place.prefix, asked) == (group, prefix, [f"{kind}/a-job"])
    assert kind in JOBS


def test_a_job_that_is_not_there_is_one_sentence(session: Session, stubs: dict[str, Stubber]) -> None:
    stubs["sagemaker"].add_client_error("describe_processing_job", "ValidationException", "Could not find it.")
    with pytest.raises(SlipwayError, match="processing/none: found no such processing job in local AWS"):
        place_named(session, "processing/none", None)


def test_a_job_has_ended_once_sagemaker_says_so(session: Session, stubs: dict[str, Stubber]) -> None:
    for status, ended in (("InProgress", False), ("Stopping", False), ("Stopped", True)):
        answer: dict[str, Any] = {
            "HyperParameterTuningJobName": "a",
            "HyperParameterTuningJobArn": "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/a",
            "HyperParameterTuningJobStatus": status,
            "HyperParameterTuningJobConfig": {"Strategy": "Random", "ResourceLimits": {"MaxParallelTrainingJobs": 1}},
            "CreationTime": NOW,
            "TrainingJobStatusCounters": {},
            "ObjectiveStatusCounters": {},
        }
        stubs["sagemaker"].add_response("describe_hyper_parameter_tuning_job", answer)
        assert job_place(session, "tuning", "a").ended() is ended


def metrics_jobs(*names: str) -> dict[str, Any]:
    arn = "arn:aws:sagemaker:us-east-1:111122223333:processing-job/a"
    jobs = [
        {"ProcessingJobName": name, "ProcessingJobArn": arn, "CreationTime": NOW, "ProcessingJobStatus": "Completed"}
        for name in names
    ]
    return {"ProcessingJobSummaries": jobs}


def test_the_job_of_own_metrics_is_the_releases_newest(
    session: Session, stubs: dict[str, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_places, "resolve_run", lambda *_: "an-id")
    monkeypatch.setattr(log_places, "load_run", lambda *_: release())
    of_this = f"{PIPELINE}-test-{SHORT}-2"
    stubs["sagemaker"].add_response("list_processing_jobs", metrics_jobs(f"other-test-{SHORT}", of_this))
    place = place_named(session, "metrics-job", None)
    assert (place.group, place.prefix) == ("/aws/sagemaker/ProcessingJobs", f"{of_this}/")
    stubs["sagemaker"].add_response("list_processing_jobs", metrics_jobs())
    with pytest.raises(SlipwayError, match=f"release {SHORT}: found no processing job of own metrics"):
        place_named(session, "metrics-job", None)


def test_an_evaluation_is_told_by_the_job_of_its_own_metrics_first(session: Session) -> None:
    evaluation = action("Evaluate", environment="test")
    groups = [(place.group, place.prefix) for place in places_of_action(session, release(evaluation), evaluation)]
    assert groups == [
        ("/aws/sagemaker/ProcessingJobs", f"{PIPELINE}-test-{SHORT}"),
        (f"/aws/lambda/{PIPELINE}-dispatch", ""),
    ]
    waiting = action("Wait", kind="training-job", name="a-job")
    assert places_of_action(session, release(waiting), waiting) == [Place("/aws/sagemaker/TrainingJobs", "a-job/")]


def test_the_last_lines_are_those_of_the_newest_stream(session: Session, stubs: dict[str, Stubber]) -> None:
    streams = [{"logStreamName": f"a/{number}", "lastEventTimestamp": number} for number in (1, 3, 2)]
    stubs["logs"].add_response(
        "describe_log_streams",
        {"logStreams": streams},
        {"logGroupName": "g", "logStreamNamePrefix": "a/", "limit": ANY},
    )
    messages = ["START RequestId: 1", '{"outcome": "succeeded", "message": "240 rows"}', "one\ntwo\n"]
    stubs["logs"].add_response(
        "get_log_events",
        {"events": [{"timestamp": AT_MS, "message": message} for message in messages]},
        {"logGroupName": "g", "logStreamName": "a/3", "startTime": AT_MS, "startFromHead": False, "limit": 20},
    )
    assert last_lines(session, Place("g", "a/"), NOW, 20) == ["succeeded: 240 rows", "one", "two"]


def test_a_redrawn_line_is_one_and_no_event_brings_more_than_are_asked_for(
    session: Session, stubs: dict[str, Stubber]
) -> None:
    # CloudWatch may learn an hour late that the second stream was written to.
    streams = [{"logStreamName": "old", "lastEventTimestamp": 2}, {"logStreamName": "new", "lastEventTimestamp": 1}]
    stubs["logs"].add_response("describe_log_streams", {"logStreams": streams})
    stubs["logs"].add_response("get_log_events", {"events": []}, ANY_QUERY | {"logStreamName": "old"})
    events = [{"timestamp": AT_MS, "message": "a\n" * 50}, {"timestamp": AT_MS, "message": " 10%\r 20%\r"}]
    stubs["logs"].add_response("get_log_events", {"events": events}, ANY_QUERY | {"logStreamName": "new"})
    assert last_lines(session, Place("g"), NOW, 20) == [*["a"] * 19, " 10%\r 20%"]


def test_a_log_that_is_not_there_has_no_lines(session: Session, stubs: dict[str, Stubber]) -> None:
    stubs["logs"].add_client_error("describe_log_streams", "ResourceNotFoundException")
    assert last_lines(session, Place("g"), NOW, 20) == []


def test_what_runs_is_read_at_most_once_a_second(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = [100.0], []

    def read(_: Session, place: Place, *_more: object) -> list[str]:
        asked.append(place.group)
        return [f"line {len(asked)}"]

    monkeypatch.setattr(log_tail, "last_lines", read)
    monkeypatch.setattr("slipway.terminal.log_tail.time.monotonic", lambda: clock[0])
    ended = replace(action("Deploy", environment="test"), status="Succeeded")
    run = release(ended, action("Register"))
    tail = LogTail(session)
    assert tail.tails(run) == {("DeployTest", "Register"): ("line 1",)}
    assert tail.tails(run) == {("DeployTest", "Register"): ("line 1",)}
    clock[0] += 1.0
    assert tail.tails(run) == {("DeployTest", "Register"): ("line 2",)}
    assert asked == [f"/aws/lambda/{PIPELINE}-dispatch"] * 2


def test_a_log_that_may_not_be_read_shows_nothing(session: Session, stubs: dict[str, Stubber]) -> None:
    stubs["logs"].add_client_error("describe_log_streams", "AccessDeniedException")
    assert LogTail(session).tails(release(action("Register"))) == {("DeployTest", "Register"): ()}


def test_a_log_that_cannot_be_reached_ends_no_view(session: Session) -> None:
    assert LogTail(session).tails(release(action("Register"))) == {("DeployTest", "Register"): ()}


def test_a_build_that_waits_for_a_machine_has_no_log_yet(session: Session) -> None:
    with Stubber(session.client("codebuild")) as stub:
        stub.add_response("list_builds_for_project", {"ids": ["b:1"]})
        stub.add_response("batch_get_builds", {"builds": [{"id": "b:1", "logs": {"deepLink": "https://none"}}]})
        with pytest.raises(SlipwayError, match="the newest run has no log yet"):
            place_named(session, "build", None)


def test_the_training_job_that_a_release_lacks_is_asked_for_again_by_its_id(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_places, "resolve_run", lambda *_: "an-id")
    monkeypatch.setattr(log_places, "load_run", lambda *_: release())
    with pytest.raises(SlipwayError, match=f"release {SHORT}: found no training job") as error:
        place_named(session, "training-job", SHORT)
    assert error.value.next_step.endswith(f"show {SHORT}")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        (" 10%|#   |\r 20%|##  |", " 20%|##  |"),
        ("a\tb\x07\u202ec", "a   bc"),
        ("\x1b[?25l\x1b[38:2::255:0:0mred\x1b[m", "red"),
        ("y" * 1_000_000, "y" * 1000),
    ],
)
def test_a_line_is_one_row(line: str, shown: str) -> None:
    assert plain(line) == shown

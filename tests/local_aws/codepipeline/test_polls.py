"""Sources that are polled: looks where the thread would look, and once a server that polls by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.codepipeline import polls
from tests.local_aws.codepipeline.documents import codecommit, invoke, pipeline, s3_source, small, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_aws.codepipeline.surroundings import COMMIT, Surroundings
from tests.local_aws.s3_double import client_error
from tests.local_server import wait_for

POLLED: Any = {"configuration": {"PollForSourceChanges": "true"}}
NEWER = "b" * 40


def polled(*sources: dict[str, Any]) -> dict[str, Any]:
    return pipeline(stage("Source", *sources), stage("Work", invoke("Run")))


def triggers(codepipeline: Surroundings) -> list[tuple[str, str]]:
    """Type and detail of each execution's trigger, the newest first, after the thread's next look."""
    codepipeline.service._polls.look()
    summaries = codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"]
    return [(one["trigger"]["triggerType"], one["trigger"]["triggerDetail"]) for one in summaries]


def finish(codepipeline: Surroundings, number: int) -> None:
    codepipeline.succeed(codepipeline.job(number))
    wait_for(lambda: not codepipeline.service._state.active_executions("release"), "the execution's end", 10)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Surroundings]:
    """One that polls only when the test says so."""
    monkeypatch.setattr(polls, "PERIOD_S", 3600.0)
    surroundings = Surroundings(tmp_path)
    yield surroundings
    surroundings.close()


def test_a_new_commit_starts_the_pipeline_once(quiet: Surroundings) -> None:
    quiet.create(polled(codecommit(**POLLED)))
    finish(quiet, 0)
    assert [kind for kind, _ in triggers(quiet)] == ["CreatePipeline"]
    quiet.clients.codecommit.head = NEWER
    assert triggers(quiet)[0] == ("PollForSourceChanges", "Code")
    finish(quiet, 1)
    assert len(triggers(quiet)) == 2
    assert quiet.clients.codecommit.asked[-1] == ("repo", NEWER)


def test_polling_is_on_where_nothing_is_said(quiet: Surroundings) -> None:
    source = codecommit()
    del source["configuration"]["PollForSourceChanges"]
    quiet.create(polled(source))
    finish(quiet, 0)
    quiet.clients.codecommit.head = NEWER
    assert len(triggers(quiet)) == 2


def test_false_starts_nothing(quiet: Surroundings) -> None:
    quiet.create(small())
    finish(quiet, 0)
    quiet.clients.codecommit.head = NEWER
    assert len(triggers(quiet)) == 1


def test_two_changes_between_two_polls_are_one_execution(quiet: Surroundings) -> None:
    quiet.create(polled(codecommit(**POLLED), s3_source(**POLLED)))
    finish(quiet, 0)
    quiet.clients.codecommit.head = NEWER
    quiet.clients.s3.objects["data", "manifest.json"] = b"two"
    assert len(triggers(quiet)) == 2
    finish(quiet, 1)
    assert len(triggers(quiet)) == 2


def test_what_an_execution_has_taken_is_not_new(quiet: Surroundings) -> None:
    quiet.create(polled(s3_source(**POLLED)))
    finish(quiet, 0)
    triggers(quiet)
    quiet.clients.s3.objects["data", "manifest.json"] = b"two"
    quiet.call("StartPipelineExecution", name="release")
    finish(quiet, 1)
    assert [kind for kind, _ in triggers(quiet)] == ["StartPipelineExecution", "CreatePipeline"]


def test_an_older_revision_that_somebody_asks_for_does_not_make_the_newest_new(quiet: Surroundings) -> None:
    quiet.create(polled(codecommit(**POLLED)))
    finish(quiet, 0)
    triggers(quiet)
    older = [{"actionName": "Code", "revisionType": "COMMIT_ID", "revisionValue": "c" * 40}]
    quiet.call("StartPipelineExecution", name="release", sourceRevisions=older)
    finish(quiet, 1)
    assert len(triggers(quiet)) == 2


def test_a_source_that_comes_into_being_starts_the_pipeline(quiet: Surroundings) -> None:
    quiet.clients.codecommit.errors.append(client_error("GetBranch", "BranchDoesNotExistException"))
    execution = quiet.create(polled(codecommit(**POLLED)))
    quiet.until(execution, "Failed")
    assert [kind for kind, _ in triggers(quiet)] == ["PollForSourceChanges", "CreatePipeline"]


def test_an_unreadable_source_is_told_once_and_stops_no_other(
    quiet: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    quiet.create(polled(codecommit(**POLLED), s3_source(**POLLED)))
    finish(quiet, 0)
    triggers(quiet)
    quiet.clients.s3.objects["data", "manifest.json"] = b"two"
    denied = client_error("GetBranch", "AccessDeniedException", "no right")
    quiet.clients.codecommit.errors.append(denied)
    assert triggers(quiet)[0] == ("PollForSourceChanges", "Data")
    finish(quiet, 1)
    quiet.clients.codecommit.errors.append(denied)
    triggers(quiet)
    assert caplog.text.count("the source Code of pipeline release cannot be polled") == 1
    assert "no right" in caplog.text


def test_a_change_while_local_aws_is_down_is_found_at_the_next_start(quiet: Surroundings) -> None:
    quiet.create(polled(codecommit(**POLLED)))
    finish(quiet, 0)
    triggers(quiet)
    quiet.clients.codecommit.head = NEWER
    quiet.restart()
    assert triggers(quiet)[0] == ("PollForSourceChanges", "Code")
    finish(quiet, 1)
    quiet.restart()
    assert len(triggers(quiet)) == 2


def test_the_branch_that_an_update_names_is_polled_from_then_on(quiet: Surroundings) -> None:
    quiet.create(polled(codecommit(**POLLED)))
    finish(quiet, 0)
    triggers(quiet)
    other = codecommit(configuration={**POLLED["configuration"], "BranchName": "other"})
    quiet.call("UpdatePipeline", pipeline=polled(other))
    assert quiet.clients.codecommit.head == COMMIT
    assert len(triggers(quiet)) == 1
    quiet.clients.codecommit.head = NEWER
    assert len(triggers(quiet)) == 2


def test_a_push_and_an_upload_start_a_pipeline_without_a_rule(project: Project) -> None:
    work = stage("Work", project.run("Run"))
    first = project.create(work, polled=True)
    project.until(first, "Succeeded")
    commit = project.put_file("hello.txt", b"changed")
    newest = wait_for(lambda: len(found := project.executions()) == 2 and found[0], "the pipeline to start")
    assert newest["trigger"] == {"triggerType": "PollForSourceChanges", "triggerDetail": "Code"}
    project.until(newest["pipelineExecutionId"], "Succeeded")
    assert {one["revisionId"] for one in project.executions()[0]["sourceRevisions"]} >= {commit}
    project.s3.put_object(Bucket=project.data, Key="manifest.json", Body=b"two")
    newest = wait_for(lambda: len(found := project.executions()) == 3 and found[0], "the pipeline to start")
    assert newest["trigger"] == {"triggerType": "PollForSourceChanges", "triggerDetail": "Data"}
    project.until(newest["pipelineExecutionId"], "Succeeded")

"""What a person decides on the pages of a pipeline, as a running local AWS does it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from slipway.console.releases import decisions
from slipway.console.releases.pipelines import pipeline, pipelines
from slipway.console.releases.release import release
from slipway.console.room import Page
from slipway.console.shell import drawn
from slipway.errors import SlipwayError
from slipway.session import Session

from tests.local_aws.codepipeline.documents import approval, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_server import LocalServer, wait_for
from tests.slipway.console.drawing import asked, links_of, session_at, text_of

NAME = "console-decisions"
MARKUP = "<b>bold</b>"


@pytest.fixture(scope="module")
def project(local_aws: LocalServer) -> Project:
    """A pipeline that is no model's: an approval, then a function; with a variable."""
    project = Project(local_aws, NAME)
    first = project.create(
        stage("Approve", approval(CustomData=MARKUP)),
        stage("Work", project.run("Run", {"fail": "#{variables.how}"})),
        stage("Later", approval("Again")),
        variables=[{"name": "how", "defaultValue": "badly", "description": MARKUP}],
    )
    project.started.append(first)
    project.token("Approve", "Approve")
    return project


@pytest.fixture(scope="module")
def session(project: Project) -> Session:
    return session_at(project.aws)


def page_of(session: Session, run: str) -> Page:
    return release(asked(session, pipeline=NAME, run=run))


def shown_token(page: Page) -> str:
    found = re.search(r'name="token" value="([^"]*)"', drawn(page))
    assert found is not None, text_of(page)
    return found[1]


def decide(session: Session, run: str, token: str, verdict: str = "Approved", reason: str = "seen") -> str:
    form = {"token": token, "verdict": verdict, "reason": reason}
    return decisions.decide(asked(session, pipeline=NAME, run=run), form).said


def newest(project: Project) -> str:
    return str(project.executions()[0]["pipelineExecutionId"])


def test_the_list_names_the_pipelines_of_others(session: Session) -> None:
    found = pipelines(asked(session))
    assert f"{NAME} others" in text_of(found)
    assert f"/_console/pipelines/{NAME}" in links_of(found)


def test_the_page_of_a_pipeline_is_text_whatever_is_in_it(session: Session, project: Project) -> None:
    found = pipeline(asked(session, pipeline=NAME))
    markup, told = drawn(found), text_of(found)
    assert MARKUP not in markup
    assert MARKUP in told
    assert "style=" not in markup
    assert 'name="variable.how" value="badly"' in markup
    assert {"revision.Code", "revision.Data"} <= set(re.findall(r'name="([^"]*)"', markup))
    assert f"/_console/pipelines/{NAME}/executions/{project.started[0]}" in links_of(found)
    keys = re.findall(r' id="([^"]*)"', markup)
    assert len(keys) == len(set(keys))


def test_only_the_approval_that_was_shown_is_answered(session: Session, project: Project) -> None:
    first = project.started[0]
    seen = shown_token(page_of(session, first))
    # Somebody rejects it meanwhile, and the next execution comes to wait at the same place.
    project.answer("Approve", "Approve", "Rejected")
    project.until(first, "Failed")
    second = project.start()
    wait_for(lambda: "token" in drawn(page_of(session, second)), "the next approval")
    for run in (first, second):
        with pytest.raises(SlipwayError, match="Nothing was answered"):
            decide(session, run, seen)
    token = shown_token(page_of(session, second))
    with pytest.raises(SlipwayError, match="found no reason"):
        decide(session, second, token, reason=" ")
    with pytest.raises(SlipwayError, match="found 'Maybe'"):
        decide(session, second, token, "Maybe")
    assert "Approved" in decide(session, second, token)
    project.until(second, "Failed")
    assert project.errors(second)["Run"]["message"] == "badly"


def test_a_stage_is_retried_as_it_is_asked_for(session: Session, project: Project) -> None:
    run = newest(project)
    assert 'name="mode" value="ALL_ACTIONS" checked' in drawn(page_of(session, run))
    with pytest.raises(SlipwayError, match="found 'SOME'"):
        decisions.retry(asked(session, pipeline=NAME, run=run), {"stage": "Work", "mode": "SOME"})
    done = decisions.retry(asked(session, pipeline=NAME, run=run), {"stage": "Work", "mode": "FAILED_ACTIONS"})
    assert done.said == "Work is tried again, what failed."

    def tried_twice() -> bool:
        return "attempt 2" in text_of(page_of(session, run)) and project.status(run) == "Failed"

    wait_for(tried_twice, "the second attempt")


def test_a_release_change_takes_overrides_and_is_stopped(session: Session, project: Project) -> None:
    older = project.commit
    project.put_file("hello.txt", b"again")
    form: dict[str, Any] = {"variable.how": "well", "revision.Code": older, "revision.Data": " "}
    done = decisions.start(asked(session, pipeline=NAME), form)
    run = done.address.rpartition("/")[2]
    wait_for(lambda: "token" in drawn(page_of(session, run)), "the approval")
    answer = project.codepipeline.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=run)
    execution = answer["pipelineExecution"]
    assert execution["variables"] == [{"name": "how", "resolvedValue": "well"}]
    revisions = {one["name"]: one["revisionId"] for one in execution["artifactRevisions"]}
    assert revisions["CodeArtifact"] == older
    with pytest.raises(SlipwayError, match="found no reason"):
        decisions.stop(asked(session, pipeline=NAME, run=run), {})
    decisions.stop(asked(session, pipeline=NAME, run=run), {"reason": "enough", "abandon": "yes"})
    project.until(run, "Stopped")
    assert "Stopped" in text_of(page_of(session, run))
    assert "by hand enough" in text_of(pipeline(asked(session, pipeline=NAME)))


def test_transitions_are_closed_and_opened(session: Session, project: Project) -> None:
    where = asked(session, pipeline=NAME)
    decisions.transition(where, {"stage": "Work", "change": "disable", "reason": "not today (or ever?)"})
    found = pipeline(where)
    assert "Transitions between stages: Work closed" in text_of(found)
    assert ": not today (or ever?)" in text_of(found)
    decisions.transition(where, {"stage": "Work", "change": "enable"})
    with pytest.raises(SlipwayError, match="found None; expected disable or enable"):
        decisions.transition(where, {"stage": "Work"})
    state = project.codepipeline.get_pipeline_state(name=NAME)["stageStates"]
    assert all(one["inboundTransitionState"]["enabled"] for one in state[1:])

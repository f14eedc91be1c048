from __future__ import annotations

from typing import Any

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from tests.local_aws.codepipeline.documents import (
    approval,
    codecommit,
    invoke,
    pipeline,
    small,
    stage,
)
from tests.local_aws.codepipeline.surroundings import Surroundings
from tests.local_server import wait_for


def test_a_restart_continues_everything(codepipeline: Surroundings) -> None:
    document = pipeline(
        stage("Source", codecommit()),
        stage("Work", invoke("A", "a"), invoke("B", "b"), approval()),
    )
    execution = codepipeline.create(document)
    codepipeline.job(1)
    jobs = {
        j["data"]["actionConfiguration"]["configuration"]["FunctionName"]: j
        for j in codepipeline.clients.functions.events
    }
    codepipeline.succeed(jobs["b"], continuationToken="more")

    def token() -> Any:
        states = {a["actionName"]: a for a in codepipeline.stages()["Work"]["actionStates"]}
        return states["Approve"].get("latestExecution", {}).get("token")

    before = wait_for(token, "the token", 10)
    codepipeline.restart()
    again = codepipeline.job(2)
    assert again["id"] == jobs["a"]["id"]
    codepipeline.clock.advance(0.3)
    assert codepipeline.job(3)["data"]["continuationToken"] == "more"
    assert token() == before
    codepipeline.succeed(again)
    codepipeline.succeed(codepipeline.job(3))
    codepipeline.call(
        "PutApprovalResult",
        pipelineName="release",
        stageName="Work",
        actionName="Approve",
        token=before,
        result={"summary": "", "status": "Approved"},
    )
    codepipeline.until(execution, "Succeeded")
    assert len(codepipeline.attempts()) == 4


def test_a_restart_keeps_the_deadline_of_a_job(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    codepipeline.job()
    codepipeline.clock.advance(15 * 60)
    codepipeline.restart()
    codepipeline.job(1)
    codepipeline.clock.advance(5 * 60 + 1)
    codepipeline.until(execution, "Failed")


def test_deleting_a_running_pipeline_leaves_nothing(codepipeline: Surroundings) -> None:
    codepipeline.create(small())
    job = codepipeline.job()
    codepipeline.call("DeletePipeline", name="release")
    codepipeline.call("DeletePipeline", name="release")
    assert codepipeline.refused("PutJobSuccessResult", jobId=job["id"]) == "JobNotFoundException"
    assert codepipeline.refused("GetPipeline", name="release") == "PipelineNotFoundException"
    execution = codepipeline.create(small())
    codepipeline.succeed(codepipeline.job(1))
    codepipeline.until(execution, "Succeeded")


def test_calls_that_local_aws_does_not_answer_yet_are_repeated(codepipeline: Surroundings) -> None:
    silent = [EndpointConnectionError(endpoint_url="http://127.0.0.1:4566") for _ in range(2)]
    codepipeline.clients.functions.errors = [*silent]
    codepipeline.clients.codecommit.errors = [ConnectionClosedError(endpoint_url="http://127.0.0.1:4566")]
    execution = codepipeline.create(small())
    job = codepipeline.job()
    assert codepipeline.clients.functions.errors == []
    assert len(codepipeline.store.rows("SELECT 1 FROM codepipeline_jobs")) == 1
    codepipeline.succeed(job)
    codepipeline.until(execution, "Succeeded")
    assert len(codepipeline.attempts()) == 2

from __future__ import annotations

import pytest

from tests.local_aws.codepipeline.documents import (
    codecommit,
    invoke,
    pipeline,
    small,
    stage,
)
from tests.local_aws.codepipeline.surroundings import USER, Surroundings
from tests.local_aws.s3_double import client_error
from tests.local_server import wait_for


def test_siblings_of_a_failed_action_run_on(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(
        pipeline(
            stage("Source", codecommit()), stage("Work", invoke("A", "a"), invoke("B", "b"), invoke("C", runOrder=2))
        )
    )
    codepipeline.job(1)
    by_name = {
        j["data"]["actionConfiguration"]["configuration"]["FunctionName"]: j
        for j in codepipeline.clients.functions.events
    }
    codepipeline.fail(by_name["a"])
    wait_for(lambda: codepipeline.attempt("A")["status"] == "Failed", "A to fail", 10)
    assert codepipeline.status(execution) == "InProgress"
    codepipeline.succeed(by_name["b"])
    codepipeline.until(execution, "Failed")
    assert {a["actionName"] for a in codepipeline.attempts()} == {"Code", "A", "B"}


@pytest.mark.parametrize(("mode", "again"), [("FAILED_ACTIONS", {"B"}), ("ALL_ACTIONS", {"A", "B"})])
def test_retry(codepipeline: Surroundings, mode: str, again: set[str]) -> None:
    execution = codepipeline.create(
        pipeline(stage("Source", codecommit()), stage("Work", invoke("A"), invoke("B", runOrder=2)))
    )
    codepipeline.succeed(codepipeline.job())
    codepipeline.fail(codepipeline.job(1))
    codepipeline.until(execution, "Failed")
    request = {"pipelineName": "release", "stageName": "Work", "pipelineExecutionId": execution, "retryMode": mode}
    assert codepipeline.call("RetryStageExecution", **request) == {"pipelineExecutionId": execution}
    for number in range(2, 2 + len(again)):
        codepipeline.succeed(codepipeline.job(number))
    codepipeline.until(execution, "Succeeded")
    names = [a["actionName"] for a in codepipeline.attempts(execution)]
    assert {name for name in names if names.count(name) == 2} == again
    stage_state = codepipeline.stages()["Work"]
    assert stage_state["retryStageMetadata"] == {
        "manualStageRetryAttempt": 1,
        "latestRetryTrigger": "ManualStageRetry",
    }
    wait_for(lambda: codepipeline.states_of("Pipeline")[-1] == "SUCCEEDED", "the last event", 10)
    assert codepipeline.states_of("Pipeline") == ["STARTED", "FAILED", "RESUMED", "SUCCEEDED"]
    assert codepipeline.refused("RetryStageExecution", **request) == "StageNotRetryableException"
    assert codepipeline.refused("RetryStageExecution", **{**request, "stageName": "X"}) == "StageNotFoundException"


def test_metrics_report_ends_and_count_a_failed_retry_again(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    request = {"pipelineName": "release", "stageName": "Work", "pipelineExecutionId": execution}
    for number in range(2):
        job = codepipeline.job(number)
        codepipeline.clock.advance(60)
        codepipeline.fail(job)
        wait_for(lambda number=number: len(codepipeline.metrics) == 3 * (number + 1), "the metrics", 10)  # type: ignore[misc]
        codepipeline.call("RetryStageExecution", **request, retryMode="FAILED_ACTIONS")
    codepipeline.succeed(codepipeline.job(2))
    wait_for(lambda: len(codepipeline.metrics) == 7, "the duration", 10)
    of_pipeline = {"PipelineName": "release"}
    failures = [metric for metric in codepipeline.metrics if metric[0] == "FailedPipelineExecutions"]
    assert failures == [("FailedPipelineExecutions", 1, dimensions) for dimensions in (of_pipeline, {})] * 2
    durations = [(value, dimensions) for name, value, dimensions in codepipeline.metrics if name == "PipelineDuration"]
    assert durations == [(60, of_pipeline), (120, of_pipeline), (120, of_pipeline)]


def test_a_failed_stage_cannot_be_retried_once_another_execution_has_entered(codepipeline: Surroundings) -> None:
    first = codepipeline.create(small())
    codepipeline.fail(codepipeline.job())
    codepipeline.until(first, "Failed")
    codepipeline.call("StartPipelineExecution", name="release")
    codepipeline.job(1)
    request = {"stageName": "Work", "pipelineExecutionId": first, "retryMode": "ALL_ACTIONS"}
    code = codepipeline.refused("RetryStageExecution", pipelineName="release", **request)
    assert code == "NotLatestPipelineExecutionException"


def test_superseded(codepipeline: Surroundings) -> None:
    first = codepipeline.create(small())
    codepipeline.job()
    second, third = (
        codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"] for _ in range(2)
    )
    codepipeline.until(second, "Superseded")
    inbound = wait_for(lambda: codepipeline.stages()["Work"].get("inboundExecution"), "the third to arrive", 10)
    assert inbound["pipelineExecutionId"] == third
    codepipeline.succeed(codepipeline.job())
    codepipeline.until(first, "Succeeded")
    codepipeline.succeed(codepipeline.job(1))
    codepipeline.until(third, "Succeeded")
    assert len(codepipeline.clients.functions.events) == 2
    assert "SUPERSEDED" in codepipeline.states_of("Pipeline")


def test_queued(codepipeline: Surroundings) -> None:
    first = codepipeline.create(small(executionMode="QUEUED"))
    codepipeline.job()
    rest = [codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"] for _ in range(2)]
    wait_for(lambda: len(codepipeline.stages()["Work"].get("inboundExecutions", [])) == 2, "the queue", 10)
    queued = [e["pipelineExecutionId"] for e in codepipeline.stages()["Work"]["inboundExecutions"]]
    assert queued == rest
    for number, execution in enumerate([first, *rest]):
        codepipeline.succeed(codepipeline.job(number))
        codepipeline.until(execution, "Succeeded")


def test_queued_has_a_limit(codepipeline: Surroundings) -> None:
    codepipeline.create(small(executionMode="QUEUED"))
    for _ in range(49):
        codepipeline.call("StartPipelineExecution", name="release")
    code = codepipeline.refused("StartPipelineExecution", name="release")
    assert code == "ConcurrentPipelineExecutionsLimitExceededException"


def test_stop_and_wait(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(
        pipeline(stage("Source", codecommit()), stage("Work", invoke("A"), invoke("B", runOrder=2)))
    )
    job = codepipeline.job()
    request = {"pipelineName": "release", "pipelineExecutionId": execution, "reason": "wrong data"}
    codepipeline.call("StopPipelineExecution", **request)
    assert codepipeline.status(execution) == "Stopping"
    assert codepipeline.refused("StopPipelineExecution", **request) == "DuplicatedStopRequestException"
    codepipeline.succeed(job)
    codepipeline.until(execution, "Stopped")
    summary = codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"][0]
    assert summary["stopTrigger"] == {"reason": "wrong data"}
    assert codepipeline.attempt("A")["status"] == "Succeeded"
    assert codepipeline.refused("StopPipelineExecution", **request) == "PipelineExecutionNotStoppableException"
    retry = {"pipelineName": "release", "stageName": "Work", "pipelineExecutionId": execution}
    codepipeline.call("RetryStageExecution", **retry, retryMode="FAILED_ACTIONS")
    codepipeline.succeed(codepipeline.job(1))
    codepipeline.until(execution, "Succeeded")


def test_stop_and_abandon(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    job = codepipeline.job()
    request = {"pipelineName": "release", "pipelineExecutionId": execution}
    codepipeline.call("StopPipelineExecution", **request)
    codepipeline.call("StopPipelineExecution", **request, abandon=True)
    codepipeline.until(execution, "Stopped")
    assert codepipeline.attempt("Run")["status"] == "Abandoned"
    assert codepipeline.refused("PutJobSuccessResult", jobId=job["id"]) == "InvalidJobStateException"
    wait_for(lambda: codepipeline.states_of("Pipeline")[-1] == "STOPPED", "the event", 10)
    assert codepipeline.states_of("Pipeline") == ["STARTED", "STOPPING", "STOPPED"]
    assert codepipeline.states_of("Action")[-1] == "ABANDONED"


def test_a_disabled_transition_holds_executions(codepipeline: Surroundings) -> None:
    codepipeline.clients.codecommit.errors = [client_error("GetBranch", "BranchDoesNotExistException")]
    broken = codepipeline.create(small())
    codepipeline.until(broken, "Failed")
    transition = {"pipelineName": "release", "stageName": "Work", "transitionType": "Inbound"}
    codepipeline.call("DisableStageTransition", **transition, reason="not now")
    execution = codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"]
    wait_for(lambda: codepipeline.stages()["Work"].get("inboundExecution"), "the execution to wait", 10)
    state = codepipeline.stages()["Work"]["inboundTransitionState"]
    assert (state["enabled"], state["disabledReason"], state["lastChangedBy"]) == (False, "not now", USER.arn)
    assert codepipeline.clients.functions.events == []
    codepipeline.call("EnableStageTransition", **transition)
    codepipeline.succeed(codepipeline.job())
    codepipeline.until(execution, "Succeeded")
    out = {**transition, "stageName": "Source", "transitionType": "Outbound"}
    codepipeline.call("DisableStageTransition", **out, reason="x")
    assert codepipeline.stages()["Work"]["inboundTransitionState"]["enabled"] is False
    assert codepipeline.refused("EnableStageTransition", **{**transition, "stageName": "X"}) == "StageNotFoundException"


def test_an_update_cancels_executions(codepipeline: Surroundings) -> None:
    first = codepipeline.create(small())
    job = codepipeline.job()
    waiting = codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"]
    wait_for(lambda: codepipeline.stages()["Work"].get("inboundExecution"), "the second to wait", 10)
    updated = codepipeline.call("UpdatePipeline", pipeline=small())["pipeline"]
    assert updated["version"] == 2
    codepipeline.until(waiting, "Cancelled")
    assert codepipeline.status(first) == "InProgress"
    fresh = codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"]
    codepipeline.succeed(job, continuationToken="more")
    codepipeline.clock.advance(1)
    codepipeline.fail(codepipeline.job(1))
    codepipeline.until(first, "Failed")
    codepipeline.succeed(codepipeline.job(2))
    codepipeline.until(fresh, "Succeeded")
    request = {"stageName": "Work", "pipelineExecutionId": first, "retryMode": "ALL_ACTIONS"}
    assert (
        codepipeline.refused("RetryStageExecution", pipelineName="release", **request) == "StageNotRetryableException"
    )

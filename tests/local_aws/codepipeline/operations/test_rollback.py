"""RollbackStage: https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from local_aws.codepipeline.execution import control
from tests.local_aws.codepipeline.documents import artifacts, codecommit, invoke, pipeline, small, stage
from tests.local_aws.codepipeline.surroundings import USER, Surroundings

FIT = control.RollbackView(
    source=False,
    mode="SUPERSEDED",
    target_rolled_back=False,
    target_outdated=False,
    target_status="Succeeded",
    running=False,
)
REFUSED = {
    "a source stage": replace(FIT, source=True),
    "PARALLEL mode": replace(FIT, mode="PARALLEL"),
    "a rollback as target": replace(FIT, target_rolled_back=True),
    "a target of an earlier structure": replace(FIT, target_outdated=True),
    "a target that failed in the stage": replace(FIT, target_status="Failed"),
    "a target that never came to the stage": replace(FIT, target_status=None),
    "a stage that runs": replace(FIT, running=True),
}


def test_a_fit_target_is_taken() -> None:
    control.check_rollback(FIT)
    control.check_rollback(replace(FIT, mode="QUEUED"))


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    with pytest.raises(control.RefusedError) as refused:
        control.check_rollback(REFUSED[case])
    assert refused.value.code == "UnableToRollbackStageException"


def three_stages() -> dict[str, Any]:
    return pipeline(
        stage("Source", codecommit()),
        stage("Make", invoke("Make", outputArtifacts=artifacts("Model"), namespace="Made")),
        stage("Use", invoke("Use", user_parameters="#{Made.Model} #{codepipeline.PipelineExecutionId}")),
        stage("After", invoke("After", user_parameters="#{Made.Model}")),
    )


def run(codepipeline: Surroundings, execution: str, first_job: int, model: str) -> None:
    made = codepipeline.job(first_job)
    place = made["data"]["outputArtifacts"][0]["location"]["s3Location"]
    codepipeline.clients.s3.put_object(Bucket=place["bucketName"], Key=place["objectKey"], Body=model.encode())
    codepipeline.succeed(made, outputVariables={"Model": model})
    codepipeline.succeed(codepipeline.job(first_job + 1))
    codepipeline.succeed(codepipeline.job(first_job + 2))
    codepipeline.until(execution, "Succeeded")


def roll_back(codepipeline: Surroundings, stage_name: str, target: str) -> str:
    request = {"stageName": stage_name, "targetPipelineExecutionId": target}
    return str(codepipeline.call("RollbackStage", pipelineName="release", **request)["pipelineExecutionId"])


def test_one_stage_runs_with_the_artifacts_and_variables_of_its_target(codepipeline: Surroundings) -> None:
    first = codepipeline.create(three_stages())
    run(codepipeline, first, 0, "one")
    second = codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"]
    run(codepipeline, second, 3, "two")

    back = roll_back(codepipeline, "Use", first)
    job = codepipeline.job(6)
    assert job["data"]["actionConfiguration"]["configuration"]["UserParameters"] == f"one {back}"
    assert codepipeline.stages()["Use"]["latestExecution"] == {
        "pipelineExecutionId": back,
        "status": "InProgress",
        "type": "ROLLBACK",
    }
    codepipeline.succeed(job)
    codepipeline.until(back, "Succeeded")
    assert [attempt["actionName"] for attempt in codepipeline.attempts(back)] == ["Use"]

    shown = codepipeline.call("GetPipelineExecution", pipelineName="release", pipelineExecutionId=back)
    execution = shown["pipelineExecution"]
    assert execution["executionType"] == "ROLLBACK"
    assert execution["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": first}
    assert execution["trigger"] == {"triggerType": "ManualRollback", "triggerDetail": USER.arn}
    target = codepipeline.call("GetPipelineExecution", pipelineName="release", pipelineExecutionId=first)
    assert execution["artifactRevisions"] == target["pipelineExecution"]["artifactRevisions"] != []
    listed = codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"]
    assert listed[0]["pipelineExecutionId"] == back
    assert listed[0]["sourceRevisions"] == listed[2]["sourceRevisions"] != []


def test_a_rollback_that_fails_can_be_retried(codepipeline: Surroundings) -> None:
    first = codepipeline.create(three_stages())
    run(codepipeline, first, 0, "one")
    back = roll_back(codepipeline, "Use", first)
    codepipeline.fail(codepipeline.job(3))
    codepipeline.until(back, "Failed")
    request = {"stageName": "Use", "pipelineExecutionId": back, "retryMode": "FAILED_ACTIONS"}
    codepipeline.call("RetryStageExecution", pipelineName="release", **request)
    job = codepipeline.job(4)
    assert job["data"]["actionConfiguration"]["configuration"]["UserParameters"].startswith("one ")
    codepipeline.succeed(job)
    codepipeline.until(back, "Succeeded")


def test_a_rollback_survives_a_kill(codepipeline: Surroundings) -> None:
    first = codepipeline.create(three_stages())
    run(codepipeline, first, 0, "one")
    back = roll_back(codepipeline, "Use", first)
    job = codepipeline.job(3)
    codepipeline.restart()
    codepipeline.succeed(job)
    codepipeline.until(back, "Succeeded")
    assert [attempt["actionName"] for attempt in codepipeline.attempts(back)] == ["Use"]


def test_what_the_state_refuses(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    request = {"pipelineName": "release", "stageName": "Work", "targetPipelineExecutionId": execution}
    codepipeline.job()
    assert codepipeline.refused("RollbackStage", **request) == "UnableToRollbackStageException"
    codepipeline.succeed(codepipeline.job())
    codepipeline.until(execution, "Succeeded")
    for wrong, code in (
        ({"stageName": "Source"}, "UnableToRollbackStageException"),
        ({"stageName": "None"}, "StageNotFoundException"),
        ({"targetPipelineExecutionId": "9" * 8 + "-9999-9999-9999-" + "9" * 12}, "PipelineExecutionNotFoundException"),
        ({"pipelineName": "none"}, "PipelineNotFoundException"),
    ):
        assert codepipeline.refused("RollbackStage", **{**request, **wrong}) == code
    back = roll_back(codepipeline, "Work", execution)
    codepipeline.succeed(codepipeline.job(1))
    codepipeline.until(back, "Succeeded")
    assert codepipeline.refused("RollbackStage", **{**request, "targetPipelineExecutionId": back}) == (
        "UnableToRollbackStageException"
    )
    codepipeline.call("UpdatePipeline", pipeline=small())
    assert codepipeline.refused("RollbackStage", **request) == "UnableToRollbackStageException"

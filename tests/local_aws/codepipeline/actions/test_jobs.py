from __future__ import annotations

import json
import time

import pytest

from tests.local_aws.codepipeline.documents import (
    KEY,
    ROLE,
    artifacts,
    codecommit,
    invoke,
    pipeline,
    small,
    stage,
)
from tests.local_aws.codepipeline.surroundings import Surroundings
from tests.local_aws.s3_double import client_error
from tests.local_server import wait_for


def test_artifact_credentials_reach_only_the_artifacts_of_the_action(codepipeline: Surroundings) -> None:
    work = invoke("Run", inputArtifacts=artifacts("CodeArtifact"), outputArtifacts=artifacts("Built"))
    codepipeline.create(pipeline(stage("Source", codecommit()), stage("Work", work)))
    data = codepipeline.job()["data"]
    policy = next(s["policy"] for s in reversed(codepipeline.sessions) if s["policy"])
    given = {(s["Action"][0], str(s["Resource"])) for s in policy["Statement"]}
    read, written = (
        data[kind][0]["location"]["s3Location"]["objectKey"] for kind in ("inputArtifacts", "outputArtifacts")
    )
    assert ("s3:GetObject", str([f"arn:aws:s3:::artifacts/{read}"])) in given
    assert ("s3:PutObject", str([f"arn:aws:s3:::artifacts/{written}"])) in given
    assert ("kms:Decrypt", KEY) in given
    assert all(s["role"] == ROLE for s in codepipeline.sessions)


def test_variables_of_a_function_reach_later_actions(codepipeline: Surroundings) -> None:
    first = invoke("First", namespace="First")
    second = invoke("Second", user_parameters='{"job": "#{First.Name}", "to": "#{variables.place}"}', runOrder=2)
    document = pipeline(
        stage("Source", codecommit()),
        stage("Work", first, second),
        variables=[{"name": "place", "defaultValue": "here"}],
    )
    codepipeline.create(document)
    codepipeline.succeed(codepipeline.job(), outputVariables={"Name": "job-1"})
    configuration = codepipeline.job(1)["data"]["actionConfiguration"]["configuration"]
    assert json.loads(configuration["UserParameters"]) == {"job": "job-1", "to": "here"}
    detail = codepipeline.attempt("Second")["input"]
    assert "#{First.Name}" in detail["configuration"]["UserParameters"]
    assert detail["resolvedConfiguration"] == configuration


def test_an_unresolvable_variable_fails_the_action(codepipeline: Surroundings) -> None:
    first = invoke("First", namespace="First")
    second = invoke("Second", user_parameters="#{First.Missing}", runOrder=2)
    execution = codepipeline.create(pipeline(stage("Source", codecommit()), stage("Work", first, second)))
    codepipeline.succeed(codepipeline.job(), outputVariables={"Name": "job-1"})
    codepipeline.until(execution, "Failed")
    error = codepipeline.attempt("Second")["output"]["executionResult"]["errorDetails"]
    assert error["code"] == "ConfigurationError"
    assert "one or more variables could not be resolved: Action name=Second" in error["message"]
    assert "#{First.Missing}" in error["message"]
    assert len(codepipeline.clients.functions.events) == 1


def test_a_continuation_invokes_again_with_a_new_job(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    first = codepipeline.job()
    details = {"summary": "half", "percentComplete": 50, "externalExecutionId": "x-1"}
    codepipeline.succeed(first, continuationToken="where-i-was", executionDetails=details)
    assert codepipeline.refused("PutJobSuccessResult", jobId=first["id"]) == "InvalidJobStateException"
    state = codepipeline.stages()["Work"]["actionStates"][0]["latestExecution"]
    assert (state["summary"], state["percentComplete"], state["externalExecutionId"]) == ("half", 50, "x-1")
    assert len(codepipeline.clients.functions.events) == 1
    codepipeline.clock.advance(0.2)
    second = codepipeline.job(1)
    assert second["id"] != first["id"]
    assert second["data"]["continuationToken"] == "where-i-was"
    codepipeline.succeed(second, outputVariables={"a": "b"})
    codepipeline.until(execution, "Succeeded")
    detail = codepipeline.attempt("Run")
    assert detail["output"]["outputVariables"] == {"a": "b"}
    assert detail["output"]["executionResult"]["externalExecutionSummary"] == "half"
    assert len(codepipeline.attempts(execution)) == 2


THREE_HOURS_S = 3 * 60 * 60.0


@pytest.mark.parametrize("set_by_s", [-THREE_HOURS_S, THREE_HOURS_S])
def test_setting_the_clock_neither_delays_nor_ends_a_poll(codepipeline: Surroundings, set_by_s: float) -> None:
    execution = codepipeline.create(small())
    codepipeline.succeed(codepipeline.job(), continuationToken="more")
    codepipeline.clock.set_by(set_by_s)
    codepipeline.clock.advance(0.2)
    second = codepipeline.job(1)
    codepipeline.clock.set_by(set_by_s)
    codepipeline.clock.advance(19 * 60)
    assert codepipeline.status(execution) == "InProgress"
    codepipeline.succeed(second)
    codepipeline.until(execution, "Succeeded")


def test_a_clock_set_back_while_nothing_ran_delays_nothing(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    codepipeline.succeed(codepipeline.job(), continuationToken="more")
    codepipeline.clock.set_by(-THREE_HOURS_S)
    codepipeline.restart()
    # What is due is put right by a thread, from the moment at which it looks: seconds are enough, whenever that is.
    for _ in range(20):
        if len(codepipeline.clients.functions.events) == 1:
            codepipeline.clock.advance(1)
            time.sleep(0.05)
    codepipeline.succeed(codepipeline.job(1))
    codepipeline.until(execution, "Succeeded")


def test_a_function_that_never_answers_fails_after_twenty_minutes(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    job = codepipeline.job()
    codepipeline.clock.advance(19 * 60)
    codepipeline.succeed(job, continuationToken="more")
    codepipeline.clock.advance(1)
    late = codepipeline.job(1)
    codepipeline.clock.advance(19 * 60)
    assert codepipeline.status(execution) == "InProgress"
    codepipeline.clock.advance(61)
    codepipeline.until(execution, "Failed")
    error = codepipeline.attempt("Run")["output"]["executionResult"]["errorDetails"]
    assert error["message"].startswith("The AWS Lambda function function failed to return a result.")
    assert codepipeline.refused("PutJobSuccessResult", jobId=late["id"]) == "InvalidJobStateException"


def test_continuations_end_after_a_day(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    functions = codepipeline.clients.functions
    number = 0

    def goes_on() -> bool:
        return len(functions.events) > number + 1 or codepipeline.status(execution) == "Failed"

    while codepipeline.status(execution) == "InProgress" and number < 80:
        codepipeline.succeed(codepipeline.job(number), continuationToken="more")
        codepipeline.clock.advance(19 * 60)
        wait_for(goes_on, "the next invocation", 10)
        number += 1
    codepipeline.until(execution, "Failed")
    assert "24 hours" in codepipeline.attempt("Run")["output"]["executionResult"]["errorDetails"]["message"]
    assert 70 < len(functions.events) < 80


@pytest.mark.parametrize(
    ("code", "expected"),
    [("AccessDeniedException", "PermissionError"), ("ResourceNotFoundException", "ConfigurationError")],
)
def test_a_function_that_cannot_be_invoked_fails_at_once(codepipeline: Surroundings, code: str, expected: str) -> None:
    codepipeline.clients.functions.errors = [client_error("Invoke", code, "it says")]
    execution = codepipeline.create(small())
    codepipeline.until(execution, "Failed")
    error = codepipeline.attempt("Run")["output"]["executionResult"]["errorDetails"]
    assert error["code"] == expected
    assert "function could not be invoked" in error["message"]
    assert "it says" in error["message"]


def test_a_failure_result_fails_action_stage_and_execution(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    codepipeline.fail(codepipeline.job(), "no data")
    codepipeline.until(execution, "Failed")
    assert codepipeline.attempt("Run")["output"]["executionResult"]["errorDetails"] == {
        "code": "JobFailed",
        "message": "no data",
    }
    assert codepipeline.stages()["Work"]["latestExecution"]["status"] == "Failed"
    wait_for(lambda: codepipeline.states_of("Pipeline") == ["STARTED", "FAILED"], "the events", 10)
    assert codepipeline.states_of("Stage") == ["STARTED", "SUCCEEDED", "STARTED", "FAILED"]
    assert codepipeline.states_of("Action") == ["STARTED", "SUCCEEDED", "STARTED", "FAILED"]
    last = [detail for kind, detail in codepipeline.events if kind == "Action"][-1]
    assert last["execution-result"] == {"external-execution-summary": "no data", "error-code": "JobFailed"}
    assert last["type"] == {"owner": "AWS", "category": "Invoke", "provider": "Lambda", "version": "1"}
    assert last["execution-id"] == execution


def test_an_output_that_was_not_uploaded_is_for_its_reader_to_miss(codepipeline: Surroundings) -> None:
    work = invoke("Run", outputArtifacts=artifacts("Built"))
    reader = invoke("Read", inputArtifacts=artifacts("Built"), runOrder=2)
    execution = codepipeline.create(pipeline(stage("Source", codecommit()), stage("Work", work, reader)))
    first = codepipeline.job()
    codepipeline.succeed(first)
    given = codepipeline.job(1)
    location = first["data"]["outputArtifacts"][0]["location"]
    assert [one["location"] for one in given["data"]["inputArtifacts"]] == [location]
    assert codepipeline.attempt("Run")["status"] == "Succeeded"
    codepipeline.fail(given, "no such object")
    codepipeline.until(execution, "Failed")
    assert codepipeline.attempt("Read")["output"]["executionResult"]["errorDetails"]["message"] == "no such object"


def test_an_output_that_was_uploaded_reaches_the_next_action(codepipeline: Surroundings) -> None:
    work = invoke("Run", outputArtifacts=artifacts("Built"), namespace="Run")
    later = invoke("Later", user_parameters="#{Run.Size}", inputArtifacts=artifacts("Built"), runOrder=2)
    execution = codepipeline.create(pipeline(stage("Source", codecommit()), stage("Work", work, later)))
    job = codepipeline.job()
    location = job["data"]["outputArtifacts"][0]["location"]["s3Location"]
    codepipeline.clients.s3.put_object(Bucket=location["bucketName"], Key=location["objectKey"], Body=b"built")
    codepipeline.succeed(
        job,
        outputVariables={"Size": "5"},
        currentRevision={"revision": "r1", "changeIdentifier": "c1", "revisionSummary": "five"},
    )
    given = codepipeline.job(1)["data"]
    assert given["inputArtifacts"] == [
        {"name": "Built", "revision": "r1", "location": {"type": "S3", "s3Location": location}}
    ]
    assert given["actionConfiguration"]["configuration"]["UserParameters"] == "5"
    codepipeline.succeed(codepipeline.job(1))
    codepipeline.until(execution, "Succeeded")


def test_results_are_checked(codepipeline: Surroundings) -> None:
    codepipeline.create(small())
    job = codepipeline.job()["id"]
    unknown = "99999999-9999-9999-9999-999999999999"
    assert codepipeline.refused("PutJobSuccessResult", jobId=unknown) == "JobNotFoundException"
    both = {"continuationToken": "t", "outputVariables": {"a": "b"}}
    assert codepipeline.refused("PutJobSuccessResult", jobId=job, **both) == "ValidationException"
    large = {"outputVariables": {"a": "x" * 122_880}}
    assert codepipeline.refused("PutJobSuccessResult", jobId=job, **large) == "OutputVariablesSizeExceededException"
    codepipeline.call("PutJobSuccessResult", jobId=job, outputVariables={"a": "x" * 122_879})
    details = {"type": "JobFailed", "message": "late"}
    assert codepipeline.refused("PutJobFailureResult", jobId=job, failureDetails=details) == "InvalidJobStateException"


def test_job_details_show_where_the_job_belongs(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    job = codepipeline.job()
    details = codepipeline.call("GetJobDetails", jobId=job["id"])["jobDetails"]
    assert details["data"]["pipelineContext"]["pipelineExecutionId"] == execution
    assert details["data"]["pipelineContext"]["stage"] == {"name": "Work"}
    assert details["data"]["actionTypeId"]["provider"] == "Lambda"
    same = ("actionConfiguration", "inputArtifacts", "outputArtifacts", "encryptionKey", "artifactCredentials")
    assert {key: details["data"][key] for key in same} == {key: job["data"][key] for key in same}

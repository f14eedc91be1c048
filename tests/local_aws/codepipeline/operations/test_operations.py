from __future__ import annotations

from typing import Any

import pytest

from local_aws.codepipeline.actions.artifacts import artifact_key
from local_aws.codepipeline.actions.lambda_invoke import continuation_delay_s
from local_aws.codepipeline.operations.permissions import permissions
from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError, Service
from tests.local_aws.codepipeline.documents import ROLE, codecommit, invoke, pipeline, s3_source, small, stage
from tests.local_aws.codepipeline.surroundings import USER, Surroundings
from tests.local_server import wait_for

ARN = f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:release"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/push"
TARGET_ROLE = f"arn:aws:iam::{ACCOUNT}:role/events"
UNKNOWN = "99999999-9999-9999-9999-999999999999"


def refused(codepipeline: Surroundings, operation: str, **request: Any) -> AwsError:
    with pytest.raises(AwsError) as error:
        codepipeline.call(operation, **request)
    return error.value


def test_create_and_get(codepipeline: Surroundings) -> None:
    tags = [{"key": "team", "value": "models"}]
    created = codepipeline.call("CreatePipeline", pipeline=small(), tags=tags)
    assert created["tags"] == tags
    shown = codepipeline.call("GetPipeline", name="release")
    assert shown["pipeline"] == created["pipeline"]
    assert shown["metadata"]["pipelineArn"] == ARN
    assert shown["metadata"]["created"] == shown["metadata"]["updated"] == codepipeline.clock.now()
    execution = codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"][0]
    assert execution["trigger"] == {"triggerType": "CreatePipeline", "triggerDetail": USER.arn}
    assert refused(codepipeline, "CreatePipeline", pipeline=small()).code == "PipelineNameInUseException"


def test_versions(codepipeline: Surroundings) -> None:
    codepipeline.create(small())
    second = small(executionMode="QUEUED")
    assert codepipeline.call("UpdatePipeline", pipeline=second)["pipeline"]["version"] == 2
    assert codepipeline.call("GetPipeline", name="release")["pipeline"]["executionMode"] == "QUEUED"
    assert codepipeline.call("GetPipeline", name="release", version=1)["pipeline"]["executionMode"] == "SUPERSEDED"
    error = refused(codepipeline, "GetPipeline", name="release", version=3)
    assert error.code == "PipelineVersionNotFoundException"
    missing = refused(codepipeline, "UpdatePipeline", pipeline=small(name="other"))
    assert missing.message == f"Account '{ACCOUNT}' does not have a pipeline with name 'other'"


def test_the_role_is_assumed_when_the_pipeline_is_created(codepipeline: Surroundings) -> None:
    codepipeline.distrusted.add(ROLE)
    error = refused(codepipeline, "CreatePipeline", pipeline=small())
    assert error.code == "InvalidStructureException"
    assert error.message.startswith(f"CodePipeline is not authorized to perform AssumeRole on role {ROLE}")
    assert refused(codepipeline, "GetPipeline", name="release").code == "PipelineNotFoundException"


def test_a_first_execution_needs_values_for_its_variables(codepipeline: Surroundings) -> None:
    codepipeline.call("CreatePipeline", pipeline=small(variables=[{"name": "place"}]))
    assert codepipeline.call("ListPipelineExecutions", pipelineName="release") == {"pipelineExecutionSummaries": []}
    error = refused(codepipeline, "StartPipelineExecution", name="release")
    assert error.code == "ValidationException"
    assert "place" in error.message
    extra = [{"name": "place", "value": "here"}, {"name": "colour", "value": "red"}]
    assert "colour" in refused(codepipeline, "StartPipelineExecution", name="release", variables=extra).message
    started = codepipeline.call("StartPipelineExecution", name="release", variables=extra[:1])
    shown = codepipeline.call("GetPipelineExecution", pipelineName="release", **started)["pipelineExecution"]
    assert shown["variables"] == [{"name": "place", "resolvedValue": "here"}]


def test_a_repeated_start_is_the_same_execution(codepipeline: Surroundings) -> None:
    codepipeline.create(small())
    first = codepipeline.call("StartPipelineExecution", name="release", clientRequestToken="once")
    assert codepipeline.call("StartPipelineExecution", name="release", clientRequestToken="once") == first
    assert codepipeline.call("StartPipelineExecution", name="release", clientRequestToken="twice") != first


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ({"actionName": "Nobody", "revisionType": "COMMIT_ID"}, "no source action 'Nobody'"),
        ({"actionName": "Data", "revisionType": "COMMIT_ID"}, "S3_OBJECT_KEY, S3_OBJECT_VERSION_ID"),
        ({"actionName": "Code", "revisionType": "S3_OBJECT_KEY"}, "takes the revision types COMMIT_ID"),
        ({"actionName": "Data", "revisionType": "S3_OBJECT_KEY"}, "AllowOverrideForS3ObjectKey"),
    ],
)
def test_source_revisions_are_checked(codepipeline: Surroundings, revision: dict[str, str], message: str) -> None:
    codepipeline.create(pipeline(stage("Source", codecommit(), s3_source()), stage("Work", invoke("Run"))))
    override = {**revision, "revisionValue": "x"}
    error = refused(codepipeline, "StartPipelineExecution", name="release", sourceRevisions=[override])
    assert error.code == "ValidationException"
    assert message in error.message


def test_lists_have_pages(codepipeline: Surroundings) -> None:
    for name in ("a", "b", "c"):
        codepipeline.call("CreatePipeline", pipeline=small(name=name))
    first = codepipeline.call("ListPipelines", maxResults=2)
    assert [p["name"] for p in first["pipelines"]] == ["a", "b"]
    rest = codepipeline.call("ListPipelines", maxResults=2, nextToken=first["nextToken"])
    assert [p["name"] for p in rest["pipelines"]] == ["c"]
    assert "nextToken" not in rest
    started = [codepipeline.call("StartPipelineExecution", name="a")["pipelineExecutionId"] for _ in range(3)]
    page = codepipeline.call("ListPipelineExecutions", pipelineName="a", maxResults=2)
    codepipeline.call("StartPipelineExecution", name="a")  # does not move what the next page shows
    following = codepipeline.call("ListPipelineExecutions", pipelineName="a", nextToken=page["nextToken"])
    ids = [
        e["pipelineExecutionId"] for e in page["pipelineExecutionSummaries"] + following["pipelineExecutionSummaries"]
    ]
    assert ids[:3] == started[::-1]
    assert len(ids) == 4
    for token in (first["nextToken"], "nonsense", "YQ=="):
        error = refused(codepipeline, "ListPipelineExecutions", pipelineName="a", nextToken=token)
        assert error.code == "InvalidNextTokenException"


def test_executions_that_succeeded_in_a_stage(codepipeline: Surroundings) -> None:
    first = codepipeline.create(small())
    codepipeline.call("PutJobSuccessResult", jobId=codepipeline.job()["id"])
    codepipeline.until(first, "Succeeded")
    second = codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"]
    codepipeline.job(1)

    def succeeded_in(name: str) -> list[str]:
        chosen = {"succeededInStage": {"stageName": name}}
        answer = codepipeline.call("ListPipelineExecutions", pipelineName="release", filter=chosen)
        return [e["pipelineExecutionId"] for e in answer["pipelineExecutionSummaries"]]

    assert succeeded_in("Source") == [second, first]
    assert succeeded_in("Work") == [first]


def test_attempts_of_the_latest_retry(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    failure = {"type": "JobFailed", "message": "no"}
    codepipeline.call("PutJobFailureResult", jobId=codepipeline.job()["id"], failureDetails=failure)
    codepipeline.until(execution, "Failed")
    codepipeline.clock.advance(5)
    request = {"stageName": "Work", "pipelineExecutionId": execution, "retryMode": "FAILED_ACTIONS"}
    codepipeline.call("RetryStageExecution", pipelineName="release", **request)
    codepipeline.job(1)

    def names(time_range: str) -> list[str]:
        chosen = {"latestInPipelineExecution": {"pipelineExecutionId": execution, "startTimeRange": time_range}}
        answer = codepipeline.call("ListActionExecutions", pipelineName="release", filter=chosen)
        return [a["actionName"] for a in answer["actionExecutionDetails"]]

    assert names("All") == ["Run", "Code"]
    assert names("Latest") == ["Run"]
    assert len(codepipeline.attempts(execution)) == 3


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetPipelineState", {"name": "none"}),
        ("StartPipelineExecution", {"name": "none"}),
        ("ListActionExecutions", {"pipelineName": "none"}),
        ("ListPipelineExecutions", {"pipelineName": "none"}),
        ("GetPipelineExecution", {"pipelineName": "none", "pipelineExecutionId": UNKNOWN}),
        ("StopPipelineExecution", {"pipelineName": "none", "pipelineExecutionId": UNKNOWN}),
        ("EnableStageTransition", {"pipelineName": "none", "stageName": "a", "transitionType": "Inbound"}),
    ],
)
def test_a_missing_pipeline(codepipeline: Surroundings, operation: str, request_: dict[str, Any]) -> None:
    assert refused(codepipeline, operation, **request_).code == "PipelineNotFoundException"


def test_a_missing_execution(codepipeline: Surroundings) -> None:
    codepipeline.create(small())
    for operation in ("GetPipelineExecution", "StopPipelineExecution"):
        error = refused(codepipeline, operation, pipelineName="release", pipelineExecutionId=UNKNOWN)
        assert error.code == "PipelineExecutionNotFoundException"


def test_tags(codepipeline: Surroundings) -> None:
    codepipeline.create(small())
    codepipeline.call("TagResource", resourceArn=ARN, tags=[{"key": "b", "value": "2"}, {"key": "a", "value": "1"}])
    listed = codepipeline.call("ListTagsForResource", resourceArn=ARN, maxResults=1)
    assert listed["tags"] == [{"key": "a", "value": "1"}]
    codepipeline.call("UntagResource", resourceArn=ARN, tagKeys=["a"])
    assert codepipeline.call("ListTagsForResource", resourceArn=ARN)["tags"] == [{"key": "b", "value": "2"}]
    many = [{"key": str(number), "value": ""} for number in range(50)]
    reserved = [{"key": "aws:x", "value": "1"}]
    assert refused(codepipeline, "TagResource", resourceArn=ARN, tags=many).code == "TooManyTagsException"
    assert refused(codepipeline, "TagResource", resourceArn=ARN, tags=reserved).code == "InvalidTagsException"
    assert refused(codepipeline, "ListTagsForResource", resourceArn=f"{ARN}x").code == "ResourceNotFoundException"
    assert refused(codepipeline, "ListTagsForResource", resourceArn=f"{ARN}/Work").code == "InvalidArnException"


PERMISSIONS = {
    "GetPipeline": ({"name": "p"}, "p"),
    "DeletePipeline": ({"name": "p"}, "p"),
    "StartPipelineExecution": ({"name": "p"}, "p"),
    "StopPipelineExecution": ({"pipelineName": "p"}, "p"),
    "GetPipelineState": ({"name": "p"}, "p"),
    "ListActionExecutions": ({"pipelineName": "p"}, "p"),
    "RetryStageExecution": ({"pipelineName": "p", "stageName": "s"}, "p/s"),
    "RollbackStage": ({"pipelineName": "p", "stageName": "s"}, "p/s"),
    "DisableStageTransition": ({"pipelineName": "p", "stageName": "s"}, "p/s"),
    "PutApprovalResult": ({"pipelineName": "p", "stageName": "s", "actionName": "a"}, "p/s/a"),
    "PutJobSuccessResult": ({"jobId": "j"}, None),
    "ListPipelines": ({}, None),
}


@pytest.mark.parametrize("operation", PERMISSIONS)
def test_permissions_are_asked_on_the_right_arn(operation: str) -> None:
    request, resource = PERMISSIONS[operation]
    arn = "*" if resource is None else f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:{resource}"
    (asked,) = permissions(operation, "us-east-1")(USER, request)
    assert (asked.action, asked.resource) == (f"codepipeline:{operation}", arn)


def test_creating_a_pipeline_passes_its_roles() -> None:
    document = small()
    document["stages"][1]["actions"][0]["roleArn"] = f"{ROLE}-of-action"
    tags = [{"key": "a", "value": "b"}]
    asked = list(permissions("CreatePipeline", "us-east-1")(USER, {"pipeline": document, "tags": tags}))
    assert [(a.action, a.resource) for a in asked] == [
        ("codepipeline:CreatePipeline", ARN),
        ("iam:PassRole", ROLE),
        ("iam:PassRole", f"{ROLE}-of-action"),
        ("codepipeline:TagResource", ARN),
    ]
    assert asked[1].context == {"iam:PassedToService": "codepipeline.amazonaws.com"}


def test_a_denied_caller_changes_nothing(codepipeline: Surroundings) -> None:
    codepipeline.denied.add("iam:PassRole")
    assert refused(codepipeline, "CreatePipeline", pipeline=small()).code == "AccessDeniedException"
    assert codepipeline.call("ListPipelines") == {"pipelines": []}


def test_every_operation_is_one_of_the_model(codepipeline: Surroundings) -> None:
    front = Service("codepipeline", codepipeline.service.operations(), lambda *_: USER, lambda *_: None)
    assert len(front.model.operation_names) == len(front.operations) == 22


def started(codepipeline: Surroundings, payload: str) -> Any:
    """The execution that an event started, or None."""
    before = len(codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"])
    codepipeline.service.start_from_event(ARN, payload, TARGET_ROLE, RULE)
    after = codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"]
    return after[0] if len(after) > before else None


REVISION = '{"actionName": "Code", "revisionType": "COMMIT_ID", "revisionValue": "' + "c" * 40 + '"}'


@pytest.mark.parametrize("payload", [f'{{"sourceRevisions": {REVISION}}}', f'{{"sourceRevisions": [{REVISION}]}}'])
def test_an_event_starts_an_execution_with_its_revision(codepipeline: Surroundings, payload: str) -> None:
    codepipeline.create(small())
    execution = started(codepipeline, payload)
    assert execution["trigger"] == {"triggerType": "CloudWatchEvent", "triggerDetail": RULE}
    wait_for(lambda: ("repo", "c" * 40) in codepipeline.clients.codecommit.asked, "the pinned commit", 10)
    assert {
        "role": TARGET_ROLE,
        "service": "events.amazonaws.com",
        "source": RULE,
        "policy": None,
    } in codepipeline.sessions


@pytest.mark.parametrize(
    "payload", ['{"detail-type": "Scheduled Event", "source": "aws.events"}', '"text"', "plain text"]
)
def test_an_event_without_revisions_starts_as_well(codepipeline: Surroundings, payload: str) -> None:
    codepipeline.create(small())
    assert started(codepipeline, payload)["trigger"]["triggerType"] == "CloudWatchEvent"


def test_an_event_gives_variables(codepipeline: Surroundings) -> None:
    codepipeline.create(small(variables=[{"name": "place", "defaultValue": "here"}]))
    execution = started(codepipeline, '{"variables": [{"name": "place", "value": "there"}]}')
    shown = codepipeline.call(
        "GetPipelineExecution", pipelineName="release", pipelineExecutionId=execution["pipelineExecutionId"]
    )
    assert shown["pipelineExecution"]["variables"] == [{"name": "place", "resolvedValue": "there"}]


def test_an_s3_event_pins_its_object(codepipeline: Surroundings) -> None:
    first = codepipeline.create(pipeline(stage("Source", s3_source()), stage("Work", invoke("Run"))))
    wait_for(
        lambda: [a for a in codepipeline.attempts(first) if a["status"] == "Succeeded"], "the first source to end", 10
    )
    for content in (b"two", b"three"):
        codepipeline.clients.s3.objects["data", "manifest.json"] = content
    detail = '{"bucket": {"name": "data"}, "object": {"key": "manifest.json", "version-id": "v2"}}'
    execution = started(codepipeline, f'{{"source": "aws.s3", "detail": {detail}}}')["pipelineExecutionId"]
    wait_for(
        lambda: [a for a in codepipeline.attempts(execution) if a["status"] == "Succeeded"], "the pinned source", 10
    )
    assert codepipeline.attempt("Data", execution)["output"]["outputVariables"]["VersionId"] == "v2"


@pytest.mark.parametrize(
    ("spoil", "payload", "role", "said"),
    [
        ("trust", "{}", TARGET_ROLE, "does not trust events.amazonaws.com"),
        ("permission", "{}", TARGET_ROLE, "not allowed: codepipeline:StartPipelineExecution"),
        ("", "{}", "", "has no RoleArn"),
        ("", '{"sourceRevisions": [{"actionName": "Code"}]}', TARGET_ROLE, "must have actionName, revisionType"),
        ("", f'{{"sourceRevisions": [{REVISION.replace("Code", "Data")}]}}', TARGET_ROLE, "no source action 'Data'"),
    ],
)
def test_an_event_that_may_not_start_is_logged(
    codepipeline: Surroundings, caplog: pytest.LogCaptureFixture, spoil: str, payload: str, role: str, said: str
) -> None:
    codepipeline.create(small())
    if spoil == "trust":
        codepipeline.distrusted.add(TARGET_ROLE)
    if spoil == "permission":
        codepipeline.denied.add("codepipeline:StartPipelineExecution")
    before = len(codepipeline.store.rows("SELECT 1 FROM codepipeline_executions"))
    codepipeline.service.start_from_event(ARN, payload, role, RULE)
    assert len(codepipeline.store.rows("SELECT 1 FROM codepipeline_executions")) == before
    assert said in caplog.text


def test_an_event_for_a_missing_pipeline_is_logged(
    codepipeline: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    codepipeline.service.start_from_event(ARN, "{}", TARGET_ROLE, RULE)
    assert "does not have a pipeline with name 'release'" in caplog.text


def test_artifact_keys_are_cut() -> None:
    key = artifact_key("opsworkscm-server-management", "OpsWorksCMArtifact", "RO15QBx")
    assert key == "opsworkscm-server-ma/OpsWorksCM/RO15QBx"


def test_continuations_come_after_a_growing_pause() -> None:
    assert [continuation_delay_s(polls) for polls in range(5)] == [0.2, 0.4, 0.8, 1.0, 1.0]
    assert continuation_delay_s(10_000) == 1.0

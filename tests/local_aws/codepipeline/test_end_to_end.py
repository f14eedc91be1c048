"""CodePipeline as part of local AWS: real functions, IAM and events, by way of boto3."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.codepipeline.documents import approval, artifacts, invoke, stage
from tests.local_aws.codepipeline.project import Project, ProjectOf
from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for


def test_release_with_artifacts_variables_and_continuation(project: Project) -> None:
    make = project.run(
        "Make", {"say": "#{CodeVariables.CommitId}"}, namespace="Make",
        inputArtifacts=artifacts("CodeArtifact", "DataArtifact"), outputArtifacts=artifacts("Made"),
    )  # fmt: skip
    poll = project.run("Poll", {"polls": 3, "say": "#{Make.Said}"}, runOrder=2, inputArtifacts=artifacts("Made"))
    execution = project.create(stage("Work", make, poll))
    project.until(execution, "Succeeded")
    attempts = project.attempts(execution)
    made = attempts["Make"]["output"]
    assert made["outputVariables"] == {
        "CodeArtifact": "hello.txt",
        "DataArtifact": '{"dataset": 1}',
        "Said": project.commit,
        "Polls": "0",
    }
    assert attempts["Poll"]["output"]["outputVariables"] == {
        "Made": f"made by {project.name}",
        "Said": project.commit,
        "Polls": "3",
    }
    place = made["outputArtifacts"][0]["s3location"]
    head = project.s3.head_object(Bucket=place["bucket"], Key=place["key"])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", project.key)
    source = attempts["Code"]["output"]["outputArtifacts"][0]["s3location"]
    head = project.s3.head_object(Bucket=source["bucket"], Key=source["key"])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", project.key)


def test_failure_result_and_retry(project: Project) -> None:
    execution = project.create(stage("Work", project.run("Run", {"fail": "no luck"})))
    project.until(execution, "Failed")
    assert project.errors(execution) == {"Run": {"code": "JobFailed", "message": "no luck"}}
    project.codepipeline.retry_stage_execution(
        pipelineName=project.name, stageName="Work", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    wait_for(lambda: len(_all_attempts(project, execution)) == 4, "the second attempt")
    project.until(execution, "Failed")


def _all_attempts(project: Project, execution: str) -> list[Any]:
    chosen = {"pipelineExecutionId": execution}
    answer = project.codepipeline.list_action_executions(pipelineName=project.name, filter=chosen)
    return list(answer["actionExecutionDetails"])


def test_invoke_denied(project: Project) -> None:
    project.aws.put_role_policy(f"{project.name}-pipeline", *project.statements(function="arn:aws:lambda:::other"))
    execution = project.create(stage("Work", project.run("Run")))
    project.until(execution, "Failed")
    error = project.errors(execution)["Run"]
    assert error["code"] == "PermissionError"
    assert "lambda:InvokeFunction" in error["message"]


def test_archive_denied(project: Project) -> None:
    rest = [s for s in project.statements() if "codecommit:GetBranch" not in s["Action"]]
    reading = allow("codecommit:GetBranch", "codecommit:GetCommit")
    project.aws.put_role_policy(f"{project.name}-pipeline", reading, *rest)
    execution = project.create(stage("Work", project.run("Run")))
    project.until(execution, "Failed")
    error = project.errors(execution)["Code"]
    assert error["code"] == "PermissionError"
    assert "codecommit:UploadArchive" in error["message"]


def test_missing_function(project: Project) -> None:
    execution = project.create(stage("Work", invoke("Run", "cp-there-is-none")))
    project.until(execution, "Failed")
    error = project.errors(execution)["Run"]
    assert error["code"] == "ConfigurationError"
    assert "cp-there-is-none" in error["message"]


def test_a_role_that_codepipeline_may_not_assume(project: Project) -> None:
    project.role = f"arn:aws:iam::{ACCOUNT}:role/{project.name}-function"
    with pytest.raises(ClientError, match="not authorized to perform AssumeRole") as refused:
        project.create(stage("Work", project.run("Run")))
    assert refused.value.response["Error"]["Code"] == "InvalidStructureException"


def _newest_of(project: Project, count: int) -> dict[str, Any] | None:
    executions = project.executions()
    return executions[0] if len(executions) == count else None


def test_a_push_starts_a_release_with_its_commit(project: Project) -> None:
    first = project.create(stage("Work", project.run("Run", {"say": "#{CodeVariables.CommitId}"})))
    project.until(first, "Succeeded")
    arn = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{project.name}"
    start = allow("codepipeline:StartPipelineExecution", resource=arn)
    role = project.aws.create_role(f"{project.name}-rule", "events.amazonaws.com", start)
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{project.name}"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    project.aws.client("iam").update_assume_role_policy(RoleName=f"{project.name}-rule", PolicyDocument=document)
    events = project.aws.client("events")
    pattern = {
        "source": ["aws.codecommit"],
        "detail-type": ["CodeCommit Repository State Change"],
        "resources": [f"arn:aws:codecommit:{REGION}:{ACCOUNT}:{project.name}"],
        "detail": {"event": ["referenceCreated", "referenceUpdated"], "referenceName": ["main"]},
    }
    events.put_rule(Name=project.name, EventPattern=json.dumps(pattern))
    revision = {"actionName": "Code", "revisionType": "COMMIT_ID", "revisionValue": "<commit>"}
    # The API takes a list, https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-trigger-source-overrides.html
    # shows an object.
    for count, revisions in enumerate(([revision], revision), 2):
        template = json.dumps({"sourceRevisions": revisions})
        transformer = {"InputPathsMap": {"commit": "$.detail.commitId"}, "InputTemplate": template}
        target = {"Id": "pipeline", "Arn": arn, "RoleArn": role, "InputTransformer": transformer}
        events.put_targets(Rule=project.name, Targets=[target])
        commit = project.put_file(f"{count}.txt", b"more")
        execution = wait_for(partial(_newest_of, project, count), "the release")
        assert execution["trigger"] == {"triggerType": "CloudWatchEvent", "triggerDetail": rule}
        project.until(execution["pipelineExecutionId"], "Succeeded")
        run = project.attempts(execution["pipelineExecutionId"])["Run"]
        assert run["output"]["outputVariables"]["Said"] == commit
    project.aws.put_role_policy(f"{project.name}-rule", allow("codepipeline:GetPipeline"))
    project.put_file("again.txt", b"again")
    assert len(project.executions()) == 3


def test_a_rule_invokes_a_function_as_its_policy_allows(project: Project) -> None:
    """Without a role at the target the function's policy decides, and what it refuses is dropped."""
    events, functions, logs = (project.aws.client(name) for name in ("events", "lambda", "logs"))
    rule = f"{project.name}-ends"
    pattern = {"source": ["aws.codepipeline"], "detail": {"pipeline": [project.name], "state": ["SUCCEEDED"]}}
    pattern["detail-type"] = ["CodePipeline Pipeline Execution State Change"]
    rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps(pattern))["RuleArn"]
    events.put_targets(Rule=rule, Targets=[{"Id": "function", "Arn": project.function_arn}])

    functions.put_function_event_invoke_config(FunctionName=project.name, MaximumRetryAttempts=0)

    def invocations() -> int:
        lines = logs.filter_log_events(logGroupName=f"/aws/lambda/{project.name}")["events"]
        return sum(line["message"].startswith("START ") for line in lines)

    def permit(source: str) -> None:
        functions.add_permission(
            FunctionName=project.name,
            StatementId=source.rpartition("/")[2],
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=source,
        )

    permit(f"{rule_arn}-of-another")
    execution = project.create(stage("Work", project.run("Run", {})))
    project.until(execution, "Succeeded")
    permit(rule_arn)
    project.until(project.start(), "Succeeded")
    # One by each execution's action, and one by the rule, after the second execution alone.
    wait_for(lambda: invocations() >= 3, "the rule to invoke the function", 30)
    time.sleep(1)
    assert invocations() == 3


def test_stack(local_aws: LocalServer, project: Project) -> None:
    cloudformation = local_aws.client("cloudformation")
    name = f"{project.name}-pipeline"
    source = {
        "Name": "Code",
        "ActionTypeId": {"Category": "Source", "Owner": "AWS", "Provider": "CodeCommit", "Version": "1"},
        "OutputArtifacts": [{"Name": "CodeArtifact"}],
        "Configuration": {"RepositoryName": project.name, "BranchName": "main", "PollForSourceChanges": False},
    }
    run = {
        "Name": "Run",
        "RunOrder": 1,
        "ActionTypeId": {"Category": "Invoke", "Owner": "AWS", "Provider": "Lambda", "Version": "1"},
        "InputArtifacts": [{"Name": "CodeArtifact"}],
        "Configuration": {"FunctionName": project.name},
    }
    properties = {
        "Name": name,
        "PipelineType": "V2",
        "RoleArn": project.role,
        "ArtifactStore": {"Type": "S3", "Location": project.store, "EncryptionKey": {"Id": project.key, "Type": "KMS"}},
        "Stages": [{"Name": "Source", "Actions": [source]}, {"Name": "Work", "Actions": [run]}],
        "Tags": [{"Key": "team", "Value": "models"}],
    }

    def template(**changes: Any) -> str:
        resource = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {**properties, **changes}}
        outputs = {
            "Name": {"Value": {"Ref": "Pipeline"}},
            "Version": {"Value": {"Fn::GetAtt": ["Pipeline", "Version"]}},
            "Arn": {"Value": {"Fn::GetAtt": ["Pipeline", "Arn"]}},
        }
        return json.dumps({"Resources": {"Pipeline": resource}, "Outputs": outputs})

    def outputs(wanted: str) -> dict[str, str]:
        def reached() -> Any:
            found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            assert not found["StackStatus"].endswith("FAILED"), found
            return found if found["StackStatus"] == wanted else None

        return {o["OutputKey"]: o["OutputValue"] for o in wait_for(reached, wanted)["Outputs"]}

    cloudformation.create_stack(StackName=name, TemplateBody=template())
    arn = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{name}"
    assert outputs("CREATE_COMPLETE") == {"Name": name, "Version": "1", "Arn": arn}
    project.name = name
    first = project.executions()[0]
    assert first["trigger"]["triggerType"] == "CreatePipeline"
    project.until(first["pipelineExecutionId"], "Succeeded")
    held = [{"StageName": "Work", "Reason": "hold"}]
    cloudformation.update_stack(
        StackName=name, TemplateBody=template(ExecutionMode="QUEUED", DisableInboundStageTransitions=held)
    )
    assert outputs("UPDATE_COMPLETE")["Version"] == "2"
    shown = project.codepipeline.get_pipeline(name=name)
    assert shown["pipeline"]["executionMode"] == "QUEUED"
    states = project.codepipeline.get_pipeline_state(name=name)["stageStates"]
    assert states[1]["inboundTransitionState"]["disabledReason"] == "hold"
    assert project.codepipeline.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "models"}]
    cloudformation.delete_stack(StackName=name)
    wait_for(lambda: name not in _names(project), "the pipeline to be gone")


def _names(project: Project) -> list[str]:
    return [p["name"] for p in project.codepipeline.list_pipelines()["pipelines"]]


def test_restart_after_a_kill(own_local_aws: LocalServer, project_of: ProjectOf) -> None:
    project = project_of(own_local_aws)
    slow = project.run("Slow", {"polls": 1000})
    first = project.create(stage("Work", slow, project.run("Run"), approval()))
    token = project.token("Work", "Approve")
    wait_for(lambda: project.attempts(first)["Run"]["status"] == "Succeeded", "Run to succeed")
    own_local_aws.kill()
    own_local_aws.up()
    assert project.token("Work", "Approve") == token
    project.answer("Work", "Approve", "Approved")
    wait_for(lambda: project.attempts(first)["Approve"]["status"] == "Succeeded", "the approval")
    assert project.status(first) == "InProgress"
    project.codepipeline.stop_pipeline_execution(
        pipelineName=project.name, pipelineExecutionId=first, abandon=True, reason="seen enough"
    )
    project.until(first, "Stopped")
    document = project.codepipeline.get_pipeline(name=project.name)["pipeline"]
    document["stages"][1]["actions"] = [project.run("Slow", {"polls": 3})]
    project.codepipeline.update_pipeline(pipeline=document)
    second = project.start()
    wait_for(lambda: project.attempts(second), "its actions")
    own_local_aws.kill()
    own_local_aws.up()
    project.until(second, "Succeeded")

"""CodePipeline as part of local AWS: executions controlled by people, by way of boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.codepipeline.documents import approval, artifacts, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_server import ACCOUNT, REGION, allow, wait_for


def test_superseded(project: Project) -> None:
    first = project.create(stage("Decide", approval()), stage("Work", project.run("Run")))
    project.token("Decide", "Approve")
    second, third = project.start(), project.start()
    project.until(second, "Superseded")
    project.answer("Decide", "Approve", "Approved")
    project.until(first, "Succeeded")
    project.answer("Decide", "Approve", "Rejected")
    project.until(third, "Failed")


def test_queued(project: Project) -> None:
    first = project.create(stage("Decide", approval()), executionMode="QUEUED")
    for execution in (first, project.start(), project.start()):
        project.token("Decide", "Approve")
        states = project.codepipeline.get_pipeline_state(name=project.name)["stageStates"]
        assert states[1]["latestExecution"]["pipelineExecutionId"] == execution
        project.answer("Decide", "Approve", "Approved")
        project.until(execution, "Succeeded")


def test_approval_notice(project: Project) -> None:
    topic = project.aws.client("sns").create_topic(Name=project.name)["TopicArn"]
    sqs = project.aws.client("sqs")
    queue = sqs.create_queue(QueueName=project.name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [{**allow("sqs:SendMessage", resource=queue_arn), "Principal": {"Service": "sns.amazonaws.com"}}],
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    project.aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    action = approval(NotificationArn=topic, CustomData="see #{CodeVariables.CommitId}")
    execution = project.create(stage("Decide", action))
    token = project.token("Decide", "Approve")
    messages = wait_for(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the notice")
    notice = json.loads(json.loads(messages[0]["Body"])["Message"])
    assert notice["approval"]["token"] == token
    assert notice["approval"]["customData"] == f"see {project.commit}"
    project.answer("Decide", "Approve", "Approved")
    project.until(execution, "Succeeded")


def test_stop(project: Project) -> None:
    execution = project.create(stage("Decide", approval()))
    project.token("Decide", "Approve")
    project.codepipeline.stop_pipeline_execution(
        pipelineName=project.name, pipelineExecutionId=execution, abandon=True, reason="enough"
    )
    project.until(execution, "Stopped")
    assert project.attempts(execution)["Approve"]["status"] == "Abandoned"


def test_disabled_transition(project: Project) -> None:
    first = project.create(stage("Work", project.run("Run")))
    project.until(first, "Succeeded")
    transition = {"pipelineName": project.name, "stageName": "Work", "transitionType": "Inbound"}
    project.codepipeline.disable_stage_transition(**transition, reason="hold")
    second = project.start()

    def inbound() -> Any:
        states = project.codepipeline.get_pipeline_state(name=project.name)["stageStates"]
        return states[1].get("inboundExecution")

    assert wait_for(inbound, "the execution to wait")["pipelineExecutionId"] == second
    project.codepipeline.enable_stage_transition(**transition)
    project.until(second, "Succeeded")


def test_permissions_of_callers(project: Project) -> None:
    project.create(stage("Decide", approval()))
    pipeline_arn = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{project.name}"
    reads = allow("codepipeline:GetPipelineState", resource=pipeline_arn)
    approves = allow("codepipeline:PutApprovalResult", resource=f"{pipeline_arn}/Decide/Other")
    key, secret = project.aws.user_with(f"{project.name}-user", reads, approves)
    user = project.aws.client("codepipeline", key, secret)
    user.get_pipeline_state(name=project.name)
    token = project.token("Decide", "Approve")
    with pytest.raises(ClientError, match=f"PutApprovalResult on resource: {pipeline_arn}/Decide/Approve"):
        user.put_approval_result(
            pipelineName=project.name,
            stageName="Decide",
            actionName="Approve",
            token=token,
            result={"summary": "", "status": "Approved"},
        )
    with pytest.raises(ClientError, match="codepipeline:StartPipelineExecution"):
        user.start_pipeline_execution(name=project.name)


def test_action_role(project: Project) -> None:
    trusted = {"AWS": project.role}
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}],
    }
    iam = project.aws.client("iam")
    role = iam.create_role(RoleName=f"{project.name}-action", AssumeRolePolicyDocument=json.dumps(document))["Role"][
        "Arn"
    ]
    project.aws.put_role_policy(f"{project.name}-action", *project.statements())
    no_invoke = project.statements(function="arn:aws:lambda:::none")
    project.aws.put_role_policy(f"{project.name}-pipeline", *no_invoke, allow("sts:AssumeRole", resource=role))
    run = project.run("Run", inputArtifacts=artifacts("CodeArtifact"), roleArn=role)
    execution = project.create(stage("Work", run))
    project.until(execution, "Succeeded")
    project.aws.put_role_policy(f"{project.name}-pipeline", *no_invoke)
    second = project.start()
    project.until(second, "Failed")
    assert "sts:AssumeRole" in project.errors(second)["Run"]["message"]

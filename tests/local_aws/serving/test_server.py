"""Local AWS as a process: started, stopped, killed, and what it keeps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import pytest

from local_aws.base import tables
from tests.local_server import ACCOUNT, ROOT, LocalServer, allow, wait_for


def test_every_table_of_the_base_is_there() -> None:
    check = "from local_aws import base; base.check_tables(); base.check_tables(late=True)"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_base_of_another_shape_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tables._TABLES, "json", ("no_such_table",))
    with pytest.raises(tables.BaseMismatchError, match=r"extends MiniStack 1\.5\.33; .* lacks json\.no_such_table"):
        tables.check_tables()


def test_up_twice_is_up_once_and_down_twice_is_down_once(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    server.up()
    pid = server.pid
    assert "already up" in server.run("up").stdout
    assert server.pid == pid
    assert server.run("status").returncode == 0
    server.down()
    assert server.run("status").returncode == 1
    assert "not running" in server.run("down").stdout
    wait_for(lambda: not _processes_of(server), "no process to be left")


def _processes_of(server: LocalServer) -> list[str]:
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(server.state) in line and " ps " not in line]


def test_a_taken_port_is_named(own_local_aws: LocalServer, tmp_path: Path) -> None:
    other = LocalServer(tmp_path / "other", own_local_aws.port)
    done = other.run("up")
    assert done.returncode == 1
    assert f"port {other.port} is taken by local AWS with its state in {own_local_aws.state}" in done.stderr


def test_what_was_answered_survives_a_kill(own_local_aws: LocalServer) -> None:
    server = own_local_aws
    s3 = server.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="kept", Key="a/b", Body=b"one")["VersionId"]
    s3.put_object(Bucket="kept", Key="a/b", Body=b"two")
    role = server.create_role("kept-role", "lambda.amazonaws.com", allow("s3:GetObject"))
    server.kill()
    server.up()
    assert s3.get_object(Bucket="kept", Key="a/b")["Body"].read() == b"two"
    assert s3.get_object(Bucket="kept", Key="a/b", VersionId=first)["Body"].read() == b"one"
    assert server.client("iam").get_role(RoleName="kept-role")["Role"]["Arn"] == role


def test_a_table_an_item_and_a_log_group_survive_a_kill(own_local_aws: LocalServer) -> None:
    server = own_local_aws
    dynamodb, logs = server.client("dynamodb"), server.client("logs")
    key: dict[str, Any] = {"AttributeName": "id", "KeyType": "HASH"}
    types: dict[str, Any] = {"AttributeName": "id", "AttributeType": "S"}
    dynamodb.create_table(
        TableName="kept", KeySchema=[key], AttributeDefinitions=[types], BillingMode="PAY_PER_REQUEST"
    )
    dynamodb.get_waiter("table_exists").wait(TableName="kept", WaiterConfig={"Delay": 1})
    for name in ("two", "one"):  # what is written each second has been written with the first
        dynamodb.put_item(TableName="kept", Item={"id": {"S": name}})
    logs.create_log_group(logGroupName="kept")
    server.kill()
    server.up()
    assert dynamodb.get_item(TableName="kept", Key={"id": {"S": "one"}})["Item"] == {"id": {"S": "one"}}
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["kept"]


def test_a_stack_whose_end_was_told_survives_a_kill_with_its_resources(own_local_aws: LocalServer) -> None:
    server = own_local_aws
    service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [service]}
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "of-the-stack"}},
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "of-the-stack"}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "of-the-stack", "AssumeRolePolicyDocument": trust},
        },
    }
    topic = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "of-the-stack"}}}
    cloudformation = server.client("cloudformation")

    def end_in(status: str) -> None:
        def ended() -> bool:
            stack = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
            return bool(stack["StackStatus"] == status)

        wait_for(ended, status)
        server.kill()
        server.up()
        assert ended()

    def template(**more: Any) -> dict[str, Any]:
        body = json.dumps({"Resources": {**resources, **more}})
        return {"StackName": "kept", "TemplateBody": body, "Capabilities": ["CAPABILITY_NAMED_IAM"]}

    stack_id = cloudformation.create_stack(**template())["StackId"]
    end_in("CREATE_COMPLETE")
    server.client("s3").head_bucket(Bucket="of-the-stack")
    server.client("iam").get_role(RoleName="of-the-stack")
    assert len(server.client("logs").describe_log_groups()["logGroups"]) == 1
    cloudformation.update_stack(**template(**topic))
    end_in("UPDATE_COMPLETE")
    assert len(server.client("sns").list_topics()["Topics"]) == 1
    cloudformation.delete_stack(StackName="kept")
    end_in("DELETE_COMPLETE")
    assert server.client("sns").list_topics()["Topics"] == []
    assert server.client("s3").list_buckets()["Buckets"] == []


def test_the_callers_aws_settings_do_not_reach_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEUSER")
    server = LocalServer(tmp_path / "state")
    server.up()
    monkeypatch.undo()
    try:
        assert server.client("sts").get_caller_identity()["Account"] == ACCOUNT
    finally:
        server.down()


def _denied(call: Any, **arguments: Any) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    return f"{raised.value.response['Error']['Code']}: {raised.value.response['Error']['Message']}"


def test_an_operation_that_is_not_emulated_is_named(local_aws: LocalServer) -> None:
    answer = _denied(local_aws.client("codepipeline").list_webhooks)
    assert "does not emulate codepipeline:ListWebhooks" in answer


def test_another_region_is_refused_with_the_way_out(local_aws: LocalServer) -> None:
    elsewhere = boto3.client(
        "codecommit",
        endpoint_url=local_aws.url,
        region_name="eu-west-1",
        aws_access_key_id=local_aws.root.access_key_id,
        aws_secret_access_key=local_aws.root.secret_access_key,
    )
    answer = _denied(elsewhere.list_repositories)
    assert "runs us-east-1" in answer
    assert "--region eu-west-1" in answer


def test_s3_events_carry_the_version(local_aws: LocalServer) -> None:
    s3, sqs, events = local_aws.client("s3"), local_aws.client("sqs"), local_aws.client("events")
    queue = sqs.create_queue(QueueName="s3-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="versions", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    events.put_rule(
        Name="versions", EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": ["versions"]}}})
    )
    events.put_targets(Rule="versions", Targets=[{"Id": "queue", "Arn": arn}])
    version = s3.put_object(Bucket="versions", Key="k", Body=b"x")["VersionId"]
    message = wait_for(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the event to arrive in the queue")[
        0
    ]
    assert json.loads(message["Body"])["detail"]["object"]["version-id"] == version

"""CodeCommit in the running local AWS: IAM, EventBridge, CloudFormation and git together."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.codecommit.bench import clone, commit, git, signed_in
from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for


def arn(name: str) -> str:
    return f"arn:aws:codecommit:{REGION}:{ACCOUNT}:{name}"


def url(server: LocalServer, name: str, key: str = "", secret: str = "", token: str = "") -> str:
    """The URL of a repository with the credentials that the AWS CLI's helper gives git; without a key, root's."""
    root = server.root
    plain = f"{server.url}/v1/repos/{name}"
    return signed_in(plain, key or root.access_key_id, secret or root.secret_access_key, token)


def heard(server: LocalServer, name: str) -> tuple[Any, str]:
    """A queue that gets all events of a repository; returns the client and the queue's URL."""
    sqs, events = server.client("sqs"), server.client("events")
    queue: str = sqs.create_queue(QueueName=f"{name}-events")["QueueUrl"]
    pattern = {"source": ["aws.codecommit"], "resources": [arn(name)]}
    events.put_rule(Name=f"{name}-events", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-events"}
    events.put_targets(Rule=f"{name}-events", Targets=[target])
    return sqs, queue


def received(sqs: Any, queue: str) -> list[dict[str, Any]]:
    """The events that have come, without waiting for one."""
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    for message in answer.get("Messages", []):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_a_push_of_a_user_reaches_event_bridge_before_it_returns(local_aws: LocalServer, tmp_path: Path) -> None:
    made = local_aws.client("codecommit").create_repository(repositoryName="e2e-push")["repositoryMetadata"]
    assert made["cloneUrlHttp"] == f"{local_aws.url}/v1/repos/e2e-push"
    sqs, queue = heard(local_aws, "e2e-push")
    key, secret = local_aws.user_with("pusher", allow("codecommit:Git*", resource=arn("e2e-push")))
    folder = clone(tmp_path / "c", url(local_aws, "e2e-push", key, secret))
    one = commit(folder, "a", "1")
    git(folder, "push", "origin", "main")
    (event,) = received(sqs, queue)
    assert event["detail-type"] == "CodeCommit Repository State Change"
    assert event["detail"] == {
        "event": "referenceCreated",
        "repositoryName": "e2e-push",
        "repositoryId": made["repositoryId"],
        "referenceType": "branch",
        "referenceName": "main",
        "referenceFullName": "refs/heads/main",
        "commitId": one,
        "callerUserArn": f"arn:aws:iam::{ACCOUNT}:user/pusher",
    }
    tip = local_aws.client("codecommit").get_branch(repositoryName="e2e-push", branchName="main")["branch"]
    assert tip == {"branchName": "main", "commitId": one}


def test_a_reader_cannot_push_and_a_stranger_cannot_read(local_aws: LocalServer, tmp_path: Path) -> None:
    local_aws.client("codecommit").create_repository(repositoryName="e2e-read")
    reader = local_aws.user_with("reader", allow("codecommit:GitPull", resource=arn("e2e-read")))
    stranger = local_aws.user_with("stranger", allow("codecommit:GitPull", resource=arn("other")))
    folder = clone(tmp_path / "c", url(local_aws, "e2e-read", *reader))
    commit(folder, "a", "1")
    said = git(folder, "push", "origin", "main", ok=False)
    assert f"user/reader is not authorized to perform: codecommit:GitPush on resource: {arn('e2e-read')}" in said
    assert "403" in git(tmp_path, "clone", url(local_aws, "e2e-read", *stranger), "d", ok=False)
    wrong = url(local_aws, "e2e-read", reader[0], stranger[1])
    assert "403" in git(tmp_path, "clone", wrong, "d", ok=False)
    codecommit = local_aws.client("codecommit", *reader)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        codecommit.get_branch(repositoryName="e2e-read", branchName="main")


def test_a_role_pushes_with_its_session_token(local_aws: LocalServer, tmp_path: Path) -> None:
    local_aws.client("codecommit").create_repository(repositoryName="e2e-role")
    role = local_aws.create_role("e2e-pusher", "ec2.amazonaws.com", allow("codecommit:*"))
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    local_aws.client("iam").update_assume_role_policy(RoleName="e2e-pusher", PolicyDocument=policy)
    session = local_aws.client("sts").assume_role(RoleArn=role, RoleSessionName="maria")["Credentials"]
    key, secret, token = session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    sqs, queue = heard(local_aws, "e2e-role")
    folder = clone(tmp_path / "c", url(local_aws, "e2e-role", key, secret, token))
    commit(folder, "a", "1")
    git(folder, "push", "origin", "main")
    (event,) = received(sqs, queue)
    assert event["detail"]["callerUserArn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/e2e-pusher/maria"
    assert "403" in git(tmp_path, "clone", url(local_aws, "e2e-role", key, secret), "d", ok=False)


def test_a_policy_closes_a_branch_as_the_user_guide_shows(local_aws: LocalServer, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/codecommit/latest/userguide/how-to-conditional-branch.html."""
    local_aws.client("codecommit").create_repository(repositoryName="e2e-closed")
    deny = {
        "Effect": "Deny",
        "Action": ["codecommit:GitPush", "codecommit:PutFile"],
        "Resource": arn("e2e-closed"),
        "Condition": {
            "StringEqualsIfExists": {"codecommit:References": ["refs/heads/main"]},
            "Null": {"codecommit:References": "false"},
        },
    }
    key, secret = local_aws.user_with("developer", allow("codecommit:*"), deny)
    folder = clone(tmp_path / "c", url(local_aws, "e2e-closed", key, secret))
    commit(folder, "a", "1", branch="feature")
    git(folder, "push", "origin", "feature")
    said = git(folder, "push", "origin", "feature:main", ok=False)
    assert "[remote rejected] feature -> main" in said
    assert "with an explicit deny" in said
    codecommit = local_aws.client("codecommit", key, secret)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        codecommit.put_file(repositoryName="e2e-closed", branchName="main", filePath="b", fileContent=b"b")


def test_a_tag_of_a_repository_decides(local_aws: LocalServer) -> None:
    codecommit = local_aws.client("codecommit")
    for name, team in (("e2e-mine", "science"), ("e2e-theirs", "web")):
        codecommit.create_repository(repositoryName=name, tags={"team": team})
    statement = allow("codecommit:GetRepository")
    statement["Condition"] = {"StringEquals": {"aws:ResourceTag/team": "science"}}
    mine = local_aws.client("codecommit", *local_aws.user_with("scientist", statement))
    assert mine.get_repository(repositoryName="e2e-mine")["repositoryMetadata"]["repositoryName"] == "e2e-mine"
    with pytest.raises(ClientError, match="AccessDeniedException"):
        mine.get_repository(repositoryName="e2e-theirs")


def test_a_stack_makes_fills_changes_and_deletes_a_repository(local_aws: LocalServer) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("wine.yml", "a: 1\n")
    s3, cloudformation = local_aws.client("s3"), local_aws.client("cloudformation")
    codecommit = local_aws.client("codecommit")
    s3.create_bucket(Bucket="e2e-seed")
    s3.put_object(Bucket="e2e-seed", Key="seed.zip", Body=buffer.getvalue())
    template = {
        "Resources": {
            "Config": {
                "Type": "AWS::CodeCommit::Repository",
                "Properties": {
                    "RepositoryName": "e2e-stack",
                    "RepositoryDescription": "before",
                    "Code": {"S3": {"Bucket": "e2e-seed", "Key": "seed.zip"}},
                },
            }
        },
        "Outputs": {
            "Id": {"Value": {"Ref": "Config"}},
            **{name: {"Value": {"Fn::GetAtt": ["Config", name]}} for name in ("Arn", "Name", "CloneUrlHttp")},
        },
    }
    cloudformation.create_stack(StackName="e2e-repository", TemplateBody=json.dumps(template))
    outputs = stack_outputs(cloudformation, "CREATE_COMPLETE")
    made = codecommit.get_repository(repositoryName="e2e-stack")["repositoryMetadata"]
    assert outputs == {
        "Id": made["repositoryId"],
        "Arn": arn("e2e-stack"),
        "Name": "e2e-stack",
        "CloneUrlHttp": made["cloneUrlHttp"],
    }
    assert codecommit.get_file(repositoryName="e2e-stack", filePath="wine.yml")["fileContent"] == b"a: 1\n"
    properties: Any = template["Resources"]["Config"]["Properties"]  # type: ignore[index]
    properties["RepositoryName"] = "e2e-renamed"
    cloudformation.update_stack(StackName="e2e-repository", TemplateBody=json.dumps(template))
    assert stack_outputs(cloudformation, "UPDATE_COMPLETE")["Id"] == made["repositoryId"]
    assert codecommit.get_file(repositoryName="e2e-renamed", filePath="wine.yml")["fileContent"] == b"a: 1\n"
    cloudformation.delete_stack(StackName="e2e-repository")
    wait_for(
        lambda: not codecommit.batch_get_repositories(repositoryNames=["e2e-renamed"])["repositories"],
        "the repository to be deleted",
    )


def stack_outputs(cloudformation: Any, status: str) -> dict[str, str]:
    def done() -> Any:
        (stack,) = cloudformation.describe_stacks(StackName="e2e-repository")["Stacks"]
        assert "FAILED" not in stack["StackStatus"], stack
        assert "ROLLBACK" not in stack["StackStatus"], stack
        return stack if stack["StackStatus"] == status else None

    outputs = wait_for(done, status)["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def test_pushes_survive_kills(own_local_aws: LocalServer, tmp_path: Path) -> None:
    """Every push that returned is there after a kill at a random moment, and the repository takes the next one."""
    server = own_local_aws
    made = server.client("codecommit").create_repository(repositoryName="killed")["repositoryMetadata"]
    folder = clone(tmp_path / "c", url(server, "killed"))
    repository = server.state / "git" / f"{made['repositoryId']}.git"
    for delay_s in (0.02, 0.06, 0.1):
        commit(folder, "steady", str(delay_s))
        git(folder, "push", "-f", "origin", "main")
        kept = git(folder, "rev-parse", "HEAD").strip()
        for number in range(200):
            (folder / f"f{number}").write_text(f"{number} {delay_s}", encoding="utf-8")
        commit(folder, "last", str(delay_s))
        killer = threading.Timer(delay_s, server.kill)
        killer.start()
        pushed = subprocess.run(
            ["git", "push", "origin", "main"], cwd=folder, capture_output=True, check=False, timeout=60
        ).returncode
        killer.join()
        server.up()
        head = git(folder, "rev-parse", "HEAD").strip()
        tip = server.client("codecommit").get_branch(repositoryName="killed", branchName="main")["branch"]["commitId"]
        assert tip in ((head,) if pushed == 0 else (head, kept))
        git(folder, f"--git-dir={repository}", "fsck", "--full")


def test_an_event_that_a_kill_prevented_is_sent_at_the_next_start(own_local_aws: LocalServer, tmp_path: Path) -> None:
    server = own_local_aws
    made = server.client("codecommit").create_repository(repositoryName="late")["repositoryMetadata"]
    sqs, queue = heard(server, "late")
    folder = clone(tmp_path / "c", url(server, "late"))
    one = commit(folder, "a", "1")
    git(folder, "push", "origin", "main")
    assert len(received(sqs, queue)) == 1
    server.kill()
    pusher = f"arn:aws:iam::{ACCOUNT}:user/maria"
    connection = sqlite3.connect(server.state / "slipway.db")
    connection.execute("UPDATE codecommit_repositories SET writer_arn = ? WHERE name = 'late'", (pusher,))
    connection.commit()
    connection.close()
    repository = server.state / "git" / f"{made['repositoryId']}.git"
    git(folder, f"--git-dir={repository}", "update-ref", "refs/heads/late", one)
    server.up()
    found = wait_for(lambda: received(sqs, queue), "the event")
    assert [(event["detail"]["referenceName"], event["detail"]["callerUserArn"]) for event in found] == [
        ("late", pusher)
    ]


def test_a_clone_that_includes_the_file_signs_in_and_holds_no_secret(local_aws: LocalServer, tmp_path: Path) -> None:
    local_aws.client("codecommit").create_repository(repositoryName="e2e-include")
    config, address = local_aws.state / "gitconfig", f"{local_aws.url}/v1/repos/e2e-include"
    git(tmp_path, "clone", "-q", "-c", f"include.path={config}", address, "c")
    folder = tmp_path / "c"
    commit(folder, "a", "1")
    git(folder, "push", "origin", "main")
    assert "refs/heads/main" in git(folder, "ls-remote")
    assert str(config) in (folder / ".git" / "config").read_text(encoding="utf-8")
    for file in (config, *(path for path in (folder / ".git").rglob("*") if path.is_file())):
        assert local_aws.root.secret_access_key.encode() not in file.read_bytes()
    assert "403" in git(tmp_path, "clone", address.replace("://", "://test:test@"), "d", ok=False)


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed")
def test_the_credential_helper_of_the_aws_cli(local_aws: LocalServer, tmp_path: Path) -> None:
    local_aws.client("codecommit").create_repository(repositoryName="e2e-helper")
    key, secret = local_aws.user_with("helped", allow("codecommit:Git*"))
    helper = "!aws codecommit credential-helper --ignore-host-check $@"
    credentials = {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": REGION,
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": helper,
        "GIT_CONFIG_KEY_1": "credential.UseHttpPath",
        "GIT_CONFIG_VALUE_1": "true",
    }
    started = time.monotonic()
    git(tmp_path, "clone", f"{local_aws.url}/v1/repos/e2e-helper", "c", environment=credentials)
    assert time.monotonic() - started < 60

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from scripts.errors import SlipwayError
from scripts.output import Output
from scripts.session import Session
from scripts.stacks import MAX_TEMPLATE_BYTES, deploy_stack, find_stack
from scripts.target import Options
from tests.local_server import LocalServer


def template(folder: Path, resources: dict[str, Any]) -> Path:
    path = folder / "template.yml"
    path.write_text(
        json.dumps(
            {
                "Parameters": {
                    "Prefix": {"Type": "String"},
                    "Seconds": {"Type": "Number", "Default": 60},
                },
                "Resources": resources,
            }
        )
    )
    return path


def queue(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": f"${{Prefix}}-{name}"}, **properties}}


@pytest.fixture
def session(local_aws: LocalServer) -> Session:
    console = Console(file=io.StringIO(), width=200, soft_wrap=True)
    return Session(Options(local=True, port=local_aws.port), Output(console=console))


def said(session: Session) -> str:
    file = session.output.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_stack_is_created_left_alone_and_changed(session: Session, tmp_path: Path) -> None:
    name = "scripts-queues"
    path = template(tmp_path, {"One": queue("one", VisibilityTimeout={"Ref": "Seconds"}), "Two": queue("two")})
    created = deploy_stack(session, name, path, {"Prefix": name, "Seconds": "30"})
    assert created.created
    assert sorted(change.logical_id for change in created.changes) == ["One", "Two"]

    again = deploy_stack(session, name, path, {"Prefix": name})
    assert (again.created, again.changes) == (False, ())
    assert f"stack {name}: no changes" in said(session)

    path = template(tmp_path, {"One": queue("one", VisibilityTimeout=45), "Three": queue("three")})
    changed = deploy_stack(session, name, path, {"Prefix": name})
    assert sorted(change.action for change in changed.changes) == ["Add", "Modify", "Remove"]
    for line in ("modify One (AWS::SQS::Queue)", "add Three (AWS::SQS::Queue)", "remove Two (AWS::SQS::Queue)"):
        assert line in said(session)
    stack = find_stack(session, name)
    assert stack is not None
    kept = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    assert kept == {"Prefix": name, "Seconds": "30"}


def test_a_failure_names_the_resource_and_can_be_repeated(session: Session, tmp_path: Path) -> None:
    name, bucket = "scripts-failing", "scripts-failing-bucket"
    session.client("s3").create_bucket(Bucket=bucket)
    taken = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}
    path = template(tmp_path, {"First": queue("first"), "Taken": {**taken, "DependsOn": "First"}})
    with pytest.raises(SlipwayError) as raised:
        deploy_stack(session, name, path, {"Prefix": name})
    assert raised.value.message.startswith(f"stack {name} ended in ROLLBACK_COMPLETE:")
    assert "  Taken (AWS::S3::Bucket): " in raised.value.message
    assert "First" not in raised.value.message
    session.client("s3").delete_bucket(Bucket=bucket)
    assert deploy_stack(session, name, path, {"Prefix": name}).created


def test_a_stack_that_is_not_there(session: Session) -> None:
    assert find_stack(session, "scripts-none") is None


def test_templates_that_cannot_be_sent(session: Session, tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="found no such template"):
        deploy_stack(session, "scripts-none", tmp_path / "none.yml", {})
    path = tmp_path / "large.yml"
    path.write_text("#" * (MAX_TEMPLATE_BYTES + 1))
    with pytest.raises(SlipwayError, match=r"found 51,201 bytes; CloudFormation allows 51,200"):
        deploy_stack(session, "scripts-none", path, {})

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from slipway import target
from slipway.errors import SlipwayError
from slipway.installation.local_key import LocalKey
from slipway.session import Session
from slipway.stacks.changes import Change, Consent, read_change
from slipway.stacks.stacks import delete_stack, deploy_stack, find_stack
from slipway.stacks.templates import MAX_INLINE_BYTES, inline
from slipway.target import Options
from slipway.terminal.output import Output, PlainConsole, Step

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
def session(local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Session:
    key = LocalKey(local_aws.root.access_key_id, local_aws.root.secret_access_key)
    monkeypatch.setattr(target, "read_local_key", lambda _state: key)
    console = PlainConsole(file=io.StringIO(), width=200)
    return Session(Options(local=True, port=local_aws.port), Output(console=console))


def said(session: Session) -> str:
    file = session.output.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_stack_is_created_left_alone_and_changed(session: Session, tmp_path: Path) -> None:
    name = "scripts-queues"
    path = template(tmp_path, {"One": queue("one", VisibilityTimeout={"Ref": "Seconds"}), "Two": queue("two")})
    created = deploy_stack(session, name, inline(path), {"Prefix": name, "Seconds": "30"})
    assert created.created
    assert sorted(change.logical_id for change in created.changes) == ["One", "Two"]

    again = deploy_stack(session, name, inline(path), {"Prefix": name})
    assert (again.created, again.changes) == (False, ())
    assert f"stack {name}: no changes" in said(session)

    path = template(tmp_path, {"One": queue("one", VisibilityTimeout=45), "Three": queue("three")})
    changed = deploy_stack(session, name, inline(path), {"Prefix": name})
    assert sorted(change.action for change in changed.changes) == ["Add", "Modify", "Remove"]
    for line in (
        r"modify +One +AWS::SQS::Queue +Visib",
        r"add +Three +AWS::SQS::Queue",
        r"remove +Two +AWS::SQS::Queue",
    ):
        assert re.search(line, said(session))
    stack = find_stack(session, name)
    assert stack is not None
    kept = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    assert kept == {"Prefix": name, "Seconds": "30"}


def test_a_failure_names_the_resource_and_can_be_repeated(session: Session, tmp_path: Path) -> None:
    name, taken_name = "scripts-failing", "scripts-failing-bucket"
    session.client("s3").create_bucket(Bucket=taken_name)
    taken = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": taken_name}}
    path = template(tmp_path, {"First": queue("first"), "Taken": {**taken, "DependsOn": "First"}})
    with pytest.raises(SlipwayError) as raised:
        deploy_stack(session, name, inline(path), {"Prefix": name})
    assert raised.value.message.startswith(f"stack {name} ended in ROLLBACK_COMPLETE:")
    assert "  Taken (AWS::S3::Bucket): " in raised.value.message
    assert "First" not in raised.value.message
    assert "Remove what is left of the model, except its data: " in raised.value.next_step
    assert "destroy; then: " in raised.value.next_step
    session.client("s3").delete_bucket(Bucket=taken_name)
    assert deploy_stack(session, name, inline(path), {"Prefix": name}).created
    assert f"stack {name} is in ROLLBACK_COMPLETE: its creation failed.\n  Taken (AWS::S3::Bucket)" in said(session)


def test_a_stack_that_is_not_there(session: Session) -> None:
    assert find_stack(session, "scripts-none") is None


def test_templates_that_cannot_be_sent(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="found no such template"):
        inline(tmp_path / "none.yml")
    path = tmp_path / "large.yml"
    path.write_text("#" * (MAX_INLINE_BYTES + 1))
    with pytest.raises(SlipwayError, match=r"found 51,201 bytes; CloudFormation allows 51,200"):
        inline(path)


def test_parameters_are_found_in_a_template(tmp_path: Path) -> None:
    path = tmp_path / "template.yml"
    path.write_text("Parameters:\n  One: {Type: String}\nOutputs:\n  A: {Value: !Sub '${One}', X: !If [a, !Ref b]}\n")
    assert inline(path).parameters == {"One"}
    path.write_text("Resources: {")
    with pytest.raises(SlipwayError, match="found no YAML"):
        inline(path)


def bucket(name: str) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}


def test_a_dry_run_leaves_nothing_behind(session: Session, tmp_path: Path) -> None:
    name, cloudformation = "scripts-dry", session.client("cloudformation")
    path = template(tmp_path, {"One": queue("one")})
    would = deploy_stack(session, name, inline(path), {"Prefix": name}, Consent(dry_run=True))
    assert [change.logical_id for change in would.changes] == ["One"]
    assert "dry run, nothing was changed" in said(session)
    assert find_stack(session, name) is None
    deploy_stack(session, name, inline(path), {"Prefix": name})

    path = template(tmp_path, {"One": queue("two")})
    would = deploy_stack(session, name, inline(path), {"Prefix": name}, Consent(dry_run=True))
    assert [change.replacement for change in would.changes] == ["True"]
    assert re.search("REPLACE +One +AWS::SQS::Queue +QueueName", said(session))
    # The change set that created the stack stays listed; one for the update must not.
    listed = cloudformation.list_change_sets(StackName=name)["Summaries"]
    assert [one["ExecutionStatus"] for one in listed if one["ExecutionStatus"] != "EXECUTE_COMPLETE"] == []
    assert len(session.client("sqs").list_queues(QueueNamePrefix=f"{name}-one")["QueueUrls"]) == 1


def test_what_cannot_be_made_again_is_neither_replaced_nor_removed(session: Session, tmp_path: Path) -> None:
    name, s3 = "scripts-stateful", session.client("s3")
    first = {"One": bucket("scripts-one"), "Two": bucket("scripts-two"), "Queue": queue("q")}
    deploy_stack(session, name, inline(template(tmp_path, first)), {"Prefix": name})

    path = template(tmp_path, {"One": bucket("scripts-other"), "Queue": queue("q", VisibilityTimeout=5)})
    with pytest.raises(SlipwayError) as refused:
        deploy_stack(session, name, inline(path), {"Prefix": name})
    assert "REPLACE One (AWS::S3::Bucket): BucketName; the old one is deleted" in refused.value.message
    assert "remove Two (AWS::S3::Bucket); the old one is deleted" in refused.value.message
    assert "Queue" not in refused.value.message
    assert refused.value.next_step.endswith("deploy --replace-stateful One --replace-stateful Two")
    with pytest.raises(SlipwayError, match="remove Two"):
        deploy_stack(session, name, inline(path), {"Prefix": name}, Consent(frozenset({"One"})))
    names = {one["Name"] for one in s3.list_buckets()["Buckets"]}
    assert {"scripts-one", "scripts-two"} <= names

    deploy_stack(session, name, inline(path), {"Prefix": name}, Consent(frozenset({"One", "Two"})))
    names = {one["Name"] for one in s3.list_buckets()["Buckets"]}
    assert "scripts-other" in names
    assert names.isdisjoint({"scripts-one", "scripts-two"})


def test_a_deletion_that_fails_names_the_resource_and_can_be_repeated(
    session: Session, local_aws: LocalServer, tmp_path: Path
) -> None:
    name, ecr, step = "scripts-deleted", session.client("ecr"), Step(session.output, "delete")
    images = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": name}}
    path = template(tmp_path, {"Images": images, "Queue": queue("q")})
    deploy_stack(session, name, inline(path), {"Prefix": name})
    local_aws.push_empty_image(name, "a")
    for _ in range(2):
        with pytest.raises(SlipwayError) as raised:
            delete_stack(session, name, step)
        assert raised.value.message.startswith(
            f"stack {name} ended in DELETE_FAILED:\n  Images (AWS::ECR::Repository): "
        )
        assert "delete it to the end" in raised.value.next_step
    with pytest.raises(SlipwayError, match="found it in DELETE_FAILED, in which it cannot be changed"):
        deploy_stack(session, name, inline(path), {"Prefix": name})
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "a"}])
    assert delete_stack(session, name, step)
    assert not delete_stack(session, name, step)


def test_a_person_is_asked_before_something_is_replaced(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "scripts-asked"
    deploy_stack(session, name, inline(template(tmp_path, {"One": queue("one")})), {"Prefix": name})
    answers, asked = ["n", "y"], list[str]()
    monkeypatch.setattr(Output, "can_ask", True)

    def ask(_output: Output, question: str) -> str:
        asked.append(question)
        return answers.pop(0)

    monkeypatch.setattr(Output, "ask", ask)
    path = template(tmp_path, {"One": queue("two")})
    with pytest.raises(SlipwayError, match="nothing was changed"):
        deploy_stack(session, name, inline(path), {"Prefix": name})
    assert deploy_stack(session, name, inline(path), {"Prefix": name}).changes
    assert asked == ["Replace One? [y/N]"] * 2
    path = template(tmp_path, {"One": queue("three")})
    assert deploy_stack(session, name, inline(path), {"Prefix": name}, Consent(assume_yes=True)).changes


@pytest.mark.parametrize(
    ("status", "next_step"),
    [
        ("CREATE_FAILED", "cloudformation delete-stack --stack-name scripts-stuck"),
        ("UPDATE_FAILED", "cloudformation rollback-stack --stack-name scripts-stuck"),
        ("UPDATE_ROLLBACK_FAILED", "cloudformation continue-update-rollback --stack-name scripts-stuck"),
        ("DELETE_FAILED", "destroy"),
        ("UPDATE_IN_PROGRESS", "Wait until it is done: aws cloudformation describe-stack-events"),
    ],
)
def test_a_stack_that_is_stuck_says_why_and_how_to_go_on(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, next_step: str
) -> None:
    def event(number: int, logical_id: str, resource_status: str, reason: str = "") -> dict[str, Any]:
        return {
            "EventId": str(number),
            "LogicalResourceId": logical_id,
            "ResourceType": "AWS::Lambda::Function",
            "ResourceStatus": resource_status,
            "ResourceStatusReason": reason,
        }

    events = [
        event(0, "scripts-stuck", "CREATE_IN_PROGRESS"),
        event(1, "Old", "CREATE_FAILED", "an earlier operation"),
        event(2, "scripts-stuck", "UPDATE_IN_PROGRESS"),
        event(3, "First", "UPDATE_FAILED", "no such key"),
        event(4, "Second", "UPDATE_FAILED", "Resource update cancelled"),
        event(5, "Third", "UPDATE_FAILED", "still in use"),
    ]
    monkeypatch.setattr("slipway.stacks.stacks.find_stack", lambda *_: {"StackStatus": status, "StackId": "id"})
    monkeypatch.setattr("slipway.stacks.states.stack_events", lambda *_: events)
    with pytest.raises(SlipwayError) as raised:
        deploy_stack(session, "scripts-stuck", inline(template(tmp_path, {"One": queue("one")})), {})
    assert raised.value.message.splitlines() == [
        f"stack scripts-stuck: found it in {status}, in which it cannot be changed.",
        "  First (AWS::Lambda::Function): no such key",
        "  Third (AWS::Lambda::Function): still in use",
    ]
    assert next_step in raised.value.next_step


def test_a_change_that_only_may_happen_is_told_apart() -> None:
    detail = {
        "Target": {"Attribute": "Properties", "Name": "BucketName", "RequiresRecreation": "Always"},
        "Evaluation": "Dynamic",
        "ChangeSource": "ResourceAttribute",
        "CausingEntity": "Key.Arn",
    }
    other = {"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}, "Evaluation": "Static"}
    resource = {
        "Action": "Modify",
        "LogicalResourceId": "Data",
        "ResourceType": "AWS::S3::Bucket",
        "Replacement": "Conditional",
        "PolicyAction": "ReplaceAndRetain",
        "Details": [detail, other],
    }
    change = read_change(resource)
    assert (change.certain, change.stateful, change.causes) == (True, True, ("BucketName (Key.Arn)",))
    assert str(change) == "perhaps replace Data (AWS::S3::Bucket): BucketName (Key.Arn)"
    assert not read_change({**resource, "Details": [detail]}).certain
    assert read_change({**resource, "Replacement": "False"}).causes == ("BucketName (Key.Arn)", "Tags")
    removed = {"Action": "Remove", "LogicalResourceId": "Logs", "ResourceType": "AWS::Logs::LogGroup"}
    assert read_change(removed) == Change("Remove", "Logs", "AWS::Logs::LogGroup", "", certain=True)
    assert not read_change(removed).stateful

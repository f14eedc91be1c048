"""The pages of stacks, of one that was made, one that failed and one that is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local_server import LocalServer
from tests.slipway.console.visits import Visitor

MARKUP = "<b>bold</b> & more"
TEMPLATE = {
    "Description": "About <i>it</i>",
    "Parameters": {"Text": {"Type": "String"}, "Secret": {"Type": "String", "NoEcho": True}},
    "Resources": {
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/console/made"}},
        "Kept": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "console-made"}},
        "Code": {"Type": "AWS::CodeCommit::Repository", "Properties": {"RepositoryName": "console-made"}},
    },
    "Outputs": {"Out": {"Value": {"Ref": "Text"}, "Description": "what <u>came</u> in"}},
}
FAILING = {
    "Resources": {
        "First": {"Type": "AWS::Logs::LogGroup"},
        "Second": {
            "Type": "AWS::Logs::LogGroup",
            "DependsOn": "First",
            "Properties": {"LogGroupName": "/console/made"},
        },
    }
}


@pytest.fixture(scope="module")
def visitor(local_aws: LocalServer) -> Visitor:
    return Visitor(local_aws)


@pytest.fixture(scope="module")
def made(local_aws: LocalServer) -> str:
    parameters = {"Text": MARKUP, "Secret": "not-shown"}
    _create(local_aws, "console-made", TEMPLATE, parameters)
    local_aws.client("cloudformation").create_change_set(
        StackName="console-made",
        ChangeSetName="console-change",
        TemplateBody=json.dumps({**TEMPLATE, "Resources": {"Group": TEMPLATE["Resources"]["Group"]}}),  # type: ignore[index]
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    return "console-made"


def _create(server: LocalServer, name: str, template: dict[str, Any], parameters: dict[str, str]) -> None:
    client = server.client("cloudformation")
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    client.create_stack(StackName=name, TemplateBody=json.dumps(template), Parameters=given)
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def test_a_stack_shows_what_it_made_with_links_to_its_pages(visitor: Visitor, made: str) -> None:
    page = visitor.get(f"/stacks/{made}")
    assert page.status == 200
    for shown in (MARKUP, "what <u>came</u> in", "CREATE_COMPLETE", "****"):
        assert shown in page.shown, shown
    assert "not-shown" not in page.text
    assert {"/_console/logs?group=/console/made", "/_console/buckets/console-made"} <= {*page.links}
    assert visitor.get("/stacks").link(made) == f"/_console/stacks/{made}"
    assert visitor.get(page.link("/repositories/")).status == 200


def test_the_template_and_the_events_have_pages(visitor: Visitor, made: str) -> None:
    page = visitor.get(f"/stacks/{made}")
    template = visitor.get(page.link("/template"))
    assert "About <i>it</i>" in template.shown
    assert 'data-n="1"' in template.text
    events = visitor.get(page.link("/events")).shown
    assert events.index("CREATE_COMPLETE") < events.rindex("CREATE_IN_PROGRESS")


def test_a_change_set_shows_what_it_would_do(visitor: Visitor, made: str) -> None:
    page = visitor.get(visitor.get(f"/stacks/{made}").link("/changes/"))
    assert page.status == 200
    assert "Remove" in page.shown
    assert "Kept" in page.shown


def test_a_stack_that_failed_says_why(visitor: Visitor, made: str, local_aws: LocalServer) -> None:
    del made
    with pytest.raises((WaiterError, ClientError)):
        _create(local_aws, "console-failing", FAILING, {})
    page = visitor.get("/stacks/console-failing")
    assert page.status == 200
    about = page.shown.partition("Resources")[0]
    assert "First failure" in about
    assert "Second" in about
    assert "already exists" in about
    assert 'class="word bad"' in page.text


def test_a_stack_that_is_gone_is_found_by_its_id(visitor: Visitor, local_aws: LocalServer) -> None:
    client = local_aws.client("cloudformation")
    _create(local_aws, "console-gone", {"Resources": {"Group": {"Type": "AWS::Logs::LogGroup"}}}, {})
    client.delete_stack(StackName="console-gone")
    client.get_waiter("stack_delete_complete").wait(StackName="console-gone", WaiterConfig={"Delay": 1})
    assert visitor.get("/stacks/console-gone").status == 404
    assert "console-gone" not in visitor.get("/stacks").shown
    listed = visitor.get("/stacks?deleted=1")
    page = visitor.get(listed.link("console-gone"))
    assert page.status == 200
    assert "DELETE_COMPLETE" in page.shown
    assert visitor.get(page.link("/events")).status == 200

"""What people are told, by whom, and what the dashboard shows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.cloudformation import templates
from tests.cloudformation.templates import Template

LOCAL = {
    **templates.LONGEST,
    "SuffixID": "local",
    "ModelName": "wine-quality",
    "AWS::Region": "us-east-1",
    "ApprovalTimeoutInMinutes": "10080",
}
RULES = ("ReleaseFailedRule", "ApprovalWaitsRule")


@pytest.fixture
def template() -> Template:
    return templates.decided("pipeline")


def test_the_topic_is_encrypted_with_the_key(template: Template) -> None:
    properties = templates.render(template["Resources"]["NotificationTopic"]["Properties"], template, LOCAL)
    assert properties == {
        "TopicName": "slipway-local-wine-quality-notifications",
        "KmsMasterKeyId": "<slipway-local-key-arn>",
    }


def test_the_topic_takes_messages_of_its_rules_and_alarms_over_tls_only(template: Template) -> None:
    properties = template["Resources"]["NotificationTopicPolicy"]["Properties"]
    assert properties["Topics"] == [{"Ref": "NotificationTopic"}]
    statements = {
        statement["Sid"]: templates.render(statement, template, LOCAL)
        for statement in properties["PolicyDocument"]["Statement"]
    }
    assert {statement["Action"] for statement in statements.values()} == {"sns:Publish"}
    assert {statement["Resource"] for statement in statements.values()} == {"<NotificationTopic>"}
    tls, rules, alarms = (statements[sid] for sid in ("TlsOnly", "Rules", "Alarms"))
    assert len(statements) == 3
    assert (tls["Effect"], tls["Principal"]) == ("Deny", "*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (rules["Effect"], rules["Principal"]) == ("Allow", {"Service": "events.amazonaws.com"})
    assert rules["Condition"] == {"ArnEquals": {"aws:SourceArn": [f"<{rule}.Arn>" for rule in RULES]}}
    assert (alarms["Effect"], alarms["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
    assert alarms["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:slipway-local-wine-quality-*"},
    }


def test_an_address_is_subscribed_if_there_is_one(template: Template) -> None:
    assert not templates.of_type(template, "AWS::SNS::Subscription")
    with_address = templates.decided("pipeline", NotificationEmail="ml@example.com")
    (subscription,) = templates.of_type(with_address, "AWS::SNS::Subscription").values()
    assert subscription["Properties"] == {
        "TopicArn": {"Ref": "NotificationTopic"},
        "Protocol": "email",
        "Endpoint": {"Ref": "NotificationEmail"},
    }


@pytest.mark.parametrize(
    ("rule", "detail_type", "detail"),
    [
        (
            "ReleaseFailedRule",
            "CodePipeline Pipeline Execution State Change",
            {"pipeline": ["<Pipeline>"], "state": ["FAILED"]},
        ),
        (
            "ApprovalWaitsRule",
            "CodePipeline Action Execution State Change",
            {"pipeline": ["<Pipeline>"], "state": ["STARTED"], "type": {"category": ["Approval"]}},
        ),
    ],
)
def test_a_rule_tells_of_this_pipeline(template: Template, rule: str, detail_type: str, detail: dict[str, Any]) -> None:
    """Events as in https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html"""
    properties = templates.render(template["Resources"][rule]["Properties"], template, LOCAL)
    assert properties["EventPattern"] == {
        "source": ["aws.codepipeline"],
        "detail-type": [detail_type],
        "detail": detail,
    }
    (target,) = properties["Targets"]
    assert target["Arn"] == "<NotificationTopic>"
    # With a role nothing arrives at an encrypted topic.
    assert "RoleArn" not in target


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_says_is_a_sentence_with_a_link(template: Template, rule: str) -> None:
    (target,) = template["Resources"][rule]["Properties"]["Targets"]
    transformer = templates.render(target["InputTransformer"], template, LOCAL)
    event: Any = {"time": "2026-11-20T03:00:00Z", "detail": {"execution-id": "0a1b2c3d-4e5f"}}
    text = transformer["InputTemplate"]
    for name, path in transformer["InputPathsMap"].items():
        value: Any = event
        for part in path.removeprefix("$.").split("."):
            value = value[part]
        text = text.replace(f"<{name}>", value)
    # A text template has to be a quoted string:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    said = json.loads(text)
    assert said.startswith("Release 0a1b2c3d-4e5f of slipway-local-wine-quality ")
    assert "2026-11-20T03:00:00Z" in said
    assert re.search(r"https://us-east-1\.console\.aws\.amazon\.com/codesuite/codepipeline/pipelines/\S+", said)
    assert "${" not in said


def body(template: Template) -> dict[str, Any]:
    text = templates.render(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"], template, LOCAL)
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_dashboard_shows_the_three_endpoints_the_releases_and_their_gates(template: Template) -> None:
    widgets = body(template)["widgets"]
    stem = "slipway-local-wine-quality"
    endpoints: dict[str, set[str]] = {
        metric[1]: set()
        for widget in widgets
        for metric in widget["properties"].get("metrics", [])
        if metric[0] == "AWS/SageMaker"
    }
    for widget in widgets:
        assert widget["properties"]["region"] == "us-east-1"
        for metric in widget["properties"].get("metrics", []):
            if metric[0] == "AWS/SageMaker":
                assert metric[2::2] == ["EndpointName", "VariantName"]
                assert metric[5] == "AllTraffic"
                endpoints[metric[1]].add(metric[3])
    three = {f"{stem}-{environment}" for environment in ("dev", "test", "prod")}
    assert endpoints == {
        "Invocations": three,
        "Invocation5XXErrors": three,
        "InvocationModelErrors": {f"{stem}-prod"},
        "ModelLatency": three,
    }
    assert ["AWS/CodePipeline", "FailedPipelineExecutions", "PipelineName", stem] in widgets[0]["properties"]["metrics"]


@pytest.mark.parametrize(
    ("with_prod", "groups"), [("true", ["evaluate-model", "smoke-test-prod"]), ("false", ["evaluate-model"])]
)
def test_the_gates_are_read_from_logs_that_are_there(with_prod: str, groups: list[str]) -> None:
    template = templates.decided("pipeline", WithProd=with_prod)
    (query,) = [widget["properties"]["query"] for widget in body(template)["widgets"] if widget["type"] == "log"]
    assert re.findall(r"SOURCE '([^']+)'", query) == [
        f"/aws/lambda/slipway-local-wine-quality-{name}" for name in groups
    ]
    existing = {
        templates.render(group["Properties"]["LogGroupName"], template, LOCAL)
        for group in templates.of_type(template, "AWS::Logs::LogGroup").values()
    }
    assert {f"/aws/lambda/slipway-local-wine-quality-{name}" for name in groups} <= existing


def test_widgets_do_not_cover_each_other(template: Template) -> None:
    cells = [
        (x, y)
        for widget in body(template)["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    assert max(x for x, _ in cells) < 24

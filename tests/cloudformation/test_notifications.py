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
    tls, rule, alarms = (statements[sid] for sid in ("TlsOnly", "Rule", "Alarms"))
    assert len(statements) == 3
    assert (tls["Effect"], tls["Principal"]) == ("Deny", "*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (rule["Effect"], rule["Principal"]) == ("Allow", {"Service": "events.amazonaws.com"})
    assert rule["Condition"] == {"ArnEquals": {"aws:SourceArn": "<ReleaseFailedRule.Arn>"}}
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


def test_one_rule_sends_failures_of_this_pipeline_only(template: Template) -> None:
    """Events as in https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html"""
    telling = {
        name: resource["Properties"]
        for name, resource in templates.of_type(template, "AWS::Events::Rule").items()
        if resource["Properties"]["Targets"][0]["Arn"] == {"Ref": "NotificationTopic"}
    }
    # That an approval waits is told by CodePipeline, through the action's NotificationArn.
    assert set(telling) == {"ReleaseFailedRule"}
    properties = templates.render(telling["ReleaseFailedRule"], template, LOCAL)
    assert properties["EventPattern"] == {
        "source": ["aws.codepipeline"],
        "detail-type": ["CodePipeline Pipeline Execution State Change"],
        "detail": {"pipeline": ["<Pipeline>"], "state": ["FAILED"]},
    }
    # With a role nothing arrives at an encrypted topic.
    assert "RoleArn" not in properties["Targets"][0]


def test_every_end_without_success_reaches_the_function_that_stops_training(template: Template) -> None:
    properties = templates.render(template["Resources"]["EndReleaseRule"]["Properties"], template, LOCAL)
    assert properties["EventPattern"] == {
        "source": ["aws.codepipeline"],
        "detail-type": ["CodePipeline Pipeline Execution State Change"],
        "detail": {"pipeline": ["<Pipeline>"], "state": ["FAILED", "STOPPED", "CANCELED", "SUPERSEDED"]},
    }
    # The event as it is: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
    assert properties["Targets"] == [{"Id": "end-release", "Arn": "<EndReleaseFunction.Arn>"}]


# Alarm, its metric, the dimension, period and periods, whether it tells.
RELEASE_ALARMS = {
    "ReleaseFailedAlarm": ("AWS/CodePipeline", "FailedPipelineExecutions", "<Pipeline>", 86_400, 1, False),
    "ReleaseStuckAlarm": ("AWS/Lambda", "Invocations", "<GetStatusFunction>", 3_600, "<StuckReleaseInHours>", True),
    "TrainingNotStoppedAlarm": ("AWS/Lambda", "AsyncEventsDropped", "<EndReleaseFunction>", 300, 1, True),
}


@pytest.mark.parametrize("alarm", RELEASE_ALARMS)
def test_an_alarm_of_releases_counts_and_is_quiet_without_data(template: Template, alarm: str) -> None:
    namespace, metric, dimension, period_s, periods, tells = RELEASE_ALARMS[alarm]
    properties = templates.render(template["Resources"][alarm]["Properties"], template, LOCAL)
    assert (properties["Namespace"], properties["MetricName"], properties["Statistic"]) == (namespace, metric, "Sum")
    assert [item["Value"] for item in properties["Dimensions"]] == [dimension]
    assert (properties["Period"], properties["EvaluationPeriods"]) == (period_s, periods)
    assert properties.get("DatapointsToAlarm", 1) == periods
    assert (properties["ComparisonOperator"], properties["Threshold"]) == ("GreaterThanThreshold", 0)
    assert properties["TreatMissingData"] == "notBreaching"
    # The failure is told by ReleaseFailedRule, which names the release.
    assert properties.get("AlarmActions", []) == (["<NotificationTopic>"] if tells else [])
    assert "${" not in properties["AlarmDescription"]


def test_what_the_rule_says_is_a_sentence_with_a_link(template: Template) -> None:
    (target,) = template["Resources"]["ReleaseFailedRule"]["Properties"]["Targets"]
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

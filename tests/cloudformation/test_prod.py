"""The way to Prod: approval, and the alarms that take an update back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline_lambdas.config.environments import short_waits
from pipeline_lambdas.config.parsing import parse_config
from pipeline_lambdas.config.schema import ALARMS_NEED_S
from pipeline_lambdas.steps.rollback_alarms import alarm_of_update
from tests.cloudformation import templates
from tests.cloudformation.templates import Template
from tests.cloudformation.test_permissions import granted

CONFIGS = Path(__file__).parents[2] / "training_config"
LOCAL = {
    **templates.LONGEST,
    "SuffixID": "local",
    "ModelName": "wine-quality",
    "AWS::Region": "us-east-1",
}
ALARMS = {
    "ProdErrorsAlarm": ("prod-errors", "Invocation5XXErrors", ("Statistic", "Average"), "ProdErrorRate"),
    "ProdModelErrorsAlarm": ("prod-model-errors", "InvocationModelErrors", ("Statistic", "Average"), "ProdErrorRate"),
    "ProdLatencyAlarm": ("prod-latency", "ModelLatency", ("ExtendedStatistic", "p95"), "ProdLatencyMicroseconds"),
}


@pytest.fixture
def template() -> Template:
    return templates.decided("pipeline")


def approval(template: Template) -> dict[str, Any]:
    (stage,) = [
        stage for stage in template["Resources"]["Pipeline"]["Properties"]["Stages"] if stage["Name"] == "Approve"
    ]
    (action,) = stage["Actions"]
    found: dict[str, Any] = action
    return found


def test_the_approval_shows_the_evidence_and_does_not_wait_for_ever(template: Template) -> None:
    action = templates.render(approval(template), template, LOCAL)
    execution = "#{codepipeline.PipelineExecutionId}"
    assert action == {
        "Name": "Approve",
        "ActionTypeId": {"Category": "Approval", "Owner": "AWS", "Provider": "Manual", "Version": "1"},
        "TimeoutInMinutes": "<ApprovalTimeoutInMinutes>",
        "Configuration": {
            "NotificationArn": "<NotificationTopic>",
            "ExternalEntityLink": (
                "https://us-east-1.console.aws.amazon.com/s3/object/<slipway-local-evidence-bucket-name>"
                f"?region=us-east-1&prefix=releases/wine-quality/{execution}/draft-report.html"
                "&versionId=#{Evidence.ReportVersionId}"
            ),
            "CustomData": "Test: #{Evaluation.Verdict} #{Evaluation.Metrics}",
        },
    }
    # https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
    timeout = template["Parameters"]["ApprovalTimeoutInMinutes"]
    assert (timeout["MinValue"], timeout["MaxValue"]) == (5, 86_400)


def test_readers_without_the_console_get_no_link_to_it() -> None:
    without = templates.decided("pipeline", ConsoleLinks="false")
    assert approval(without)["Configuration"].keys() == {"NotificationArn", "CustomData"}
    function = without["Resources"]["RecordReleaseFunction"]["Properties"]
    assert "CONSOLE_ADDRESS" not in function["Environment"]["Variables"]


def test_links_may_lead_to_another_console() -> None:
    other = templates.decided("pipeline", ConsoleLinks="http://127.0.0.1:4566/_console/aws")
    link = templates.render(approval(other)["Configuration"]["ExternalEntityLink"], other, LOCAL)
    assert link.startswith("<ConsoleLinks>/s3/object/<slipway-local-evidence-bucket-name>?region=us-east-1&prefix=")
    for function in ("RecordReleaseFunction", "WriteEvidenceFunction"):
        told = other["Resources"][function]["Properties"]["Environment"]["Variables"]
        assert templates.render(told["CONSOLE_ADDRESS"], other, LOCAL) == "<ConsoleLinks>"


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("true", True),
        ("false", True),
        ("https://console.example.com", True),
        ("http://127.0.0.1:4566/_console/aws", True),
        ("http://127.0.0.1:4566/_console/", False),
        ("javascript:alert(1)", False),
        ("https://example.com/?to=x", False),
        ("yes", False),
    ],
)
def test_links_are_on_or_off_or_lead_to_an_address(template: Template, value: str, allowed: bool) -> None:
    assert bool(re.search(template["Parameters"]["ConsoleLinks"]["AllowedPattern"], value)) is allowed


def test_the_link_follows_the_partition(template: Template) -> None:
    china = {**LOCAL, "AWS::Partition": "aws-cn", "AWS::Region": "cn-north-1"}
    link = templates.render(approval(template)["Configuration"]["ExternalEntityLink"], template, china)
    assert link.startswith("https://cn-north-1.console.amazonaws.cn/s3/object/")


def test_the_pipeline_alone_announces_approvals(template: Template) -> None:
    statements = templates.role_statements(template)
    publishing = {role for s in statements for role in s.holders if "sns:Publish" in s.actions}
    assert publishing == {"PipelineRole"}
    assert granted(statements, template, "PipelineRole", "sns:Publish") == ["<NotificationTopic>"]


def test_the_alarms_are_these(template: Template) -> None:
    of_releases = {"ReleaseFailedAlarm", "ReleaseStuckAlarm", "TrainingNotStoppedAlarm", "ReleaseNotRecordedAlarm"}
    of_releases |= {"ReleaseNotStartedAlarm"}
    of_updates = {update_of(alarm) for alarm in ALARMS}
    assert set(templates.of_type(template, "AWS::CloudWatch::Alarm")) == set(ALARMS) | of_updates | of_releases


def update_of(alarm: str) -> str:
    """The alarm that watches the new fleet as this one watches the endpoint."""
    return f"{alarm.removesuffix('Alarm')}UpdateAlarm"


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_update_is_watched_as_the_endpoint_is_but_by_its_config(template: Template, alarm: str) -> None:
    whole, update = (
        templates.render(template["Resources"][one]["Properties"], template, LOCAL) for one in (alarm, update_of(alarm))
    )
    assert update["AlarmName"] == alarm_of_update(whole["AlarmName"])
    assert update["Dimensions"] == [*whole["Dimensions"], {"Name": "EndpointConfigName", "Value": "none"}]
    own = {"AlarmName", "AlarmDescription", "AlarmActions", "Dimensions"}
    assert {k: v for k, v in update.items() if k not in own} == {k: v for k, v in whole.items() if k not in own}


@pytest.mark.parametrize("alarm", ALARMS)
def test_a_wait_that_check_takes_as_enough_is_enough_for_each_alarm(template: Template, alarm: str) -> None:
    """A period that has begun, those that are looked at, and two minutes for publishing and evaluating."""
    properties = template["Resources"][alarm]["Properties"]
    needed_s = properties["Period"] * (1 + properties["EvaluationPeriods"]) + 120
    assert needed_s <= ALARMS_NEED_S
    for config in sorted(CONFIGS.glob("*.yml")):
        assert not short_waits(parse_config(config.read_bytes(), config.name))


def test_prod_keeps_its_alarms_and_its_log_when_releases_no_longer_reach_it() -> None:
    without = templates.decided("pipeline", WithProd="false")["Resources"]
    assert {*ALARMS, "ProdEndpointLogGroup"} <= without.keys()
    assert "DeployProdFunction" not in without


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_watches_prod_and_is_quiet_without_requests(template: Template, alarm: str) -> None:
    name, metric, (statistic, value), threshold = ALARMS[alarm]
    properties = templates.render(template["Resources"][alarm]["Properties"], template, LOCAL)
    assert properties["AlarmName"] == f"slipway-local-wine-quality-{name}"
    assert (properties["Namespace"], properties["MetricName"]) == ("AWS/SageMaker", metric)
    assert properties["Dimensions"] == [
        {"Name": "EndpointName", "Value": "slipway-local-wine-quality-prod"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]
    assert properties[statistic] == value
    assert len({"Statistic", "ExtendedStatistic"} & set(properties)) == 1
    assert properties["Threshold"] == f"<{threshold}>"
    assert properties["ComparisonOperator"] == "GreaterThanThreshold"
    assert properties["TreatMissingData"] == "notBreaching"
    assert properties["AlarmActions"] == ["<NotificationTopic>"]


def test_the_deployment_names_every_alarm_and_the_endpoint_may_look_at_it(template: Template) -> None:
    variables = template["Resources"]["DeployProdFunction"]["Properties"]["Environment"]["Variables"]
    assert templates.render(variables["ROLLBACK_ALARMS"], template) == ",".join(f"<{alarm}>" for alarm in ALARMS)
    statements = templates.role_statements(template)
    names = [templates.render(template["Resources"][alarm]["Properties"]["AlarmName"], template) for alarm in ALARMS]
    arns = [f"arn:aws:cloudwatch:ap-northeast-1:111122223333:alarm:{name}" for name in names]
    updates = [alarm_of_update(arn) for arn in arns]
    assert granted(statements, template, "ProdHostingRole", "cloudwatch:DescribeAlarms") == updates
    assert granted(statements, template, "DeployProdFunctionRole", "cloudwatch:DescribeAlarms") == [*arns, *updates]
    for action in ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"):
        assert granted(statements, template, "DeployProdFunctionRole", action) == updates
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoRollbackConfig.html
    assert len(names) <= 10


def test_only_the_endpoints_of_prod_are_given_alarms(template: Template) -> None:
    dev = template["Resources"]["DeployModelFunction"]["Properties"]["Environment"]["Variables"]
    assert "ROLLBACK_ALARMS" not in dev


@pytest.mark.parametrize(
    ("environment", "role"),
    [("dev", "HostingRole"), ("test", "HostingRole"), ("prod", "ProdHostingRole"), ("champion", "ProdHostingRole")],
)
def test_the_log_of_an_endpoint_expires_and_is_under_the_key(template: Template, environment: str, role: str) -> None:
    group = template["Resources"][f"{environment.capitalize()}EndpointLogGroup"]["Properties"]
    name = f"/aws/sagemaker/Endpoints/slipway-local-wine-quality-{environment}"
    assert templates.render(group["LogGroupName"], template, LOCAL) == name
    for each in ("HostingRole", "ProdHostingRole"):
        writing = granted(templates.role_statements(template), template, each, "logs:PutLogEvents")
        assert any(arn.endswith(f"-{environment}:*") for arn in writing) is (each == role)

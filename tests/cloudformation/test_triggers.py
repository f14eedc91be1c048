"""What starts the pipeline, and with which revision."""

from __future__ import annotations

from typing import Any

import pytest
from slipway.releases.run_view import trigger_text

from tests.cloudformation import templates
from tests.cloudformation.templates import Template


@pytest.fixture
def template() -> Template:
    return templates.decided("pipeline")


def starting(template: Template) -> dict[str, dict[str, Any]]:
    """Return the rules whose events may start a release; others tell of releases."""
    return {
        name: rule
        for name, rule in templates.of_type(template, "AWS::Events::Rule").items()
        if rule["Properties"]["Targets"][0]["Id"] in {"start-release", "pipeline"}
    }


def test_every_rule_of_a_source_invokes_the_function_that_decides(template: Template) -> None:
    permitted = {
        permission["Properties"]["SourceArn"]["Fn::GetAtt"][0]: permission["Properties"]["FunctionName"]
        for permission in templates.of_type(template, "AWS::Lambda::Permission").values()
    }
    for name, rule in starting(template).items():
        # The event goes as it is: without a transformer the function sees its id and its commits.
        (target,) = rule["Properties"]["Targets"]
        assert target == {"Id": "start-release", "Arn": {"Fn::GetAtt": ["StartReleaseFunction", "Arn"]}}
        assert permitted[name] == {"Ref": "StartReleaseFunction"}


def test_every_source_has_one_rule(template: Template) -> None:
    source = template["Resources"]["Pipeline"]["Properties"]["Stages"][0]
    assert set(starting(template)) == {f"{action['Name']}Rule" for action in source["Actions"]}


def test_the_command_line_has_words_for_every_rule_that_starts_a_release() -> None:
    template = templates.decided("pipeline", RetrainingSchedule="rate(7 days)")
    pipeline = templates.render(template["Resources"]["Pipeline"]["Properties"]["Name"], template)
    told = {}
    for name, rule in starting(template).items():
        ending = templates.render(rule["Properties"]["Name"], template)
        if name == "RetrainingRule":
            arn = f"arn:aws:events:eu-central-1:111122223333:rule/{ending}"
            told[name] = trigger_text({"triggerType": "CloudWatchEvent", "triggerDetail": arn}, pipeline)
        else:
            arn = f"arn:aws:sts::111122223333:assumed-role/slipway-StartPipelineRole-1A2B/{ending}"
            told[name] = trigger_text({"triggerType": "StartPipelineExecution", "triggerDetail": arn}, pipeline)
    assert told == {
        "TrainingConfigRule": "push to training-config",
        "PipelineLambdasRule": "push to pipeline-lambdas",
        "InferenceLambdasRule": "push to inference-lambdas",
        "DatasetRule": "new dataset",
        "RetrainingRule": "schedule",
    }


def test_a_schedule_starts_a_release_of_the_newest_of_everything() -> None:
    template = templates.decided("pipeline", RetrainingSchedule="cron(0 3 ? * MON *)")
    properties = starting(template)["RetrainingRule"]["Properties"]
    assert properties["ScheduleExpression"] == {"Ref": "RetrainingSchedule"}
    assert "EventPattern" not in properties
    (target,) = properties["Targets"]
    # Without an input no revision is named.
    assert set(target) == {"Id", "Arn", "RoleArn"}
    assert target["RoleArn"] == {"Fn::GetAtt": ["RetrainingRole", "Arn"]}
    assert templates.render(target["Arn"], template).endswith(":codepipeline:ap-northeast-1:111122223333:<Pipeline>")


def test_rules_look_at_the_branch_and_at_the_manifest_only(template: Template) -> None:
    context = {**templates.LONGEST, "SuffixID": "local", "ModelName": "wine-quality"}
    patterns = {
        rule: templates.render(resource["Properties"]["EventPattern"], template, context)
        for rule, resource in starting(template).items()
    }
    assert patterns.pop("DatasetRule") == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["<slipway-local-data-bucket-name>"]},
            "object": {"key": ["wine-quality/manifest.json"]},
        },
    }
    repositories = set()
    for pattern in patterns.values():
        (repository,) = pattern.pop("resources")
        repositories.add(repository)
        assert pattern == {
            "source": ["aws.codecommit"],
            "detail-type": ["CodeCommit Repository State Change"],
            "detail": {
                "event": ["referenceCreated", "referenceUpdated"],
                "referenceType": ["branch"],
                "referenceName": ["main"],
            },
        }
    assert repositories == {
        f"<slipway-local-{name}-repository-arn>"
        for name in ("training-config", "pipeline-lambdas", "inference-lambdas")
    }

"""The functions of the pipeline: their environment, their code before the first Build, and lost events."""

from __future__ import annotations

import hashlib
from typing import Any
from unittest.mock import MagicMock

import boto3
import pytest
from slipway.terminal.advice import NOT_BUILT
from slipway_build.packages import FUNCTIONS, RUNTIME

from pipeline_lambdas.algorithms.table import ALGORITHMS
from tests.cloudformation import templates
from tests.cloudformation.templates import Template

PLACEHOLDER_SHA256 = "2f995fb0caea7c767e4d174c742d6ba2ece322a10b0351dd02a32561fd8b1974"


@pytest.fixture
def template() -> Template:
    return templates.decided("pipeline")


# Prod has functions of its own for their roles; the code is what Dev and Test ran.
OWN_METRICS = ("MODEL_BUCKET", "METRICS_ROLE_ARN", "METRICS_REGISTRY", "INSTANCE_TYPE_PATTERNS")
SAME_PACKAGE = {
    "DeployProdFunction": "DeployModelFunction",
    "DeployChampionFunction": "DeployModelFunction",
    "SmokeTestProdFunction": "EvaluateModelFunction",
    "WriteEvidenceFunction": "RecordReleaseFunction",
}


@pytest.mark.parametrize(("function", "same"), SAME_PACKAGE.items())
def test_prod_runs_what_test_ran(template: Template, function: str, same: str) -> None:
    differs = {"FunctionName", "Description", "Role", "Environment"}
    prod, other = (template["Resources"][name]["Properties"] for name in (function, same))
    assert {key for key in prod | other if prod.get(key) != other.get(key)} <= differs


@pytest.mark.parametrize(
    ("function", "variables"),
    [
        (
            "TrainModelFunction",
            {
                "DATA_BUCKET",
                "MODEL_BUCKET",
                "TRAINING_ROLE_ARN",
                "INSTANCE_TYPE_PATTERNS",
                "KMS_KEY_ARN",
                "IMAGE_REGISTRIES",
                "TUNING_PREFIX",
            },
        ),
        ("GetStatusFunction", set()),
        (
            "DeployModelFunction",
            {"HOSTING_ROLE_ARN", "INSTANCE_TYPE_PATTERNS", "KMS_KEY_ARN"},
        ),
        (
            "EvaluateModelFunction",
            {"DATA_BUCKET", "EVIDENCE_BUCKET", "ARTIFACT_BUCKET", "KMS_KEY_ARN", *OWN_METRICS},
        ),
        (
            "DeployProdFunction",
            {"HOSTING_ROLE_ARN", "INSTANCE_TYPE_PATTERNS", "KMS_KEY_ARN", "ROLLBACK_ALARMS"},
        ),
        (
            "SmokeTestProdFunction",
            {"DATA_BUCKET", "EVIDENCE_BUCKET", "ARTIFACT_BUCKET", "KMS_KEY_ARN", *OWN_METRICS},
        ),
        (
            "DeployChampionFunction",
            {"HOSTING_ROLE_ARN", "INSTANCE_TYPE_PATTERNS", "KMS_KEY_ARN"},
        ),
        ("RegisterModelFunction", set()),
        (
            "RecordReleaseFunction",
            {"EVIDENCE_BUCKET", "ARTIFACT_BUCKET", "DATA_BUCKET", "KMS_KEY_ARN", "CONSOLE_ADDRESS"},
        ),
        (
            "WriteEvidenceFunction",
            {"EVIDENCE_BUCKET", "ARTIFACT_BUCKET", "DATA_BUCKET", "KMS_KEY_ARN", "CONSOLE_ADDRESS"},
        ),
        ("CleanUpFunction", set()),
        (
            "StartReleaseFunction",
            {
                "BRANCH_NAME",
                "DATA_BUCKET",
                "START_ROLE_ARN",
                "TRAINING_CONFIG_REPOSITORY",
                "PIPELINE_LAMBDAS_REPOSITORY",
                "INFERENCE_LAMBDAS_REPOSITORY",
            },
        ),
        ("EndReleaseFunction", {"TUNING_PREFIX", "METRICS_ENVIRONMENTS"}),
        ("SettleJobFunction", set()),
    ],
)
def test_a_function_has_its_environment_and_begins_without_code(
    template: Template, function: str, variables: set[str]
) -> None:
    properties = template["Resources"][function]["Properties"]
    assert properties["Handler"] == "index.handler"
    assert properties["Runtime"] == f"python{RUNTIME[0]}.{RUNTIME[1]}"
    begins_with = "StartRelease" if function == "StartReleaseFunction" else "Python"
    assert properties["Code"] == {"ZipFile": {"Fn::FindInMap": ["Placeholder", begins_with, "Source"]}}
    assert properties["FunctionName"]["Fn::Sub"].rpartition("${ModelName}-")[2] in FUNCTIONS
    assert "KmsKeyArn" in properties
    assert set(properties["Environment"]["Variables"]) == {"MODEL_NAME", "NAME_PREFIX"} | variables


def test_the_placeholder_stays_as_it_is(template: Template) -> None:
    """CloudFormation would put a changed one in the place of the code that Build has published, in every stack.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
    """
    source = template["Mappings"]["Placeholder"]["Python"]["Source"]
    assert hashlib.sha256(source.encode()).hexdigest() == PLACEHOLDER_SHA256


def test_the_placeholder_fails_its_job_and_any_other_event(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []

    class CodePipeline:
        def put_job_failure_result(self, **arguments: Any) -> None:
            told.append(arguments)

    monkeypatch.setattr(boto3, "client", {"codepipeline": CodePipeline()}.__getitem__)
    module: dict[str, Any] = {}
    exec(template["Mappings"]["Placeholder"]["Python"]["Source"], module)  # noqa: S102 - what Lambda would run
    module["handler"]({"CodePipeline.job": {"id": "a-job"}}, None)
    assert [(one["jobId"], one["failureDetails"]["type"]) for one in told] == [("a-job", "JobFailed")]
    assert NOT_BUILT in told[0]["failureDetails"]["message"]
    with pytest.raises(RuntimeError, match=NOT_BUILT):
        module["handler"]({"source": "aws.codepipeline"}, None)


def test_until_it_is_built_every_event_starts_a_release_of_the_newest_of_everything(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No push is lost that arrives before the first Build has published the code that decides."""
    clients: dict[str, MagicMock] = {"sts": MagicMock(), "codepipeline": MagicMock()}
    monkeypatch.setattr("boto3.client", lambda service, **_: clients[service])
    monkeypatch.setenv("NAME_PREFIX", "slipway-local-wine-quality")
    monkeypatch.setenv("START_ROLE_ARN", "arn:aws:iam::111122223333:role/start")
    source = template["Mappings"]["Placeholder"]["StartRelease"]["Source"]
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
    assert len(source) <= 4096
    module: dict[str, Any] = {}
    exec(source, module)  # noqa: S102 - as Lambda does
    module["handler"]({"id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718"}, None)
    clients["sts"].assume_role.assert_called_once_with(
        RoleArn="arn:aws:iam::111122223333:role/start", RoleSessionName="slipway-local-wine-quality-start-release"
    )
    clients["codepipeline"].start_pipeline_execution.assert_called_once_with(
        name="slipway-local-wine-quality", clientRequestToken="6a7e8feb-b491-4cf7-a9f1-bf3703467718"
    )


def test_the_image_registries_follow_region_and_partition(template: Template) -> None:
    variables = template["Resources"]["TrainModelFunction"]["Properties"]["Environment"]["Variables"]

    def registries(region: str, suffix: str) -> dict[str, str]:
        context = {**templates.LONGEST, "AWS::Region": region, "AWS::URLSuffix": suffix}
        rendered = str(templates.render(variables["IMAGE_REGISTRIES"], template, context))
        return dict(item.partition("=")[::2] for item in rendered.split(","))

    assert registries("us-east-1", "amazonaws.com") == {
        "xgboost": "683313688378.dkr.ecr.us-east-1.amazonaws.com",
        "scikit-learn": "683313688378.dkr.ecr.us-east-1.amazonaws.com",
        "linear-learner": "382416733822.dkr.ecr.us-east-1.amazonaws.com",
        "container": "<ImageRepository.RepositoryUri>",
    }
    assert registries("cn-north-1", "amazonaws.com.cn") == {
        "xgboost": "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "scikit-learn": "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "linear-learner": "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "container": "<ImageRepository.RepositoryUri>",
    }


@pytest.mark.parametrize("name", ["PullImagePolicy", "RegisterModelFunctionRole"])
def test_images_of_the_algorithms_and_of_the_model_alone_may_be_read(template: Template, name: str) -> None:
    statements = [
        statement
        for document in documents_of(template["Resources"][name]["Properties"])
        for statement in document["Statement"]
        if "ecr:BatchGetImage" in statement["Action"]
    ]
    context = {**templates.LONGEST, "AWS::Region": "us-east-1", "AWS::Partition": "aws"}
    (statement,) = templates.render(statements, template, context)
    frameworks = dict.fromkeys(("sagemaker-xgboost", "sagemaker-scikit-learn"), "683313688378")
    accounts = {**frameworks, "linear-learner": "382416733822"}
    assert statement["Resource"][: len(accounts)] == [
        f"arn:aws:ecr:us-east-1:{accounts[algorithm.image.repository]}:repository/{algorithm.image.repository}"
        for algorithm in ALGORITHMS.values()
        if algorithm.image.repository
    ]
    # And those of the model's own; a parameter may name one more.
    assert statement["Resource"][len(accounts) :] == ["<ImageRepository.Arn>"]


def documents_of(properties: dict[str, Any]) -> list[Any]:
    """The policy documents of a policy, or of a role."""
    return [policy["PolicyDocument"] for policy in properties.get("Policies", [properties])]


def test_a_lost_event_is_tried_again_and_then_answered_for(template: Template) -> None:
    configured = {
        resource["Properties"]["FunctionName"]["Ref"]: resource["Properties"]
        for resource in templates.of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    }
    assert set(configured) == set(templates.of_type(template, "AWS::Lambda::Function"))
    answers = {"OnFailure": {"Destination": {"Fn::GetAtt": ["SettleJobFunction", "Arn"]}}}
    for name in ("StartReleaseFunction", "EndReleaseFunction", "RecordReleaseFunction", "SettleJobFunction"):
        properties = configured.pop(name)
        assert properties["MaximumRetryAttempts"] == 2
        # What EventBridge alone invokes has no action that waits, and nobody answers for the answer.
        if name != "RecordReleaseFunction":
            assert "DestinationConfig" not in properties
    for name, properties in configured.items():
        assert properties["DestinationConfig"] == answers
        assert properties["Qualifier"] == "$LATEST"
        # https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
        assert properties["MaximumEventAgeInSeconds"] == 20 * 60
        # Lambda repeats after a minute: all attempts have to fit into the time that an action waits for an answer.
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        timeout_s = template["Resources"][name]["Properties"]["Timeout"]
        assert properties["MaximumRetryAttempts"] == 1
        assert 2 * timeout_s + 60 < 20 * 60


def test_every_function_that_answers_an_action_may_send_to_its_destination(template: Template) -> None:
    policy = template["Resources"]["SettleJobPolicy"]["Properties"]
    reports = template["Resources"]["ReportResultPolicy"]["Properties"]
    dispatchers = [{"Ref": "DispatchFunctionRole"}, {"Ref": "DispatchApprovedFunctionRole"}]
    asked = [role for role in policy["Roles"] if role not in dispatchers]
    assert sorted(map(str, asked)) == sorted(map(str, reports["Roles"]))
    assert [role for role in policy["Roles"] if role in dispatchers] == dispatchers
    for name, resource in templates.of_type(template, "AWS::Lambda::EventInvokeConfig").items():
        # Lambda asks for the permission when the destination is set; what records holds its own in its role.
        answered = "DestinationConfig" in resource["Properties"] and name != "RecordReleaseFunctionInvocation"
        assert answered == (resource.get("DependsOn") == "SettleJobPolicy")


def test_an_event_that_failed_for_good_is_recorded_once_more(template: Template) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    resources = templates.render(template["Resources"], template)
    configured = resources["RecordReleaseFunctionInvocation"]["Properties"]["DestinationConfig"]
    bus = "arn:aws:events:ap-northeast-1:111122223333:event-bus/default"
    assert configured == {"OnFailure": {"Destination": bus}}
    pattern = resources["LastTryRule"]["Properties"]["EventPattern"]
    assert pattern == {
        "source": ["lambda"],
        "detail": {
            "requestContext": {
                "functionArn": ["<RecordReleaseFunction.Arn>:$LATEST"],
                "condition": ["RetriesExhausted", "EventAgeExceeded"],
            },
            # One that this rule has let through is of the source lambda.
            "requestPayload": {"source": ["aws.codepipeline"]},
        },
    }

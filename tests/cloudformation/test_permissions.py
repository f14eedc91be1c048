"""Policies: who may do what on what. The list of every '*' stands here with its reason."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from tests.cloudformation import templates
from tests.cloudformation.templates import Statement, Template

# Policies whose resource is '*', with the actions they hold. Each action has no resource type in
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
STARS = {
    # No resource type, no condition key: the id of the job, which only the event holds, is the secret.
    "report-result": ("codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"),
    # What answers for another function can fail its job and no more.
    "fail-job": ("codepipeline:PutJobFailureResult",),
    # A list has no ARN; the function deletes only what it may by name.
    "list-old-models": ("sagemaker:ListEndpointConfigs", "sagemaker:ListModels"),
    # The token is for a whole registry; pulling is granted on the one image.
    "log-in-to-registry": ("ecr:GetAuthorizationToken",),
    # A list has no ARN, and only CodePipeline assumes the role.
    "list-functions": ("lambda:ListFunctions",),
    # A metric has no ARN; the condition bounds the namespace.
    "write-metrics": ("cloudwatch:PutMetricData",),
}

# What Lambda does with the key of the environments for who changes a function.
KEY_IN_LAMBDA = {"kms:CreateGrant", "kms:Encrypt", "kms:Decrypt"}

FUNCTIONS = {
    "TrainModelFunction": "train-model",
    "GetStatusFunction": "get-status",
    "DeployModelFunction": "deploy-model",
    "EvaluateModelFunction": "evaluate-model",
    "DeployProdFunction": "deploy-prod",
    "DeployChampionFunction": "deploy-champion",
    "RegisterModelFunction": "register-model",
    "WriteEvidenceFunction": "write-evidence",
    "RecordReleaseFunction": "record-release",
    "SmokeTestProdFunction": "smoke-test-prod",
    "CleanUpFunction": "clean-up",
    "StartReleaseFunction": "start-release",
    "EndReleaseFunction": "end-release",
    "SettleJobFunction": "settle-job",
    "PublishFunction": "publish",
    "PublishApprovedFunction": "publish-approved",
    "DispatchFunction": "dispatch",
    "DispatchApprovedFunction": "dispatch-approved",
}


@pytest.fixture
def pipeline() -> Template:
    return templates.decided("pipeline")


@pytest.fixture
def statements(pipeline: Template) -> list[Statement]:
    return templates.role_statements(pipeline)


def granted(statements: list[Statement], template: Template, role: str, action: str) -> list[str]:
    """Return the ARNs that `role` may do `action` on, rendered for the longest names."""
    return [
        templates.render(resource, template)
        for statement in statements
        if role in statement.holders and action in statement.actions
        for resource in statement.resources
    ]


def may(statements: list[Statement], template: Template, role: str, action: str, arn: str) -> bool:
    """Tell whether some resource of `role` matches; conditions are not looked at."""
    return any(fnmatchcase(arn, pattern) for pattern in granted(statements, template, role, action))


def sagemaker(kind: str, name: str) -> str:
    stem = f"slipway-{templates.LONGEST['SuffixID']}-{templates.LONGEST['ModelName']}"
    return f"arn:aws:sagemaker:ap-northeast-1:111122223333:{kind}/{stem}{name}"


def test_every_star_is_on_the_list(statements: list[Statement]) -> None:
    found = {statement.policy: statement.actions for statement in statements if "*" in statement.resources}
    assert found == STARS


def test_a_star_is_only_in_a_separate_policy(statements: list[Statement]) -> None:
    for policy in STARS:
        assert len([statement for statement in statements if statement.policy == policy]) == 1, policy


def test_no_resource_names_a_whole_service(statements: list[Statement], pipeline: Template) -> None:
    for statement in statements:
        for resource in templates.render(list(statement.resources), pipeline):
            if resource == "*" or resource.startswith("<"):
                continue
            # arn:partition:service:region:account:resource, or S3's without Region and account
            assert not resource.split(":", 5)[5].startswith("*"), f"{statement.holders} {statement.policy}"


def test_no_policy_allows_all_actions_of_a_service(statements: list[Statement]) -> None:
    wild = {action for statement in statements for action in statement.actions if "*" in action}
    assert wild == {"kms:GenerateDataKey*", "kms:ReEncrypt*"}
    assert {statement.effect for statement in statements} == {"Allow"}


def test_no_managed_policies() -> None:
    for name in templates.NAMES:
        template = templates.load(name)
        assert not templates.of_type(template, "AWS::IAM::ManagedPolicy")
        for role, resource in templates.of_type(template, "AWS::IAM::Role").items():
            assert "ManagedPolicyArns" not in resource["Properties"], role


def test_a_container_cannot_write_the_metrics_that_alarms_look_at(
    pipeline: Template, statements: list[Statement]
) -> None:
    (statement,) = [statement for statement in statements if statement.policy == "write-metrics"]
    namespaces = ["/aws/sagemaker/TrainingJobs", "/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/Endpoints"]
    assert statement.condition == {"StringEquals": {"cloudwatch:namespace": namespaces}}
    alarms = templates.of_type(pipeline, "AWS::CloudWatch::Alarm").values()
    watched = {alarm["Properties"]["Namespace"] for alarm in alarms if "Namespace" in alarm["Properties"]}
    assert "AWS/SageMaker" in watched
    assert not watched & set(namespaces)


def test_every_pass_role_names_one_role_and_the_service(statements: list[Statement]) -> None:
    passed = {}
    for statement in statements:
        if "iam:PassRole" in statement.actions:
            assert statement.actions == ("iam:PassRole",)
            assert statement.condition == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
            (passed[statement.holders],) = statement.resources
    assert passed == {
        ("TrainModelFunctionRole",): {"Fn::GetAtt": ["TrainingRole", "Arn"]},
        ("EvaluateModelFunctionRole",): {"Fn::GetAtt": ["MetricsRole", "Arn"]},
        ("SmokeTestProdFunctionRole",): {"Fn::GetAtt": ["MetricsRole", "Arn"]},
        ("DeployProdFunctionRole",): {"Fn::GetAtt": ["ProdHostingRole", "Arn"]},
        ("DeployModelFunctionRole",): {"Fn::GetAtt": ["HostingRole", "Arn"]},
    }


def test_a_grant_on_the_key_is_for_aws_resources(statements: list[Statement]) -> None:
    granting = [
        statement
        for statement in statements
        if "kms:CreateGrant" in statement.actions and set(statement.actions) != KEY_IN_LAMBDA
    ]
    assert {statement.holders for statement in granting} == {
        ("TrainingRole",),
        ("MetricsRole",),
        ("DeployModelFunctionRole",),
        ("DeployProdFunctionRole",),
        ("HostingRole",),
        ("ProdHostingRole",),
        ("DeployChampionFunctionRole",),
    }
    for statement in granting:
        assert statement.condition == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_who_changes_code_may_use_the_key_of_the_environments_through_lambda_alone(
    statements: list[Statement], pipeline: Template
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html#managing-permissions-to-your-server-side-encryption-key."""
    changing = {role for s in statements if "lambda:UpdateFunctionCode" in s.actions for role in s.holders}
    using = [statement for statement in statements if set(statement.actions) == KEY_IN_LAMBDA]
    assert {role for statement in using for role in statement.holders} == changing
    for statement in using:
        assert templates.render(list(statement.resources), pipeline) == [f"<slipway-{'a' * 12}-key-arn>"]
        ((operator, keys),) = templates.render(statement.condition, pipeline).items()
        assert operator == "StringLike"
        assert keys == {
            "kms:ViaService": "lambda.ap-northeast-1.amazonaws.com*",
            "kms:EncryptionContext:aws:lambda:FunctionArn": keys["kms:EncryptionContext:aws:lambda:FunctionArn"],
        }
        for role in statement.holders:
            functions = granted(statements, pipeline, role, "lambda:UpdateFunctionCode")
            patterns = templates.as_list(keys["kms:EncryptionContext:aws:lambda:FunctionArn"])
            assert [arn for arn in functions if not any(fnmatchcase(arn, pattern) for pattern in patterns)] == []


def test_the_key_is_used_through_a_service(statements: list[Statement], pipeline: Template) -> None:
    for statement in statements:
        data = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} & set(statement.actions)
        # CodePipeline's documented list names no condition:
        # https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create-cross-account.html
        if not data or statement.holders == ("PipelineRole",):
            continue
        if set(statement.actions) == KEY_IN_LAMBDA:  # its own test is above
            continue
        (keys,) = templates.render(statement.condition, pipeline).values()
        assert set(keys) <= {"kms:ViaService", "kms:EncryptionContext:aws:lambda:FunctionArn"}, statement
        assert keys.get("kms:ViaService", "s3.ap-northeast-1.amazonaws.com*") == "s3.ap-northeast-1.amazonaws.com*"


@pytest.mark.parametrize(("function", "name"), FUNCTIONS.items())
def test_a_function_writes_its_own_log_and_reads_its_own_environment(
    pipeline: Template, statements: list[Statement], function: str, name: str
) -> None:
    role = f"{function}Role"
    full_name = f"slipway-{'a' * 12}-{'m' * 20}-{name}"
    group = pipeline["Resources"][f"{function}LogGroup"]["Properties"]["LogGroupName"]
    assert templates.render(group, pipeline) == f"/aws/lambda/{full_name}"
    assert granted(statements, pipeline, role, "logs:PutLogEvents") == [f"<{function}LogGroup.Arn>"]
    contexts = [
        templates.render(keys["kms:EncryptionContext:aws:lambda:FunctionArn"], pipeline)
        for statement in statements
        if role in statement.holders and set(statement.actions) != KEY_IN_LAMBDA
        for keys in statement.condition.values()
        if "kms:EncryptionContext:aws:lambda:FunctionArn" in keys
    ]
    arn = f"arn:aws:lambda:ap-northeast-1:111122223333:function:{full_name}"
    assert contexts == [[arn, f"{arn}:*"]]
    # EventBridge, which invokes those that start and end a release, takes no result.
    reports = [] if name in {"start-release", "end-release", "record-release"} else ["*"]
    assert granted(statements, pipeline, role, "codepipeline:PutJobFailureResult") == reports


@pytest.mark.parametrize(
    ("role", "action", "kind", "name"),
    [
        ("TrainModelFunctionRole", "sagemaker:CreateTrainingJob", "training-job", "-0a1b2c3d-4e5f"),
        ("TrainModelFunctionRole", "sagemaker:DescribeTrainingJob", "training-job", "-0a1b2c3d-4e5f-9"),
        ("TrainModelFunctionRole", "sagemaker:AddTags", "training-job", "-0a1b2c3d-4e5f-2"),
        ("GetStatusFunctionRole", "sagemaker:DescribeTrainingJob", "training-job", "-0a1b2c3d-4e5f"),
        ("GetStatusFunctionRole", "sagemaker:DescribeEndpoint", "endpoint", "-test"),
        ("EndReleaseFunctionRole", "sagemaker:DescribeTrainingJob", "training-job", "-0a1b2c3d-4e5f-9"),
        ("EndReleaseFunctionRole", "sagemaker:StopTrainingJob", "training-job", "-0a1b2c3d-4e5f-9"),
        ("EndReleaseFunctionRole", "sagemaker:DescribeProcessingJob", "processing-job", "-dev-0a1b2c3d-4e5f"),
        ("EndReleaseFunctionRole", "sagemaker:StopProcessingJob", "processing-job", "-test-0a1b2c3d-4e5f-9"),
        ("EndReleaseFunctionRole", "sagemaker:StopProcessingJob", "processing-job", "-prod-0a1b2c3d-4e5f"),
        ("DeployModelFunctionRole", "sagemaker:DescribeTrainingJob", "training-job", "-0a1b2c3d-4e5f-2"),
        ("DeployModelFunctionRole", "sagemaker:CreateModel", "model", "-0a1b2c3d-4e5f"),
        ("DeployModelFunctionRole", "sagemaker:CreateModel", "model", "-0a1b2c3d-4e5f-2"),
        ("DeployModelFunctionRole", "sagemaker:CreateModel", "model", "-0a1b2c3d-4e5f-s"),
        ("DeployModelFunctionRole", "sagemaker:AddTags", "model", "-0a1b2c3d-4e5f-2-s"),
        ("DeployProdFunctionRole", "sagemaker:CreateModel", "model", "-0a1b2c3d-4e5f-prod"),
        ("DeployProdFunctionRole", "sagemaker:AddTags", "model", "-0a1b2c3d-4e5f-2-prod"),
        ("CleanUpFunctionRole", "sagemaker:DeleteModel", "model", "-0a1b2c3d-4e5f-2-prod"),
        ("DeployModelFunctionRole", "sagemaker:CreateEndpointConfig", "endpoint-config", "-dev-0a1b2c3d-4e5f"),
        ("DeployModelFunctionRole", "sagemaker:CreateEndpoint", "endpoint", "-dev"),
        ("DeployModelFunctionRole", "sagemaker:CreateEndpoint", "endpoint-config", "-dev-0a1b2c3d-4e5f"),
        ("DeployModelFunctionRole", "sagemaker:UpdateEndpoint", "endpoint", "-test"),
        ("DeployModelFunctionRole", "sagemaker:UpdateEndpoint", "endpoint-config", "-test-0a1b2c3d-4e5f-3"),
        ("DeployModelFunctionRole", "sagemaker:DeleteEndpoint", "endpoint", "-dev"),
        ("EvaluateModelFunctionRole", "sagemaker:InvokeEndpoint", "endpoint", "-dev"),
        ("EvaluateModelFunctionRole", "sagemaker:InvokeEndpoint", "endpoint", "-test"),
    ],
)
def test_a_function_reaches_what_a_release_creates(
    pipeline: Template, statements: list[Statement], role: str, action: str, kind: str, name: str
) -> None:
    assert may(statements, pipeline, role, action, sagemaker(kind, name))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("endpoint", "-staging"),
        ("endpoint", "-test-2"),
        # Of a model whose name is this one's and "-dev".
        ("endpoint-config", "-dev-dev-0a1b2c3d-4e5f"),
        ("endpoint-config", "-prod-canary"),
        ("training-job", "-fortified-0a1b2c3d-4e5f"),
        ("training-job", "2-0a1b2c3d-4e5f"),
        ("model", "-fortified-0a1b2c3d-4e5f"),
    ],
)
def test_no_function_reaches_another_model(
    pipeline: Template, statements: list[Statement], kind: str, name: str
) -> None:
    # Of the statements that name something; lists are of the whole account.
    actions = {
        action
        for statement in statements
        for action in statement.actions
        if action.startswith("sagemaker:") and statement.resources != ("*",)
    }
    arn = sagemaker(kind, name)
    reached = [
        (function, action)
        for function in FUNCTIONS
        for action in actions
        if may(statements, pipeline, f"{function}Role", action, arn)
    ]
    assert reached == []


@pytest.mark.parametrize(
    ("role", "action", "key", "allowed"),
    [
        ("TrainModelFunctionRole", "s3:GetObject", "manifest.json", False),
        ("TrainModelFunctionRole", "s3:GetObject", "datasets/0123456789abcdef/train/train.csv", False),
        ("EvaluateModelFunctionRole", "s3:GetObject", "datasets/0123456789abcdef/test/test.csv", True),
        ("EvaluateModelFunctionRole", "s3:GetObject", "datasets/0123456789abcdef/validation/v.csv", True),
        ("SmokeTestProdFunctionRole", "s3:GetObject", "datasets/0123456789abcdef/validation/v.csv", True),
        ("SmokeTestProdFunctionRole", "s3:GetObject", "datasets/0123456789abcdef/train/train.csv", False),
        ("CleanUpFunctionRole", "s3:GetObject", "datasets/0123456789abcdef/test/test.csv", False),
        # What drift is measured against.
        ("EvaluateModelFunctionRole", "s3:GetObject", "datasets/0123456789abcdef/train/train.csv", True),
        ("RecordReleaseFunctionRole", "s3:GetObject", "datasets/0123456789abcdef/train/train.csv", False),
        ("RegisterModelFunctionRole", "s3:GetObject", "datasets/0123456789abcdef/train/train.csv", False),
        ("TrainingRole", "s3:GetObject", "datasets/0123456789abcdef/train/train.csv", True),
        ("TrainingRole", "s3:GetObject", "manifest.json", False),
        ("HostingRole", "s3:GetObject", "datasets/0123456789abcdef/train/train.csv", False),
        ("ProdHostingRole", "s3:GetObject", "datasets/0123456789abcdef/train/train.csv", False),
        ("PipelineRole", "s3:GetObjectVersion", "manifest.json", True),
        ("PipelineRole", "s3:GetObject", "datasets/0123456789abcdef/train/train.csv", False),
    ],
)
def test_who_reads_the_data(
    pipeline: Template, statements: list[Statement], role: str, action: str, key: str, allowed: bool
) -> None:
    arn = f"arn:aws:s3:::<slipway-{'a' * 12}-data-bucket-name>/{'m' * 20}/{key}"
    assert may(statements, pipeline, role, action, arn) is allowed


def test_nobody_writes_data_or_deletes_objects(pipeline: Template, statements: list[Statement]) -> None:
    written = {
        (statement.holders, templates.render(resource, pipeline).split("-bucket-name")[0].rsplit("-", 1)[1])
        for statement in statements
        if "s3:PutObject" in statement.actions
        for resource in statement.resources
    }
    assert written == {
        (("PipelineRole",), "artifact"),
        (("TrainModelFunctionRole",), "model"),
        (("TrainingRole",), "model"),
        (("DeployProdFunctionRole",), "model"),
        (("MetricsRole",), "model"),
        (("EvaluateModelFunctionRole",), "model"),
        (("SmokeTestProdFunctionRole",), "model"),
        (("EvaluateModelFunctionRole",), "artifact"),
        (("SmokeTestProdFunctionRole",), "artifact"),
        (("EvaluateModelFunctionRole",), "evidence"),
        (("SmokeTestProdFunctionRole",), "evidence"),
        (("WriteEvidenceFunctionRole",), "evidence"),
        (("RecordReleaseFunctionRole",), "evidence"),
        (("BuildProjectRole",), "artifact"),
        (("BuildProjectRole",), "model"),
        (("PublishFunctionRole",), "package"),
        (("PublishApprovedFunctionRole",), "package"),
    }
    actions = {action for statement in statements for action in statement.actions}
    assert not {action for action in actions if re.match(r"s3:Delete|kms:(Disable|Schedule)", action)}


@pytest.mark.parametrize("attempt", ["", "-2"])
def test_what_prod_serves_is_written_and_made_by_its_own_role_alone(
    pipeline: Template, statements: list[Statement], attempt: str
) -> None:
    """Code that nobody has approved has the rights of all the others."""
    roles = templates.of_type(pipeline, "AWS::IAM::Role")
    job = f"slipway-{'a' * 12}-{'m' * 20}-0a1b2c3d-4e5f{attempt}"
    bucket = f"arn:aws:s3:::<slipway-{'a' * 12}-model-bucket-name>"

    def holders(action: str, arn: str) -> set[str]:
        return {role for role in roles if may(statements, pipeline, role, action, arn)}

    copy, artifact = f"{bucket}/prod/{job}/3sL4kqtJlcpXroDTDmJ+rm/model.tar.gz", f"{bucket}/training/{job}/output"
    assert holders("s3:PutObject", copy) == {"DeployProdFunctionRole"}
    assert holders("s3:GetObject", copy) == {"DeployProdFunctionRole", "ProdHostingRole"}
    assert holders("s3:PutObject", f"{artifact}/model.tar.gz") == {"TrainingRole"}
    readers = {"DeployProdFunctionRole", "HostingRole", "RegisterModelFunctionRole"}
    assert holders("s3:GetObject", f"{artifact}/model.tar.gz") == readers
    assert holders("s3:GetObjectVersion", f"{artifact}/model.tar.gz") == {"DeployProdFunctionRole"}
    made = f"arn:aws:sagemaker:ap-northeast-1:111122223333:model/{job}"
    assert holders("sagemaker:CreateModel", f"{made}-prod") == {"DeployProdFunctionRole"}
    assert holders("sagemaker:CreateModel", made) == {"DeployModelFunctionRole"}
    assert holders("sagemaker:CreateModel", f"{made}-s") == {"DeployModelFunctionRole"}


def test_who_looks_at_an_artifact_cannot_read_it(statements: list[Statement]) -> None:
    """Its content is encrypted, and the role may use the key for the function's environment alone."""
    keys = [s.condition for s in statements if "GetStatusFunctionRole" in s.holders and "kms:Decrypt" in s.actions]
    assert [list(condition["StringLike"]) for condition in keys] == [["kms:EncryptionContext:aws:lambda:FunctionArn"]]


def test_instance_types_bound_what_a_config_may_cost(statements: list[Statement]) -> None:
    conditions = {
        statement.actions: statement.condition
        for statement in statements
        if {"sagemaker:CreateTrainingJob", "sagemaker:CreateEndpointConfig"} & set(statement.actions)
    }
    listed = {"sagemaker:InstanceTypes": {"Ref": "InstanceTypePatterns"}}
    assert conditions == {
        # ForAllValues is true for a request without the key, so training must have it; a serverless config has none.
        ("sagemaker:CreateTrainingJob",): {
            "ForAllValues:StringLike": listed,
            "Null": {"sagemaker:InstanceTypes": "false"},
            # A container with network has the training role's credentials, and with them every job's log.
            "Bool": {"sagemaker:NetworkIsolation": "true"},
        },
        ("sagemaker:CreateEndpointConfig",): {"ForAllValues:StringLike": listed},
    }


def test_tags_are_added_only_on_creation(statements: list[Statement]) -> None:
    for statement in statements:
        if "sagemaker:AddTags" in statement.actions:
            (condition,) = statement.condition.values()
            assert set(condition) == {"sagemaker:TaggingAction"}


def test_the_pipeline_waits_for_the_policies_that_several_roles_share(pipeline: Template) -> None:
    # What depends on a resource whose condition does not hold is not made either, so none of them has a condition;
    # asking for approval and naming a commit's author come long after the first release has started.
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-condition.html
    shared = [
        name
        for name, policy in templates.of_type(templates.load("pipeline"), "AWS::IAM::Policy").items()
        if "Condition" not in policy
    ]
    assert pipeline["Resources"]["Pipeline"]["DependsOn"] == shared
    assert set(templates.of_type(pipeline, "AWS::IAM::Policy")) - set(shared) == {
        "AskForApprovalPolicy",
        "ReadChangesPolicy",
        "ReadCommitsPolicy",
    }


def test_start_release_may_read_changes_and_one_config_and_start_this_pipeline(
    pipeline: Template, statements: list[Statement]
) -> None:
    role, name = "StartReleaseFunctionRole", f"slipway-{'a' * 12}-{'m' * 20}"
    arn = f"arn:aws:codepipeline:ap-northeast-1:111122223333:{name}"
    repositories = [
        f"<slipway-{'a' * 12}-{source}-repository-arn>"
        for source in ("training-config", "pipeline-lambdas", "inference-lambdas")
    ]
    expected = {
        "codecommit:GetDifferences": repositories,
        "codecommit:GetFile": repositories[:1],
        "s3:GetObjectVersion": [f"arn:aws:s3:::<slipway-{'a' * 12}-data-bucket-name>/{'m' * 20}/manifest.json"],
        "codepipeline:ListPipelineExecutions": [arn],
        "sts:AssumeRole": ["<StartPipelineRole.Arn>"],
        "codepipeline:StartPipelineExecution": [],
    }
    assert {action: granted(statements, pipeline, role, action) for action in expected} == expected
    assert granted(statements, pipeline, "StartPipelineRole", "codepipeline:StartPipelineExecution") == [arn]


def test_a_version_is_registered_undecided_and_decided_by_the_approval_alone(statements: list[Statement]) -> None:
    found = {
        (statement.holders, action): statement.condition
        for statement in statements
        for action in statement.actions
        if action in {"sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"}
    }
    key = "sagemaker:ModelApprovalStatus"
    assert found == {
        (("RegisterModelFunctionRole",), "sagemaker:CreateModelPackage"): {
            "StringEquals": {key: "PendingManualApproval"}
        },
        (("RecordReleaseFunctionRole",), "sagemaker:UpdateModelPackage"): {
            "StringEquals": {key: ["Approved", "Rejected"]}
        },
    }


def test_a_record_of_the_chain_is_written_once(statements: list[Statement], pipeline: Template) -> None:
    (statement,) = [
        statement
        for statement in statements
        if "s3:PutObject" in statement.actions
        and any("/records/" in templates.render(resource, pipeline) for resource in statement.resources)
    ]
    assert statement.holders == ("RecordReleaseFunctionRole",)
    assert statement.condition == {"Null": {"s3:if-none-match": "false"}}


EXECUTION = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
WRITERS = {
    f"releases/{'m' * 20}/{EXECUTION}/dev-evaluation.json": {"EvaluateModelFunctionRole"},
    f"releases/{'m' * 20}/{EXECUTION}/test-evaluation.json": {"EvaluateModelFunctionRole"},
    f"releases/{'m' * 20}/{EXECUTION}/prod-evaluation.json": {"SmokeTestProdFunctionRole"},
    f"releases/{'m' * 20}/{EXECUTION}/dev-predictions.csv.gz": {"EvaluateModelFunctionRole"},
    f"releases/{'m' * 20}/{EXECUTION}/test-predictions.csv.gz": {"EvaluateModelFunctionRole"},
    f"releases/{'m' * 20}/{EXECUTION}/prod-predictions.csv.gz": {"SmokeTestProdFunctionRole"},
    f"releases/{'m' * 20}/{EXECUTION}/record.json": {"RecordReleaseFunctionRole"},
    f"releases/{'m' * 20}/{EXECUTION}/report.html": {"RecordReleaseFunctionRole"},
    f"releases/{'m' * 20}/{EXECUTION}/draft-record.json": {"WriteEvidenceFunctionRole"},
    f"releases/{'m' * 20}/{EXECUTION}/draft-report.html": {"WriteEvidenceFunctionRole"},
    f"records/{'m' * 20}/00000001.json": {"RecordReleaseFunctionRole"},
    f"records/{'m' * 20}/notes.json": set(),
    f"releases/{'m' * 20}/{EXECUTION}/else.json": set(),
    "releases/other/record.json": set(),
}
"""Key of the evidence bucket to the roles that may write it."""


@pytest.mark.parametrize("bucket", ["evidence", "artifact"])
@pytest.mark.parametrize("key", WRITERS)
def test_each_piece_of_evidence_has_its_writers(
    pipeline: Template, statements: list[Statement], bucket: str, key: str
) -> None:
    arn = f"arn:aws:s3:::<slipway-{'a' * 12}-{bucket}-bucket-name>/{key}"
    roles = templates.of_type(pipeline, "AWS::IAM::Role")
    writers = {role for role in roles if may(statements, pipeline, role, "s3:PutObject", arn)}
    # Evidence that is older than its bucket lies among the artifacts, where nobody writes it any more.
    assert writers == (WRITERS[key] if bucket == "evidence" else set())
    both, record = {"WriteEvidenceFunctionRole", "RecordReleaseFunctionRole"}, f"{EXECUTION}/record.json"
    readers = {role for role in roles if may(statements, pipeline, role, "s3:GetObject", arn)}
    of_chain = {"RecordReleaseFunctionRole"} if key.startswith(f"records/{'m' * 20}/") else set()
    of_job = {"MetricsRole"} if bucket == "evidence" and key.endswith("-predictions.csv.gz") else set()
    assert readers == (both if key.endswith(record) else of_chain | of_job)
    # What code before its approval may have written anew is read by version alone.
    readers = {role for role in roles if may(statements, pipeline, role, "s3:GetObjectVersion", arn)}
    assert readers == (both if bucket == "evidence" and key.endswith("-evaluation.json") else set())


def test_only_the_role_of_record_release_may_put_events(pipeline: Template, statements: list[Statement]) -> None:
    """Whoever may can have the end of a release recorded that goes on."""
    bus = "arn:aws:events:ap-northeast-1:111122223333:event-bus/default"
    roles = templates.of_type(pipeline, "AWS::IAM::Role")
    assert {role for role in roles if may(statements, pipeline, role, "events:PutEvents", bus)} == {
        "RecordReleaseFunctionRole"
    }


def test_no_function_before_the_approval_can_record(pipeline: Template, statements: list[Statement]) -> None:
    stem = f"slipway-{templates.LONGEST['SuffixID']}-{templates.LONGEST['ModelName']}"
    function = f"arn:aws:lambda:ap-northeast-1:111122223333:function:{stem}-record-release"
    roles = templates.of_type(pipeline, "AWS::IAM::Role")
    assert not {role for role in roles if may(statements, pipeline, role, "lambda:InvokeFunction", function)}

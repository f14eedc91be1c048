"""The CloudFormation action against a running local AWS, with its rights enforced."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.codepipeline.actions.cloudformation.stack_pipeline import TEMPLATE, StackPipeline
from tests.local_aws.codepipeline.documents import artifacts
from tests.local_aws.codepipeline.project import Project
from tests.local_server import allow

FAILING: dict[str, Any] = {
    "Resources": {
        "Good": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "a"}},
        "Bad": {
            "Type": "AWS::Lambda::Function",
            "DependsOn": "Good",
            "Properties": {
                "Role": "arn:aws:iam::111122223333:role/none", "Runtime": "python3.13", "Handler": "index.handler",
                "Code": {"S3Bucket": "no-such-bucket", "S3Key": "none.zip"},
            },
        },
    }
}  # fmt: skip


def test_a_stack_is_created_updated_left_alone_and_deleted(deploying: StackPipeline) -> None:
    deploying.put()
    overrides = json.dumps({"Word": "hello"})
    attempt = deploying.run(deploying.action(ParameterOverrides=overrides, namespace="Stack"))["Deploy"]
    stack = deploying.stack()
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert attempt["output"]["outputVariables"] == {"Name": stack["Outputs"][0]["OutputValue"], "Size": "1"}
    assert attempt["output"]["executionResult"]["externalExecutionId"] == stack["StackId"]
    changed = copy.deepcopy(TEMPLATE)
    changed["Parameters"]["Size"]["Default"] = "2"
    deploying.put(changed)
    assert deploying.again()["Deploy"]["output"]["outputVariables"]["Size"] == "2"
    updated = deploying.stack()["LastUpdatedTime"]
    assert deploying.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert deploying.again()["Deploy"]["output"]["outputVariables"]["Size"] == "2"
    assert deploying.stack()["LastUpdatedTime"] == updated


def test_a_stack_is_deleted_once_and_a_missing_one_is_no_failure(deploying: StackPipeline) -> None:
    deploying.put()
    delete = deploying.action("Delete", "DELETE_ONLY", TemplatePath=None, runOrder=2)
    deploying.run(deploying.action(), delete)
    with pytest.raises(ClientError, match="does not exist"):
        deploying.stack()
    deploying.project.codepipeline.delete_pipeline(name=deploying.name)
    deploying.run(deploying.action("Delete", "DELETE_ONLY", TemplatePath=None))


def test_a_change_set_is_made_executed_and_may_be_empty(deploying: StackPipeline) -> None:
    deploying.put()
    make = deploying.action("Make", "CHANGE_SET_REPLACE", ChangeSetName="next")
    execute = deploying.action(
        "Execute", "CHANGE_SET_EXECUTE", ChangeSetName="next", TemplatePath=None, RoleArn=None, runOrder=2
    )
    found = deploying.run(make, execute)
    assert deploying.stack()["StackStatus"] == "CREATE_COMPLETE"
    assert found["Execute"]["output"]["outputVariables"]["Size"] == "1"
    assert deploying.again()["Make"]["output"]["outputVariables"]["Size"] == "1"
    assert deploying.stack()["StackStatus"] == "CREATE_COMPLETE"
    changed = copy.deepcopy(TEMPLATE)
    changed["Parameters"]["Word"]["Default"] = "other"
    deploying.put(changed)
    deploying.again()
    assert deploying.parameters()["Word"] == "other"
    assert deploying.stack()["StackStatus"] == "UPDATE_COMPLETE"


def test_a_change_set_that_nobody_has_made_cannot_be_executed(deploying: StackPipeline) -> None:
    deploying.put()
    execute = deploying.action("Execute", "CHANGE_SET_EXECUTE", ChangeSetName="next", RoleArn=None)
    error = deploying.failure(execute)
    assert error == {"code": "ConfigurationError", "message": "ChangeSet [next] does not exist"}


def test_the_configuration_file_gives_parameters_tags_and_policy(deploying: StackPipeline) -> None:
    deploying.put()
    policy = {"Statement": [{"Effect": "Allow", "NotAction": "Update:Delete", "Principal": "*", "Resource": "*"}]}
    document = {"Parameters": {"Word": "file", "Size": 7}, "Tags": {"Department": "Marketing"}, "StackPolicy": policy}
    deploying.put(document, "test.json")
    overrides = json.dumps({"Word": {"Fn::GetArtifactAtt": ["CodeArtifact", "BucketName"]}})
    deploying.run(deploying.action(TemplateConfiguration="CodeArtifact::test.json", ParameterOverrides=overrides))
    assert deploying.parameters() == {"Word": deploying.project.store, "Size": "7"}
    assert deploying.stack()["Tags"] == [{"Key": "Department", "Value": "Marketing"}]
    found = deploying.stacks.get_stack_policy(StackName=deploying.name)["StackPolicyBody"]
    assert json.loads(found) == policy


def test_outputs_reach_the_next_action_as_a_file_and_as_variables(deploying: StackPipeline) -> None:
    deploying.put()
    first = deploying.action(
        "First", OutputFileName="outputs.json", outputArtifacts=artifacts("Outputs"), namespace="First"
    )
    overrides = {"Word": {"Fn::GetParam": ["Outputs", "outputs.json", "Name"]}, "Size": "#{First.Size}5"}
    second = deploying.action(
        "Second",
        StackName=f"{deploying.name}-second",
        ParameterOverrides=json.dumps(overrides),
        inputArtifacts=artifacts("CodeArtifact", "Outputs"),
        runOrder=2,
    )
    found = deploying.run(first, second)
    name = found["First"]["output"]["outputVariables"]["Name"]
    place = found["First"]["output"]["outputArtifacts"][0]["s3location"]
    body = deploying.project.s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert json.loads(archive.read("outputs.json")) == {"Name": name, "Size": "1"}
    second_stack = deploying.stacks.describe_stacks(StackName=f"{deploying.name}-second")["Stacks"][0]
    given = {one["ParameterKey"]: one["ParameterValue"] for one in second_stack["Parameters"]}
    assert given == {"Word": name, "Size": "15"}


def test_a_stack_that_fails_fails_the_action_and_is_replaced_only_on_demand(deploying: StackPipeline) -> None:
    deploying.project.aws.put_role_policy(f"{deploying.name}-stack", allow("*"))
    deploying.put(FAILING)
    error = deploying.failure(deploying.action())
    assert error["code"] == "JobFailed"
    begin = "Failed to create or update stack. Current stack status: ROLLBACK_COMPLETE. Reason: Bad (AWS::Lambda::"
    assert error["message"].startswith(begin)
    assert "cannot be assumed by Lambda" in error["message"]
    deploying.put()
    again = deploying.again("Failed")["Deploy"]["output"]["executionResult"]["errorDetails"]
    assert "is in ROLLBACK_COMPLETE state and can" in again["message"]
    assert (
        "(Service: AmazonCloudFormation; Status Code: 400; Error Code: ValidationError; Request ID: "
        in again["message"]
    )
    deploying.project.codepipeline.delete_pipeline(name=deploying.name)
    failed = deploying.stack()["StackId"]
    deploying.run(deploying.action(mode="REPLACE_ON_FAILURE"))
    assert deploying.stack()["StackStatus"] == "CREATE_COMPLETE"
    assert deploying.stack()["StackId"] != failed


def test_without_the_right_to_read_events_the_reason_is_the_stack_s(deploying: StackPipeline) -> None:
    deploying.project.aws.put_role_policy(f"{deploying.name}-stack", allow("*"))
    deploying.allow("DescribeStackEvents")
    deploying.put(FAILING)
    message = deploying.failure(deploying.action())["message"]
    assert "Current stack status: ROLLBACK_COMPLETE. Reason: " in message
    assert "cannot be assumed by Lambda" not in message


@pytest.mark.parametrize("right", ["CreateStack", "PassRole", "DescribeStacks"])
def test_each_right_is_needed(deploying: StackPipeline, right: str) -> None:
    deploying.put()
    deploying.allow(right)
    error = deploying.failure(deploying.action())
    assert error["code"] == "PermissionError"
    assert f"{'iam' if right == 'PassRole' else 'cloudformation'}:{right}" in error["message"]


def test_the_stack_has_the_rights_of_its_own_role(deploying: StackPipeline) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}
    deploying.put({"Resources": {"Role": role}})
    deploying.project.aws.put_role_policy(f"{deploying.name}-stack", allow("ssm:*"))
    error = deploying.failure(deploying.action(Capabilities="CAPABILITY_IAM,CAPABILITY_AUTO_EXPAND"))
    assert "iam:CreateRole" in error["message"]


def test_a_capability_that_is_not_acknowledged_fails_the_action(deploying: StackPipeline) -> None:
    user = {"Type": "AWS::IAM::User", "Properties": {}}
    deploying.put({"Resources": {"User": user}})
    error = deploying.failure(deploying.action())
    assert error["message"].startswith("Requires capabilities : [CAPABILITY_IAM] (Service: AmazonCloudFormation;")


def test_a_template_that_is_too_large_for_a_request_is_deployed_too(deploying: StackPipeline) -> None:
    large = copy.deepcopy(TEMPLATE)
    large["Metadata"] = {"Text": "x" * 60_000}
    deploying.put(large)
    deploying.run(deploying.action())
    assert deploying.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_the_output_that_a_function_has_not_written_fails_its_reader(project: Project) -> None:
    deploying = StackPipeline(project)
    quiet = project.run("Quiet", {"polls": 0}, outputArtifacts=artifacts("Built"))
    project.aws.client("lambda").update_function_code(FunctionName=project.name, ZipFile=_package())
    deploy = deploying.action(TemplatePath="Built::template.json", inputArtifacts=artifacts("Built"), runOrder=2)
    found = deploying.run(quiet, deploy, status="Failed")
    assert found["Quiet"]["status"] == "Succeeded"
    message = found["Deploy"]["output"]["executionResult"]["errorDetails"]["message"]
    assert "does not exist: the action that declares it as its output has not written it" in message or (
        "The provided role does not have sufficient permissions" in message
    )


def _package() -> bytes:
    code = "import boto3\ndef handler(event, context):\n    client = boto3.client('codepipeline')\n"
    code += "    client.put_job_success_result(jobId=event['CodePipeline.job']['id'])\n"
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", code)
    return package.getvalue()

"""The model registry over the wire: IAM on, stacks, events on a queue, a kill."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.sagemaker.house import IMAGE, House
from tests.local_server import ACCOUNT, LocalServer, allow, wait_for

ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
REPOSITORY = "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-xgboost"


def specification(bucket: str) -> dict[str, Any]:
    return {"Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://{bucket}/model.tar.gz"}]}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def test_one_may_register_and_another_approve(house: House) -> None:
    """The condition key tells the two apart: sagemaker:ModelApprovalStatus."""
    group = house.name
    house.s3.put_object(Bucket=house.name, Key="model.tar.gz", Body=b"x")
    house.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    packages = f"{ARN}:model-package/{group}/*"
    pending = allow("sagemaker:CreateModelPackage", resource=packages)
    pending["Condition"] = {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}
    approval = allow("sagemaker:UpdateModelPackage", resource=packages)
    approval["Condition"] = {"StringEquals": {"sagemaker:ModelApprovalStatus": ["Approved", "Rejected"]}}
    reading = [
        allow("ecr:BatchGetImage", resource=REPOSITORY),
        allow("s3:GetObject", resource=f"arn:aws:s3:::{house.name}/*"),
    ]

    def client(name: str, *statements: dict[str, Any]) -> Any:
        key, secret = house.server.user_with(f"{house.name}-{name}", *statements)
        return house.server.client("sagemaker", key, secret)

    register, approve, blind = client("r", pending, *reading), client("a", approval), client("b", pending)
    request = {"ModelPackageGroupName": group, "InferenceSpecification": specification(house.name)}
    with pytest.raises(ClientError) as error:
        register.create_model_package(**request, ModelApprovalStatus="Approved")
    assert code_of(error)[0] == "AccessDeniedException"
    with pytest.raises(ClientError) as error:
        blind.create_model_package(**request, ModelApprovalStatus="PendingManualApproval")
    assert f"ecr:BatchGetImage on resource: {REPOSITORY}" in code_of(error)[1]
    arn = register.create_model_package(**request, ModelApprovalStatus="PendingManualApproval")["ModelPackageArn"]
    assert arn == f"{ARN}:model-package/{group}/1"
    with pytest.raises(ClientError) as error:
        register.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert f"sagemaker:UpdateModelPackage on resource: {arn}" in code_of(error)[1]
    with pytest.raises(ClientError) as error:
        approve.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"a": "b"})
    assert code_of(error)[0] == "AccessDeniedException"
    approve.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    found = house.sagemaker.describe_model_package(ModelPackageName=arn)
    assert found["ModelApprovalStatus"] == "Approved"
    assert found["CreatedBy"]["IamIdentity"]["Arn"].endswith(f"user/{house.name}-r")
    assert found["LastModifiedBy"]["IamIdentity"]["Arn"].endswith(f"user/{house.name}-a")


def test_an_approval_reaches_a_rule(house: House) -> None:
    group = house.name
    house.s3.put_object(Bucket=house.name, Key="model.tar.gz", Body=b"x")
    house.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    sqs, events = house.server.client("sqs"), house.server.client("events")
    queue = sqs.create_queue(QueueName=group)["QueueUrl"]
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [group], "UpdatedModelPackageFields": ["ModelApprovalStatus"]},
    }
    events.put_rule(Name=group, EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{group}"
    events.put_targets(Rule=group, Targets=[{"Id": "queue", "Arn": arn}])
    package = house.sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=specification(house.name)
    )["ModelPackageArn"]
    house.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")

    def received() -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return messages

    [message] = wait_for(received, "the event")
    event = json.loads(message["Body"])
    assert event["resources"] == [package]
    assert event["detail"]["ModelApprovalStatus"] == "Rejected"
    assert event["detail"]["UpdatedModelPackageFields"] == ["ModelApprovalStatus"]
    events.remove_targets(Rule=group, Ids=["queue"])
    events.delete_rule(Name=group)


def test_a_stack_with_a_group(house: House) -> None:
    cloudformation = house.server.client("cloudformation")
    properties: dict[str, Any] = {"ModelPackageGroupName": "Cfn-Group", "Tags": [{"Key": "a", "Value": "1"}]}
    resources = {"Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": properties}}
    outputs = {
        "Arn": {"Value": {"Ref": "Group"}},
        "Status": {"Value": {"Fn::GetAtt": ["Group", "ModelPackageGroupStatus"]}},
    }
    name = house.name

    def template() -> str:
        return json.dumps({"Resources": resources, "Outputs": outputs})

    def stack(*ends: str) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            found: dict[str, Any] = cloudformation.describe_stacks(StackName=identity)["Stacks"][0]
            return found if found["StackStatus"] in ends else None

        found: dict[str, Any] = wait_for(reached, " or ".join(ends))
        return found

    def tags() -> list[dict[str, str]]:
        found: list[dict[str, str]] = house.sagemaker.list_tags(ResourceArn=arn)["Tags"]
        return found

    identity = cloudformation.create_stack(StackName=name, TemplateBody=template())["StackId"]
    values = {o["OutputKey"]: o["OutputValue"] for o in stack("CREATE_COMPLETE")["Outputs"]}
    arn = f"{ARN}:model-package-group/cfn-group"
    assert values == {"Arn": arn, "Status": "Completed"}
    assert {"Key": "a", "Value": "1"} in tags()
    properties["Tags"] = [{"Key": "a", "Value": "2"}]
    cloudformation.update_stack(StackName=name, TemplateBody=template())
    stack("UPDATE_COMPLETE")
    assert {"Key": "a", "Value": "2"} in tags()
    house.s3.put_object(Bucket=house.name, Key="model.tar.gz", Body=b"x")
    package = house.sagemaker.create_model_package(
        ModelPackageGroupName=arn, InferenceSpecification=specification(house.name)
    )["ModelPackageArn"]
    cloudformation.delete_stack(StackName=name)
    stack("DELETE_FAILED")
    house.sagemaker.delete_model_package(ModelPackageName=package)
    cloudformation.delete_stack(StackName=name)
    stack("DELETE_COMPLETE")
    assert not house.sagemaker.list_model_package_groups(NameContains="Cfn")["ModelPackageGroupSummaryList"]


def test_a_kill_forgets_nothing(own_local_aws: LocalServer) -> None:
    s3, sagemaker = own_local_aws.client("s3"), own_local_aws.client("sagemaker")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="model.tar.gz", Body=b"x")
    sagemaker.create_model_package_group(ModelPackageGroupName="kept")
    request = {"ModelPackageGroupName": "kept", "InferenceSpecification": specification("kept")}
    first = sagemaker.create_model_package(**request, ClientToken="execution-1")["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=first, ModelApprovalStatus="Approved")
    before = sagemaker.describe_model_package(ModelPackageName=first)
    own_local_aws.kill()
    own_local_aws.up()
    after = sagemaker.describe_model_package(ModelPackageName=first)
    assert {**after, "ResponseMetadata": None} == {**before, "ResponseMetadata": None}
    assert sagemaker.create_model_package(**request, ClientToken="execution-1")["ModelPackageArn"] == first
    second = sagemaker.create_model_package(**request)["ModelPackageArn"]
    assert second == f"{ARN}:model-package/kept/2"

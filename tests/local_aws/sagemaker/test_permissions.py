"""What IAM is asked for each call."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.wire import Permission
from tests.local_aws.sagemaker.fakes import CALLER, IMAGE, ROLE, Aws
from tests.local_aws.sagemaker.hosted import REGION_ARN

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234"
TAGS = [{"Key": "team", "Value": "wine"}]
TAG_CONTEXT = {"aws:RequestTag/team": "wine", "aws:TagKeys": ["team"]}


def asked(aws: Aws, operation: str, **request: Any) -> list[Permission]:
    operations = {**aws.service.operations(), **aws.service.runtime_operations()}
    return list(operations[operation].permissions(CALLER, request))


def test_training_jobs(aws: Aws) -> None:
    job, tags, role = asked(
        aws,
        "CreateTrainingJob",
        TrainingJobName="Wine",
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://b", "KmsKeyId": KEY},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": "1234"},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        EnableNetworkIsolation=True,
        Tags=TAGS,
    )
    assert (job.action, job.resource) == ("sagemaker:CreateTrainingJob", f"{REGION_ARN}:training-job/wine")
    assert job.context == {
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:InterContainerTrafficEncryption": "false",
        "sagemaker:MaxRuntimeInSeconds": 60,
        "sagemaker:InstanceTypes": ["ml.m5.large"],
        "sagemaker:VolumeKmsKeyArn": KEY,
        "sagemaker:VolumeKmsKey": KEY,
        "sagemaker:OutputKmsKeyArn": KEY,
        "sagemaker:OutputKmsKey": KEY,
        **TAG_CONTEXT,
    }
    assert (tags.action, tags.resource) == ("sagemaker:AddTags", f"{REGION_ARN}:training-job/wine")
    assert tags.context == {"sagemaker:TaggingAction": "CreateTrainingJob", **TAG_CONTEXT}
    assert role == Permission("iam:PassRole", ROLE, {"iam:PassedToService": "sagemaker.amazonaws.com"})


def test_tuning_jobs(aws: Aws) -> None:
    definition = {
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://b", "KmsKeyId": KEY},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": KEY},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    named = {"HyperParameterTuningJobName": "Wine"}
    job, tags, role = asked(aws, "CreateHyperParameterTuningJob", **named, TrainingJobDefinition=definition, Tags=TAGS)
    arn = f"{REGION_ARN}:hyper-parameter-tuning-job/wine"
    assert (job.action, job.resource) == ("sagemaker:CreateHyperParameterTuningJob", arn)
    assert job.context == {
        "sagemaker:NetworkIsolation": "false",
        "sagemaker:InterContainerTrafficEncryption": "false",
        "sagemaker:MaxRuntimeInSeconds": 60,
        "sagemaker:InstanceTypes": ["ml.m5.large"],
        "sagemaker:VolumeKmsKeyArn": KEY,
        "sagemaker:VolumeKmsKey": KEY,
        "sagemaker:OutputKmsKeyArn": KEY,
        "sagemaker:OutputKmsKey": KEY,
        **TAG_CONTEXT,
    }
    assert (tags.action, tags.resource) == ("sagemaker:AddTags", arn)
    assert role == Permission("iam:PassRole", ROLE, {"iam:PassedToService": "sagemaker.amazonaws.com"})
    for operation in ("Describe", "Stop", "Delete", "ListTrainingJobsFor"):
        assert asked(aws, f"{operation}HyperParameterTuningJob", **named) == [
            Permission(f"sagemaker:{operation}HyperParameterTuningJob", arn)
        ]
    assert asked(aws, "ListHyperParameterTuningJobs") == [Permission("sagemaker:ListHyperParameterTuningJobs")]


def test_processing_jobs(aws: Aws) -> None:
    job, role = asked(
        aws,
        "CreateProcessingJob",
        ProcessingJobName="Wine",
        RoleArn=ROLE,
        AppSpecification={"ImageUri": IMAGE},
        ProcessingOutputConfig={"Outputs": [], "KmsKeyId": KEY},
        ProcessingResources={"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}},
        NetworkConfig={"EnableNetworkIsolation": True},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    assert (job.action, job.resource) == ("sagemaker:CreateProcessingJob", f"{REGION_ARN}:processing-job/wine")
    assert job.context == {
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:InterContainerTrafficEncryption": "false",
        "sagemaker:MaxRuntimeInSeconds": 60,
        "sagemaker:InstanceTypes": ["ml.m5.large"],
        "sagemaker:OutputKmsKeyArn": KEY,
        "sagemaker:OutputKmsKey": KEY,
    }
    assert role == Permission("iam:PassRole", ROLE, {"iam:PassedToService": "sagemaker.amazonaws.com"})


def test_transform_jobs_pass_no_role(aws: Aws) -> None:
    job, tags = asked(
        aws,
        "CreateTransformJob",
        TransformJobName="Wine",
        ModelName="M",
        TransformOutput={"S3OutputPath": "s3://b"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        Tags=TAGS,
    )
    assert (job.action, job.resource) == ("sagemaker:CreateTransformJob", f"{REGION_ARN}:transform-job/wine")
    assert job.context == {
        "sagemaker:InstanceTypes": ["ml.m5.large"],
        "sagemaker:ModelArn": f"{REGION_ARN}:model/m",
        **TAG_CONTEXT,
    }
    assert (tags.action, tags.resource) == ("sagemaker:AddTags", f"{REGION_ARN}:transform-job/wine")


def test_models_and_configs(aws: Aws) -> None:
    model, role = asked(aws, "CreateModel", ModelName="M", ExecutionRoleArn=ROLE)
    assert (model.action, model.resource) == ("sagemaker:CreateModel", f"{REGION_ARN}:model/m")
    assert role.resource == ROLE
    variant = {"VariantName": "A", "ModelName": "M", "InstanceType": "ml.t2.medium"}
    [instances] = asked(aws, "CreateEndpointConfig", EndpointConfigName="C", ProductionVariants=[variant])
    assert instances.resource == f"{REGION_ARN}:endpoint-config/c"
    assert instances.context["sagemaker:InstanceTypes"] == ["ml.t2.medium"]
    assert instances.context["sagemaker:ModelArn"] == [f"{REGION_ARN}:model/m"]
    limits = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variants = [{"VariantName": "A", "ModelName": "M", "ServerlessConfig": limits}]
    [small] = asked(aws, "CreateEndpointConfig", EndpointConfigName="C", ProductionVariants=variants)
    assert "sagemaker:InstanceTypes" not in small.context
    assert small.context["sagemaker:ServerlessMemorySize"] == 2048
    assert small.context["sagemaker:ServerlessMaxConcurrency"] == 5


@pytest.mark.parametrize("operation", ["CreateEndpoint", "UpdateEndpoint"])
def test_endpoints_need_the_config_too(aws: Aws, operation: str) -> None:
    found = asked(aws, operation, EndpointName="E", EndpointConfigName="C")
    assert [(p.action, p.resource) for p in found] == [
        (f"sagemaker:{operation}", f"{REGION_ARN}:endpoint/e"),
        (f"sagemaker:{operation}", f"{REGION_ARN}:endpoint-config/c"),
    ]


ONE_RESOURCE = [
    ("DescribeTrainingJob", {"TrainingJobName": "X"}, "training-job/x"),
    ("StopTrainingJob", {"TrainingJobName": "X"}, "training-job/x"),
    ("DeleteTrainingJob", {"TrainingJobName": "X"}, "training-job/x"),
    ("DescribeProcessingJob", {"ProcessingJobName": "X"}, "processing-job/x"),
    ("StopProcessingJob", {"ProcessingJobName": "X"}, "processing-job/x"),
    ("DeleteProcessingJob", {"ProcessingJobName": "X"}, "processing-job/x"),
    ("DescribeTransformJob", {"TransformJobName": "X"}, "transform-job/x"),
    ("StopTransformJob", {"TransformJobName": "X"}, "transform-job/x"),
    ("DescribeModel", {"ModelName": "X"}, "model/x"),
    ("DeleteModel", {"ModelName": "X"}, "model/x"),
    ("DescribeEndpointConfig", {"EndpointConfigName": "X"}, "endpoint-config/x"),
    ("DeleteEndpointConfig", {"EndpointConfigName": "X"}, "endpoint-config/x"),
    ("DescribeEndpoint", {"EndpointName": "X"}, "endpoint/x"),
    ("DeleteEndpoint", {"EndpointName": "X"}, "endpoint/x"),
    ("UpdateEndpointWeightsAndCapacities", {"EndpointName": "X"}, "endpoint/x"),
    ("InvokeEndpoint", {"EndpointName": "X"}, "endpoint/x"),
    ("ListTags", {"ResourceArn": f"{REGION_ARN}:endpoint/X"}, "endpoint/x"),
    ("ListTags", {"ResourceArn": f"{REGION_ARN}:model-package/X/1"}, "model-package/x/1"),
    ("CreateModelPackageGroup", {"ModelPackageGroupName": "X"}, "model-package-group/x"),
    ("DescribeModelPackageGroup", {"ModelPackageGroupName": "X"}, "model-package-group/x"),
    (
        "DescribeModelPackageGroup",
        {"ModelPackageGroupName": f"{REGION_ARN}:model-package-group/X"},
        "model-package-group/x",
    ),
    ("DeleteModelPackageGroup", {"ModelPackageGroupName": "X"}, "model-package-group/x"),
    ("DescribeModelPackage", {"ModelPackageName": "X/3"}, "model-package/x/3"),
    ("DescribeModelPackage", {"ModelPackageName": f"{REGION_ARN}:model-package/X/3"}, "model-package/x/3"),
    ("BatchDescribeModelPackage", {"ModelPackageArnList": [f"{REGION_ARN}:model-package/X/3"]}, "model-package/x/3"),
    ("DeleteModelPackage", {"ModelPackageName": "X"}, "model-package/x"),
    ("ListModelPackages", {"ModelPackageGroupName": f"{REGION_ARN}:model-package-group/X"}, "model-package/x/*"),
]


@pytest.mark.parametrize(("operation", "request_", "resource"), ONE_RESOURCE, ids=[name for name, *_ in ONE_RESOURCE])
def test_operations_on_one_resource(aws: Aws, operation: str, request_: dict[str, Any], resource: str) -> None:
    [found] = asked(aws, operation, **request_)
    assert (found.action, found.resource) == (f"sagemaker:{operation}", f"{REGION_ARN}:{resource}")


@pytest.mark.parametrize(
    "kind",
    [
        *("TrainingJobs", "ProcessingJobs", "TransformJobs", "Models"),
        *("EndpointConfigs", "Endpoints", "ModelPackageGroups", "ModelPackages"),
    ],
)
def test_lists_take_all_resources(aws: Aws, kind: str) -> None:
    [found] = asked(aws, f"List{kind}")
    assert (found.action, found.resource) == (f"sagemaker:List{kind}", "*")


LISTED_OR_MADE = (("Create", ""), ("List", "s"))


def test_every_operation_asks_for_something(aws: Aws) -> None:
    tested = {name for name, *_ in ONE_RESOURCE} | {f"List{kind}" for kind in ("TrainingJobs", "Models")}
    tested |= {f"{verb}{kind}Job{end}" for kind in ("Processing", "Transform") for verb, end in LISTED_OR_MADE}
    tested |= {f"{verb}HyperParameterTuningJob{end}" for verb, end in LISTED_OR_MADE}
    tested |= {f"{verb}HyperParameterTuningJob" for verb in ("Describe", "Stop", "Delete", "ListTrainingJobsFor")}
    tested |= {"ListEndpointConfigs", "ListEndpoints", "ListModelPackageGroups", "AddTags", "DeleteTags"}
    tested |= {"UpdateEndpoint", "UpdateModelPackage", "Search"}  # of Search in test_search
    tested |= {f"Create{kind}" for kind in ("TrainingJob", "Model", "EndpointConfig", "Endpoint", "ModelPackage")}
    assert {*aws.service.operations(), *aws.service.runtime_operations()} == tested


IMAGE_ARN = "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-xgboost"


def test_a_version_needs_any_of_its_group_and_what_it_is_made_of(aws: Aws) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/one.tar.gz"}
    package, image, data = asked(
        aws,
        "CreateModelPackage",
        ModelPackageGroupName="Wine",
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties={"execution": "7"},
        ModelLifeCycle={"Stage": "Test", "StageStatus": "Passed"},
        InferenceSpecification={"Containers": [container]},
    )
    assert (package.action, package.resource) == ("sagemaker:CreateModelPackage", f"{REGION_ARN}:model-package/wine/*")
    assert package.context == {
        "sagemaker:ModelApprovalStatus": "PendingManualApproval",
        "sagemaker:CustomerMetadataProperties/execution": "7",
        "sagemaker:ModelLifeCycle:Stage": "Test",
        "sagemaker:ModelLifeCycle:StageStatus": "Passed",
    }
    assert image == Permission("ecr:BatchGetImage", IMAGE_ARN)
    assert data == Permission("s3:GetObject", "arn:aws:s3:::models/one.tar.gz")


def test_an_unversioned_package_needs_its_name_and_its_tags(aws: Aws) -> None:
    package, tags = asked(aws, "CreateModelPackage", ModelPackageName="X", Tags=TAGS)
    assert (package.resource, package.context) == (f"{REGION_ARN}:model-package/x", TAG_CONTEXT)
    assert (tags.action, tags.resource) == ("sagemaker:AddTags", f"{REGION_ARN}:model-package/x")


def test_an_approval_needs_the_version_and_the_status(aws: Aws) -> None:
    [approval] = asked(
        aws,
        "UpdateModelPackage",
        ModelPackageArn=f"{REGION_ARN}:model-package/X/3",
        ModelApprovalStatus="Approved",
        CustomerMetadataPropertiesToRemove=["a"],
    )
    assert approval.resource == f"{REGION_ARN}:model-package/x/3"
    assert approval.context == {
        "sagemaker:ModelApprovalStatus": "Approved",
        "sagemaker:CustomerMetadataPropertiesToRemove": ["a"],
    }


def test_an_image_outside_ecr_and_data_outside_s3_need_no_permission(aws: Aws) -> None:
    container = {"Image": "registry.example/x:1", "ModelDataUrl": "https://"}
    found = asked(
        aws, "CreateModelPackage", ModelPackageGroupName="X", InferenceSpecification={"Containers": [container]}
    )
    assert [permission.action for permission in found] == ["sagemaker:CreateModelPackage"]


def test_tagging(aws: Aws) -> None:
    [added] = asked(aws, "AddTags", ResourceArn=f"{REGION_ARN}:model/m", Tags=TAGS)
    assert (added.action, added.context) == ("sagemaker:AddTags", TAG_CONTEXT)
    [removed] = asked(aws, "DeleteTags", ResourceArn=f"{REGION_ARN}:model/m", TagKeys=["team"])
    assert removed.context == {"aws:TagKeys": ["team"]}

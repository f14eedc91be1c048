"""What each role is refused: another's data, another prefix, another environment, another pipeline.

The policies are those that IAM holds after an installation, under a role of their own that the test may assume.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_server import ACCOUNT, REGION
from tests.releases.house import MODEL, PREFIX, House
from tests.releases.role_copies import (
    ROLE,
    Call,
    Client,
    Copies,
    Refused,
    asked,
    each_refused,
    is_refused,
    listed,
    read,
    write,
)

STACK = f"slipway-pipeline-local-{MODEL}"
DATA, MODELS, ARTIFACTS, EVIDENCE, PACKAGES = (
    f"slipway-local-{purpose}-{ACCOUNT}-{REGION}" for purpose in ("data", "models", "artifacts", "evidence", "packages")
)
RELEASE = "0a1b2c3d-4e5f"
EXECUTION = f"{RELEASE}-4a1b-8c3d-0a1b2c3d4e5f"
OTHER = "slipway-local-other"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"


def job(role: str, name: str = f"{PREFIX}-{RELEASE}", instance_type: str = "ml.m5.large") -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": "xgboost", "TrainingInputMode": "File"},
        "RoleArn": role,
        "OutputDataConfig": {"S3OutputPath": f"s3://{MODELS}/training"},
        "EnableNetworkIsolation": True,
        "ResourceConfig": {"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def without_isolation(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != "EnableNetworkIsolation"}


def variants(instance_type: str = "ml.m5.large") -> list[dict[str, Any]]:
    instances = {"InstanceType": instance_type, "InitialInstanceCount": 1}
    return [{"VariantName": "AllTraffic", "ModelName": f"{PREFIX}-{RELEASE}", **instances}]


def made_up_end(client: Client) -> None:
    """An event as Lambda sends it of record-release, when all tries of an event have failed."""
    entry = {"Source": "lambda", "DetailType": "Lambda Function Invocation Result - Failure", "Detail": "{}"}
    client("events").put_events(Entries=[entry])


def versions(bucket: str, prefix: str) -> Call:
    return lambda client: client("s3").list_object_versions(Bucket=bucket, Prefix=prefix)


sagemaker = partial(asked, "sagemaker")


def invoke(endpoint: str) -> Call:
    return asked("sagemaker-runtime", "invoke_endpoint", EndpointName=endpoint, Body=b"1", ContentType="text/csv")


def version(group: str, status: str = "PendingManualApproval", url: str = "") -> Call:
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    container = {
        "Image": image,
        "ModelDataUrl": url or f"s3://{MODELS}/training/{PREFIX}-{RELEASE}/output/model.tar.gz",
    }
    return sagemaker(
        "create_model_package",
        ModelPackageGroupName=group,
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )


def decided(group: str, status: str) -> Call:
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{group}/1"
    return sagemaker("update_model_package", ModelPackageArn=arn, ModelApprovalStatus=status)


def made(model: str) -> Call:
    role = f"{ROLE}HostingRole"
    image = {"Image": "xgboost"}
    return sagemaker("create_model", ModelName=model, ExecutionRoleArn=role, PrimaryContainer=image)


COPY = f"prod/{PREFIX}-{RELEASE}/3sL4kqtJlcpXroDTDmJ/model.tar.gz"
"""Where what Prod serves lies."""
SOURCE = f"source/{'0' * 64}/sourcedir.tar.gz"
PROD_LOG = f"/aws/sagemaker/Endpoints/{PREFIX}-prod"
DATASET = f"{MODEL}/datasets/0123456789abcdef"

REFUSED: list[Refused] = [
    ("TrainModelFunctionRole", "data", read(DATA, f"{DATASET}/train/train.csv"), "s3:GetObject"),
    ("TrainModelFunctionRole", "another model's data", listed(DATA, "other/datasets/"), "s3:ListBucket"),
    ("TrainModelFunctionRole", "models", read(MODELS, f"training/{PREFIX}-{RELEASE}/output"), "s3:GetObject"),
    ("TrainModelFunctionRole", "replacing a source", write(MODELS, SOURCE), "s3:PutObject"),
    ("TrainModelFunctionRole", "another object", write(MODELS, "source/a.txt", IfNoneMatch="*"), "s3:PutObject"),
    (
        "TrainModelFunctionRole",
        "another pipeline's jobs",
        sagemaker("create_training_job", **job(ROLE + "TrainingRole", f"{OTHER}-{RELEASE}")),
        "sagemaker:CreateTrainingJob",
    ),
    (
        "TrainModelFunctionRole",
        "an instance type that the stack does not allow",
        sagemaker("create_training_job", **job(ROLE + "TrainingRole", instance_type="ml.p4d.24xlarge")),
        "sagemaker:CreateTrainingJob",
    ),
    (
        "TrainModelFunctionRole",
        "a container with network",
        sagemaker("create_training_job", **{**job(ROLE + "TrainingRole"), "EnableNetworkIsolation": False}),
        "sagemaker:CreateTrainingJob",
    ),
    (
        "TrainModelFunctionRole",
        "a container of which nothing is said about network",
        sagemaker("create_training_job", **without_isolation(job(ROLE + "TrainingRole"))),
        "sagemaker:CreateTrainingJob",
    ),
    (
        "TrainModelFunctionRole",
        "the role of endpoints",
        sagemaker("create_training_job", **job(ROLE + "HostingRole")),
        "iam:PassRole",
    ),
    (
        "TrainModelFunctionRole",
        "deploying",
        sagemaker("create_endpoint", EndpointName=f"{PREFIX}-dev", EndpointConfigName=f"{PREFIX}-dev-{RELEASE}"),
        "sagemaker:CreateEndpoint",
    ),
    (
        "GetStatusFunctionRole",
        "another pipeline's endpoint",
        sagemaker("describe_endpoint", EndpointName=f"{OTHER}-dev"),
        "sagemaker:DescribeEndpoint",
    ),
    (
        "GetStatusFunctionRole",
        "stopping",
        sagemaker("stop_training_job", TrainingJobName=f"{PREFIX}-{RELEASE}"),
        "sagemaker:StopTrainingJob",
    ),
    (
        "GetStatusFunctionRole",
        "deleting",
        sagemaker("delete_endpoint", EndpointName=f"{PREFIX}-dev"),
        "sagemaker:DeleteEndpoint",
    ),
    (
        "GetStatusFunctionRole",
        "another pipeline's artifacts",
        versions(MODELS, f"training/{OTHER}-{RELEASE}/output/model.tar.gz"),
        "s3:ListBucketVersions",
    ),
    (
        "GetStatusFunctionRole",
        "what is in an artifact",
        read(MODELS, f"training/{PREFIX}-{RELEASE}/output/model.tar.gz"),
        "s3:GetObject",
    ),
    ("GetStatusFunctionRole", "all keys", versions(MODELS, ""), "s3:ListBucketVersions"),
    ("PublishFunctionRole", "evaluations", versions(ARTIFACTS, f"releases/{MODEL}/"), "s3:ListBucketVersions"),
    ("PublishFunctionRole", "what is in a source", read(ARTIFACTS, "slipway-local-wine-q/x"), "s3:GetObject"),
    (
        "DeployChampionFunctionRole",
        "deleting a config, which could be made again under its name",
        sagemaker("delete_endpoint_config", EndpointConfigName=f"{PREFIX}-champ-{RELEASE}"),
        "sagemaker:DeleteEndpointConfig",
    ),
    ("GetStatusFunctionRole", "what Prod serves", read(MODELS, COPY), "s3:GetObject"),
    ("GetStatusFunctionRole", "predicting", invoke(f"{PREFIX}-dev"), "sagemaker:InvokeEndpoint"),
    ("GetStatusFunctionRole", "data", read(DATA, f"{MODEL}/manifest.json"), "s3:GetObject"),
    (
        "DeployModelFunctionRole",
        "creating Prod",
        sagemaker("create_endpoint", EndpointName=f"{PREFIX}-prod", EndpointConfigName=f"{PREFIX}-dev-{RELEASE}"),
        "sagemaker:CreateEndpoint",
    ),
    (
        "DeployModelFunctionRole",
        "updating Prod",
        sagemaker("update_endpoint", EndpointName=f"{PREFIX}-prod", EndpointConfigName=f"{PREFIX}-dev-{RELEASE}"),
        "sagemaker:UpdateEndpoint",
    ),
    (
        "DeployModelFunctionRole",
        "deleting Prod",
        sagemaker("delete_endpoint", EndpointName=f"{PREFIX}-prod"),
        "sagemaker:DeleteEndpoint",
    ),
    (
        "DeployModelFunctionRole",
        "a config of Prod",
        sagemaker(
            "create_endpoint_config", EndpointConfigName=f"{PREFIX}-prod-{RELEASE}", ProductionVariants=variants()
        ),
        "sagemaker:CreateEndpointConfig",
    ),
    (
        "DeployModelFunctionRole",
        "an instance type that the stack does not allow",
        sagemaker(
            "create_endpoint_config",
            EndpointConfigName=f"{PREFIX}-dev-{RELEASE}",
            ProductionVariants=variants("ml.p4d.24xlarge"),
        ),
        "sagemaker:CreateEndpointConfig",
    ),
    (
        "DeployModelFunctionRole",
        "the role of training",
        sagemaker(
            "create_model",
            ModelName=f"{PREFIX}-{RELEASE}",
            ExecutionRoleArn=ROLE + "TrainingRole",
            PrimaryContainer={"Image": "xgboost"},
        ),
        "iam:PassRole",
    ),
    ("DeployModelFunctionRole", "Prod's model", made(f"{PREFIX}-{RELEASE}-prod"), "sagemaker:CreateModel"),
    ("DeployModelFunctionRole", "Prod's second model", made(f"{PREFIX}-{RELEASE}-2-prod"), "sagemaker:CreateModel"),
    ("DeployModelFunctionRole", "what Prod serves", write(MODELS, COPY), "s3:PutObject"),
    ("DeployModelFunctionRole", "models' content", read(MODELS, f"training/{PREFIX}-{RELEASE}/o"), "s3:GetObject"),
    ("DeployModelFunctionRole", "data", read(DATA, f"{DATASET}/test/test.csv"), "s3:GetObject"),
    ("DeployModelFunctionRole", "predicting", invoke(f"{PREFIX}-dev"), "sagemaker:InvokeEndpoint"),
    ("EvaluateModelFunctionRole", "models", read(MODELS, f"training/{PREFIX}-{RELEASE}/o"), "s3:GetObject"),
    (
        "EvaluateModelFunctionRole",
        "another model's data",
        read(DATA, "other/datasets/0123456789abcdef/test/test.csv"),
        "s3:GetObject",
    ),
    ("EvaluateModelFunctionRole", "another model's list", listed(DATA, "other/"), "s3:ListBucket"),
    ("EvaluateModelFunctionRole", "changing data", write(DATA, f"{DATASET}/test/test.csv"), "s3:PutObject"),
    (
        "EvaluateModelFunctionRole",
        "another model's evaluations",
        write(EVIDENCE, f"releases/other/{EXECUTION}/test-evaluation.json"),
        "s3:PutObject",
    ),
    (
        "EvaluateModelFunctionRole",
        "evaluations of Prod",
        write(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/prod-evaluation.json"),
        "s3:PutObject",
    ),
    (
        "EvaluateModelFunctionRole",
        "records",
        write(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/record.json"),
        "s3:PutObject",
    ),
    (
        "EvaluateModelFunctionRole",
        "what an approval is decided by",
        write(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/draft-report.html"),
        "s3:PutObject",
    ),
    *(
        (
            "WriteEvidenceFunctionRole",
            f"another release's {name}",
            write(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/{name}"),
            "s3:PutObject",
        )
        for name in ("record.json", "report.html", "test-evaluation.json", "prod-evaluation.json")
    ),
    (
        "WriteEvidenceFunctionRole",
        "the newest version of an evaluation",
        read(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/test-evaluation.json"),
        "s3:GetObject",
    ),
    *(
        (role, "making up the end of a release", made_up_end, "events:PutEvents")
        for role in (
            "TrainModelFunctionRole",
            "GetStatusFunctionRole",
            "DeployModelFunctionRole",
            "DeployChampionFunctionRole",
            "EvaluateModelFunctionRole",
            "RegisterModelFunctionRole",
            "WriteEvidenceFunctionRole",
            "SettleJobFunctionRole",
        )
    ),
    (
        "SettleJobFunctionRole",
        "recording the end of a release",
        asked("lambda", "invoke", FunctionName=f"{PREFIX}-record-release", Payload=b"{}"),
        "lambda:InvokeFunction",
    ),
    (
        "EvaluateModelFunctionRole",
        "the chain",
        write(EVIDENCE, f"records/{MODEL}/99999999.json", IfNoneMatch="*"),
        "s3:PutObject",
    ),
    ("EvaluateModelFunctionRole", "evidence", read(EVIDENCE, f"records/{MODEL}/00000001.json"), "s3:GetObject"),
    (
        "EvaluateModelFunctionRole",
        "older evidence",
        write(ARTIFACTS, f"releases/{MODEL}/{EXECUTION}/test-evaluation.json"),
        "s3:PutObject",
    ),
    ("EvaluateModelFunctionRole", "artifacts", read(ARTIFACTS, f"{PREFIX[:20]}/TrainingCo/a"), "s3:GetObject"),
    (
        "EvaluateModelFunctionRole",
        "another key",
        write(
            EVIDENCE,
            f"releases/{MODEL}/{EXECUTION}/test-evaluation.json",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=OTHER_KEY,
        ),
        "s3:PutObject",
    ),
    ("EvaluateModelFunctionRole", "Prod", invoke(f"{PREFIX}-prod"), "sagemaker:InvokeEndpoint"),
    ("EvaluateModelFunctionRole", "another pipeline", invoke(f"{OTHER}-test"), "sagemaker:InvokeEndpoint"),
    (
        "EvaluateModelFunctionRole",
        "deploying",
        sagemaker("update_endpoint", EndpointName=f"{PREFIX}-dev", EndpointConfigName=f"{PREFIX}-dev-{RELEASE}"),
        "sagemaker:UpdateEndpoint",
    ),
    (
        "DeployProdFunctionRole",
        "updating Test",
        sagemaker("update_endpoint", EndpointName=f"{PREFIX}-test", EndpointConfigName=f"{PREFIX}-prod-{RELEASE}"),
        "sagemaker:UpdateEndpoint",
    ),
    (
        "DeployProdFunctionRole",
        "a config of Dev",
        sagemaker(
            "create_endpoint_config", EndpointConfigName=f"{PREFIX}-dev-{RELEASE}", ProductionVariants=variants()
        ),
        "sagemaker:CreateEndpointConfig",
    ),
    ("DeployProdFunctionRole", "a model of Dev", made(f"{PREFIX}-{RELEASE}"), "sagemaker:CreateModel"),
    (
        "DeployProdFunctionRole",
        "changing what was trained",
        write(MODELS, f"training/{PREFIX}-{RELEASE}/output/model.tar.gz"),
        "s3:PutObject",
    ),
    (
        "DeployProdFunctionRole",
        "what another pipeline serves",
        write(MODELS, f"prod/{OTHER}-{RELEASE}/v/model.tar.gz"),
        "s3:PutObject",
    ),
    ("DeployProdFunctionRole", "predicting", invoke(f"{PREFIX}-prod"), "sagemaker:InvokeEndpoint"),
    ("SmokeTestProdFunctionRole", "Test", invoke(f"{PREFIX}-test"), "sagemaker:InvokeEndpoint"),
    ("SmokeTestProdFunctionRole", "training data", read(DATA, f"{DATASET}/train/train.csv"), "s3:GetObject"),
    (
        "SmokeTestProdFunctionRole",
        "evaluations of Test",
        write(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/test-evaluation.json"),
        "s3:PutObject",
    ),
    (
        "CleanUpFunctionRole",
        "endpoints",
        sagemaker("delete_endpoint", EndpointName=f"{PREFIX}-dev"),
        "sagemaker:DeleteEndpoint",
    ),
    (
        "CleanUpFunctionRole",
        "another pipeline's models",
        sagemaker("delete_model", ModelName=f"{OTHER}-{RELEASE}"),
        "sagemaker:DeleteModel",
    ),
    (
        "CleanUpFunctionRole",
        "another pipeline's endpoint configs",
        sagemaker("delete_endpoint_config", EndpointConfigName=f"{OTHER}-dev-{RELEASE}"),
        "sagemaker:DeleteEndpointConfig",
    ),
    (
        "EndReleaseFunctionRole",
        "another pipeline's jobs",
        sagemaker("stop_training_job", TrainingJobName=f"{OTHER}-{RELEASE}"),
        "sagemaker:StopTrainingJob",
    ),
    (
        "EndReleaseFunctionRole",
        "starting a job",
        sagemaker("create_training_job", **job(ROLE + "TrainingRole")),
        "sagemaker:CreateTrainingJob",
    ),
    (
        "EndReleaseFunctionRole",
        "deleting endpoints",
        sagemaker("delete_endpoint", EndpointName=f"{PREFIX}-dev"),
        "sagemaker:DeleteEndpoint",
    ),
    (
        "EndReleaseFunctionRole",
        "stopping releases",
        asked("codepipeline", "stop_pipeline_execution", pipelineName=PREFIX, pipelineExecutionId=EXECUTION),
        "codepipeline:StopPipelineExecution",
    ),
    (
        "DeployChampionFunctionRole",
        "changing Prod",
        sagemaker("update_endpoint", EndpointName=f"{PREFIX}-prod", EndpointConfigName=f"{PREFIX}-champ-{RELEASE}"),
        "sagemaker:UpdateEndpoint",
    ),
    (
        "DeployChampionFunctionRole",
        "removing Prod",
        sagemaker("delete_endpoint", EndpointName=f"{PREFIX}-prod"),
        "sagemaker:DeleteEndpoint",
    ),
    (
        "DeployChampionFunctionRole",
        "a config for Test",
        sagemaker(
            "create_endpoint_config", EndpointConfigName=f"{PREFIX}-test-{RELEASE}", ProductionVariants=variants()
        ),
        "sagemaker:CreateEndpointConfig",
    ),
    (
        "DeployChampionFunctionRole",
        "an instance type that the stack does not allow",
        sagemaker(
            "create_endpoint_config",
            EndpointConfigName=f"{PREFIX}-champ-{RELEASE}",
            ProductionVariants=variants("ml.p4d.24xlarge"),
        ),
        "sagemaker:CreateEndpointConfig",
    ),
    (
        "RegisterModelFunctionRole",
        "approving what it registers",
        version(PREFIX, "Approved"),
        "sagemaker:CreateModelPackage",
    ),
    ("RegisterModelFunctionRole", "another pipeline's group", version(OTHER), "sagemaker:CreateModelPackage"),
    (
        "RegisterModelFunctionRole",
        "another pipeline's models",
        version(PREFIX, url=f"s3://{MODELS}/training/{OTHER}-{RELEASE}/output/model.tar.gz"),
        "s3:GetObject",
    ),
    ("RegisterModelFunctionRole", "deciding", decided(PREFIX, "Approved"), "sagemaker:UpdateModelPackage"),
    (
        "RecordReleaseFunctionRole",
        "reopening",
        decided(PREFIX, "PendingManualApproval"),
        "sagemaker:UpdateModelPackage",
    ),
    (
        "RecordReleaseFunctionRole",
        "another pipeline's versions",
        decided(OTHER, "Approved"),
        "sagemaker:UpdateModelPackage",
    ),
    (
        "RecordReleaseFunctionRole",
        "writing a record of the chain again",
        write(EVIDENCE, f"records/{MODEL}/00000001.json"),
        "s3:PutObject",
    ),
    (
        "RecordReleaseFunctionRole",
        "another model's chain",
        write(EVIDENCE, "records/other/00000001.json", IfNoneMatch="*"),
        "s3:PutObject",
    ),
    (
        "RecordReleaseFunctionRole",
        "evaluations",
        write(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/test-evaluation.json"),
        "s3:PutObject",
    ),
    (
        "RecordReleaseFunctionRole",
        "what an approval is decided by",
        write(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/draft-record.json"),
        "s3:PutObject",
    ),
    (
        "RecordReleaseFunctionRole",
        "a lock",
        write(
            EVIDENCE,
            f"releases/{MODEL}/{EXECUTION}/record.json",
            ObjectLockMode="GOVERNANCE",
            ObjectLockRetainUntilDate=datetime(2100, 1, 1, tzinfo=UTC),
        ),
        "s3:PutObjectRetention",
    ),
    (
        "RecordReleaseFunctionRole",
        "the chain among the artifacts",
        write(ARTIFACTS, f"records/{MODEL}/99999999.json", IfNoneMatch="*"),
        "s3:PutObject",
    ),
    ("RecordReleaseFunctionRole", "another model's evidence", listed(EVIDENCE, "releases/other/"), "s3:ListBucket"),
    ("RecordReleaseFunctionRole", "data", read(DATA, f"{DATASET}/train/train.csv"), "s3:GetObject"),
    ("RecordReleaseFunctionRole", "code", read(ARTIFACTS, "slipway-local-wine-q/PipelineLa/x"), "s3:GetObject"),
    (
        "RecordReleaseFunctionRole",
        "another pipeline's training log",
        asked(
            "logs",
            "get_log_events",
            logGroupName="/aws/sagemaker/TrainingJobs",
            logStreamName=f"{OTHER}-{RELEASE}/algo-1-1",
        ),
        "logs:GetLogEvents",
    ),
    (
        "RecordReleaseFunctionRole",
        "another pipeline's releases",
        asked("codepipeline", "list_action_executions", pipelineName=OTHER),
        "codepipeline:ListActionExecutions",
    ),
    ("CleanUpFunctionRole", "models' content", read(MODELS, f"training/{PREFIX}-{RELEASE}/o"), "s3:GetObject"),
    (
        "BuildProjectRole",
        "publishing what it has built",
        asked("lambda", "update_function_code", FunctionName=f"{PREFIX}-train-model", ZipFile=b"x"),
        "lambda:UpdateFunctionCode",
    ),
    ("CheckProjectRole", "noting checks that were not green", write(PACKAGES, f"checks/{MODEL}.txt"), "s3:PutObject"),
    ("CheckProjectRole", "packaging", write(ARTIFACTS, f"{PREFIX[:20]}/Packages/a"), "s3:PutObject"),
    ("CheckProjectRole", "what is approved", write(PACKAGES, "builds/a.zip"), "s3:PutObject"),
    ("CheckProjectRole", "configs", read(ARTIFACTS, f"{PREFIX[:20]}/TrainingCo/a"), "s3:GetObject"),
    ("CheckProjectRole", "data", read(DATA, f"{MODEL}/manifest.json"), "s3:GetObject"),
    (
        "CheckProjectRole",
        "publishing",
        asked("lambda", "update_function_code", FunctionName=f"{PREFIX}-train-model", ZipFile=b"x"),
        "lambda:UpdateFunctionCode",
    ),
    ("BuildProjectRole", "a program's source", write(MODELS, SOURCE, IfNoneMatch="*"), "s3:PutObject"),
    ("BuildProjectRole", "replacing wheels", write(MODELS, "wheels/0/a.whl"), "s3:PutObject"),
    ("TrainingRole", "its own wheels", write(MODELS, "wheels/0/a.whl", IfNoneMatch="*"), "s3:PutObject"),
    ("BuildProjectRole", "what is approved", write(PACKAGES, "builds/a.zip"), "s3:PutObject"),
    ("BuildProjectRole", "what was green", read(PACKAGES, f"checks/{MODEL}.txt"), "s3:GetObject"),
    ("PublishApprovedFunctionRole", "what is approved", write(PACKAGES, "builds/a.zip"), "s3:PutObject"),
    ("PublishFunctionRole", "what another release has built", read(PACKAGES, "builds/a.zip"), "s3:GetObject"),
    (
        "PublishFunctionRole",
        "another pipeline's functions",
        asked("lambda", "update_function_code", FunctionName=f"{OTHER}-train-model", ZipFile=b"x"),
        "lambda:UpdateFunctionCode",
    ),
    (
        "PublishFunctionRole",
        "what acts on Prod",
        asked("lambda", "update_function_code", FunctionName=f"{PREFIX}-deploy-prod", ZipFile=b"x"),
        "lambda:UpdateFunctionCode",
    ),
    (
        "PublishFunctionRole",
        "what decides about versions and writes records",
        asked("lambda", "update_function_code", FunctionName=f"{PREFIX}-record-release", ZipFile=b"x"),
        "lambda:UpdateFunctionCode",
    ),
    (
        "PublishFunctionRole",
        "changing what a function may do",
        asked("lambda", "update_function_configuration", FunctionName=f"{PREFIX}-train-model", Timeout=1),
        "lambda:UpdateFunctionConfiguration",
    ),
    (
        "PublishFunctionRole",
        "deleting a function",
        asked("lambda", "delete_function", FunctionName=f"{PREFIX}-train-model"),
        "lambda:DeleteFunction",
    ),
    (
        "PublishApprovedFunctionRole",
        "what a release runs before its approval",
        asked("lambda", "update_function_code", FunctionName=f"{PREFIX}-deploy-model", ZipFile=b"x"),
        "lambda:UpdateFunctionCode",
    ),
    (
        "DispatchFunctionRole",
        "what acts on Prod",
        asked("lambda", "invoke", FunctionName=f"{PREFIX}-deploy-prod", Qualifier="1", Payload=b"{}"),
        "lambda:InvokeFunction",
    ),
    (
        "DispatchFunctionRole",
        "code that is no version",
        asked("lambda", "invoke", FunctionName=f"{PREFIX}-deploy-model", Payload=b"{}"),
        "lambda:InvokeFunction",
    ),
    (
        "DispatchApprovedFunctionRole",
        "what works for all releases",
        asked("lambda", "invoke", FunctionName=f"{PREFIX}-record-release", Qualifier="1", Payload=b"{}"),
        "lambda:InvokeFunction",
    ),
    (
        "WriteEvidenceFunctionRole",
        "the chain of records",
        write(EVIDENCE, f"records/{MODEL}/99999999.json", IfNoneMatch="*"),
        "s3:PutObject",
    ),
    (
        "WriteEvidenceFunctionRole",
        "deciding about a version",
        decided(PREFIX, "Approved"),
        "sagemaker:UpdateModelPackage",
    ),
    (
        "PipelineRole",
        "a function that it does not know the version of",
        asked("lambda", "invoke", FunctionName=f"{PREFIX}-deploy-model"),
        "lambda:InvokeFunction",
    ),
    ("BuildProjectRole", "data", read(DATA, f"{MODEL}/manifest.json"), "s3:GetObject"),
    ("BuildProjectRole", "reports", read(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/report.html"), "s3:GetObject"),
    ("BuildProjectRole", "packages that are kept", write(PACKAGES, "train-model/a.zip"), "s3:PutObject"),
    ("BuildProjectRole", "what another build has made", read(ARTIFACTS, f"{PREFIX[:20]}/Packages/a"), "s3:GetObject"),
    ("TrainingRole", "the manifest", read(DATA, f"{MODEL}/manifest.json"), "s3:GetObject"),
    ("TrainingRole", "another model's data", read(DATA, "other/datasets/0/train/a.csv"), "s3:GetObject"),
    ("TrainingRole", "another model's list", listed(DATA, "other/datasets/"), "s3:ListBucket"),
    ("TrainingRole", "changing data", write(DATA, f"{DATASET}/train/train.csv"), "s3:PutObject"),
    ("TrainingRole", "another's models", write(MODELS, f"training/{OTHER}-{RELEASE}/output"), "s3:PutObject"),
    ("TrainingRole", "what Prod serves", write(MODELS, COPY), "s3:PutObject"),
    ("TrainingRole", "its own source", write(MODELS, SOURCE, IfNoneMatch="*"), "s3:PutObject"),
    (
        "TrainingRole",
        "other metrics",
        asked("cloudwatch", "put_metric_data", Namespace="AWS/Lambda", MetricData=[{"MetricName": "m", "Value": 1}]),
        "cloudwatch:PutMetricData",
    ),
    (
        "TrainingRole",
        "deploying",
        sagemaker("delete_endpoint", EndpointName=f"{PREFIX}-dev"),
        "sagemaker:DeleteEndpoint",
    ),
    ("MetricsRole", "what trains", read(DATA, f"{DATASET}/train/train.csv"), "s3:GetObject"),
    ("MetricsRole", "another model's data", read(DATA, "other/datasets/0/test/a.csv"), "s3:GetObject"),
    ("MetricsRole", "reports", read(EVIDENCE, f"releases/{MODEL}/{EXECUTION}/report.html"), "s3:GetObject"),
    ("MetricsRole", "its own source", write(MODELS, SOURCE, IfNoneMatch="*"), "s3:PutObject"),
    ("MetricsRole", "another's values", write(MODELS, f"metrics/{OTHER}-{RELEASE}/metrics.json"), "s3:PutObject"),
    ("MetricsRole", "what Prod serves", write(MODELS, COPY), "s3:PutObject"),
    ("HostingRole", "data", read(DATA, f"{DATASET}/train/train.csv"), "s3:GetObject"),
    ("HostingRole", "another's models", read(MODELS, f"training/{OTHER}-{RELEASE}/output"), "s3:GetObject"),
    ("HostingRole", "what Prod serves", read(MODELS, COPY), "s3:GetObject"),
    ("HostingRole", "changing what Prod serves", write(MODELS, COPY), "s3:PutObject"),
    (
        "HostingRole",
        "the log of Prod",
        asked("logs", "create_log_stream", logGroupName=PROD_LOG, logStreamName="forged"),
        "logs:CreateLogStream",
    ),
    ("ProdHostingRole", "data", read(DATA, f"{DATASET}/train/train.csv"), "s3:GetObject"),
    ("ProdHostingRole", "artifacts", read(MODELS, f"training/{PREFIX}-{RELEASE}/output"), "s3:GetObject"),
    ("ProdHostingRole", "changing what it serves", write(MODELS, COPY), "s3:PutObject"),
    ("HostingRole", "changing models", write(MODELS, f"training/{PREFIX}-{RELEASE}/output"), "s3:PutObject"),
    ("PipelineRole", "data", read(DATA, f"{DATASET}/train/train.csv"), "s3:GetObject"),
    ("PipelineRole", "changing the manifest", write(DATA, f"{MODEL}/manifest.json"), "s3:PutObject"),
    ("PipelineRole", "models", read(MODELS, f"training/{PREFIX}-{RELEASE}/output"), "s3:GetObject"),
    (
        "PipelineRole",
        "records",
        write(EVIDENCE, f"records/{MODEL}/99999999.json", IfNoneMatch="*"),
        "s3:PutObject",
    ),
    ("PipelineRole", "older records", write(ARTIFACTS, f"records/{MODEL}/99999999.json"), "s3:PutObject"),
    ("PipelineRole", "code of functions", write(PACKAGES, "train-model/a.zip"), "s3:PutObject"),
    (
        "PipelineRole",
        "another function",
        asked("lambda", "invoke", FunctionName=f"{OTHER}-train-model"),
        "lambda:InvokeFunction",
    ),
    (
        "PipelineRole",
        "changing a repository",
        asked("codecommit", "delete_branch", repositoryName="slipway-local-training-config", branchName="main"),
        "codecommit:DeleteBranch",
    ),
    (
        "StartPipelineRole",
        "another pipeline",
        asked("codepipeline", "start_pipeline_execution", name=OTHER),
        "codepipeline:StartPipelineExecution",
    ),
    (
        "StartPipelineRole",
        "approving",
        asked(
            "codepipeline",
            "put_approval_result",
            pipelineName=PREFIX,
            stageName="Approve",
            actionName="Approve",
            token="0a1b2c3d-4e5f-4a1b-8c3d-0a1b2c3d4e5f",
            result={"summary": "", "status": "Approved"},
        ),
        "codepipeline:PutApprovalResult",
    ),
    (
        "StartReleaseFunctionRole",
        "starting a release without the role whose session says why",
        asked("codepipeline", "start_pipeline_execution", name=PREFIX),
        "codepipeline:StartPipelineExecution",
    ),
    (
        "StartReleaseFunctionRole",
        "code",
        asked("codecommit", "get_file", repositoryName="slipway-local-pipeline-lambdas", filePath="buildspec.yml"),
        "codecommit:GetFile",
    ),
    ("StartReleaseFunctionRole", "data", read(DATA, f"{DATASET}/train/train.csv"), "s3:GetObject"),
    (
        "SettleJobFunctionRole",
        "saying that a job succeeded",
        asked("codepipeline", "put_job_success_result", jobId=EXECUTION),
        "codepipeline:PutJobSuccessResult",
    ),
    (
        "SettleJobFunctionRole",
        "invoking what acts on Prod",
        asked("lambda", "invoke", FunctionName=f"{PREFIX}-deploy-prod", Payload=b"{}"),
        "lambda:InvokeFunction",
    ),
]


def unknown_release(client: Client) -> None:
    """May ask for a release, and is told that there is none of that id."""
    with pytest.raises(ClientError, match="PipelineExecutionNotFoundException"):
        client("codepipeline").get_pipeline_execution(pipelineName=PREFIX, pipelineExecutionId=EXECUTION)


def unknown_job(client: Client) -> None:
    """May ask for a job, and is told that there is none of that name."""
    with pytest.raises(ClientError, match="Requested resource not found"):
        client("sagemaker").describe_training_job(TrainingJobName=f"{PREFIX}-{RELEASE}")


def unknown_result(client: Client) -> None:
    """May fail a job, and is told that there is none of that id."""
    with pytest.raises(ClientError, match="JobNotFoundException"):
        client("codepipeline").put_job_failure_result(
            jobId=EXECUTION, failureDetails={"type": "JobFailed", "message": "m"}
        )


# A call of each role that is allowed, so that a copy which may do nothing would be found.
ALLOWED: dict[str, Call] = {
    "TrainModelFunctionRole": listed(DATA, f"{MODEL}/datasets/"),
    "GetStatusFunctionRole": sagemaker("describe_endpoint", EndpointName=f"{PREFIX}-dev"),
    "DeployModelFunctionRole": sagemaker("describe_endpoint", EndpointName=f"{PREFIX}-test"),
    "EvaluateModelFunctionRole": listed(ARTIFACTS, f"releases/{MODEL}/"),
    "DeployProdFunctionRole": sagemaker("describe_endpoint", EndpointName=f"{PREFIX}-prod"),
    "SmokeTestProdFunctionRole": listed(ARTIFACTS, f"releases/{MODEL}/"),
    "CleanUpFunctionRole": sagemaker("list_models"),
    "EndReleaseFunctionRole": unknown_release,
    "StartReleaseFunctionRole": asked(
        "codecommit", "get_differences", repositoryName="slipway-local-training-config", afterCommitSpecifier="main"
    ),
    "SettleJobFunctionRole": unknown_result,
    "DeployChampionFunctionRole": sagemaker("describe_endpoint", EndpointName=f"{PREFIX}-prod"),
    "RegisterModelFunctionRole": unknown_job,
    "RecordReleaseFunctionRole": listed(EVIDENCE, f"records/{MODEL}/"),
    "BuildProjectRole": write(ARTIFACTS, f"{PREFIX[:20]}/Packages/a"),
    "CheckProjectRole": read(PACKAGES, f"checks/{MODEL}.txt"),
    "PublishFunctionRole": asked("lambda", "get_function_configuration", FunctionName=f"{PREFIX}-train-model"),
    "PublishApprovedFunctionRole": asked("lambda", "get_function_configuration", FunctionName=f"{PREFIX}-deploy-prod"),
    "DispatchFunctionRole": unknown_result,
    "DispatchApprovedFunctionRole": unknown_result,
    "WriteEvidenceFunctionRole": listed(EVIDENCE, f"releases/{MODEL}/"),
    "TrainingRole": listed(DATA, f"{MODEL}/datasets/"),
    "MetricsRole": listed(DATA, f"{MODEL}/datasets/"),
    "HostingRole": asked("logs", "describe_log_streams", logGroupName=f"/aws/sagemaker/Endpoints/{PREFIX}-dev"),
    "ProdHostingRole": asked("logs", "describe_log_streams", logGroupName=PROD_LOG),
    "PipelineRole": read(DATA, f"{MODEL}/manifest.json"),
    "StartPipelineRole": lambda _client: None,  # its one action would start a release
}


@pytest.fixture(scope="module")
def copies(house: House) -> Iterator[Copies]:
    made = Copies(house, STACK)
    yield made
    made.delete()


@each_refused(REFUSED)
def test_refused(copies: Copies, role: str, call: Call, action: str) -> None:
    is_refused(partial(copies.client, role), call, action)


@pytest.mark.parametrize("role", ALLOWED)
def test_what_a_role_is_for_is_allowed(copies: Copies, role: str) -> None:
    ALLOWED[role](partial(copies.client, role))


def test_every_role_is_in_both_tables(copies: Copies) -> None:
    assert set(copies.names) == {role for role, *_ in REFUSED} == set(ALLOWED)

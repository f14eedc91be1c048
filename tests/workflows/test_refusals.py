"""What each role of the workflows is refused: another system's data, a model's endpoints, another role, more instances.

The policies are those that IAM holds after an installation, under a role of their own that the test may assume.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import pytest
from botocore.exceptions import ClientError

from tests.local_server import ACCOUNT, REGION
from tests.releases.house import House
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
from tests.workflows.installation import STACK

S = "slipway-local"
DATA, MODELS, PACKAGES, EVIDENCE = (
    f"{S}-{purpose}-{ACCOUNT}-{REGION}" for purpose in ("data", "models", "packages", "evidence")
)
MARK = "0123456789ab"
TABLE = f"{S}-lifecycle-models"
OTHERS_LOG = "/aws/lambda/slipway-local-wine-quality-train-model"


sagemaker, logs, dynamodb = (partial(asked, service) for service in ("sagemaker", "logs", "dynamodb"))


def train(name: str, role: str, instance_type: str = "ml.m5.large", *, isolated: bool = True) -> Call:
    return sagemaker(
        "create_training_job",
        TrainingJobName=f"{S}-{name}",
        AlgorithmSpecification={"TrainingImage": "xgboost", "TrainingInputMode": "File"},
        RoleArn=ROLE + role,
        OutputDataConfig={"S3OutputPath": f"s3://{MODELS}/workflows/"},
        EnableNetworkIsolation=isolated,
        ResourceConfig={"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def transform(name: str, instance_type: str = "ml.m5.large") -> Call:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{DATA}/workflows/"}}
    return sagemaker(
        "create_transform_job",
        TransformJobName=f"{S}-{name}",
        ModelName=f"{S}-{name}",
        TransformInput={"DataSource": source},
        TransformOutput={"S3OutputPath": f"s3://{MODELS}/workflows/"},
        TransformResources={"InstanceType": instance_type, "InstanceCount": 1},
    )


def made(name: str, role: str, *, isolated: bool = True) -> Call:
    image = {"Image": "xgboost"}
    return sagemaker(
        "create_model",
        ModelName=f"{S}-{name}",
        ExecutionRoleArn=ROLE + role,
        PrimaryContainer=image,
        EnableNetworkIsolation=isolated,
    )


def process(name: str, role: str, instance_type: str = "ml.m5.large", *, isolated: bool = True) -> Call:
    cluster = {"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 1}
    return sagemaker(
        "create_processing_job",
        ProcessingJobName=f"{S}-{name}",
        ProcessingResources={"ClusterConfig": cluster},
        AppSpecification={"ImageUri": "scikit-learn"},
        NetworkConfig={"EnableNetworkIsolation": isolated},
        RoleArn=ROLE + role,
    )


def configured(name: str, instance_type: str) -> Call:
    variant = {"VariantName": "v", "ModelName": f"{S}-{name}", "InstanceType": instance_type, "InitialInstanceCount": 1}
    return sagemaker("create_endpoint_config", EndpointConfigName=f"{S}-{name}", ProductionVariants=[variant])


def without(operation: str, kind: str, name: str) -> Call:
    """Delete, describe or stop something of SageMaker."""
    return sagemaker(operation, **{f"{kind}Name": f"{S}-{name}"})


def invoke(function: str) -> Call:
    return asked("lambda", "invoke", FunctionName=f"{S}-{function}", Payload=b"{}")


def start(machine: str) -> Call:
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{S}-{machine}"
    return asked("stepfunctions", "start_execution", stateMachineArn=arn, input=json.dumps({}))


def described(machine: str) -> Call:
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{S}-{machine}:e"
    return asked("stepfunctions", "describe_execution", executionArn=arn)


def measured(namespace: str) -> Call:
    return asked("cloudwatch", "put_metric_data", Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1.0}])


def logged(group: str) -> Call:
    return logs("create_log_stream", logGroupName=group, logStreamName="s")


def registered(table: str = TABLE) -> Call:
    return dynamodb("put_item", TableName=table, Item={"ModelName": {"S": "m"}, "RegisteredAt": {"S": "t"}})


def found(table: str = TABLE) -> Call:
    return dynamodb(
        "query",
        TableName=table,
        KeyConditionExpression="ModelName = :m",
        ExpressionAttributeValues={":m": {"S": "m"}},
    )


PROD = "wine-quality-prod"
JOBS = {
    "ImagesJobsRole": "images",
    "TextJobsRole": "text",
    "TabularJobsRole": "tabular",
    "LifecycleJobRole": "lifecycle",
}
MACHINES = {
    "ImagesMachineRole": ("images", "ImagesJobsRole"),
    "TextMachineRole": ("text", "TextJobsRole"),
    "TabularMachineRole": ("tabular", "TabularJobsRole"),
    "TabularExperimentsMachineRole": ("tabular", "TabularJobsRole"),
    "LifecycleTrainingMachineRole": ("lifecycle", "LifecycleJobRole"),
}
FUNCTIONS = {
    "ListImagesFunctionRole": "images",
    "JudgeImagesFunctionRole": "images",
    "PrepareReviewsFunctionRole": "text",
    "ScorePredictionsFunctionRole": "text",
    "MakeDatasetFunctionRole": "text",
    "InitializeLifecycleFunctionRole": "lifecycle",
    "MonitorModelFunctionRole": "lifecycle",
}


def of_jobs() -> Iterator[Refused]:
    """What no role of jobs may do: they run what SageMaker gives them, on data of their system."""
    for role, system in JOBS.items():
        other = "text" if system != "text" else "images"
        yield role, "a model's data", read(DATA, "wine-quality/manifest.json"), "s3:GetObject"
        yield role, "another system's data", read(DATA, f"workflows/{other}/a"), "s3:GetObject"
        yield role, "another system's models", read(MODELS, f"workflows/{other}/a"), "s3:GetObject"
        yield role, "what releases train", write(MODELS, "training/slipway-local-wine-quality-0/a"), "s3:PutObject"
        yield role, "evidence", listed(EVIDENCE, "records/"), "s3:ListBucket"
        yield role, "another folder's names", listed(DATA, "wine-quality/"), "s3:ListBucket"
        yield role, "the functions' code", write(PACKAGES, "workflows/0123456789abcdef/sweep.zip"), "s3:PutObject"
        yield role, "a function's log", logged(OTHERS_LOG), "logs:CreateLogStream"
        yield role, "metrics that alarms look at", measured("Slipway"), "cloudwatch:PutMetricData"
        yield role, "a job", train(f"{system}-{MARK}", role), "sagemaker:CreateTrainingJob"
        yield role, "the register", registered(), "dynamodb:PutItem"


def of_machines() -> Iterator[Refused]:
    """What no state machine that trains may do."""
    for role, (system, jobs) in MACHINES.items():
        other = "text" if system != "text" else "images"
        others_role = next(name for name, of in JOBS.items() if of == other)
        mine = f"{system}-{MARK}" + ("-0" if role == "TabularExperimentsMachineRole" else "")
        yield role, "another system's jobs", train(f"{other}-{MARK}", jobs), "sagemaker:CreateTrainingJob"
        yield role, "a release's jobs", train("wine-quality-0f3c1f6e-5f0e", jobs), "sagemaker:CreateTrainingJob"
        yield role, "another system's role", train(mine, others_role), "iam:PassRole"
        yield role, "a model's endpoint", without("delete_endpoint", "Endpoint", PROD), "sagemaker:DeleteEndpoint"
        yield role, "a release's model", made("wine-quality-0f3c1f6e-5f0e", jobs), "sagemaker:CreateModel"
        yield role, "another machine", start(other), "states:StartExecution"
        yield role, "a release's function", invoke("wine-quality-train-model"), "lambda:InvokeFunction"
        yield role, "reading models", read(MODELS, f"workflows/{system}/a"), "s3:GetObject"


def of_functions() -> Iterator[Refused]:
    for role, system in FUNCTIONS.items():
        other = "text" if system != "text" else "images"
        yield role, "a model's data", read(DATA, "wine-quality/manifest.json"), "s3:GetObject"
        yield role, "another system's data", read(DATA, f"workflows/{other}/a"), "s3:GetObject"
        yield role, "replacing data", write(DATA, f"workflows/{system}/incoming/a"), "s3:PutObject"
        yield role, "a job", train(f"{system}-{MARK}", "TextJobsRole"), "sagemaker:CreateTrainingJob"
        yield role, "another function", invoke("workflow-sweep"), "lambda:InvokeFunction"
        yield role, "another function's log", logged("/aws/lambda/slipway-local-workflow-sweep"), "logs:CreateLogStream"


def of_text() -> Iterator[Refused]:
    """What the machine for text may start in a form of its own only: on its instances, without a network."""
    role, jobs, name, large = "TextMachineRole", "TextJobsRole", f"text-{MARK}", "ml.p3.16xlarge"
    other, network = "an instance type that the stack does not name", "a container with network"
    yield role, f"processing, {other}", process(name, jobs, large), "sagemaker:CreateProcessingJob"
    yield role, f"processing, {network}", process(name, jobs, isolated=False), "sagemaker:CreateProcessingJob"
    yield role, f"training, {other}", train(name, jobs, large), "sagemaker:CreateTrainingJob"
    yield role, f"training, {network}", train(name, jobs, isolated=False), "sagemaker:CreateTrainingJob"
    yield role, f"transform, {other}", transform(name, large), "sagemaker:CreateTransformJob"
    yield role, f"model, {network}", made(name, jobs, isolated=False), "sagemaker:CreateModel"
    yield role, f"endpoint, {other}", configured(name, large), "sagemaker:CreateEndpointConfig"
    yield jobs, "writing where uploads are prepared", write(DATA, "workflows/text/test/a"), "s3:PutObject"
    yield "ScorePredictionsFunctionRole", "uploaded reviews", read(DATA, "workflows/text/a"), "s3:GetObject"


def of_tabular() -> Iterator[Refused]:
    """What bounds the machines that people compose themselves: no network, and the stack's instance type."""
    for role, end in (("TabularMachineRole", ""), ("TabularExperimentsMachineRole", "-0")):
        job, type_ = f"tabular-{MARK}{end}", "ml.p4d.24xlarge"
        alone = train(job, "TabularJobsRole", isolated=False)
        networked = made(f"tabular-{MARK}", "TabularJobsRole", isolated=False)
        yield role, "a training with network", alone, "sagemaker:CreateTrainingJob"
        yield role, "another instance type", train(job, "TabularJobsRole", type_), "sagemaker:CreateTrainingJob"
        yield role, "a model with network", networked, "sagemaker:CreateModel"
    name, variant = f"{S}-tabular-{MARK}", {"VariantName": "a", "ModelName": "a", "InitialInstanceCount": 1}
    variants = [{**variant, "InstanceType": "ml.p4d.24xlarge"}]
    config = sagemaker("create_endpoint_config", EndpointConfigName=name, ProductionVariants=variants)
    yield "TabularMachineRole", "an endpoint of another type", config, "sagemaker:CreateEndpointConfig"
    costly = transform(f"tabular-{MARK}", "ml.p3.16xlarge")
    yield "TabularMachineRole", "a transform of another type", costly, "sagemaker:CreateTransformJob"


REFUSED: list[Refused] = [
    *of_jobs(),
    *of_machines(),
    *of_functions(),
    *of_text(),
    (
        "LifecycleTrainingMachineRole",
        "a model with network",
        made(f"lifecycle-{MARK}", "LifecycleJobRole", isolated=False),
        "sagemaker:CreateModel",
    ),
    (
        "LifecycleTrainingMachineRole",
        "an instance type that the stack does not name",
        train(f"lifecycle-{MARK}", "LifecycleJobRole", "ml.p4d.24xlarge"),
        "sagemaker:CreateTrainingJob",
    ),
    (
        "LifecycleTrainingMachineRole",
        "a container with network",
        train(f"lifecycle-{MARK}", "LifecycleJobRole", isolated=False),
        "sagemaker:CreateTrainingJob",
    ),
    *of_tabular(),
    ("LifecycleTrainingMachineRole", "reading the register", found(), "dynamodb:Query"),
    ("LifecycleTrainingMachineRole", "another table", registered("neighbour"), "dynamodb:PutItem"),
    (
        "ImagesMachineRole",
        "a container with network",
        train(f"images-{MARK}", "ImagesJobsRole", isolated=False),
        "sagemaker:CreateTrainingJob",
    ),
    (
        "MakeDatasetFunctionRole",
        "another model's dataset",
        write(DATA, "wine-quality/datasets/0123456789abcdef/train/a.csv"),
        "s3:PutObject",
    ),
    ("MakeDatasetFunctionRole", "starting a release", write(DATA, "reviews/manifest.json"), "s3:PutObject"),
    ("TextDatasetMachineRole", "another function", invoke("workflow-prepare-reviews"), "lambda:InvokeFunction"),
    ("TextDatasetMachineRole", "a job", train(f"text-{MARK}", "TextJobsRole"), "sagemaker:CreateTrainingJob"),
    ("TextDatasetMachineRole", "data", read(DATA, "workflows/text/a"), "s3:GetObject"),
    ("LifecycleInferenceMachineRole", "registering", registered(), "dynamodb:PutItem"),
    (
        "LifecycleInferenceMachineRole",
        "training by itself",
        train(f"lifecycle-{MARK}", "LifecycleJobRole"),
        "sagemaker:CreateTrainingJob",
    ),
    ("LifecycleInferenceMachineRole", "another machine", start("text"), "states:StartExecution"),
    (
        "LifecycleInferenceMachineRole",
        "another system's transform job",
        transform(f"text-{MARK}"),
        "sagemaker:CreateTransformJob",
    ),
    (
        "LifecycleInferenceMachineRole",
        "an instance type that the stack does not name",
        transform(f"lifecycle-{MARK}", "ml.p3.16xlarge"),
        "sagemaker:CreateTransformJob",
    ),
    (
        "TabularRemovalMachineRole",
        "a model's endpoint",
        without("delete_endpoint", "Endpoint", PROD),
        "sagemaker:DeleteEndpoint",
    ),
    (
        "TabularRemovalMachineRole",
        "another system's model",
        without("delete_model", "Model", f"text-{MARK}"),
        "sagemaker:DeleteModel",
    ),
    ("TabularRemovalMachineRole", "a job", train(f"tabular-{MARK}", "TabularJobsRole"), "sagemaker:CreateTrainingJob"),
    (
        "SweepFunctionRole",
        "a short name, as a model's endpoint may have",
        without("delete_endpoint", "Endpoint", "wine-dev"),
        "sagemaker:DeleteEndpoint",
    ),
    (
        "SweepFunctionRole",
        "another installation's endpoint",
        sagemaker("delete_endpoint", EndpointName=f"slipway-other-text-{MARK}"),
        "sagemaker:DeleteEndpoint",
    ),
    ("SweepFunctionRole", "models", without("delete_model", "Model", f"text-{MARK}"), "sagemaker:DeleteModel"),
    ("SweepFunctionRole", "starting", start("text"), "states:StartExecution"),
    ("SweepFunctionRole", "data", listed(DATA, "workflows/"), "s3:ListBucket"),
]


def unknown(call: Call, code: str) -> Call:
    """May ask for something, and is told that there is none."""

    def ask(client: Client) -> None:
        with pytest.raises(ClientError) as raised:
            call(client)
        assert raised.value.response["Error"]["Code"] == code

    return ask


def no_job(system: str) -> Call:
    return unknown(without("describe_training_job", "TrainingJob", f"{system}-{MARK}"), "ValidationException")


# A call of each role that is allowed, so that a copy which may do nothing would be found.
ALLOWED: dict[str, Call] = {
    **{role: listed(DATA, f"workflows/{system}/") for role, system in JOBS.items()},
    "ImagesMachineRole": no_job("images"),
    "TextMachineRole": no_job("text"),
    "TabularMachineRole": no_job("tabular"),
    "TabularExperimentsMachineRole": unknown(
        without("describe_training_job", "TrainingJob", f"tabular-{MARK}-0"), "ValidationException"
    ),
    "TabularRemovalMachineRole": unknown(without("delete_model", "Model", f"tabular-{MARK}"), "ValidationException"),
    "LifecycleTrainingMachineRole": no_job("lifecycle"),
    "LifecycleInferenceMachineRole": found(),
    "ListImagesFunctionRole": listed(DATA, "workflows/images/"),
    "JudgeImagesFunctionRole": listed(MODELS, "workflows/images/"),
    "PrepareReviewsFunctionRole": listed(DATA, "workflows/text/"),
    "ScorePredictionsFunctionRole": listed(MODELS, "workflows/text/"),
    "MakeDatasetFunctionRole": listed(DATA, "workflows/text/"),
    "TextDatasetMachineRole": invoke("workflow-make-dataset"),
    "InitializeLifecycleFunctionRole": listed(DATA, "workflows/lifecycle/"),
    "MonitorModelFunctionRole": listed(DATA, "workflows/lifecycle/"),
    "SweepFunctionRole": unknown(described("text"), "ExecutionDoesNotExist"),
}


@pytest.fixture(scope="module")
def copies(with_workflows: House) -> Iterator[Copies]:
    made = Copies(with_workflows, STACK)
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

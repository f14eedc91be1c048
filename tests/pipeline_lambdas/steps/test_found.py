from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape

from pipeline_lambdas.config.tuning_model import Objective, Range, Tuning
from pipeline_lambdas.release.dataset import Dataset
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.steps.deployment import Deployment, HostingSite, endpoint_config_request, model_request
from pipeline_lambdas.steps.found import EXTRAS, contains, differences
from pipeline_lambdas.steps.registration import Registration, package_request
from pipeline_lambdas.steps.training import TrainingSite, training_request
from pipeline_lambdas.steps.tuning import tuning_request
from tests.events import DATA_BUCKET, EXECUTION_ID, KMS_KEY_ARN, MODEL_BUCKET, PREFIX, REGISTRY, ROLE_ARN, TRAINING_JOB
from tests.pipeline_lambdas import answers
from tests.pipeline_lambdas.aws_doubles import client_of, sample_config

CONFIG = sample_config()
RELEASE = Release(PREFIX, EXECUTION_ID)
DEV = Deployment(RELEASE, "dev", TRAINING_JOB)
SITE = HostingSite(ROLE_ARN, KMS_KEY_ARN)
URI = f"s3://{MODEL_BUCKET}/training/{TRAINING_JOB}/output/model.tar.gz"
ASKED: dict[str, dict[str, Any]] = {
    "Model": model_request(DEV, CONFIG.environments["dev"], SITE, f"{REGISTRY}/sagemaker-xgboost:3.2-0", URI),
    "TrainingJob": training_request(
        TRAINING_JOB,
        RELEASE,
        CONFIG,
        Dataset("a" * 64, "wine-quality/datasets/aaaa/", (), ()),
        TrainingSite(DATA_BUCKET, MODEL_BUCKET, ROLE_ARN, KMS_KEY_ARN, {"xgboost": REGISTRY}),
    ),
    "EndpointConfig": endpoint_config_request(DEV, CONFIG.environments["dev"], SITE, TRAINING_JOB),
    "ModelPackage": package_request(
        RELEASE,
        Registration(TRAINING_JOB, "0", "1", "2", "3", "4", "5", "6", "s3://evidence/a.json", "7"),
        answers.training_job(),
    ),
}
SEARCH = Tuning(
    "Random",
    Objective("validation:rmse", "Minimize"),
    {
        "eta": Range("continuous", 0.1, 0.5),
        "max_depth": Range("integer", 2, 6),
        "booster": Range("categorical", values=("gbtree", "dart")),
    },
    max_jobs=4,
    seed=1,
    max_runtime_s=600,
)
ASKED["HyperParameterTuningJob"] = tuning_request(ASKED["TrainingJob"], SEARCH, "s3://models/training/x", None)
ASKED["HyperParameterTuningJob"].pop("Tags")
ASKED["TrainingJob"].pop("Tags")
ASKED["ModelPackage"].pop("ClientToken")

# What a description may hold besides: what AWS says of a resource or adds to it, and what changes nothing that runs.
HARMLESS = {
    "Model": {"CreationTime", "ModelArn", "DeploymentRecommendation"}
    # It is ignored where there is one container; a hash of what the address names.
    | {"PrimaryContainer.ContainerHostname", "PrimaryContainer.ModelDataSource.S3DataSource.ETag"},
    "TrainingJob": {
        "TrainingJobArn",
        "ModelArtifacts",
        "TrainingJobStatus",
        "SecondaryStatus",
        "FailureReason",
        "CreationTime",
        "TrainingStartTime",
        "TrainingEndTime",
        "LastModifiedTime",
        "SecondaryStatusTransitions",
        "FinalMetricDataList",
        "TrainingTimeInSeconds",
        "BillableTimeInSeconds",
        "BillableTokenCount",
        "DebugRuleEvaluationStatuses",
        "ProfilerRuleEvaluationStatuses",
        "ProfilingStatus",
        "ProgressInfo",
        "MlflowDetails",
        "OutputModelPackageArn",
        "WarmPoolStatus",
        # They measure, name, check or repeat.
        "ProfilerConfig",
        "ExperimentConfig",
        "MlflowConfig",
        "InfraCheckConfig",
        "RetryStrategy",
        "EnableInterContainerTrafficEncryption",
        "AlgorithmSpecification.MetricDefinitions",
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries",
        "ResourceConfig.SelectedInstanceType",
        "ResourceConfig.SelectedInstanceCount",
        "StoppingCondition.MaxWaitTimeInSeconds",
        "StoppingCondition.MaxPendingTimeInSeconds",
    },
    "HyperParameterTuningJob": {
        "HyperParameterTuningJobArn",
        "HyperParameterTuningJobStatus",
        "FailureReason",
        "CreationTime",
        "LastModifiedTime",
        "HyperParameterTuningEndTime",
        "BestTrainingJob",
        "OverallBestTrainingJob",
        "ObjectiveStatusCounters",
        "TrainingJobStatusCounters",
        "TuningJobCompletionDetails",
        "ConsumedResources",
        # Compared as a whole: what is asked for may not differ.
        "TrainingJobDefinition.StaticHyperParameters",
        "HyperParameterTuningJobConfig.ParameterRanges.CategoricalParameterRanges[].Values",
        # They name, encrypt between instances, are the image's own, or wait for an instance.
        "TrainingJobDefinition.DefinitionName",
        "TrainingJobDefinition.EnableInterContainerTrafficEncryption",
        "TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions",
        "TrainingJobDefinition.ResourceConfig.SelectedInstanceType",
        "TrainingJobDefinition.ResourceConfig.SelectedInstanceCount",
        "TrainingJobDefinition.StoppingCondition.MaxWaitTimeInSeconds",
        "TrainingJobDefinition.StoppingCondition.MaxPendingTimeInSeconds",
    },
    "EndpointConfig": {
        "EndpointConfigArn",
        "CreationTime",
        "DataCaptureConfig",
        "EnableNetworkIsolation",
        "MetricsConfig",
        # A variant has either instances or this.
        "ProductionVariants[].ServerlessConfig",
        "ProductionVariants[].RoutingConfig",
        "ProductionVariants[].VolumeSizeInGB",
        "ProductionVariants[].VariantInstanceProvisionTimeoutInSeconds",
        "ProductionVariants[].ModelDataDownloadTimeoutInSeconds",
        "ProductionVariants[].ContainerStartupHealthCheckTimeoutInSeconds",
    },
    "ModelPackage": {
        "ModelPackageName",
        "ModelPackageVersion",
        "ModelPackageRegistrationType",
        "ModelPackageArn",
        "CreationTime",
        "ModelPackageStatus",
        "ModelPackageStatusDetails",
        "CertifyForMarketplace",
        "CreatedBy",
        "LastModifiedTime",
        "LastModifiedBy",
        "ApprovalDescription",
        "ManagedStorageType",
        "SecurityConfig",
        "SkipModelValidation",
        # They tell people and tools what the model is for.
        "Domain",
        "Task",
        "MetadataProperties.Repository",
        "MetadataProperties.ProjectId",
        # They describe the image and the model, or are hashes of them.
        "InferenceSpecification.Containers[].ContainerHostname",
        "InferenceSpecification.Containers[].ImageDigest",
        "InferenceSpecification.Containers[].ModelDataETag",
        "InferenceSpecification.Containers[].ModelDataSource.S3DataSource.ETag",
        "InferenceSpecification.Containers[].ProductId",
        "InferenceSpecification.Containers[].ModelInput",
        "InferenceSpecification.Containers[].Framework",
        "InferenceSpecification.Containers[].FrameworkVersion",
        "InferenceSpecification.Containers[].NearestModelName",
        "InferenceSpecification.Containers[].IsCheckpoint",
        "InferenceSpecification.SupportedTransformInstanceTypes",
        "InferenceSpecification.SupportedRealtimeInferenceInstanceTypes",
        "InferenceSpecification.SupportedContentTypes",
        "InferenceSpecification.SupportedResponseMIMETypes",
        # Compared as a whole: what is asked for may not differ.
        "CustomerMetadataProperties",
        # A hash that nobody gives.
        "ModelMetrics.ModelQuality.Statistics.ContentDigest",
    },
}


def leaves(shape: Shape, stem: str, known: set[str]) -> Iterator[str]:
    """The paths of a description, down to what is known as a whole."""
    if isinstance(shape, ListShape) and isinstance(shape.member, StructureShape):
        shape, stem = shape.member, f"{stem}[]"
    if stem in known or stem.removesuffix("[]") in known or not isinstance(shape, StructureShape):
        yield stem
        return
    for name, member in shape.members.items():
        yield from leaves(member, f"{stem}.{name}" if stem else name, known)


def paths(document: Any, stem: str = "") -> Iterator[str]:
    if isinstance(document, dict) and stem != "HyperParameters":
        for name, value in document.items():
            yield from paths(value, f"{stem}.{name}" if stem else name)
    elif isinstance(document, list):
        for item in document:
            yield from paths(item, f"{stem}[]")
    else:
        yield stem


@pytest.mark.parametrize("kind", EXTRAS)
def test_every_field_of_a_description_is_decided_about(kind: str) -> None:
    shape = client_of("sagemaker").meta.service_model.operation_model(f"Describe{kind}").output_shape
    refused = {extra.path for extra in EXTRAS[kind]}
    known = refused | HARMLESS[kind]
    there = {path.removesuffix("[]") for path in leaves(shape, "", known)}
    assert there - known - set(paths(ASKED[kind])) == set()
    assert refused - there == {"DataCaptureConfig.EnableCapture"} & refused
    assert not refused & HARMLESS[kind]


@pytest.mark.parametrize("kind", EXTRAS)
def test_what_was_asked_for_is_the_same(kind: str) -> None:
    assert differences(kind, ASKED[kind], ASKED[kind]) == []


def planted(document: Any, path: str, value: object) -> Any:
    """A document with a value at a path."""
    name, _, rest = path.partition(".")
    key = name.removesuffix("[]")
    inner = document.get(key, {})
    if name.endswith("[]"):
        return {**document, key: [planted(item, rest, value) for item in inner]}
    return {**document, key: planted(inner, rest, value) if rest else value}


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Model", "Containers", [{"Image": "another"}]),
        ("Model", "VpcConfig", {"Subnets": ["subnet-1"]}),
        ("Model", "PrimaryContainer.Environment", {"SAGEMAKER_PROGRAM": "x.py"}),
        ("Model", "PrimaryContainer.Mode", "MultiModel"),
        ("Model", "PrimaryContainer.ModelPackageName", "another"),
        ("Model", "PrimaryContainer.AdditionalModelDataSources", [{"ChannelName": "a"}]),
        ("Model", "PrimaryContainer.ModelDataSource.S3DataSource.S3Uri", "s3://models/another.tar.gz"),
        ("Model", "PrimaryContainer.ModelDataSource.S3DataSource.CompressionType", "None"),
        ("TrainingJob", "Environment", {"A": "b"}),
        ("TrainingJob", "CheckpointConfig", {"S3Uri": "s3://models/training"}),
        ("TrainingJob", "DebugRuleConfigurations", [{"RuleConfigurationName": "a"}]),
        ("TrainingJob", "EnableManagedSpotTraining", True),
        ("TrainingJob", "RemoteDebugConfig.EnableRemoteDebug", True),
        ("TrainingJob", "AlgorithmSpecification.ContainerEntrypoint", ["sh"]),
        ("TrainingJob", "OutputDataConfig.CompressionType", "NONE"),
        ("TrainingJob", "InputDataConfig[].InputMode", "Pipe"),
        ("TrainingJob", "InputDataConfig[].CompressionType", "Gzip"),
        ("TrainingJob", "InputDataConfig[].ShuffleConfig", {"Seed": 1}),
        ("TrainingJob", "InputDataConfig[].DataSource.S3DataSource.AttributeNames", ["a"]),
        ("EndpointConfig", "ShadowProductionVariants", [{"VariantName": "shadow"}]),
        ("EndpointConfig", "DataCaptureConfig.EnableCapture", True),
        ("EndpointConfig", "ExplainerConfig", {"ClarifyExplainerConfig": {}}),
        ("EndpointConfig", "ProductionVariants[].EnableSSMAccess", True),
        ("EndpointConfig", "ProductionVariants[].CoreDumpConfig", {"DestinationS3Uri": "s3://another"}),
        ("EndpointConfig", "ProductionVariants[].InstancePools", [{"ModelNameOverride": "another"}]),
        ("ModelPackage", "AdditionalInferenceSpecifications", [{"Name": "another"}]),
        ("ModelPackage", "InferenceSpecification.Containers[].Environment", {"A": "b"}),
        ("ModelPackage", "InferenceSpecification.Containers[].ModelDataSource.S3DataSource.S3Uri", "s3://another"),
    ],
)
def test_what_runs_something_else_is_named(kind: str, path: str, value: object) -> None:
    assert differences(kind, planted(ASKED[kind], path, value), ASKED[kind]) == [path]


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Model", "PrimaryContainer.Mode", "SingleModel"),
        ("Model", "PrimaryContainer.Environment", {}),
        (
            "Model",
            "PrimaryContainer.ModelDataSource",
            {"S3DataSource": {"S3Uri": URI, "S3DataType": "S3Object", "CompressionType": "Gzip"}},
        ),
        ("TrainingJob", "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries", True),
        ("TrainingJob", "AlgorithmSpecification.MetricDefinitions", [{"Name": "train:rmse", "Regex": "a"}]),
        ("TrainingJob", "EnableManagedSpotTraining", False),
        ("TrainingJob", "RemoteDebugConfig", {"EnableRemoteDebug": False}),
        ("TrainingJob", "OutputDataConfig.CompressionType", "GZIP"),
        ("TrainingJob", "ResourceConfig.KeepAlivePeriodInSeconds", 0),
        ("TrainingJob", "InputDataConfig[].RecordWrapperType", "None"),
        ("TrainingJob", "InputDataConfig[].InputMode", "File"),
        ("EndpointConfig", "DataCaptureConfig", {"EnableCapture": False, "DestinationS3Uri": ""}),
        ("EndpointConfig", "ProductionVariants[].EnableSSMAccess", False),
        ("EndpointConfig", "ShadowProductionVariants", []),
    ],
)
def test_fields_that_aws_adds_are_not_differences(kind: str, path: str, value: object) -> None:
    assert differences(kind, planted(ASKED[kind], path, value), ASKED[kind]) == []


def test_a_container_that_reaches_the_network_is_another() -> None:
    for kind in ("Model", "TrainingJob"):
        described = {**ASKED[kind], "EnableNetworkIsolation": False}
        assert differences(kind, described, ASKED[kind]) == ["EnableNetworkIsolation"]


@pytest.mark.parametrize(
    ("described", "asked", "holds"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"b": 2}, {"a": 1}, False),
        ([{"a": 1, "b": 2}], [{"a": 1}], True),
        ([{"a": 1}, {"a": 1}], [{"a": 1}], False),
        (None, {"a": 1}, False),
        (None, [], False),
    ],
)
def test_a_description_holds_what_was_asked_for(described: object, asked: object, holds: bool) -> None:
    assert contains(described, asked) is holds

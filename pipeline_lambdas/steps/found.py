"""Tells whether an existing resource is the requested one, without settings that make it do something else.

Code of another release, which nobody has approved, can take a name first. AWS adds defaults to a description, so
additional fields alone prove nothing; a table lists those that are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class _Extra:
    """A field that makes a resource do something else than requested: its path, and its harmless values.

    `same_as` is the path of a field of the request whose value it may repeat.
    """

    path: str
    harmless: tuple[object, ...] = ()
    same_as: str = ""


def _all(stem: str, *names: str) -> tuple[_Extra, ...]:
    return tuple(_Extra(f"{stem}{name}") for name in names)


def _channel_extras(channel: str) -> tuple[_Extra, ...]:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Channel.html."""
    return (
        _Extra(f"{channel}CompressionType", harmless=("None",)),
        _Extra(f"{channel}RecordWrapperType", harmless=("None",)),
        _Extra(f"{channel}InputMode", harmless=("File",)),
        _Extra(f"{channel}ShuffleConfig"),
        *_all(f"{channel}DataSource.", "FileSystemDataSource", "DatasetSource"),
        *_all(f"{channel}DataSource.S3DataSource.", "AttributeNames", "InstanceGroupNames", "ModelAccessConfig"),
        _Extra(f"{channel}DataSource.S3DataSource.HubAccessConfig"),
    )


_DATA = "PrimaryContainer.ModelDataSource.S3DataSource."
_CHANNEL = "InputDataConfig[]."
_TUNED = "TrainingJobDefinition."
_PACKAGED = "InferenceSpecification.Containers[]."
_PACKAGED_DATA = f"{_PACKAGED}ModelDataSource.S3DataSource."
EXTRAS: Mapping[str, tuple[_Extra, ...]] = {
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModel.html
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
    "Model": (
        *_all("", "Containers", "InferenceExecutionConfig", "VpcConfig"),
        *_all("PrimaryContainer.", "ImageConfig", "ModelPackageName", "InferenceSpecificationName"),
        _Extra("PrimaryContainer.Environment", same_as="PrimaryContainer.Environment"),
        *_all("PrimaryContainer.", "MultiModelConfig", "AdditionalModelDataSources", "ContainerMetricsConfig"),
        _Extra("PrimaryContainer.Mode", harmless=("SingleModel",)),
        # An address alone is described as a source, too.
        _Extra(f"{_DATA}S3Uri", same_as="PrimaryContainer.ModelDataUrl"),
        _Extra(f"{_DATA}S3DataType", harmless=("S3Object",)),
        _Extra(f"{_DATA}CompressionType", harmless=("Gzip",)),
        *_all(_DATA, "ModelAccessConfig", "HubAccessConfig", "ManifestS3Uri", "ManifestEtag"),
    ),
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html
    "TrainingJob": (
        *_all("", "Environment", "VpcConfig", "DebugHookConfig", "DebugRuleConfigurations"),
        *_all("", "TensorBoardOutputConfig", "ProfilerRuleConfigurations"),
        _Extra("EnableManagedSpotTraining", same_as="EnableManagedSpotTraining"),
        _Extra("CheckpointConfig", same_as="CheckpointConfig"),
        *_all("", "ServerlessJobConfig", "ModelPackageConfig", "TuningJobArn", "LabelingJobArn", "AutoMLJobArn"),
        _Extra("RemoteDebugConfig.EnableRemoteDebug"),
        *_all("AlgorithmSpecification.", "AlgorithmName", "ContainerEntrypoint", "ContainerArguments"),
        _Extra("AlgorithmSpecification.TrainingImageConfig"),
        _Extra("OutputDataConfig.CompressionType", harmless=("GZIP",)),
        *_all("ResourceConfig.", "InstanceGroups", "InstancePreferences", "TrainingPlanArn", "InstancePlacementConfig"),
        _Extra("ResourceConfig.KeepAlivePeriodInSeconds", same_as="ResourceConfig.KeepAlivePeriodInSeconds"),
        *_channel_extras(_CHANNEL),
    ),
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeHyperParameterTuningJob.html
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobDefinition.html
    "HyperParameterTuningJob": (
        *_all("", "TrainingJobDefinitions", "WarmStartConfig", "Autotune"),
        *_all("HyperParameterTuningJobConfig.", "TuningJobCompletionCriteria", "ParameterRanges.AutoParameters"),
        _Extra("HyperParameterTuningJobConfig.StrategyConfig", same_as="HyperParameterTuningJobConfig.StrategyConfig"),
        *_all(_TUNED, "TuningObjective", "HyperParameterRanges", "HyperParameterTuningResourceConfig", "RetryStrategy"),
        *_all(_TUNED, "Environment", "VpcConfig", "CheckpointConfig", "AlgorithmSpecification.AlgorithmName"),
        _Extra(f"{_TUNED}EnableManagedSpotTraining", same_as=f"{_TUNED}EnableManagedSpotTraining"),
        _Extra(f"{_TUNED}OutputDataConfig.CompressionType", harmless=("GZIP",)),
        *_all(f"{_TUNED}ResourceConfig.", "InstanceGroups", "InstancePreferences", "TrainingPlanArn"),
        *_all(f"{_TUNED}ResourceConfig.", "KeepAlivePeriodInSeconds", "InstancePlacementConfig"),
        *_channel_extras(f"{_TUNED}{_CHANNEL}"),
    ),
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpointConfig.html
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html
    "EndpointConfig": (
        *_all("", "ShadowProductionVariants", "AsyncInferenceConfig", "ExplainerConfig", "VpcConfig"),
        _Extra("ExecutionRoleArn"),
        _Extra("DataCaptureConfig.EnableCapture"),
        *_all("ProductionVariants[].", "EnableSSMAccess", "CoreDumpConfig", "InferenceAmiVersion", "InstancePools"),
        *_all("ProductionVariants[].", "AcceleratorType", "ManagedInstanceScaling", "CapacityReservationConfig"),
    ),
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelPackageContainerDefinition.html
    "ModelPackage": (
        *_all("", "SourceAlgorithmSpecification", "AdditionalInferenceSpecifications", "ValidationSpecification"),
        *_all("", "SourceUri", "DriftCheckBaselines", "ModelCard", "ModelLifeCycle", "SamplePayloadUrl"),
        *_all("ModelMetrics.", "ModelDataQuality", "Bias", "Explainability", "ModelQuality.Constraints"),
        *_all(_PACKAGED, "AdditionalModelDataSources", "AdditionalS3DataSource", "BaseModel"),
        _Extra(f"{_PACKAGED}Environment", same_as=f"{_PACKAGED}Environment"),
        _Extra(f"{_PACKAGED_DATA}S3Uri", same_as=f"{_PACKAGED}ModelDataUrl"),
        _Extra(f"{_PACKAGED_DATA}S3DataType", harmless=("S3Object",)),
        _Extra(f"{_PACKAGED_DATA}CompressionType", harmless=("Gzip",)),
        *_all(_PACKAGED_DATA, "ModelAccessConfig", "HubAccessConfig", "ManifestS3Uri", "ManifestEtag"),
    ),
}
_EMPTY: tuple[object, ...] = (None, "", False, {}, [])


def differences(kind: str, described: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """Return the fields in which a resource differs from the request; none if it is the requested one."""
    different = [name for name, value in asked.items() if not contains(described.get(name), value)]
    for extra in EXTRAS[kind]:
        allowed = (*_EMPTY, *extra.harmless, *_values(asked, extra.same_as))
        different += [extra.path for value in _values(described, extra.path) if value not in allowed][:1]
    return different


def contains(described: Any, asked: Any) -> bool:
    """Tell whether a description contains the request; AWS adds defaults to it."""
    if isinstance(asked, Mapping):
        return isinstance(described, Mapping) and all(
            key in described and contains(described[key], value) for key, value in asked.items()
        )
    if isinstance(asked, list):
        return (
            isinstance(described, list)
            and len(described) == len(asked)
            and all(contains(*pair) for pair in zip(described, asked, strict=True))
        )
    return bool(described == asked)


def _values(document: Any, path: str) -> Iterator[object]:
    """Return every value at a path; `[]` stands for each item of a list."""
    name, _, rest = path.partition(".")
    found = document.get(name.removesuffix("[]")) if isinstance(document, Mapping) else None
    for item in found or () if name.endswith("[]") else (found,):
        if rest:
            yield from _values(item, rest)
        else:
            yield item

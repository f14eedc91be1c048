"""Starts the training job of a release, exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.algorithms.container import CONTAINER
from pipeline_lambdas.aws import s3, sagemaker
from pipeline_lambdas.aws.instance_types import has_local_storage
from pipeline_lambdas.config.columns import check_columns
from pipeline_lambdas.config.model import TrainingConfig, config_sha256
from pipeline_lambdas.release.dataset import MANIFEST, Dataset
from pipeline_lambdas.release.names import MAX_ATTEMPTS, Release
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.release.script_mode import CHANNEL, job_hyperparameters, program_of, region_of
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError
from pipeline_lambdas.steps.found import differences
from pipeline_lambdas.steps.images import Image, own_image
from pipeline_lambdas.steps.source import source_of, store

# A job in one of these goes on or has its model; after any other the next attempt is made.
_LIVE = frozenset({"InProgress", "Completed"})
_COMPARED = (
    "AlgorithmSpecification",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "RoleArn",
    "EnableNetworkIsolation",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
)


@dataclass(frozen=True, slots=True)
class TrainingSite:
    """The values that the stack gives a training job; `image_registries` maps the names of algorithms.

    That of `container` is the whole repository of the images that the model's releases build, empty if they build none.
    """

    data_bucket: str
    model_bucket: str
    role_arn: str
    kms_key_arn: str
    image_registries: Mapping[str, str]

    def image_uri(self, config: TrainingConfig) -> str:
        """Return the URI of the training image; ConfigurationError if the stack has no registry for it."""
        registry = self.image_registries.get(config.algorithm.name)
        if registry is None:
            raise ConfigurationError(
                f"IMAGE_REGISTRIES of the function: found no registry of {config.algorithm.name}; expected one for "
                "each algorithm. Update the pipeline stack"
            )
        return config.built_in.image_uri(registry, config.algorithm.version)


@dataclass(frozen=True, slots=True)
class StartedTraining:
    job_name: str
    image_uri: str
    config_sha256: str
    dataset: Dataset
    image_scan: str = ""

    def variables(self) -> dict[str, str]:
        """Return the action's output variables."""
        return {
            "TrainingJobName": self.job_name,
            "ImageUri": self.image_uri,
            "ConfigSha256": self.config_sha256,
            "DatasetSha256": self.dataset.sha256,
            "DatasetPrefix": self.dataset.prefix,
            **({"ImageScan": self.image_scan} if self.image_scan else {}),
        }


def start_training(
    release: Release,
    config: TrainingConfig,
    dataset: Dataset,
    site: TrainingSite,
    folder: Mapping[str, bytes] | None = None,
) -> StartedTraining:
    """Start the job, or find the one that this release has already started; `folder` holds the files of its program.

    Raises ConfigurationError if the data does not match manifest and config, JobFailedError if a job of the same name
    has other settings or all attempts are used.
    """
    check_columns(config, dataset.columns)
    check_data(config, dataset, site.data_bucket)
    image = own_image(config, site.image_registries.get(CONTAINER.name, ""), folder or {}) or Image(
        site.image_uri(config)
    )
    source = source_of(config, folder)
    code = store(source, site.model_bucket, site.kms_key_arn) if source else None
    for attempt in range(1, MAX_ATTEMPTS + 1):
        name = release.training_job(attempt)
        request = training_request(name, release, config, dataset, site, code, image.uri)
        description = sagemaker.describe_training_job(name)
        is_new = description is None
        if is_new and not sagemaker.create_training_job(request):
            # Another delivery of the same event was faster, or the answer was lost.
            description = sagemaker.describe_training_job(name)
        if is_new or description is None or description["TrainingJobStatus"] in _LIVE:
            _refuse_other_settings(name, request, description)
            return StartedTraining(name, image.uri, config_sha256(config), dataset, image.scan)
    raise JobFailedError(
        f"All {MAX_ATTEMPTS} attempts of training job {release.training_job()} failed or were stopped. {START_NEW}."
    )


def check_data(config: TrainingConfig, dataset: Dataset, bucket: str) -> None:
    """Compare the dataset's objects in S3 with the manifest: all exist, with their sizes, and there are no others.

    A channel is everything under its prefix, so the job would train on an additional object too.
    """
    for channel in config.channels:
        if not dataset.channel(channel):
            raise ConfigurationError(
                f"{dataset.prefix}: found no file of channel {channel}, which the config names under channels. "
                "Upload the dataset with it or take the channel out of the config."
            )
    sizes = s3.list_sizes(bucket, dataset.prefix)
    sizes.pop(dataset.prefix + MANIFEST, None)
    expected = {dataset.key(file): file.size_bytes for file in dataset.files}
    problems = [
        f"s3://{bucket}/{key}: found no object; expected one of {size} bytes"
        for key, size in expected.items()
        if key not in sizes
    ]
    problems += [
        f"s3://{bucket}/{key}: found {sizes[key]} bytes; expected {size}, the size in the manifest"
        for key, size in expected.items()
        if key in sizes and sizes[key] != size
    ]
    # An object whose key ends in a slash is how a console marks a folder.
    problems += [
        f"s3://{bucket}/{key}: found an object that the manifest does not name; expected none"
        for key in sizes
        if key not in expected and not key.endswith("/")
    ]
    if problems:
        raise ConfigurationError("\n".join([*problems, "Upload the dataset again."]))


def training_request(
    name: str,
    release: Release,
    config: TrainingConfig,
    dataset: Dataset,
    site: TrainingSite,
    code: str | None = None,
    image_uri: str = "",
) -> dict[str, Any]:
    """Return the request for the job; `code` is where the source of its program lies, if it runs one.

    `image_uri` is a team's own image.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
    """
    resources: dict[str, Any] = {
        "InstanceType": config.training.instance_type,
        "InstanceCount": config.training.instance_count,
        "VolumeSizeInGB": config.training.volume_gib,
    }
    if not has_local_storage(config.training.instance_type):
        resources["VolumeKmsKeyId"] = site.kms_key_arn
    if config.training.keep_alive_s:
        resources["KeepAlivePeriodInSeconds"] = config.training.keep_alive_s
    hyperparameters, program = dict(config.hyperparameters), program_of(config)
    if program:
        hyperparameters = job_hyperparameters(hyperparameters, program, name, region_of(site.kms_key_arn))
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": image_uri or site.image_uri(config),
            "TrainingInputMode": config.training.input_mode,
            **_metric_definitions(config),
        },
        "HyperParameters": hyperparameters,
        "InputDataConfig": [
            *(
                _channel(
                    channel, f"s3://{site.data_bucket}/{dataset.prefix}{channel}/", kind, config.training.distribution
                )
                for channel, kind in config.channels.items()
            ),
            *([_channel(CHANNEL, code)] if code else []),
        ],
        "OutputDataConfig": {
            "S3OutputPath": f"s3://{site.model_bucket}/training",
            "KmsKeyId": site.kms_key_arn,
        },
        "ResourceConfig": resources,
        **_interruption(name, config, site),
        "RoleArn": site.role_arn,
        # The platform fetches data and stores the model; the container itself needs no network.
        # https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
        "EnableNetworkIsolation": True,
        "Tags": [
            {"Key": "slipway:execution-id", "Value": release.execution_id},
            {"Key": "slipway:model", "Value": config.model},
            {"Key": "slipway:config-sha256", "Value": config_sha256(config)},
            {"Key": "slipway:dataset-sha256", "Value": dataset.sha256},
        ],
    }


def _metric_definitions(config: TrainingConfig) -> dict[str, Any]:
    mode, program = config.built_in.script, config.own_program
    if not (program and program.metrics and mode and mode.own_metrics):
        return {}
    return {"MetricDefinitions": [{"Name": name, "Regex": regex} for name, regex in program.metrics.items()]}


def _interruption(name: str, config: TrainingConfig, site: TrainingSite) -> dict[str, Any]:
    """Return when the job is stopped, and what happens if its instances are taken away.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html. The columns of a table are encoded
    by a program that saves no checkpoints, so such a job begins anew.
    """
    stopping, spot = {"MaxRuntimeInSeconds": config.training.max_runtime_s}, config.training.spot
    if spot is None:
        return {"StoppingCondition": stopping}
    found: dict[str, Any] = {
        "StoppingCondition": {**stopping, "MaxWaitTimeInSeconds": spot.max_wait_s},
        "EnableManagedSpotTraining": True,
    }
    if config.own_program or (config.built_in.checkpoints and not config.features):
        found["CheckpointConfig"] = {
            "S3Uri": f"s3://{site.model_bucket}/training/{name}/checkpoints",
            "LocalPath": "/opt/ml/checkpoints",
        }
    return found


_DISTRIBUTIONS = {"replicated": "FullyReplicated", "sharded": "ShardedByS3Key"}


def _channel(name: str, uri: str, content_type: str | None = None, distribution: str = "replicated") -> dict[str, Any]:
    # The closing slash keeps a sibling such as train-2/ out, as S3Prefix means every key that begins so.
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": _DISTRIBUTIONS[distribution]}
    typed = {"ContentType": content_type} if content_type else {}
    return {"ChannelName": name, **typed, "DataSource": {"S3DataSource": source}}


def _refuse_other_settings(name: str, request: Mapping[str, Any], description: Mapping[str, Any] | None) -> None:
    if description is None:
        return
    different = differences("TrainingJob", description, {part: request[part] for part in _COMPARED if part in request})
    if description.get("HyperParameters") != request["HyperParameters"]:
        different.append("HyperParameters")
    if different:
        raise JobFailedError(
            f"Training job {name} exists with other settings ({', '.join(different)}). A release trains once. "
            f"{START_NEW} for the new settings."
        )

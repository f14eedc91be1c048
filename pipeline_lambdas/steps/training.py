"""Starts the training job of a release, or the tuning job that makes its training jobs, exactly once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.algorithms.container import CONTAINER
from pipeline_lambdas.aws import s3, sagemaker, tuning_jobs
from pipeline_lambdas.aws.instance_types import has_local_storage
from pipeline_lambdas.config.columns import check_columns
from pipeline_lambdas.config.model import TrainingConfig, config_sha256
from pipeline_lambdas.release.dataset import MANIFEST, Dataset
from pipeline_lambdas.release.names import MAX_ATTEMPTS, Release
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.release.script_mode import CHANNEL, job_hyperparameters, program_of, region_of
from pipeline_lambdas.release.wheels import CHANNEL as WHEELS
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError
from pipeline_lambdas.runtime.outcome import Done
from pipeline_lambdas.steps.found import differences
from pipeline_lambdas.steps.images import Image, own_image
from pipeline_lambdas.steps.source import source_of, store
from pipeline_lambdas.steps.tuning import tuning_differences, tuning_request
from pipeline_lambdas.steps.tuning_status import has_winner
from pipeline_lambdas.steps.wheels import Wheels, fetched_wheels

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
    tuning_prefix: str = ""
    """What begins the names of tuning jobs."""

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
    noun: str
    image_scan: str = ""

    def done(self, more: Mapping[str, str]) -> Done:
        """Return the action's outcome, with more output variables."""
        return Done({**self.variables(), **more}, f"{self.noun.capitalize()} {self.job_name}", self.job_name)

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
    wheels = fetched_wheels(config, folder or {}, site.model_bucket)
    source = source_of(config, folder, wheels.sha256 if wheels else None)
    code = store(source, site.model_bucket, site.kms_key_arn) if source else None
    for attempt in range(1, MAX_ATTEMPTS + 1):
        work = _work(attempt, release, config, dataset, site, code, wheels, image.uri)
        description = work.describe(work.name)
        is_new = description is None
        if is_new and not work.create(work.request):
            # Another delivery of the same event was faster, or the answer was lost.
            description = work.describe(work.name)
        if is_new or description is None or work.is_live(description):
            _refuse_other_settings(work, description)
            return StartedTraining(work.name, image.uri, config_sha256(config), dataset, work.noun, image.scan)
    raise JobFailedError(
        f"All {MAX_ATTEMPTS} attempts of {_noun(config)} {_name(1, release, config, site)} failed or were stopped. "
        f"{START_NEW}."
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """A training job or a tuning job: how it is looked up and made, and what is compared of one that exists."""

    name: str
    noun: str
    request: Mapping[str, Any]
    describe: Callable[[str], dict[str, Any] | None]
    create: Callable[[Mapping[str, Any]], bool]
    is_live: Callable[[Mapping[str, Any]], bool]
    differences: Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]


def _noun(config: TrainingConfig) -> str:
    return "tuning job" if config.tuning else "training job"


def _name(attempt: int, release: Release, config: TrainingConfig, site: TrainingSite) -> str:
    return release.tuning_job(site.tuning_prefix, attempt) if config.tuning else release.training_job(attempt)


def _work(
    attempt: int,
    release: Release,
    config: TrainingConfig,
    dataset: Dataset,
    site: TrainingSite,
    code: str | None,
    wheels: Wheels | None,
    image_uri: str,
) -> _Work:
    name = _name(attempt, release, config, site)
    request = training_request(name, release, config, dataset, site, code, wheels, image_uri)
    if config.tuning is None:
        return _Work(
            name,
            _noun(config),
            request,
            sagemaker.describe_training_job,
            sagemaker.create_training_job,
            lambda found: found["TrainingJobStatus"] in _LIVE,
            _training_differences,
        )
    folder = f"s3://{site.model_bucket}/training/{release.training_job(attempt)}"
    return _Work(
        name,
        _noun(config),
        tuning_request(request, config.tuning, folder, program_of(config)),
        tuning_jobs.describe_tuning_job,
        tuning_jobs.create_tuning_job,
        has_winner,
        tuning_differences,
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
        _check_shares(config, channel, len(dataset.channel(channel)))
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


def _check_shares(config: TrainingConfig, channel: str, files: int) -> None:
    """SageMaker splits no file; XGBoost's image leaves an instance without files out, which is paid all the same."""
    instances = config.training.instance_count
    if config.training.distribution == "sharded" and files < instances:
        raise ConfigurationError(
            f"training.distribution: found sharded with {instances} instances and {files} files of channel {channel}; "
            f"expected {instances} files or more. Upload the dataset in more files, or ask for fewer instances."
        )


def training_request(
    name: str,
    release: Release,
    config: TrainingConfig,
    dataset: Dataset,
    site: TrainingSite,
    code: str | None = None,
    wheels: Wheels | None = None,
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
            *([_channel(WHEELS, wheels.uri)] if wheels else []),
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


def _refuse_other_settings(work: _Work, description: Mapping[str, Any] | None) -> None:
    different = work.differences(description, work.request) if description is not None else []
    if different:
        raise JobFailedError(
            f"{work.noun.capitalize()} {work.name} exists with other settings ({', '.join(different)}). A release "
            f"trains once. {START_NEW} for the new settings."
        )


def _training_differences(description: Mapping[str, Any], request: Mapping[str, Any]) -> list[str]:
    different = differences("TrainingJob", description, {part: request[part] for part in _COMPARED if part in request})
    if description.get("HyperParameters") != request["HyperParameters"]:
        different.append("HyperParameters")
    return different

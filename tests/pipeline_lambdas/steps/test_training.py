from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from pipeline_lambdas.config.model import config_sha256
from pipeline_lambdas.release.dataset import Dataset, parse_manifest
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import AwsRequestError, ConfigurationError, JobFailedError, PermissionDeniedError
from pipeline_lambdas.steps.training import TrainingSite, check_data, start_training, training_request
from tests.events import DATA_BUCKET, EXECUTION_ID, KMS_KEY_ARN, MODEL_BUCKET, PREFIX, REGISTRY, ROLE_ARN
from tests.pipeline_lambdas.aws_doubles import client_of, sample_config, stubbed, upload_dataset

RELEASE = Release(PREFIX, EXECUTION_ID)
CONFIG = sample_config()
SITE = TrainingSite(DATA_BUCKET, MODEL_BUCKET, ROLE_ARN, KMS_KEY_ARN, {"xgboost": REGISTRY})
FILES = {"train/train.csv": b"5,1\n6,2\n", "validation/validation.csv": b"5,1\n", "test/test.csv": b"5,1\n"}
ARN = {"TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/x"}
COLUMNS = ["quality", "alcohol"]
OTHER = Dataset("0" * 64, "wine-quality/datasets/0000000000000000/", (), tuple(COLUMNS))
NOT_FOUND = ("ValidationException", "Requested resource not found.")

pytestmark = pytest.mark.usefixtures("buckets")


@pytest.fixture
def dataset() -> Dataset:
    return parse_manifest(json.dumps(upload_dataset(FILES, COLUMNS)).encode(), "wine-quality")


def described(dataset: Dataset, attempt: int = 1, status: str = "InProgress") -> dict[str, Any]:
    """Return what SageMaker describes of a job that was asked for, with defaults of its own."""
    request = training_request(RELEASE.training_job(attempt), RELEASE, CONFIG, dataset, SITE)
    request.pop("Tags")
    for channel in request["InputDataConfig"]:
        channel |= {"CompressionType": "None", "RecordWrapperType": "None"}
    return {
        **request,
        **ARN,
        "TrainingJobStatus": status,
        "SecondaryStatus": status if status != "InProgress" else "Training",
        "ModelArtifacts": {"S3ModelArtifacts": ""},
        "CreationTime": 0,
    }


def test_a_job_is_created(sagemaker: Stubber, dataset: Dataset) -> None:
    name = RELEASE.training_job()
    sagemaker.add_client_error("describe_training_job", *NOT_FOUND, expected_params={"TrainingJobName": name})
    sagemaker.add_response(
        "create_training_job",
        ARN,
        {
            "TrainingJobName": name,
            "AlgorithmSpecification": {
                "TrainingImage": f"{REGISTRY}/sagemaker-xgboost:3.2-0",
                "TrainingInputMode": "File",
            },
            "HyperParameters": dict(CONFIG.hyperparameters),
            "InputDataConfig": [
                {
                    "ChannelName": channel,
                    "ContentType": "text/csv",
                    "DataSource": {
                        "S3DataSource": {
                            "S3DataType": "S3Prefix",
                            "S3Uri": f"s3://{DATA_BUCKET}/{dataset.prefix}{channel}/",
                            "S3DataDistributionType": "FullyReplicated",
                        }
                    },
                }
                for channel in ("train", "validation")
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{MODEL_BUCKET}/training", "KmsKeyId": KMS_KEY_ARN},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
                "VolumeKmsKeyId": KMS_KEY_ARN,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "RoleArn": ROLE_ARN,
            "EnableNetworkIsolation": True,
            "Tags": [
                {"Key": "slipway:execution-id", "Value": EXECUTION_ID},
                {"Key": "slipway:model", "Value": "wine-quality"},
                {"Key": "slipway:config-sha256", "Value": config_sha256(CONFIG)},
                {"Key": "slipway:dataset-sha256", "Value": dataset.sha256},
            ],
        },
    )
    started = start_training(RELEASE, CONFIG, dataset, SITE)
    assert started.variables() == {
        "TrainingJobName": name,
        "ImageUri": f"{REGISTRY}/sagemaker-xgboost:3.2-0",
        "ConfigSha256": config_sha256(CONFIG),
        "DatasetSha256": dataset.sha256,
        "DatasetPrefix": dataset.prefix,
    }


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
def test_a_job_that_exists_is_taken(sagemaker: Stubber, dataset: Dataset, status: str) -> None:
    sagemaker.add_response("describe_training_job", described(dataset, status=status))
    assert start_training(RELEASE, CONFIG, dataset, SITE).job_name == RELEASE.training_job()


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Stopping", "Deleting"])
def test_after_a_job_without_a_model_comes_the_next_attempt(sagemaker: Stubber, dataset: Dataset, status: str) -> None:
    sagemaker.add_response("describe_training_job", described(dataset, status=status))
    sagemaker.add_client_error(
        "describe_training_job", *NOT_FOUND, expected_params={"TrainingJobName": RELEASE.training_job(2)}
    )
    sagemaker.add_response("create_training_job", ARN)
    assert start_training(RELEASE, CONFIG, dataset, SITE).job_name == RELEASE.training_job(2)


def test_a_faster_delivery_is_found(sagemaker: Stubber, dataset: Dataset) -> None:
    sagemaker.add_client_error("describe_training_job", *NOT_FOUND)
    sagemaker.add_client_error("create_training_job", "ResourceInUse", "Training job names must be unique")
    sagemaker.add_response("describe_training_job", described(dataset))
    assert start_training(RELEASE, CONFIG, dataset, SITE).job_name == RELEASE.training_job()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("HyperParameters", {"num_round": "3"}),
        ("HyperParameters", {**CONFIG.hyperparameters, "gamma": "1"}),
        ("RoleArn", ROLE_ARN + "2"),
        ("InputDataConfig", [training_request("n", RELEASE, CONFIG, OTHER, SITE)["InputDataConfig"][0]]),
        ("StoppingCondition", {"MaxRuntimeInSeconds": 60}),
        ("EnableNetworkIsolation", False),
        ("CheckpointConfig", {"S3Uri": f"s3://{MODEL_BUCKET}/training/another/output"}),
    ],
)
def test_a_job_with_other_settings_is_refused(sagemaker: Stubber, dataset: Dataset, key: str, value: object) -> None:
    sagemaker.add_response("describe_training_job", {**described(dataset), key: value})
    with pytest.raises(JobFailedError, match=rf"exists with other settings \({key}\).*Start a new release"):
        start_training(RELEASE, CONFIG, dataset, SITE)


def test_attempts_end(sagemaker: Stubber, dataset: Dataset) -> None:
    for attempt in range(1, 10):
        sagemaker.add_response("describe_training_job", described(dataset, attempt, "Failed"))
    with pytest.raises(JobFailedError, match="All 9 attempts"):
        start_training(RELEASE, CONFIG, dataset, SITE)


def test_no_volume_key_for_local_storage(dataset: Dataset) -> None:
    config = sample_config(("training:\n  instance_type: ml.m5.large", "training:\n  instance_type: ml.m5d.large"))
    resources = training_request("name", RELEASE, config, dataset, SITE)["ResourceConfig"]
    assert "VolumeKmsKeyId" not in resources


def test_a_missing_object_is_named(dataset: Dataset) -> None:
    client_of("s3").delete_object(Bucket=DATA_BUCKET, Key=f"{dataset.prefix}test/test.csv")
    with pytest.raises(ConfigurationError) as caught:
        start_training(RELEASE, CONFIG, dataset, SITE)
    uri = f"s3://{DATA_BUCKET}/{dataset.prefix}test/test.csv"
    assert str(caught.value) == f"{uri}: found no object; expected one of 4 bytes\nUpload the dataset again."


def test_wrong_sizes_and_strangers_are_reported_together(dataset: Dataset) -> None:
    s3 = client_of("s3")
    s3.put_object(Bucket=DATA_BUCKET, Key=f"{dataset.prefix}train/train.csv", Body=b"5\n")
    s3.put_object(Bucket=DATA_BUCKET, Key=f"{dataset.prefix}train/more.csv", Body=b"5\n")
    s3.put_object(Bucket=DATA_BUCKET, Key=f"{dataset.prefix}train/", Body=b"")
    with pytest.raises(ConfigurationError) as caught:
        start_training(RELEASE, CONFIG, dataset, SITE)
    assert str(caught.value).splitlines()[:-1] == [
        f"s3://{DATA_BUCKET}/{dataset.prefix}train/train.csv: found 2 bytes; expected 8, the size in the manifest",
        f"s3://{DATA_BUCKET}/{dataset.prefix}train/more.csv: found an object that the manifest does not name; "
        "expected none",
    ]


def test_a_channel_with_fewer_files_than_instances_is_refused(dataset: Dataset) -> None:
    """SageMaker splits no file, so an instance would train on nothing, and is paid."""
    resources = replace(CONFIG.training, instance_count=2, distribution="sharded")
    with pytest.raises(
        ConfigurationError, match="found sharded with 2 instances and 1 files of channel train; expected 2"
    ):
        check_data(replace(CONFIG, training=resources), dataset, DATA_BUCKET)
    check_data(replace(CONFIG, training=replace(resources, distribution="replicated")), dataset, DATA_BUCKET)


def test_a_channel_without_files_is_refused() -> None:
    dataset = parse_manifest(json.dumps(upload_dataset({"train/a.csv": b"5,1\n"}, COLUMNS)).encode(), "wine-quality")
    with pytest.raises(ConfigurationError, match="found no file of channel validation"):
        start_training(RELEASE, CONFIG, dataset, SITE)


@pytest.mark.parametrize(
    ("code", "kind"), [("ResourceLimitExceeded", AwsRequestError), ("AccessDeniedException", PermissionDeniedError)]
)
def test_aws_refuses(sagemaker: Stubber, dataset: Dataset, code: str, kind: type[Exception]) -> None:
    sagemaker.add_client_error("describe_training_job", *NOT_FOUND)
    sagemaker.add_client_error("create_training_job", code, "is not authorized to perform: sagemaker:AddTags on x")
    with pytest.raises(kind, match="sagemaker:AddTags"):
        start_training(RELEASE, CONFIG, dataset, SITE)


def test_all_pages_of_a_listing_are_read(monkeypatch: pytest.MonkeyPatch, dataset: Dataset) -> None:
    contents = [{"Key": dataset.key(file), "Size": file.size_bytes} for file in dataset.files]
    first = {"Bucket": DATA_BUCKET, "Prefix": dataset.prefix}
    with stubbed(monkeypatch, "s3") as stub:
        page = {"Contents": contents[:1], "IsTruncated": True, "NextContinuationToken": "more"}
        stub.add_response("list_objects_v2", page, first)
        stub.add_response("list_objects_v2", {"Contents": contents[1:]}, {**first, "ContinuationToken": "more"})
        check_data(CONFIG, dataset, DATA_BUCKET)


def test_the_request_is_complete(sagemaker: Stubber, dataset: Dataset) -> None:
    sagemaker.add_client_error("describe_training_job", *NOT_FOUND)
    expected = dict.fromkeys(training_request("n", RELEASE, CONFIG, dataset, SITE), ANY)
    sagemaker.add_response("create_training_job", ARN, expected)
    start_training(RELEASE, CONFIG, dataset, SITE)


def test_an_algorithm_whose_registry_the_stack_does_not_know() -> None:
    site = replace(SITE, image_registries={"linear-learner": REGISTRY})
    with pytest.raises(ConfigurationError) as caught:
        site.image_uri(sample_config())
    assert str(caught.value) == (
        "IMAGE_REGISTRIES of the function: found no registry of xgboost; expected one for each algorithm. Update the "
        "pipeline stack"
    )

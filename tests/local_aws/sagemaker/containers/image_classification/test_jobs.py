"""A training job, an endpoint and a transform job of the algorithm over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.sagemaker.containers.image_classification.drawn import CLASSES, GIVEN, IMAGE, drawn, files
from tests.local_aws.sagemaker.house import House
from tests.local_server import wait_for

X_IMAGE = "application/x-image"


def trained(house: House, name: str, instance_type: str = "ml.g4dn.xlarge") -> dict[str, Any]:
    channels = []
    for channel in ("train", "validation", "train_lst", "validation_lst"):
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{house.name}/images/{channel}/"}
        channels.append({"ChannelName": channel, "ContentType": X_IMAGE, "DataSource": {"S3DataSource": source}})
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    resources = {"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 1}
    return house.trained(
        name,
        AlgorithmSpecification=algorithm,
        HyperParameters=GIVEN,
        InputDataConfig=channels,
        ResourceConfig=resources,
    )


def upload(house: House, changes: Mapping[str, str | bytes] | None = None) -> None:
    for path, content in files(changes).items():
        house.s3.put_object(Bucket=house.name, Key=f"images/{path}", Body=content)


def transformed(house: House, model: str, **output: str) -> dict[str, Any]:
    """What a transform job made of two images, by object key, and its status."""
    for number in (0, 1):
        body = drawn(CLASSES[number], 2000 + number, form="JPEG")
        house.s3.put_object(Bucket=house.name, Key=f"in/{CLASSES[number]}.jpg", Body=body)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{house.name}/in/"}}
    house.sagemaker.create_transform_job(
        TransformJobName=model,
        ModelName=model,
        TransformInput={"DataSource": source, "ContentType": X_IMAGE, "SplitType": "None"},
        TransformOutput={"S3OutputPath": f"s3://{house.name}/scores", **output},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = house.sagemaker.describe_transform_job(TransformJobName=model)
        return found if found["TransformJobStatus"] in ("Completed", "Failed") else None

    found: dict[str, Any] = wait_for(ended, "the transform job")
    assert found["TransformJobStatus"] == "Completed", found
    keys = [entry["Key"] for entry in house.s3.list_objects_v2(Bucket=house.name, Prefix="scores/")["Contents"]]
    return {key: json.loads(house.s3.get_object(Bucket=house.name, Key=key)["Body"].read()) for key in keys}


def test_an_instance_without_a_gpu_is_refused(house: House) -> None:
    upload(house)
    found = trained(house, "no-gpu", "ml.m5.large")
    assert found["TrainingJobStatus"] == "Failed"
    assert "InstanceType is ml.m5.large: the algorithm trains on instances with a GPU" in found["FailureReason"]


def test_from_images_to_predictions(house: House) -> None:
    upload(house)
    found = trained(house, "images")
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    metrics = {metric["MetricName"]: metric["Value"] for metric in found["FinalMetricDataList"]}
    names = {"train:accuracy", "train:accuracy:epoch", "validation:accuracy", "validation:accuracy:epoch"}
    assert set(metrics) == names
    assert metrics["validation:accuracy"] == 1.0

    uri = found["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": IMAGE.replace(":1", ":latest"), "ModelDataUrl": uri}
    house.sagemaker.create_model(ModelName="images", PrimaryContainer=container, ExecutionRoleArn=house.role)
    variant = {"VariantName": "AllTraffic", "ModelName": "images", "InstanceType": "ml.m5.large"}
    house.sagemaker.create_endpoint_config(
        EndpointConfigName="images", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    house.sagemaker.create_endpoint(EndpointName="images", EndpointConfigName="images")
    assert house.settled("images")["EndpointStatus"] == "InService"
    runtime = house.clients["sagemaker-runtime"]
    for label, kind in enumerate(CLASSES):
        answer = runtime.invoke_endpoint(EndpointName="images", ContentType="image/png", Body=drawn(kind, 3000 + label))
        assert answer["ContentType"] == "application/json"
        probabilities = json.loads(answer["Body"].read())
        assert probabilities.index(max(probabilities)) == label
    with pytest.raises(ClientError) as refused:
        runtime.invoke_endpoint(EndpointName="images", ContentType=X_IMAGE, Body=b"no image")
    assert refused.value.response["OriginalStatusCode"] == 400
    assert "unable to evaluate payload provided" in refused.value.response["OriginalMessage"]
    house.sagemaker.delete_endpoint(EndpointName="images")

    scores = transformed(house, "images")
    assert sorted(scores) == ["scores/columns.jpg.out", "scores/rows.jpg.out"]
    assert max(range(3), key=scores["scores/columns.jpg.out"]["prediction"].__getitem__) == 1
    assert max(range(3), key=scores["scores/rows.jpg.out"]["prediction"].__getitem__) == 0


def test_a_corrupt_image_is_named_in_the_failure(house: House) -> None:
    upload(house, {"train/rows/3.png": b"PNG, they said"})
    found = trained(house, "corrupt-image")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("AlgorithmError: train/rows/3.png: not an image that can be read")
    assert found["FailureReason"].endswith(", exit code: 2")

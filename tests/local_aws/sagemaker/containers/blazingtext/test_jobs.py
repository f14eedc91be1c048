"""A classifier from a training job to an endpoint and a transform job, over AWS's API."""

from __future__ import annotations

import json
from typing import Any

from local_aws.sagemaker.containers.toolkit.model_service import JSON, JSON_LINES
from tests.local_aws.sagemaker.containers.blazingtext.reviews import BAD, GOOD, IMAGE, files
from tests.local_aws.sagemaker.house import House
from tests.local_server import wait_for


def trained(house: House) -> dict[str, Any]:
    for path, content in files().items():
        house.s3.put_object(Bucket=house.name, Key=f"text/{path}", Body=content)

    def channel(name: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{house.name}/text/{name}/"}
        return {"ChannelName": name, "ContentType": "text/plain", "DataSource": {"S3DataSource": source}}

    return house.trained(
        "reviews",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters={"mode": "supervised", "epochs": "10", "learning_rate": "0.2", "vector_dim": "10"},
        InputDataConfig=[channel("train"), channel("validation")],
    )


def transformed(house: House, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    house.s3.put_object(Bucket=house.name, Key="asked/sentences.jsonl", Body=body)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{house.name}/asked/"}}
    house.sagemaker.create_transform_job(
        TransformJobName="reviews",
        ModelName="reviews",
        BatchStrategy="MultiRecord",
        TransformInput={"DataSource": source, "ContentType": JSON_LINES, "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://{house.name}/told", "Accept": JSON_LINES, "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        DataProcessing={"JoinSource": "Input"},
    )

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = house.sagemaker.describe_transform_job(TransformJobName="reviews")
        return found if found["TransformJobStatus"] in ("Completed", "Failed", "Stopped") else None

    found = wait_for(ended, "the end of the transform job")
    assert found["TransformJobStatus"] == "Completed", found.get("FailureReason")
    answers = house.s3.get_object(Bucket=house.name, Key="told/sentences.jsonl.out")["Body"].read()
    return [json.loads(line) for line in answers.splitlines()]


def test_from_training_to_answers(house: House) -> None:
    job = trained(house)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    found = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert set(found) == {"train:accuracy", "validation:accuracy"}
    assert found["validation:accuracy"] > 0.97

    container = {"Image": IMAGE, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    house.sagemaker.create_model(ModelName="reviews", PrimaryContainer=container, ExecutionRoleArn=house.role)
    asked = [{"id": number, "source": f"my guitar sounds {word}", "k": 2} for number, word in enumerate((*GOOD, *BAD))]
    answers = transformed(house, asked)
    assert [(one["id"], one["SageMakerOutput"]["label"][0]) for one in answers] == [
        *((number, "__label__1") for number in range(4)),
        *((number, "__label__2") for number in range(4, 8)),
    ]

    variant = {"VariantName": "AllTraffic", "ModelName": "reviews", "InstanceType": "ml.m5.large"}
    variants = [variant | {"InitialInstanceCount": 1}]
    house.sagemaker.create_endpoint_config(EndpointConfigName="reviews", ProductionVariants=variants)
    house.sagemaker.create_endpoint(EndpointName="reviews", EndpointConfigName="reviews")
    assert house.settled("reviews")["EndpointStatus"] == "InService"
    runtime = house.clients["sagemaker-runtime"]
    body = json.dumps({"instances": [f"my guitar sounds {GOOD[0]}"]}).encode()
    answer = runtime.invoke_endpoint(EndpointName="reviews", ContentType=JSON, Body=body)
    ((one),) = json.loads(answer["Body"].read())
    assert one["label"] == ["__label__1"]
    house.sagemaker.delete_endpoint(EndpointName="reviews")

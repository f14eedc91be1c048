"""A bucket, data, roles and requests for tests against a running local AWS."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tests.local_aws.sagemaker.load import load
from tests.local_server import LocalServer, allow, wait_for

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
ROUNDS = 20
ONE_ROW = b"0.1,0.2,0.3"


def rows(count: int, seed: int) -> str:
    """CSV rows of a label that is the sum of three features, nearly."""
    made = random.Random(seed)  # noqa: S311 - data, not cryptography
    lines = []
    for _ in range(count):
        features = [made.random() for _ in range(3)]
        lines.append(",".join(f"{value:.4f}" for value in (sum(features) + made.gauss(0, 0.05), *features)))
    return "\n".join(lines) + "\n"


@dataclass
class House:
    """A bucket, roles and clients of one test, with names that no other test uses."""

    server: LocalServer
    name: str
    role: str = ""
    clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clients = {service: self.server.client(service) for service in ("s3", "sagemaker", "sagemaker-runtime")}
        self.s3.create_bucket(Bucket=self.name)
        for channel, count in (("train", 400), ("validation", 100)):
            self.s3.put_object(Bucket=self.name, Key=f"set/{channel}/data.csv", Body=rows(count, count))
        self.role = self.server.create_role(
            f"{self.name}-role",
            "sagemaker.amazonaws.com",
            allow("s3:GetObject", "s3:PutObject", resource=f"arn:aws:s3:::{self.name}/*"),
            allow("s3:ListBucket", resource=f"arn:aws:s3:::{self.name}"),
            allow("logs:*", "cloudwatch:PutMetricData"),
        )

    @property
    def s3(self) -> Any:
        return self.clients["s3"]

    @property
    def sagemaker(self) -> Any:
        return self.clients["sagemaker"]

    def request(self, name: str, **changes: Any) -> dict[str, Any]:
        def channel(of: str) -> dict[str, Any]:
            source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.name}/set/{of}/"}
            return {"ChannelName": of, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}

        return {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {"objective": "reg:squarederror", "num_round": str(ROUNDS)},
            "InputDataConfig": [channel("train"), channel("validation")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.name}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **changes,
        }

    def ended(self, name: str) -> dict[str, Any]:
        def terminal() -> dict[str, Any] | None:
            found: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            return found if found["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        found: dict[str, Any] = wait_for(terminal, f"the end of {name}")
        return found

    def trained(self, name: str, **changes: Any) -> dict[str, Any]:
        self.sagemaker.create_training_job(**self.request(name, **changes))
        return self.ended(name)

    def model(self, name: str, uri: str, instances: int = 1) -> None:
        """A model and a config of this name."""
        container = {"Image": IMAGE, "ModelDataUrl": uri}
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role)
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": "ml.t2.medium",
            "InitialInstanceCount": instances,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])

    def settled(self, name: str) -> dict[str, Any]:
        def done() -> dict[str, Any] | None:
            found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return found if found["EndpointStatus"] not in ("Creating", "Updating") else None

        found: dict[str, Any] = wait_for(done, f"endpoint {name}")
        return found

    def load(self, name: str) -> AbstractContextManager[tuple[Counter[bytes], list[Exception]]]:
        """Three threads that ask all the time: what they were answered, and every failure."""
        return load(lambda: self.invoke(name), threads=3)

    def invoke(self, name: str, body: bytes = ONE_ROW, **more: Any) -> bytes:
        runtime = self.clients["sagemaker-runtime"]
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=body, **more)
        found: bytes = answer["Body"].read()
        return found

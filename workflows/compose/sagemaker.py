"""Steps that call SageMaker: jobs that are waited for, models, and endpoints.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from workflows.compose.endpoints import CALL_LIMIT_S
from workflows.compose.expressions import Expression
from workflows.compose.graph import Catch, Retry
from workflows.compose.states import Task
from workflows.compose.stopping import stopping

Text: TypeAlias = str | Expression
_RUN_LIMIT_S = 60 * 60
_STATE_LIMIT_S = 2 * _RUN_LIMIT_S
"""A job may wait for an instance before it runs."""

BUSY = Retry(("SageMaker.AmazonSageMakerException", "SageMaker.SdkClientException"))
"""What the integration calls throttling and an interrupted call. Names are fixed, so no job is made twice by it.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""


@dataclass(frozen=True)
class Algorithm:
    """What trains and serves: an image, the role and the instances of its jobs, and where its output goes.

    Its containers have no network: one that has can use the role's credentials elsewhere. The roles of the stack demand
    it, and only take its InstanceType.
    https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
    """

    image: str
    role: str
    output: str
    """S3 prefix of models."""
    key: str
    """ARN of the KMS key of volumes and outputs."""
    instance_type: str = "ml.m5.large"
    volume_gib: int = 5
    tags: Mapping[str, Text] = field(default_factory=dict)
    own_names: bool = False
    """Whether the names of jobs hold digits of the execution, so that nobody else makes a job of that name."""

    def tag_list(self) -> list[dict[str, Text]]:
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    @property
    def _resources(self) -> dict[str, Any]:
        return {"InstanceType": self.instance_type, "InstanceCount": 1, "VolumeKmsKeyId": self.key}

    def training(
        self, name: str, job: Text, parameters: Any, channels: Mapping[str, Text], content: str, **more: Any
    ) -> Task:
        """Return a step that trains to the end; its result is DescribeTrainingJob's answer.

        It stops a job that takes too long, as `stopping` does.
        `parameters` are the hyperparameters, texts all; `channels` name an S3 prefix each, of the content type
        `content`.
        """
        arguments = {
            "TrainingJobName": job,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
            "HyperParameters": parameters,
            "InputDataConfig": [_channel(channel, uri, content) for channel, uri in channels.items()],
            "OutputDataConfig": {"S3OutputPath": self.output, "KmsKeyId": self.key},
            "ResourceConfig": {**self._resources, "VolumeSizeInGB": self.volume_gib},
            "StoppingCondition": {"MaxRuntimeInSeconds": _RUN_LIMIT_S},
            "EnableNetworkIsolation": True,
            "Tags": self.tag_list(),
        }
        return self._job(name, "Training", job, arguments, **more)

    def _job(
        self, name: str, kind: str, job: Text, arguments: Mapping[str, Any], *, catch: Sequence[Catch] = (), **more: Any
    ) -> Task:
        catches = stopping(name, f"stop{kind}Job", f"{kind}JobName", job, catch, is_own=self.own_names)
        return _call(name, f"create{kind}Job.sync", arguments, timeout_s=_STATE_LIMIT_S, catch=catches, **more)

    def model(self, name: str, model: Text, data: Text, **more: Any) -> Task:
        """Return a step that makes a model of a training job's archive."""
        container = {"Image": self.image, "ModelDataUrl": data}
        arguments = {
            "ModelName": model,
            "PrimaryContainer": container,
            "ExecutionRoleArn": self.role,
            "EnableNetworkIsolation": True,
            "Tags": self.tag_list(),
        }
        return _call(name, "createModel", arguments, **more)

    def transform(
        self, name: str, job: Text, model: Text, source: Text, output: Text, content: str, **more: Any
    ) -> Task:
        """Return a step that predicts each line of the objects below a prefix, to the end.

        It stops a job that takes too long, as `stopping` does; nothing else bounds one.
        """
        data = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}}
        arguments = {
            "TransformJobName": job,
            "ModelName": model,
            "TransformInput": {"DataSource": data, "ContentType": content, "SplitType": "Line"},
            "TransformOutput": {"S3OutputPath": output, "AssembleWith": "Line", "KmsKeyId": self.key},
            "TransformResources": self._resources,
            "Tags": self.tag_list(),
        }
        return self._job(name, "Transform", job, arguments, **more)

    def endpoint_config(self, name: str, config: Text, model: Text, **more: Any) -> Task:
        """Return a step that makes an endpoint config with one instance of a model."""
        instances = {"InitialInstanceCount": 1, "InstanceType": self.instance_type}
        variant = {"VariantName": "AllTraffic", "ModelName": model, **instances}
        arguments = {"EndpointConfigName": config, "ProductionVariants": [variant], "KmsKeyId": self.key}
        return _call(name, "createEndpointConfig", {**arguments, "Tags": self.tag_list()}, **more)

    def endpoint(self, name: str, endpoint: Text, config: Text, **more: Any) -> Task:
        """Return a step that begins to make an endpoint; `endpoints.in_service` waits for it."""
        arguments = {"EndpointName": endpoint, "EndpointConfigName": config, "Tags": self.tag_list()}
        return _call(name, "createEndpoint", arguments, **more)


def _channel(name: str, uri: Text, content: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": content, "DataSource": {"S3DataSource": source}}


def _call(name: str, action: str, arguments: Mapping[str, Any], timeout_s: int = CALL_LIMIT_S, **more: Any) -> Task:
    return Task(name, f"arn:aws:states:::sagemaker:{action}", arguments, timeout_s, retry=(BUSY,), **more)

"""Requests of hosting, and containers that answer what their model says."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local_aws.wire import AwsError
from tests.local_aws.sagemaker.fakes import IMAGE, ROLE, Aws, Serve
from tests.local_server import wait_for

REGION_ARN = "arn:aws:sagemaker:us-east-1:111122223333"


def archive(**files: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


def play(folder: Path) -> Serve | int:
    """A container that does what its model says: answers with its text, dies, or is never healthy."""
    model = (folder / "model").read_text(encoding="utf-8")
    if model == "dies":
        return 1

    def serve(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        if (method, path) == ("GET", "/ping"):
            return (500, {}, b"no") if model == "unhealthy" else (200, {}, b"")
        assert (method, path) == ("POST", "/invocations")
        if body.startswith(b"status "):
            return int(body.split()[1]), {}, b"because " + body
        if body.startswith(b"sleep "):
            time.sleep(float(body.split()[1]))
        attributes = headers.get("X-Amzn-SageMaker-Custom-Attributes")
        more = {"X-Amzn-SageMaker-Custom-Attributes": f"seen {attributes}"} if attributes else {}
        kind = headers.get("Content-Type", "none")
        return 200, {"Content-Type": f"answer/{kind.partition('/')[2]}", **more}, model.encode() + b":" + body

    return serve


def model(aws: Aws, name: str, **more: Any) -> Any:
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://models/{name}.tar.gz", "Environment": {"MODEL": name}}
    request = {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE, **more}
    return aws.call("CreateModel", **request)


def variant(model_name: str, name: str = "AllTraffic", weight: float = 1.0) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model_name,
        "InstanceType": "ml.t2.medium",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": weight,
    }


def serverless(model_name: str, **more: int) -> dict[str, Any]:
    limits = {"MemorySizeInMB": 2048, "MaxConcurrency": 1, **more}
    return {"VariantName": "AllTraffic", "ModelName": model_name, "ServerlessConfig": limits}


def config(aws: Aws, name: str, *variants: dict[str, Any], **more: Any) -> Any:
    return aws.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=list(variants), **more)


def settled(aws: Aws, name: str = "Wine") -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        found = aws.call("DescribeEndpoint", EndpointName=name)
        return found if found["EndpointStatus"] not in ("Creating", "Updating") else None

    found: dict[str, Any] = wait_for(done, f"the deployment of {name}", 30)
    return found


def deployed(aws: Aws, config_name: str = "one", name: str = "Wine", **more: Any) -> dict[str, Any]:
    aws.call("CreateEndpoint", EndpointName=name, EndpointConfigName=config_name, **more)
    return settled(aws, name)


def refused(aws: Aws, operation: str, **request: Any) -> str:
    with pytest.raises(AwsError) as error:
        aws.call(operation, **request)
    assert error.value.code == "ValidationException"
    return error.value.message

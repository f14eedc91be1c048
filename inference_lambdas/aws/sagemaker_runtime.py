"""Invocations of an endpoint.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.aws.errors import translate
from pipeline_lambdas.runtime.failures import AwsRequestError, JobFailedError, UnavailableError

# A container has 60 seconds for an answer. Repeats are the caller's, as it times each call by itself.
_CONFIG = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=70,
    max_pool_connections=8,
)
# The container was busy or its worker was gone; other answers of it would be the same again.
_PASSING_STATUSES = frozenset({429, 502, 503, 504})


class ModelRefusedError(JobFailedError):
    """The container refused the rows; the message is its own."""


@cache
def client() -> Any:
    """Return the process's client."""
    return boto3.client("sagemaker-runtime", config=_CONFIG)


def invoke(endpoint: str, body: bytes, content_type: str, accept: str) -> bytes:
    """Return the endpoint's predictions for `body` in the form `accept`.

    Raises ModelRefusedError for what the container refuses, UnavailableError for what may work later.
    """
    try:
        answer = client().invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=content_type, Accept=accept)
        with answer["Body"] as stream:
            content: bytes = stream.read()
    except ClientError as error:
        raise _failure(error) from error
    except BotoCoreError as error:
        raise translate(error) from error
    return content


def _failure(error: ClientError) -> Exception:
    response: dict[str, Any] = error.response
    failure = translate(error)
    if not isinstance(failure, AwsRequestError):
        return failure
    if failure.code == "ModelNotReadyException":
        return UnavailableError(f"The model is not ready: {failure.reason}")
    if failure.code != "ModelError":
        return failure
    if response.get("OriginalStatusCode") in _PASSING_STATUSES:
        return UnavailableError(f"The container answered {response['OriginalStatusCode']}: {failure.reason}")
    return ModelRefusedError(response.get("OriginalMessage") or failure.reason)

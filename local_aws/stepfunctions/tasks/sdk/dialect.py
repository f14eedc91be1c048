"""How an integration spells requests, answers and errors: as version 1 or 2 of the AWS SDK for Java.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws import ids
from local_aws.stepfunctions.tasks.contract import TaskFailed
from local_aws.stepfunctions.tasks.sdk.answers import epoch_ms, iso, metadata, write
from local_aws.stepfunctions.tasks.sdk.names import (
    exception_class,
    optimized_member,
    sdk_member,
    service_class,
)
from local_aws.stepfunctions.tasks.sdk.requests import Named


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that a service answered; `modelled` is its code in the model, where the service tells an older one.

    What local AWS refuses in the service's place has an id of its own, as every request on AWS.
    """

    code: str
    message: str
    status: int = 400
    request_id: str = field(default_factory=ids.new_uuid)
    host_id: str = ""
    modelled: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The spelling of one service.

    `prefix` begins its errors (`SageMaker.`), `base` is the class of errors that its model lacks, `service` the name
    in their causes. `optimized` tells version 1, which adds metadata to answers, from version 2.
    """

    prefix: str
    base: str
    service: str
    optimized: bool = False

    @property
    def named(self) -> Named:
        return optimized_member if self.optimized else sdk_member

    def output(self, shape: Any, answer: Mapping[str, Any]) -> dict[str, Any]:
        """The output of a Task that has made the request."""
        output: dict[str, Any] = self.description(shape, answer)
        return output | metadata(answer.get("ResponseMetadata", {})) if self.optimized else output

    def description(self, shape: Any, answer: Mapping[str, Any]) -> Any:
        """An answer alone, without metadata."""
        return write(shape, answer, self.named, epoch_ms if self.optimized else iso)

    def failure(self, refusal: Refusal, shape_name: str | None, phase: str) -> TaskFailed:
        """What a service refused; `shape_name` is that of the error in the service's model, if it is there."""
        if shape_name is None:
            error = self.base
        elif self.optimized:
            error = shape_name.removesuffix("Exception") + "Exception"
        else:
            error = exception_class(shape_name)
        return TaskFailed(f"{self.prefix}.{error}", self._cause(refusal), phase=phase)

    def unreachable(self, reason: str, phase: str) -> TaskFailed:
        """No answer came."""
        return TaskFailed(f"{self.prefix}.SdkClientException", f"Unable to execute HTTP request: {reason}", phase=phase)

    def _cause(self, refusal: Refusal) -> str:
        if self.optimized:
            return (
                f"{refusal.message} (Service: {self.service}; Status Code: {refusal.status}; "
                f"Error Code: {refusal.code}; Request ID: {refusal.request_id}; Proxy: null)"
            )
        extended = f", Extended Request ID: {_host_id(refusal)}" if self.service == "S3" else ""
        return (
            f"{refusal.message} (Service: {self.service}, Status Code: {refusal.status}, "
            f"Request ID: {refusal.request_id}{extended}) (SDK Attempt Count: 1)"
        )


def _host_id(refusal: Refusal) -> str:
    return refusal.host_id or base64.b64encode(refusal.request_id.encode()).decode()


def sdk_dialect(service_id: str) -> Dialect:
    """The dialect of an `aws-sdk` integration, by botocore's service id."""
    name = service_class(service_id)
    return Dialect(prefix=name, base=f"{name}Exception", service=name)

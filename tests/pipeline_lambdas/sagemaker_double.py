"""A SageMaker that keeps what it was asked for, behind the functions' own client.

Its answers can be lost, and its reads can be stale.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse

from pipeline_lambdas.aws import clients

ARN = "arn:aws:sagemaker:us-east-1:111122223333"
LOOKS = ("Describe", "List")


class RefusedError(Exception):
    """An answer with ValidationException."""


@dataclass(frozen=True)
class Fault:
    """Answers of the change with this number, from 0, are lost: the first ones, before or after its effect."""

    change: int
    after: bool
    lost: int = 1


@dataclass
class SageMaker:
    """Endpoints stay on the way until `settle`; names and states decide as documented."""

    fault: Fault | None = None
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    """The operations that change something, each counted once, with its repeats by the client."""
    requests: int = 0
    stale: int = 0
    """So many reads of a thing after each change show it as it was before: those of its users as well."""
    _before: dict[str, tuple[int, dict[str, Any] | None]] = field(default_factory=dict)
    _last: tuple[str, bytes] | None = None
    _repeats: int = 0

    @contextmanager
    def answering(self) -> Iterator[None]:
        client = clients.client("sagemaker")
        client.meta.events.register_first("before-send.sagemaker", self._send)
        try:
            yield
        finally:
            client.meta.events.unregister("before-send.sagemaker", self._send)

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        body = request.body if isinstance(request.body, bytes) else request.body.encode()
        if operation.startswith(LOOKS):
            return self._answer(operation, body)
        self.requests += 1
        self._repeats = self._repeats + 1 if self._last == (operation, body) else 0
        if not self._repeats:
            self.changes.append(operation)
        self._last = (operation, body)
        fault = self.fault
        if fault and len(self.changes) - 1 == fault.change and self._repeats < fault.lost:
            if fault.after and not self._repeats:
                self._answer(operation, body)
            return _response(request.url, 500, {"__type": "InternalFailure", "message": "lost"})
        return self._answer(operation, body)

    def _answer(self, operation: str, body: bytes) -> AWSResponse:
        given = json.loads(body)
        try:
            answer = _OPERATIONS[operation](self, given)
        except RefusedError as error:
            return _response("https://x", 400, {"__type": "ValidationException", "message": str(error)})
        return _response("https://x", 200, answer)

    def settle(self) -> None:
        """Let every endpoint arrive where it is going."""
        for key, thing in list(self.things.items()):
            status = thing.get("EndpointStatus")
            if status == "Deleting":
                del self.things[key]
            elif status in {"Creating", "Updating"}:
                thing["EndpointStatus"] = "InService"
                pending = thing.pop("PendingDeploymentSummary", None)
                thing["EndpointConfigName"] = (pending or thing)["EndpointConfigName"]

    def age(self, key: str) -> None:
        """Keep what a thing is for the reads that will not see the change that follows."""
        if self.stale:
            thing = self.things.get(key)
            self._before[key] = (self.stale, dict(thing) if thing else None)

    def read(self, key: str) -> dict[str, Any] | None:
        left, before = self._before.get(key, (0, None))
        if not left:
            return self.things.get(key)
        self._before[key] = (left - 1, before)
        return before

    def state(self) -> dict[str, Any]:
        copy: dict[str, Any] = json.loads(json.dumps(self.things, sort_keys=True, default=str))
        return copy


def _response(url: str, status: int, document: dict[str, Any]) -> AWSResponse:
    class Raw(io.BytesIO):
        def stream(self, **_: Any) -> Iterator[bytes]:
            yield self.read()

    return AWSResponse(url, status, {"content-type": "application/x-amz-json-1.1"}, Raw(json.dumps(document).encode()))


def _create(kind: str, **own: Any) -> Callable[[SageMaker, dict[str, Any]], dict[str, Any]]:
    def create(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
        key = f"{kind}/{given[f'{kind}Name']}"
        if key in world.things:
            raise RefusedError(f'Cannot create already existing {kind} "{ARN}:{key}".')
        for used, name in _uses(given):
            _found(world, used, {f"{used}Name": name})
        world.age(key)
        world.things[key] = {**given, f"{kind}Arn": f"{ARN}:{key}", "CreationTime": 0, **own}
        return {f"{kind}Arn": f"{ARN}:{key}"}

    return create


def _describe(kind: str) -> Callable[[SageMaker, dict[str, Any]], dict[str, Any]]:
    return lambda world, given: _found(world, kind, given)


def _delete(kind: str) -> Callable[[SageMaker, dict[str, Any]], dict[str, Any]]:
    def delete(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
        if f"{kind}/{given[f'{kind}Name']}" not in world.things:
            raise _missing(kind, given)
        del world.things[f"{kind}/{given[f'{kind}Name']}"]
        return {}

    return delete


def _found(world: SageMaker, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    thing = world.read(f"{kind}/{given[f'{kind}Name']}")
    if thing is None:
        raise _missing(kind, given)
    return thing


def _missing(kind: str, given: dict[str, Any]) -> RefusedError:
    name = given[f"{kind}Name"]
    return RefusedError(f'Could not find {kind} "{ARN}:{kind}/{name}". Requested resource not found.')


def _uses(given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a request names that must be there: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html"""
    if "EndpointName" in given:
        yield "EndpointConfig", given["EndpointConfigName"]
    for variant in given.get("ProductionVariants", ()):
        yield "Model", variant["ModelName"]


def _endpoint(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
    endpoint = world.things.get(f"Endpoint/{given['EndpointName']}")
    if endpoint is None:
        raise _missing("Endpoint", given)
    return endpoint


def _update_endpoint(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
    endpoint = _endpoint(world, given)
    for used, name in _uses(given):
        _found(world, used, {f"{used}Name": name})
    if endpoint["EndpointStatus"] not in {"InService", "UpdateRollbackFailed"}:
        raise RefusedError(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')
    world.age(f"Endpoint/{given['EndpointName']}")
    pending = {"EndpointConfigName": given["EndpointConfigName"], "StartTime": 0}
    endpoint |= {"EndpointStatus": "Updating", "PendingDeploymentSummary": pending}
    return {"EndpointArn": endpoint["EndpointArn"]}


def _delete_endpoint(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
    endpoint = _endpoint(world, given)
    if endpoint["EndpointStatus"] in {"Creating", "Updating", "Deleting"}:
        raise RefusedError(f'Cannot delete in-progress endpoint "{endpoint["EndpointArn"]}".')
    endpoint["EndpointStatus"] = "Deleting"
    return {}


def _stop_training_job(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
    job = _found(world, "TrainingJob", given)
    if job["TrainingJobStatus"] != "InProgress":
        raise RefusedError("The request was rejected because the training job is in status Stopping.")
    job["TrainingJobStatus"] = "Stopping"
    return {}


def _create_model_package(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
    key = f"ModelPackage/{given['ClientToken']}"
    arn = f"{ARN}:model-package/{given['ModelPackageGroupName']}/1"
    world.things.setdefault(key, {**given, "ModelPackageName": arn, "ModelPackageArn": arn})
    return {"ModelPackageArn": arn}


def _package(world: SageMaker, arn: str) -> dict[str, Any]:
    return next(thing for thing in world.things.values() if thing.get("ModelPackageArn") == arn)


def _describe_model_package(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
    return _package(world, given["ModelPackageName"])


def _update_model_package(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
    package = _package(world, given["ModelPackageArn"])
    if package["ModelApprovalStatus"] == given["ModelApprovalStatus"]:
        raise RefusedError("The version has this status already.")
    package["ModelApprovalStatus"] = given["ModelApprovalStatus"]
    return {"ModelPackageArn": given["ModelPackageArn"]}


def _list(kind: str, member: str) -> Callable[[SageMaker, dict[str, Any]], dict[str, Any]]:
    def listed(world: SageMaker, given: dict[str, Any]) -> dict[str, Any]:
        part = given.get("NameContains", "")
        found = [t for key, t in world.things.items() if key.startswith(f"{kind}/") and part in t[f"{kind}Name"]]
        found.sort(key=lambda thing: -float(thing["CreationTime"]))
        return {member: [{key: t[key] for key in (f"{kind}Name", f"{kind}Arn", "CreationTime")} for t in found]}

    return listed


_OPERATIONS: dict[str, Callable[[SageMaker, dict[str, Any]], dict[str, Any]]] = {
    "CreateTrainingJob": _create("TrainingJob", TrainingJobStatus="InProgress", SecondaryStatus="Starting"),
    "DescribeTrainingJob": _describe("TrainingJob"),
    "StopTrainingJob": _stop_training_job,
    "CreateModel": _create("Model"),
    "DescribeModel": _describe("Model"),
    "DeleteModel": _delete("Model"),
    "ListModels": _list("Model", "Models"),
    "CreateEndpointConfig": _create("EndpointConfig"),
    "DescribeEndpointConfig": _describe("EndpointConfig"),
    "DeleteEndpointConfig": _delete("EndpointConfig"),
    "ListEndpointConfigs": _list("EndpointConfig", "EndpointConfigs"),
    "CreateEndpoint": _create("Endpoint", EndpointStatus="Creating"),
    "DescribeEndpoint": _describe("Endpoint"),
    "UpdateEndpoint": _update_endpoint,
    "DeleteEndpoint": _delete_endpoint,
    "CreateModelPackage": _create_model_package,
    "DescribeModelPackage": _describe_model_package,
    "UpdateModelPackage": _update_model_package,
}

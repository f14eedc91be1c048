"""Whatever a client sends is answered: with what was asked for, or with what is wrong; never with a failure of ours.

`make faults` sends more of it.
"""

from __future__ import annotations

import json
import random
import uuid

import pytest

from tests.local_aws.fuzz import OTHERS, SERVICES, Request, git_requests, requests, send, send_git
from tests.local_server import LocalServer

SEED = 20
FEW, MANY = 120, 3000


def operations(server: LocalServer, service: str) -> frozenset[str]:
    """Those of the service's that are there."""
    model = server.client(service).meta.service_model
    if model.metadata["protocol"] != "json":
        return frozenset(("InvokeEndpoint",))
    asked = {name: {"X-Amz-Target": f"{model.metadata['targetPrefix']}.{name}"} for name in model.operation_names}
    return frozenset(
        name
        for name, headers in asked.items()
        if send(server, Request(service, name, headers=headers, body=b"[1]"))[0] != 501
    )


def send_many(server: LocalServer, service: str, count: int, seed: int) -> list[str]:
    """What was answered with a failure, or not in the form of an error."""
    chance, failures = random.Random(f"{service} {seed}"), []  # noqa: S311 - repeatable
    names = operations(server, service)
    for _, request in zip(range(count), requests(server, service, chance, names), strict=False):
        status, headers, body = send(server, request)
        known = status < 500 or (status == 501 and b"NotImplementedByLocalAws" in body)
        if not known or (status >= 400 and not _modelled(headers, body)):
            failures.append(f"{status} {body[:200]!r} to {request.about}")
    assert server.client(service).meta.service_model
    return failures


def _modelled(headers: dict[str, str], body: bytes) -> bool:
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return bool(document.get("__type") and "message" in document and headers.get("x-amzn-requestid"))


@pytest.mark.parametrize("service", SERVICES)
def test_no_request_fails_a_service(local_aws: LocalServer, service: str) -> None:
    assert send_many(local_aws, service, FEW, SEED) == []


@pytest.mark.parametrize("service", OTHERS)
def test_no_request_fails_a_service_of_ministack(local_aws: LocalServer, service: str) -> None:
    assert [failure for failure in send_many(local_aws, service, FEW, SEED) if failure.startswith("5")] == []


@pytest.mark.faults
@pytest.mark.parametrize("service", SERVICES)
def test_no_request_of_many_fails_a_service(own_local_aws: LocalServer, service: str) -> None:
    assert send_many(own_local_aws, service, MANY, random.SystemRandom().randrange(1 << 32)) == []


def send_git_requests(server: LocalServer, count: int, seed: int) -> list[str]:
    name = f"fuzz-{uuid.uuid4().hex[:8]}"
    server.client("codecommit").create_repository(repositoryName=name)
    failures = []
    chance = random.Random(seed)  # noqa: S311 - repeatable
    for _, request in zip(range(count), git_requests(name, chance), strict=False):
        status, _, body = send_git(server, request)
        if status >= 500:
            failures.append(f"{status} {body[:200]!r} to {request.about}")
    return failures


def test_no_request_fails_git(local_aws: LocalServer) -> None:
    assert send_git_requests(local_aws, FEW, SEED) == []


@pytest.mark.faults
def test_no_request_of_many_fails_git(own_local_aws: LocalServer) -> None:
    assert send_git_requests(own_local_aws, 1500, random.SystemRandom().randrange(1 << 32)) == []

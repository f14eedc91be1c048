from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.pipeline_lambdas.fixtures import account, own_clients, service_models
from tests.releases.house import House
from tests.workflows.images.folders import DATA, MODELS
from tests.workflows.images.installation import SAMPLE, Installation
from workflows.aws import connections, listing

__all__ = ["account", "own_clients", "service_models"]


@pytest.fixture
def buckets(own_clients: None) -> Iterator[None]:  # noqa: ARG001 - the clients are made within
    """The data and the model bucket in moto."""
    connections.s3.cache_clear()
    listing._client.cache_clear()
    with mock_aws():
        for name in (DATA, MODELS):
            boto3.client("s3").create_bucket(Bucket=name)
        yield
    connections.s3.cache_clear()
    listing._client.cache_clear()


@pytest.fixture(scope="package")
def installed(workflows_house: House) -> Installation:
    """The workflows on a local AWS, with the images of the sample."""
    installation = Installation(workflows_house)
    installation.put(SAMPLE)
    return installation

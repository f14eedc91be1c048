from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.pipeline_lambdas.fixtures import account, own_clients, service_models
from tests.releases.house import House
from tests.workflows.lifecycle.buckets import DATA, FILES, MODELS, put
from tests.workflows.lifecycle.installation import Installation

__all__ = ["account", "own_clients", "service_models"]


@pytest.fixture
def buckets() -> Iterator[None]:
    """The data and the model bucket in moto, with a day of data."""
    with mock_aws():
        for name in (DATA, MODELS):
            boto3.client("s3").create_bucket(Bucket=name)
        put(DATA, FILES)
        yield


@pytest.fixture(scope="package")
def installed(workflows_house: House) -> Installation:
    """The workflows on a local AWS."""
    return Installation(workflows_house)

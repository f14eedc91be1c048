from __future__ import annotations

import pytest

from tests.pipeline_lambdas.fixtures import account, buckets, own_clients, service_models
from tests.releases.house import House
from tests.workflows.text.installation import Installation

__all__ = ["account", "buckets", "own_clients", "service_models"]


@pytest.fixture(scope="package")
def installed(workflows_house: House) -> Installation:
    """The workflows on a local AWS."""
    return Installation(workflows_house)

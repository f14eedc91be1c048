"""Dev and Test as shipped: serverless, which instances may follow and not precede."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.releases.house import PREFIX, UNCOMPARED, House, patched

DEV = f"{PREFIX}-dev"
ON_INSTANCES = patched(UNCOMPARED, {"environments.dev": {"instance_type": "ml.t2.medium", "instance_count": 1}})


@pytest.fixture
def anew(house: House) -> Iterator[House]:
    """Whatever the endpoint of Dev has become, the next release makes it anew."""
    house.restore()
    yield house
    sagemaker = house.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=DEV)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=DEV, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def released(house: House, config: str) -> tuple[str, str]:
    """Push a config; returns the release and how it ended."""
    before = house.newest()
    house.push_config(config)
    execution = house.wait_for_new(before)
    return execution, house.wait_for_end(execution)["status"]


def test_an_endpoint_goes_over_to_instances_and_not_back(anew: House) -> None:
    described = anew.client("sagemaker").describe_endpoint(EndpointName=DEV)["ProductionVariants"][0]
    assert described["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    execution, status = released(anew, ON_INSTANCES)
    assert status == "Succeeded", anew.failure(execution)
    assert anew.report(execution)["metrics"]["rmse"] > 0
    now = anew.client("sagemaker").describe_endpoint(EndpointName=DEV)["ProductionVariants"][0]
    assert (now["CurrentInstanceCount"], "CurrentServerlessConfig" in now) == (1, False)

    execution, status = released(anew, UNCOMPARED)
    assert status == "Failed"
    action, message = anew.failure(execution)
    assert action == "DeployDev/Deploy"
    assert re.search("wine-quality-dev has instances", message), message

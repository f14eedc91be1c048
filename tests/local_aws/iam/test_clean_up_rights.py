"""Clean-up against a running local AWS, with no more rights than it needs."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from pipeline_lambdas.aws import clients
from pipeline_lambdas.release.names import CHAMPION, ENVIRONMENTS, Release
from pipeline_lambdas.runtime.failures import PermissionDeniedError
from pipeline_lambdas.steps.clean_up import clean_up
from tests.events import EXECUTION_ID
from tests.local_aws.sagemaker.house import House
from tests.local_server import ACCOUNT, REGION, LocalServer, allow

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
PREFIX = "slipway-rights-wine"
SHORTS = [f"0000000{number}-0000" for number in range(1, 4)]


@pytest.fixture
def house(local_aws: LocalServer) -> House:
    """Models and Prod configs of four releases, the last of which is the one that cleans up, and another pipeline's."""
    house = House(local_aws, "clean-up-rights")
    house.s3.put_object(Bucket=house.name, Key="model.tar.gz", Body=b"")
    for prefix in (PREFIX, f"{PREFIX}-dev"):
        for short in (*SHORTS, EXECUTION_ID[:13]):
            house.model(f"{prefix}-{short}", f"s3://{house.name}/model.tar.gz")
            [variant] = house.sagemaker.describe_endpoint_config(EndpointConfigName=f"{prefix}-{short}")[
                "ProductionVariants"
            ]
            house.sagemaker.delete_endpoint_config(EndpointConfigName=f"{prefix}-{short}")
            house.sagemaker.create_endpoint_config(
                EndpointConfigName=f"{prefix}-prod-{short}", ProductionVariants=[variant]
            )
    return house


def act_with(house: House, monkeypatch: pytest.MonkeyPatch, name: str, *without: str) -> None:
    rights: dict[str, str | list[str]] = {
        "sagemaker:ListEndpointConfigs": "*",
        "sagemaker:ListModels": "*",
        "sagemaker:DescribeEndpoint": [f"{ARN}:endpoint/{PREFIX}-{env}" for env in (*ENVIRONMENTS, CHAMPION)],
        "sagemaker:DescribeEndpointConfig": f"{ARN}:endpoint-config/{PREFIX}-*",
        "sagemaker:DeleteEndpointConfig": f"{ARN}:endpoint-config/{PREFIX}-*",
        "sagemaker:DeleteModel": f"{ARN}:model/{PREFIX}-*",
    }
    statements = [allow(action, resource=on) for action, on in rights.items() if action not in without]
    key, secret = house.server.user_with(name, *statements)
    made = house.server.client("sagemaker", key, secret)
    monkeypatch.setattr(clients, "client", lambda _service: made)


def left(house: House) -> set[str]:
    found = house.sagemaker.list_models(NameContains=PREFIX, MaxResults=100)["Models"]
    configs = house.sagemaker.list_endpoint_configs(NameContains=PREFIX, MaxResults=100)["EndpointConfigs"]
    return {model["ModelName"] for model in found} | {config["EndpointConfigName"] for config in configs}


def test_its_rights_suffice_and_each_is_needed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    release = Release(PREFIX, EXECUTION_ID)
    before = left(house)
    for number, action in enumerate(
        ("ListEndpointConfigs", "ListModels", "DescribeEndpoint", "DescribeEndpointConfig")
    ):
        act_with(house, monkeypatch, f"without-{number}", f"sagemaker:{action}")
        with pytest.raises(PermissionDeniedError, match=f"sagemaker:{action}"):
            clean_up(release, 4)
    assert left(house) == before
    act_with(house, monkeypatch, "without-delete", "sagemaker:DeleteEndpointConfig")
    with pytest.raises(PermissionDeniedError, match=f"Not deleted: {PREFIX}-prod-{SHORTS[0]}"):
        clean_up(release, 2)
    assert left(house) == before
    act_with(house, monkeypatch, "with-all")
    assert clean_up(release, 2).variables == {"DeletedEndpointConfigs": "2", "DeletedModels": "2"}
    gone = {f"{PREFIX}{part}-{short}" for part in ("", "-prod") for short in SHORTS[:2]}
    assert left(house) == before - gone
    assert clean_up(release, 2).variables == {"DeletedEndpointConfigs": "0", "DeletedModels": "0"}
    with pytest.raises(ClientError, match="not authorized"):
        clients.client("sagemaker").delete_model(ModelName="slipway-rights-other-model")

"""Models, their artifacts and endpoint configs."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.wire import AwsError
from tests.local_aws.sagemaker.fakes import IMAGE, ROLE, Aws
from tests.local_aws.sagemaker.hosted import (
    REGION_ARN,
    archive,
    config,
    deployed,
    model,
    refused,
    serverless,
    variant,
)


def test_two_endpoints_share_one_copy_of_a_model(hosted: Aws) -> None:
    folder = hosted.runtime.settings.state / "sagemaker/models"
    deployed(hosted, name="Dev")
    [copy] = folder.iterdir()
    first = copy.stat().st_ino
    deployed(hosted, name="Test")
    assert [path.stat().st_ino for path in folder.iterdir()] == [first]
    hosted.s3.objects["models", "one.tar.gz"] = archive(model="replaced")
    deployed(hosted, name="Prod")
    assert hosted.invoke(EndpointName="Prod", Body=b"x")["Body"] == b"replaced:x"
    assert hosted.invoke(EndpointName="Dev", Body=b"x")["Body"] == b"one:x"


def test_unused_copies_do_not_pile_up(hosted: Aws) -> None:
    folder = hosted.runtime.settings.state / "sagemaker/models"
    data = hosted.service._deployments._models
    role = hosted.service._platform.role(ROLE, "arn")
    for number in range(12):
        hosted.s3.objects["models", "one.tar.gz"] = archive(model=str(number))
        data.release(data.lease(role, "s3://models/one.tar.gz"))
    assert len(list(folder.iterdir())) == 8


def test_models(hosted: Aws) -> None:
    found = hosted.call("DescribeModel", ModelName="one")
    assert found["ModelArn"] == f"{REGION_ARN}:model/one"
    assert found["PrimaryContainer"]["Environment"] == {"MODEL": "one"}
    assert [m["ModelName"] for m in hosted.call("ListModels", NameContains="o", SortBy="Name")["Models"]] == [
        "two",
        "one",
    ]
    with pytest.raises(AwsError) as error:
        model(hosted, "one")
    assert error.value.message == f'Cannot create already existing model "{REGION_ARN}:model/one".'
    hosted.call("DeleteModel", ModelName="one")
    gone = f'Could not find model "{REGION_ARN}:model/one".'
    assert refused(hosted, "DeleteModel", ModelName="one") == gone
    assert refused(hosted, "CreateEndpoint", EndpointName="Wine", EndpointConfigName="one") == gone


def _container(**more: Any) -> dict[str, Any]:
    return {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://models/one.tar.gz", **more}}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "either a PrimaryContainer or Containers"),
        (_container(ModelDataUrl="s3://models/absent.tar.gz"), "Could not access model data at s3://models/absent"),
        (_container(Image="other:1"), "known repositories: sagemaker-xgboost"),
        (_container(Mode="MultiModel"), "does not emulate multi-model endpoints"),
        (_container(Environment={f"A{number}": "b" * 1000 for number in range(40)}), "expected 32 KB"),
        ({"PrimaryContainer": {"Image": IMAGE}}, "needs either ModelDataUrl or ModelDataSource"),
        ({"Containers": [_container()["PrimaryContainer"]] * 2}, "does not emulate inference pipelines"),
    ],
)
def test_models_that_are_refused(hosted: Aws, request_: dict[str, Any], message: str) -> None:
    text = refused(hosted, "CreateModel", ModelName="m", ExecutionRoleArn=ROLE, **request_)
    assert message in text


def test_unreadable_model_data_names_role_and_region(hosted: Aws) -> None:
    hosted.s3.denied.add("one.tar.gz")
    text = refused(hosted, "CreateModel", ModelName="m", ExecutionRoleArn=ROLE, **_container())
    assert f'the role "{ROLE}" exists' in text
    assert text.endswith('has "s3:GetObject" permissions and that the object is located in us-east-1.')


def test_endpoint_configs(hosted: Aws) -> None:
    found = hosted.call("DescribeEndpointConfig", EndpointConfigName="one")
    assert found["EndpointConfigArn"] == f"{REGION_ARN}:endpoint-config/one"
    assert found["ProductionVariants"] == [variant("one")]
    with pytest.raises(AwsError) as error:
        config(hosted, "one", variant("one"))
    assert error.value.message == (
        f'Cannot create already existing endpoint configuration "{REGION_ARN}:endpoint-config/one".'
    )
    hosted.call("DeleteEndpointConfig", EndpointConfigName="one")
    gone = f'Could not find endpoint configuration "{REGION_ARN}:endpoint-config/one".'
    for operation in ("DescribeEndpointConfig", "DeleteEndpointConfig"):
        assert refused(hosted, operation, EndpointConfigName="one") == gone
    assert refused(hosted, "CreateEndpoint", EndpointName="Wine", EndpointConfigName="one") == gone
    assert len(hosted.call("ListEndpointConfigs")["EndpointConfigs"]) == 3


CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 1,
    "DestinationS3Uri": "s3://b",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}


@pytest.mark.parametrize(
    ("variants", "more", "message"),
    [
        ([variant("absent")], {}, f'Could not find model "{REGION_ARN}:model/absent".'),
        ([variant("one"), variant("two")], {}, "AllTraffic is used 2 times"),
        ([{"VariantName": "A", "ModelName": "one"}], {}, "must have InstanceType and InitialInstanceCount"),
        ([{"VariantName": "A"}], {}, "does not emulate inference components"),
        ([serverless("one", MemorySizeInMB=1500)], {}, "expected 1024, 2048"),
        ([serverless("one", ProvisionedConcurrency=2)], {}, "must not exceed MaxConcurrency (1)"),
        ([serverless("one"), variant("one", "B")], {}, "can have only this one variant"),
        ([{**serverless("one"), "InitialInstanceCount": 1}], {}, "cannot have an instance type or count"),
        ([variant("one")], {"DataCaptureConfig": CAPTURE}, "does not emulate data capture"),
        (
            [variant("one"), {**variant("two", "B"), "InstanceType": "ml.g4dn.xlarge"}],
            {"KmsKeyId": "key"},
            "ml.g4dn.xlarge encrypts its storage by itself; leave KmsKeyId out.",
        ),
        ([variant("one")], {"ShadowProductionVariants": [variant("two")]}, "does not emulate shadow variants"),
    ],
)
def test_configs_that_are_refused(
    hosted: Aws, variants: list[dict[str, Any]], more: dict[str, Any], message: str
) -> None:
    text = refused(hosted, "CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=variants, **more)
    assert message in text

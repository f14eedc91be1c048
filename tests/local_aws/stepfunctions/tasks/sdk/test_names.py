from __future__ import annotations

import gzip
import re
from pathlib import Path

import botocore
import pytest

from local_aws.stepfunctions.tasks.sdk import names
from local_aws.stepfunctions.tasks.sdk.models import actions, botocore_service


@pytest.mark.parametrize(
    ("service_id", "name"),
    [
        ("DynamoDB", "DynamoDb"),
        ("Secrets Manager", "SecretsManager"),
        ("SFN", "Sfn"),
        ("S3", "S3"),
        ("SageMaker", "SageMaker"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("SESv2", "SesV2"),
        ("Config Service", "Config"),
        ("ApiGatewayV2", "ApiGatewayV2"),
        ("Elastic Load Balancing v2", "ElasticLoadBalancingV2"),
        ("XRay", "XRay"),
        ("IoT", "Iot"),
    ],
)
def test_services(service_id: str, name: str) -> None:
    assert names.service_class(service_id) == name


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ("NoSuchKey", "NoSuchKeyException"),
        ("ResourceInUse", "ResourceInUseException"),
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("DBInstanceNotFoundFault", "DbInstanceNotFoundException"),
        ("KMSInvalidStateException", "KmsInvalidStateException"),
    ],
)
def test_exceptions(shape: str, name: str) -> None:
    assert names.exception_class(shape) == name


@pytest.mark.parametrize(
    ("member", "sdk", "optimized"),
    [
        ("startDate", "StartDate", "StartDate"),
        ("ETag", "ETag", "ETag"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier", "DBInstanceIdentifier"),
        ("SSEKMSKeyId", "SsekmsKeyId", "SSEKMSKeyId"),
        ("VolumeSizeInGB", "VolumeSizeInGB", "VolumeSizeInGB"),
        ("MD5OfMessageBody", "Md5OfMessageBody", "MD5OfMessageBody"),
        ("ACL", "Acl", "ACL"),
        ("S", "S", "S"),
        ("NS", "Ns", "NS"),
    ],
)
def test_members(member: str, sdk: str, optimized: str) -> None:
    assert (names.sdk_member(member), names.optimized_member(member)) == (sdk, optimized)


TWICE = {"pinpoint-sms-voice"}
"""A second folder of a service that botocore has as `sms-voice` as well."""


def test_every_service_of_botocore_is_found_by_its_name() -> None:
    lost = []
    for folder in sorted((Path(botocore.__file__).parent / "data").iterdir()):
        models = sorted(folder.glob("*/service-2.json.gz"))
        if not models or folder.name in TWICE:
            continue
        with gzip.open(models[-1], "rt", encoding="utf-8") as file:
            found = re.search(r'"serviceId"\s*:\s*"([^"]+)"', file.read(20_000))
        assert found, folder.name
        if botocore_service(names.service_folder(found[1])) != folder.name:
            lost.append((found[1], folder.name))
    assert lost == []


def test_actions() -> None:
    assert actions("s3")["listObjectsV2"] == "ListObjectsV2"
    assert actions("rds")["describeDBInstances"] == "DescribeDBInstances"
    assert "selectObjectContent" not in actions("s3")

"""Names as the AWS SDK for Java spells them: Step Functions calls services through it, and shows its names.

The optimized integrations show those of version 1, `aws-sdk` integrations those of version 2. The rules are those of
the SDK's code generator; parameters and outputs begin with a capital in both.
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import re
from functools import lru_cache

_BREAKS = (
    (re.compile(r"[^A-Za-z0-9]+"), " "),
    (re.compile(r"([^a-z]{2,})v([0-9]+)"), r"\1 v\2 "),
    (re.compile(r"([^A-Z]{2,})V([0-9]+)"), r"\1 V\2 "),
    (re.compile(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])"), " "),
    (re.compile(r"([A-Z]+)([A-Z][a-z])"), r"\1 \2"),
    (re.compile(r"([0-9])([a-zA-Z])"), r"\1 \2"),
)
"""Where a name falls into words, tried in this order: `DynamoDB` → Dynamo DB, `SESv2` → SES v2."""


def words_as_one(name: str) -> str:
    """The words of a name, each with one capital: `DynamoDB` → DynamoDb, `KMSInternal` → KmsInternal."""
    for pattern, replacement in _BREAKS:
        name = pattern.sub(replacement, name)
    return "".join(word.capitalize() for word in name.split())


@lru_cache(maxsize=512)
def service_class(service_id: str) -> str:
    """What the errors of a service begin with: `Secrets Manager` → SecretsManager, `SFN` → Sfn."""
    name = words_as_one(service_id)
    return name.removeprefix("Amazon").removeprefix("Aws").removesuffix("Service")


def service_folder(service_id: str) -> str:
    """The service in a Resource, behind `aws-sdk:`: `SageMaker Runtime` → sagemakerruntime."""
    return service_class(service_id).lower()


def exception_class(shape_name: str) -> str:
    """The class of a modelled error: `NoSuchKey` → NoSuchKeyException, `InstanceFault` → InstanceException."""
    name = words_as_one(shape_name)
    return name.removesuffix("Exception").removesuffix("Fault") + "Exception"


def first_lower(name: str) -> str:
    """A name that begins in lower case, an acronym as a whole: `DBName` → dbName, `ETag` → eTag."""
    end = 1
    while end < len(name) and name[end].isupper() and not name[end + 1 : end + 2].islower():
        end += 1
    return name[:end].lower() + name[end:]


@lru_cache(maxsize=4096)
def sdk_member(name: str) -> str:
    """A member in an `aws-sdk` integration: `startDate` → StartDate, `DBName` → DbName, `SSEKMSKeyId` → SsekmsKeyId."""
    lower = first_lower(name)
    return lower[:1].upper() + lower[1:]


def optimized_member(name: str) -> str:
    """A member in an optimized integration: `projectName` → ProjectName, `MD5OfMessageBody` as it is."""
    return name[:1].upper() + name[1:]

"""CloudFormation: the Object Lock of a bucket, which MiniStack's resource type leaves out.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from local_aws.base.tables import ministack


def lock_stack_buckets() -> None:
    """Turn Object Lock on with the bucket, which versions its objects, and set the lock that uploads begin with."""
    provisioners, s3 = ministack("services.cloudformation.provisioners"), ministack("services.s3")
    apply = provisioners._s3_apply_configurations  # noqa: SLF001

    def apply_configurations(name: str, properties: Mapping[str, Any], *old: Any) -> None:
        apply(name, properties, *old)
        if str(properties.get("ObjectLockEnabled", "")).lower() == "true":
            s3._bucket_versioning[name] = "Enabled"  # noqa: SLF001
            s3._bucket_object_lock.setdefault(name, {"enabled": True, "default_retention": None})  # noqa: SLF001
        rule = properties.get("ObjectLockConfiguration", {}).get("Rule", {})
        if "ObjectLockConfiguration" in properties or name in s3._bucket_object_lock:  # noqa: SLF001
            _put(name, rule.get("DefaultRetention", {}))

    provisioners._s3_apply_configurations = apply_configurations  # noqa: SLF001


def _put(bucket: str, retention: Mapping[str, Any]) -> None:
    """Make the request that the resource type makes, and fail with S3's sentence if it is refused."""
    s3 = ministack("services.s3")
    status, _, body = s3._put_object_lock_configuration(bucket, _document(retention))  # noqa: SLF001
    if status >= HTTPStatus.BAD_REQUEST:
        error = fromstring(body)  # noqa: S314 - MiniStack's own answer
        raise ValueError(f"{error.findtext('Message')} (Service: S3, Status Code: {status})")


def _document(retention: Mapping[str, Any]) -> bytes:
    root = Element("ObjectLockConfiguration")
    SubElement(root, "ObjectLockEnabled").text = "Enabled"
    if retention:
        default = SubElement(SubElement(root, "Rule"), "DefaultRetention")
        for name, value in retention.items():
            SubElement(default, name).text = str(value)
    return tostring(root)

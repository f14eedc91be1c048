"""Checks that the requests of jobs and of endpoint configs share."""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.sagemaker import names
from local_aws.sagemaker.faults import invalid, not_emulated
from local_aws.sagemaker.instance_types import has_local_storage
from local_aws.wire import Document


def refuse(document: Document, reasons: Mapping[str, str]) -> None:
    """Raise ValidationException for a member that local AWS does not emulate."""
    for member, what in reasons.items():
        if document.get(member):
            raise not_emulated(what)


def check_uri(uri: str | None) -> None:
    """Raise ValidationException for what is not an address in S3."""
    try:
        if uri is not None:
            names.s3_address(uri)
    except ValueError as error:
        raise invalid(str(error)) from None


def check_environment(environment: Mapping[str, str]) -> None:
    """Raise ValidationException for a variable that no process can have."""
    for name, value in environment.items():
        if "\0" in value or "=" in name:
            raise invalid(f"The environment variable {name} has a NUL character in its value or = in its name.")


def check_volume_key(member: str, key: str | None, instance_type: str) -> None:
    """Raise ValidationException for the key of a volume that an instance with local storage does not have.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html and
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html. The first words are AWS's,
    as https://github.com/aws/sagemaker-python-sdk/issues/3677 quotes them.
    """
    if key and has_local_storage(instance_type):
        raise invalid(
            f"KMS key is not supported for NVMe instance storage: {instance_type} encrypts its storage by itself; "
            f"leave {member} out."
        )

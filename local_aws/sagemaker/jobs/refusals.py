"""Checks that the requests of all kinds of job share."""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.sagemaker import names
from local_aws.sagemaker.faults import invalid, not_emulated
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

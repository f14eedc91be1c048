"""Finds model package groups and model packages."""

from __future__ import annotations

from local_aws.sagemaker import faults, names
from local_aws.sagemaker.records import Record, Records
from local_aws.wire import Caller


def find(records: Records, caller: Caller, kind: str, name_or_arn: str) -> Record:
    """The group or the package of a name (`group/version` for a version) or ARN.

    Raises ValidationException if there is none.
    """
    arn = names.arn_of(caller, kind, name_or_arn)
    record = records.find_arn(arn)
    if record is None or record.kind != kind:
        raise faults.not_found(kind, arn)
    return record

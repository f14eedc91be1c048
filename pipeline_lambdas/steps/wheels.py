"""Finds the wheels that Build has fetched for a training program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_lambdas.aws import s3
from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.release.affected import program_folder
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.release.wheels import FILE, folder_of, list_key, lock_of, read_list
from pipeline_lambdas.runtime.failures import JobFailedError


@dataclass(frozen=True, slots=True)
class Wheels:
    """Wheels in the model bucket: the address of their folder, and SHA-256 by file name."""

    uri: str
    sha256: Mapping[str, str]


def fetched_wheels(config: TrainingConfig, folder: Mapping[str, bytes], bucket: str) -> Wheels | None:
    """Return the wheels of the lock among a model's files; None without a lock.

    Raises JobFailedError if Build has not fetched them, or if they are others than the lock allows.
    """
    found = lock_of(config, folder.get(FILE)) if config.script else None
    if found is None:
        return None
    lock, platform = found
    place, key = f"{program_folder(config.model)}{FILE}", lock.key(platform)
    listed = s3.read_object(bucket, list_key(key))
    if listed is None:
        raise JobFailedError(
            f"s3://{bucket}/{list_key(key)}: found no list of the wheels that {place} names; expected one, which Build "
            f"writes. {START_NEW}."
        )
    try:
        wheels = read_list(listed)
    except ValueError as error:
        raise JobFailedError(f"s3://{bucket}/{list_key(key)}: {error}. Delete it. {START_NEW}.") from None
    others = sorted(name for name, sha256 in wheels.items() if sha256 not in lock.hashes)
    if others or len(wheels) != len(lock.pins):
        what = f"{others[0]} with a hash that {place} has not" if others else f"{len(wheels)} wheels"
        raise JobFailedError(
            f"s3://{bucket}/{list_key(key)}: found {what}; expected the {len(lock.pins)} that {place} names. The "
            f"access log of the bucket shows who wrote it. Delete it. {START_NEW}."
        )
    return Wheels(f"s3://{bucket}/{folder_of(key)}", wheels)

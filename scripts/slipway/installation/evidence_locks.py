"""Checks that S3 keeps the records of releases as they were written: versions, delete markers and locks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.evidence import chain
from slipway.datasets.model_data import EVIDENCE, NO_BUCKET
from slipway.installation.aws_errors import code_of
from slipway.session import Session

_AT_A_TIME = 8
_NO_LOCK = "NoSuchObjectLockConfiguration"


@dataclass
class Locks:
    """The result. `mode` and `days` are the bucket's default for new evidence: empty and 0 without one."""

    mode: str = ""
    days: int = 0
    locked: int = 0
    ended: int = 0
    unlocked: int = 0
    first_end: datetime | None = None
    problems: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The result for programs, without the problems."""
        counts = {"locked": self.locked, "ended": self.ended, "unlocked": self.unlocked}
        first = self.first_end.isoformat() if self.first_end else None
        return {"mode": self.mode or None, "days": self.days or None, **counts, "first_end": first}

    def sentence(self) -> str:
        """The result for people."""
        rule = (
            f"new evidence is locked for {self.days} days ({self.mode})" if self.mode else "new evidence is not locked"
        )
        first = f", the first until {self.first_end:%Y-%m-%d}" if self.first_end else ""
        return f"locks: {self.locked} hold{first}; {self.ended} have ended; {self.unlocked} never were; {rule}"


def read_locks(session: Session) -> Locks | None:
    """Check every version of the model's evidence; None if the installation has no evidence bucket yet.

    A version without a lock is a problem if an earlier one has a lock: the bucket locked when it was written.
    """
    s3, names, locks = session.client("s3"), session.names, Locks()
    try:
        found = s3.get_object_lock_configuration(Bucket=names.bucket("evidence"))["ObjectLockConfiguration"]
    except ClientError as error:
        if code_of(error) in NO_BUCKET:
            return None
        if code_of(error) != "ObjectLockConfigurationNotFoundError":
            raise
        locks.problems.append(f"{names.bucket('evidence')}: found no Object Lock; the setup stack turns it on")
        return locks
    rule = found.get("Rule", {}).get("DefaultRetention", {})
    locks.mode, locks.days = rule.get("Mode", ""), rule.get("Days", 365 * rule.get("Years", 0))
    versions = sorted(_versions(session, locks.problems), key=lambda one: one["LastModified"])
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        ends = list(pool.map(lambda one: _end(s3, names.bucket("evidence"), one), versions))
    for version, end in zip(versions, ends, strict=True):
        _count(locks, version["Key"], end)
    return locks


def _versions(session: Session, problems: list[str]) -> Iterator[dict[str, Any]]:
    """Yield all versions; note delete markers, and records of the chain that were overwritten, as problems."""
    pages, numbers = session.client("s3").get_paginator("list_object_versions"), set[str]()
    for kind in EVIDENCE:
        prefix = f"{kind}/{session.names.model}/"
        for page in pages.paginate(Bucket=session.names.bucket("evidence"), Prefix=prefix):
            problems += [f"{one['Key']}: hidden by a delete marker" for one in page.get("DeleteMarkers", [])]
            for version in page.get("Versions", []):
                key = version["Key"]
                if key in numbers:
                    problems.append(f"{key}: found several versions; a record of the chain is written once")
                if chain.prefix(session.names.model) == prefix:
                    numbers.add(key)
                yield version


def _end(s3: Any, bucket: str, version: dict[str, Any]) -> datetime | None:
    try:
        answer = s3.get_object_retention(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    except ClientError as error:
        if code_of(error) != _NO_LOCK:
            raise
        return None
    end: datetime = answer["Retention"]["RetainUntilDate"]
    return end


def _count(locks: Locks, key: str, end: datetime | None) -> None:
    if end is None:
        locks.unlocked += 1
        if locks.mode and locks.locked + locks.ended:
            locks.problems.append(f"{key}: found no lock, though what was written before it has one")
    elif end <= datetime.now(UTC):
        locks.ended += 1
    else:
        locks.locked += 1
        locks.first_end = min(end, locks.first_end or end)

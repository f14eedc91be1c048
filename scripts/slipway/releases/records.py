"""Release records and reports, as the pipeline leaves them in the evidence bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.names import BucketPurpose
from slipway.releases.run_view import SHORT_ID_CHARACTERS
from slipway.session import Session

BUCKETS: tuple[BucketPurpose, ...] = ("evidence", "artifacts")
"""Where evidence lies: in its bucket, and what was recorded before there was one in the artifact bucket."""


def read_object(session: Session, key: str) -> bytes | None:
    """A piece of evidence, wherever it lies; None if it is not there."""
    for bucket in BUCKETS:
        found = read_from(session, bucket, key)
        if found is not None:
            return found
    return None


def read_from(session: Session, bucket: BucketPurpose, key: str) -> bytes | None:
    """An object of one of the installation's buckets; None if it, or the bucket, is not there."""
    try:
        found = session.client("s3").get_object(Bucket=session.names.bucket(bucket), Key=key)
    except ClientError as error:
        if code_of(error) not in {"NoSuchKey", "NoSuchBucket"}:
            raise
        return None
    content: bytes = found["Body"].read()
    return content


def record_key(session: Session, run_id: str) -> str:
    return f"releases/{session.names.model}/{run_id}/record.json"


def report_key(session: Session, run_id: str) -> str:
    return f"releases/{session.names.model}/{run_id}/report.html"


def find_record(session: Session, run_id: str) -> dict[str, Any] | None:
    """The record of a release; None if it has none (yet)."""
    content = read_object(session, record_key(session, run_id))
    record: dict[str, Any] | None = None if content is None else json.loads(content)
    return record


def load_record(session: Session, run_id: str) -> dict[str, Any]:
    """The record of a release; SlipwayError if it has none (yet)."""
    key, record = record_key(session, run_id), find_record(session, run_id)
    if record is None:
        short = run_id[:SHORT_ID_CHARACTERS]
        raise SlipwayError(
            f"release {short}: found no record, s3://{session.names.bucket('evidence')}/{key}.",
            f"It is written before the approval and at the end; see where it is: {session.command('show', short)}",
        )
    return record


def record_lines(record: Mapping[str, Any]) -> list[str]:
    """What a record tells beside actions and metrics, a line each."""
    champion, approval = record["champion"], record["approval"]
    package, cost, sequence = record["model_package"], record["cost"], record["sequence"]
    asked = any(one["action"] == "DeployChampion" and one["status"] == "Succeeded" for one in record["actions"])
    none = "none: Prod served no model, or the config asks for no comparison" if asked else ""
    lines = {
        "champion": f"{champion['model']}, which Prod served" if champion else none,
        "approval": " ".join(str(approval[key]) for key in ("status", "by", "reason") if approval.get(key))
        if approval
        else "",
        "model": f"{package['arn']} {package['approval_status']}" if package else "",
        "cost": _cost_text(cost) if cost and cost["total"] is not None else "",
        "record": f"number {sequence}" if sequence is not None else "not final yet",
        "missing": "; ".join(record["missing"]),
    }
    return [f"{name:<10}{text}" for name, text in lines.items() if text]


def _cost_text(cost: Mapping[str, Any]) -> str:
    total = cost["total"]
    return f"{'below 0.01' if total < 0.01 else f'about {total:.2f}'} {cost['currency']}. {cost['note']}"

"""Release records and reports, as the pipeline leaves them in the artifact bucket."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from scripts.aws_errors import code_of
from scripts.errors import SlipwayError
from scripts.run_view import SHORT_ID_CHARACTERS
from scripts.session import Session


def read_object(session: Session, key: str) -> bytes | None:
    """An object of the artifact bucket; None if it is not there."""
    try:
        found = session.client("s3").get_object(Bucket=session.names.bucket("artifacts"), Key=key)
    except ClientError as error:
        if code_of(error) != "NoSuchKey":
            raise
        return None
    content: bytes = found["Body"].read()
    return content


def record_key(session: Session, run_id: str) -> str:
    return f"releases/{session.names.model}/{run_id}/record.json"


def report_key(session: Session, run_id: str) -> str:
    return f"releases/{session.names.model}/{run_id}/report.html"


def load_record(session: Session, run_id: str) -> dict[str, Any]:
    """The record of a release; SlipwayError if it has none (yet)."""
    key = record_key(session, run_id)
    content = read_object(session, key)
    if content is None:
        short = run_id[:SHORT_ID_CHARACTERS]
        raise SlipwayError(
            f"release {short}: found no record, s3://{session.names.bucket('artifacts')}/{key}.",
            f"It is written before the approval and at the end; see where it is: {session.command(f'show {short}')}",
        )
    record: dict[str, Any] = json.loads(content)
    return record

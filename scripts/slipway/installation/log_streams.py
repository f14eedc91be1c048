"""Finds streams in a log group that many jobs share."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from slipway.installation.aws_errors import code_of
from slipway.session import Session


def find_log_streams(session: Session, group: str, prefix: str) -> Iterator[str]:
    """Yield the names of the streams that begin with `prefix`; none without the group."""
    pages = session.client("logs").get_paginator("describe_log_streams")
    try:
        for page in pages.paginate(logGroupName=group, logStreamNamePrefix=prefix):
            yield from (stream["logStreamName"] for stream in page["logStreams"])
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise

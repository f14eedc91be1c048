"""CloudWatch Logs.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.runtime.failures import AwsRequestError


def first_stream(group: str, prefix: str) -> str | None:
    """Return the first of the group's streams whose names begin with `prefix`; None if there is none."""
    try:
        answer = call(
            clients.client("logs").describe_log_streams, logGroupName=group, logStreamNamePrefix=prefix, limit=1
        )
    except AwsRequestError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise
    streams = answer["logStreams"]
    return str(streams[0]["logStreamName"]) if streams else None


def read_stream(group: str, stream: str, most: int, most_bytes: int) -> Iterator[str]:
    """Yield the first messages of a stream: at most `most` of them, and at most `most_bytes` bytes in total.

    A message may have 1 MB: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
    """
    request: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
    read = size = 0
    while read < most:
        page = call(clients.client("logs").get_log_events, **request, limit=min(10_000, most - read))
        for event in page["events"]:
            message: str = event["message"]
            size += len(message.encode())
            if size > most_bytes:
                return
            yield message
        read += len(page["events"])
        # At the end the token of the request comes back.
        if page["nextForwardToken"] == request.get("nextToken"):
            return
        request["nextToken"] = page["nextForwardToken"]

"""The kinds of job, the statuses that they share, and the moves of those without secondary statuses.

Every state is stored before it is announced.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTransformJob.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_aws.sagemaker import events, names
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.wire import Document

IN_PROGRESS, COMPLETED, FAILED, STOPPING, STOPPED = "InProgress", "Completed", "Failed", "Stopping", "Stopped"
TERMINAL = frozenset({COMPLETED, FAILED, STOPPED})
REASON_LENGTH = 1024


@dataclass(frozen=True)
class Kind:
    """A kind of job: its resource type in ARNs, and the word that its operations and members begin with."""

    resource: str
    member: str
    run: str
    """What its start and end are named after: `ProcessingStartTime`."""

    @property
    def noun(self) -> str:
        """`processing job`, for messages."""
        return self.resource.replace("-", " ")

    @property
    def event(self) -> str:
        """EventBridge's detail type without its first word."""
        return f"{self.noun.title()} State Change"


TRAINING = Kind(names.TRAINING_JOB, "TrainingJob", "Training")
PROCESSING = Kind(names.PROCESSING_JOB, "ProcessingJob", "Processing")
TRANSFORM = Kind(names.TRANSFORM_JOB, "TransformJob", "Transform")
TUNING = Kind(names.TUNING_JOB, "HyperParameterTuningJob", "HyperParameterTuning")


class StopRequestedError(Exception):
    """The job's stop came first: it is Stopping and cannot enter another state."""


def may_enter(record: Record, status: str) -> None:
    """Raise StopRequestedError if a job that is Stopping is to continue."""
    if record.status == STOPPING and status not in (STOPPED, STOPPING):
        raise StopRequestedError


def move(platform: Platform, kind: Kind, name: str, status: str, changes: Mapping[str, Any] | None = None) -> None:
    """Put a job into a status and send its event. Raises StopRequestedError, and GoneError if it was deleted."""
    with platform.records.edit(kind.resource, name) as record:
        may_enter(record, status)
        record.state.update(changes or {})
        record.status = status
        if status in TERMINAL:
            record.state["end"] = platform.records.now()
    announce(platform, kind, record)


def announce(platform: Platform, kind: Kind, record: Record) -> None:
    """Send the job's state to EventBridge."""
    events.publish(kind.event, record.arn, describe(kind, record), platform.records.tags(record.arn))


def describe(kind: Kind, record: Record) -> Document:
    """The Describe response: the request with its state. A transform job has no LastModifiedTime there."""
    described = {**summary(kind, record), **record.request}
    if kind is TRANSFORM:
        described.pop("LastModifiedTime")
    started = record.state.get("start")
    if started is not None:
        described[f"{kind.run}StartTime"] = time_of(started)
    return described


def summary(kind: Kind, record: Record) -> Document:
    """The List operation's entry."""
    document: Document = {
        f"{kind.member}Name": record.name,
        f"{kind.member}Arn": record.arn,
        f"{kind.member}Status": record.status,
        "CreationTime": time_of(record.created_at),
        "LastModifiedTime": time_of(record.modified_at),
    }
    for member, key in (("FailureReason", "failure"), ("ExitMessage", "exit_message")):
        if record.state.get(key):
            document[member] = record.state[key]
    if "end" in record.state:
        document[f"{kind.run}EndTime"] = time_of(record.state["end"])
    return document


def time_of(seconds: float) -> datetime:
    """A Unix time as AWS's timestamps."""
    return datetime.fromtimestamp(seconds, UTC)

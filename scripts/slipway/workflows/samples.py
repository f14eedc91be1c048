"""Runs the samples of the workflows: their data, then their executions."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from slipway.errors import SlipwayError
from slipway.session import Session
from slipway.terminal.output import Step
from slipway.workflows.executions import RUNNING
from slipway.workflows.machines import machine_arn
from workflows.samples import Place, Run, Sample

_DIGITS = 8
_LAST_EVENTS = 20
"""Enough to hold the state that was entered last."""


SYSTEMS = ("images", "text", "tabular", "lifecycle")
"""In the order in which their samples are run."""


def systems(root: Path) -> list[str]:
    """The systems that have a sample."""
    return [system for system in SYSTEMS if (root / "workflows" / system / "sample.py").is_file()]


def load_sample(root: Path, system: str) -> Sample:
    """The sample of a system; SlipwayError with those that there are."""
    known = systems(root)
    if system not in known:
        raise SlipwayError(f"Found no workflow {system}; there are {', '.join(known)}.")
    sample = import_module(f"workflows.{system}.sample").SAMPLE
    if not isinstance(sample, Sample):
        raise TypeError(f"workflows/{system}/sample.py: SAMPLE is no Sample")
    return sample


def place_of(session: Session, fresh: str = "") -> Place:
    """The installation that the executions of a sample run in, with a name for what they make, drawn if none is given."""
    names = session.names
    buckets = (names.bucket(purpose) for purpose in ("data", "models", "packages"))
    return Place(names.suffix, names.account, names.region, *buckets, fresh or f"sample-{uuid.uuid4().hex[:_DIGITS]}")


def upload_sample(session: Session, sample: Sample) -> int:
    """Put the data of a sample into the data bucket; returns the number of objects."""
    s3, bucket = session.client("s3"), session.names.bucket("data")
    return sum(bool(s3.put_object(Bucket=bucket, Key=key, Body=content)) for key, content in sample.objects())


def run_machine(session: Session, run: Run, place: Place, step: Step) -> dict[str, Any]:
    """Start an execution and wait for its end: DescribeExecution's answer.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    client = session.client("stepfunctions")
    arn = client.start_execution(
        stateMachineArn=machine_arn(session, run.machine),
        name=f"sample-{uuid.uuid4().hex[:_DIGITS]}",
        input=json.dumps(run.input(place)),
    )["executionArn"]
    while (found := client.describe_execution(executionArn=arn))["status"] in RUNNING:
        step.update(_newest_state(client, arn))
        time.sleep(session.target.poll_s)
    described: dict[str, Any] = found
    return described


def output_of(execution: Mapping[str, Any]) -> dict[str, Any]:
    """The output of an execution that succeeded, as the object that it is."""
    output: dict[str, Any] = json.loads(execution["output"])
    return output


def _newest_state(client: Any, arn: str) -> str:
    """The state that an execution entered last."""
    answer = client.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=_LAST_EVENTS)
    return next(_entered(answer["events"]), "starting")


def _entered(events: list[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        if "stateEnteredEventDetails" in event:
            yield str(event["stateEnteredEventDetails"]["name"])

"""Executions and map runs as they are stored and described.

Times are seconds since 1970. Inputs and outputs are JSON texts as they were given or made.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_EVENTS = 25_000
"""Of a history: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
MAX_DATA_BYTES = 262_144
"""Of the UTF-8 text of an input, a result or an output: see the same page."""
RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED = "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"
PENDING_REDRIVE = "PENDING_REDRIVE"
EXPRESS = "EXPRESS"
"""The type of a machine whose executions are not kept."""
BILLED_MB = 64
"""The least memory that an express execution is billed for; what it takes is not measured."""
_BILLED_STEP_MS = 100


@dataclass(frozen=True, slots=True)
class MachineSnapshot:
    """What an execution keeps of its state machine: an update does not change one that runs.

    `definition` is the text of the definition. `version_arn` and `alias_arn` are those that were started, or "".
    `include_execution_data` and `level` are of the logging configuration; `log_group` is "" without one.
    """

    arn: str
    name: str
    type: str
    definition: str
    role_arn: str
    revision_id: str = ""
    version_arn: str = ""
    alias_arn: str = ""
    log_group: str = ""
    log_level: str = "OFF"
    include_execution_data: bool = False
    tracing: bool = False
    updated: float = 0.0
    label: str = ""


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """One execution. `map_run_arn` is of the child executions of a distributed Map, `item_count` of their items.

    `events` is the number of events in its history when the record was read.
    """

    arn: str
    machine: MachineSnapshot
    name: str
    status: str
    input: str
    started: float
    stopped: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    trace_header: str = ""
    map_run_arn: str = ""
    parent_arn: str = ""
    item_count: int = 0
    redrive_count: int = 0
    redriven: float | None = None
    events: int = 0


def billed_ms(record: ExecutionRecord) -> int:
    """What AWS would bill an express execution for, 100 ms at least: https://aws.amazon.com/step-functions/pricing/."""
    taken_ms = round(((record.stopped or record.started) - record.started) * 1000)
    return max(1, -(-taken_ms // _BILLED_STEP_MS)) * _BILLED_STEP_MS


@dataclass(frozen=True, slots=True)
class MapRunRecord:
    """One run of a distributed Map: its children, and how many of its items and executions are where."""

    arn: str
    execution_arn: str
    state: str
    status: str
    started: float
    stopped: float | None
    max_concurrency: int
    tolerated_failure_count: int
    tolerated_failure_percentage: float
    items: dict[str, int]
    executions: dict[str, int]
    redrive_count: int = 0
    redriven: float | None = None

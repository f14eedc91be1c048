"""The cost of the workflows: what a run of each sample does on AWS, and an idle month of their stack.

SageMaker charges a job and an endpoint by the second; how long they take on AWS is assumed, as jobs of seconds spend
most of their time on images and data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_lambdas.evidence.prices import PriceTable
from slipway.stacks.estimate import Line

TRAINING_INSTANCE_OF_IMAGES = "ml.g4dn.xlarge"
"""What the images' machine trains on unless its input says otherwise: the algorithm needs a GPU.

https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html#IC-instances
"""
_FUNCTION_GB_SECONDS = 1.8 * 10
"""Of a function that runs for ten seconds, with the most memory that one of the workflows has."""


@dataclass(frozen=True)
class Work:
    """What SageMaker runs in a sample; `instance_type` is empty for that of the stack's parameter.

    `count` are all, each for some `minutes` on one instance, and `at_once` those that run side by side.
    """

    kind: str
    count: int
    minutes: float
    instance_type: str = ""
    at_once: int = 1


@dataclass(frozen=True)
class SampleRun:
    """All executions of a sample: its work, the states that they enter, the functions that they invoke."""

    work: tuple[Work, ...]
    transitions: int
    invocations: int = 0


@dataclass(frozen=True)
class WorkflowAssumptions:
    """Values of the template, and what is assumed to be stored."""

    instance_type: str
    alarms: int
    tables: int
    logs_gb: float
    table_gb: float


SAMPLES: Mapping[str, SampleRun] = {
    "images": SampleRun(
        (Work("training", 1, 5, TRAINING_INSTANCE_OF_IMAGES), Work("transform", 1, 4)), transitions=9, invocations=2
    ),
    "lifecycle": SampleRun((Work("training", 2, 3), Work("transform", 4, 4)), transitions=38, invocations=9),
    "tabular": SampleRun(
        (Work("training", 5, 3, at_once=4), Work("transform", 1, 4), Work("endpoint", 1, 10)), transitions=37 + 20
    ),
    "text": SampleRun(
        (Work("processing", 1, 4), Work("training", 1, 3), Work("transform", 1, 4), Work("endpoint", 1, 9)),
        transitions=26 + 20 + 1,
        invocations=3,
    ),
}
"""Transitions are those of a run on local AWS, and twenty more where one waits for an endpoint."""


def sample_lines(system: str, assumed: WorkflowAssumptions, table: PriceTable) -> list[Line]:
    """The cost of a run of a system's sample, without the monthly allowances."""
    run, prices = SAMPLES[system], table.prices
    lines = [_work(work, assumed, table) for work in run.work]
    lines.append(Line("state transitions", run.transitions, "transitions", prices["state_transition"]))
    if run.invocations:
        seconds = run.invocations * _FUNCTION_GB_SECONDS
        lines.append(Line(f"functions, {run.invocations} calls", seconds, "GB-seconds", prices["function_gb_second"]))
    return lines


def workflow_idle_lines(assumed: WorkflowAssumptions, table: PriceTable) -> list[Line]:
    """The cost of a month without an execution; the key is the setup stack's."""
    prices = table.prices
    return [
        Line("alarms of the workflows", assumed.alarms, "alarms", prices["alarm_month"]),
        Line("logs of the workflows", assumed.logs_gb, "GB-months", prices["log_gb_month"]),
        Line("register of models", assumed.tables * assumed.table_gb, "GB-months", prices["table_gb_month"]),
        Line("backup of the register", assumed.tables * assumed.table_gb, "GB-months", prices["table_backup_gb_month"]),
    ]


def _work(work: Work, assumed: WorkflowAssumptions, table: PriceTable) -> Line:
    kind = work.instance_type or assumed.instance_type
    hours = work.count * work.minutes / 60
    return Line(f"{work.kind}, {work.count} x {kind}", hours, "instance hours", table.instance_hours.get(kind))

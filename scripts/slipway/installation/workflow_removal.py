"""Removes what the Step Functions workflows have, one kind after the other. Each function may be called again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from slipway.datasets.model_data import empty_folder
from slipway.installation.calls import unless, wait_until
from slipway.installation.teardown import delete_endpoints, remove_log_groups, remove_stack
from slipway.installation.workflow_inventory import (
    JOB_KINDS,
    WorkflowInventory,
    find_in_sagemaker,
    find_machines,
    find_workflow_log_groups,
    find_workflows,
    ownership,
)
from slipway.names import Names
from slipway.session import Session

_TIMEOUT_S = 900.0
_CAUSE = "slipway destroy removes this workflow"
_NOTHING_TO_STOP = ("ValidationException", "ResourceNotFound")


def stop_workflows(session: Session, models: Sequence[Names]) -> tuple[int, int]:
    """Let no execution begin any more and stop those that run, with their jobs; returns how many of both there were.

    A state machine that is being deleted starts no execution:
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
    """
    states, is_ours = session.client("stepfunctions"), ownership(session, models)
    machines = list(find_machines(session, is_ours))
    # Asked for before the deletion, as a state machine whose last execution has ended is gone.
    running = {arn for machine in machines for arn in _running(states, machine)}
    for machine in machines:
        states.delete_state_machine(stateMachineArn=machine)

    def none_runs() -> bool:
        late = {arn for machine in machines for arn in _running(states, machine)}
        for arn in (running | late) - stopped:
            unless(("ExecutionDoesNotExist",), states.stop_execution, executionArn=arn, error="Slipway", cause=_CAUSE)
            stopped.add(arn)
        return not late

    stopped: set[str] = set()
    wait_until(session, none_runs, _TIMEOUT_S, "executions to stop")
    return len(stopped), _stop_jobs(session, is_ours)


def remove_workflows(session: Session, models: Sequence[Names]) -> None:
    """Delete what executions have left in SageMaker, the stack, and the log groups; data stays."""
    found = find_workflows(session, models)
    with session.output.step("endpoints, configs and models of the workflows") as step:
        step.outcome = "failed"
        delete_endpoints(session, found.workflow_endpoints, found.workflow_endpoint_configs, found.workflow_models)
        counts = (found.workflow_endpoints, found.workflow_endpoint_configs, found.workflow_models)
        step.outcome = "{}, {} and {} deleted".format(*map(len, counts))
    for stack in found.workflow_stacks:
        remove_stack(session, stack)
    is_ours = ownership(session, models)
    with session.output.step("log groups of the workflows") as step:
        step.outcome = "failed"
        count = remove_log_groups(session, lambda: find_workflow_log_groups(session, is_ours))
        step.outcome = f"{count} deleted that the stack left"


def remove_workflow_data(session: Session, found: WorkflowInventory) -> None:
    """Delete jobs that have ended, what they logged, tables, and the folders in the buckets."""
    sagemaker, logs, dynamodb = (session.client(service) for service in ("sagemaker", "logs", "dynamodb"))
    refused = ("ResourceInUse", *_NOTHING_TO_STOP)
    for job in found.workflow_training_jobs:
        unless(refused, sagemaker.delete_training_job, TrainingJobName=job)
    for job in found.workflow_processing_jobs:
        unless(refused, sagemaker.delete_processing_job, ProcessingJobName=job)
    for name in found.workflow_log_streams:
        group, _, stream = name.partition(": ")
        unless(("ResourceNotFoundException",), logs.delete_log_stream, logGroupName=group, logStreamName=stream)
    for table in found.workflow_tables:
        unless(("ResourceNotFoundException",), dynamodb.delete_table, TableName=table)
        dynamodb.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    for folder in found.workflow_data:
        with session.output.step(folder) as step:
            step.outcome = "failed"
            step.outcome = f"{empty_folder(session.client('s3'), folder, step.update):,} versions deleted"


def _running(states: Any, machine: str) -> Iterator[str]:
    """The executions of a state machine that run; none if it is gone."""
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
    try:
        yield from [one["executionArn"] for page in pages for one in page["executions"]]
    except states.exceptions.StateMachineDoesNotExist:
        return


def _stop_jobs(session: Session, is_ours: Callable[[str], bool]) -> int:
    """Stop the jobs that still run, and wait; returns how many there were."""
    sagemaker = session.client("sagemaker")

    def unfinished() -> list[tuple[str, str, str]]:
        return [
            (kind, job, status)
            for kind in JOB_KINDS
            for status in ("InProgress", "Stopping")
            for job in find_in_sagemaker(session, f"{kind}_jobs", is_ours, StatusEquals=status)
        ]

    found = unfinished()
    for kind, job, status in found:
        if status == "InProgress":
            name = {f"{kind.title()}JobName": job}
            unless(_NOTHING_TO_STOP, getattr(sagemaker, f"stop_{kind}_job"), **name)
    wait_until(session, lambda: not unfinished(), _TIMEOUT_S, "jobs of the workflows to stop")
    return len(found)

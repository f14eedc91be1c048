"""Pipelines, stages and executions that a request names, or AWS's error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local_aws.codepipeline.definition.model import Pipeline
from local_aws.codepipeline.state.records import ExecutionRecord, PipelineRecord
from local_aws.codepipeline.state.state import State
from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError


def find_pipeline(state: State, name: str) -> PipelineRecord:
    """The pipeline of that name. Raises PipelineNotFoundException."""
    record = state.pipeline(name)
    if record is None:
        raise AwsError("PipelineNotFoundException", f"Account '{ACCOUNT}' does not have a pipeline with name '{name}'")
    return record


def find_stage(pipeline: Pipeline, name: str) -> str:
    """The name, if the pipeline has such a stage. Raises StageNotFoundException."""
    if pipeline.stage(name) is None:
        raise AwsError("StageNotFoundException", f"Pipeline '{pipeline.name}' does not have a stage '{name}'")
    return name


def find_execution(state: State, request: dict[str, Any]) -> ExecutionRecord:
    """The execution of `pipelineName` and `pipelineExecutionId`. Raises PipelineExecutionNotFoundException.

    The models of StopPipelineExecution and RetryStageExecution have no error for this; the same one is used.
    """
    pipeline = find_pipeline(state, request["pipelineName"])
    execution = state.execution(request["pipelineExecutionId"])
    if execution is None or execution.pipeline != pipeline.name:
        raise AwsError(
            "PipelineExecutionNotFoundException",
            f"Pipeline '{pipeline.name}' does not have an execution '{request['pipelineExecutionId']}'",
        )
    return execution


def moment(seconds: float) -> datetime:
    """A stored time as the API returns it."""
    return datetime.fromtimestamp(seconds, UTC)

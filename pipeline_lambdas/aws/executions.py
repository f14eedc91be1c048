"""Reads executions from CodePipeline. Look-ups return None for what does not exist.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineExecution.html
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.aws.pages import pages
from pipeline_lambdas.runtime.failures import AwsRequestError

Description = dict[str, Any]

_MOST_PAGES = 10
"""Of 100 executions; an older one than that is not looked for."""
_GONE = frozenset({"PipelineNotFoundException", "PipelineExecutionNotFoundException"})


def get_execution(pipeline: str, execution_id: str) -> Description | None:
    """Return status, statusSummary, artifactRevisions, trigger, executionType, rollbackMetadata."""
    try:
        answer = call(
            clients.client("codepipeline").get_pipeline_execution,
            pipelineName=pipeline,
            pipelineExecutionId=execution_id,
        )
    except AwsRequestError as error:
        if error.code in _GONE:
            return None
        raise
    execution: Description = answer["pipelineExecution"]
    return execution


def find_summary(pipeline: str, execution_id: str) -> Description | None:
    """Return the execution's entry in the list of executions, which alone has startTime and lastUpdateTime."""
    return next((one for one in _summaries(pipeline) if one["pipelineExecutionId"] == execution_id), None)


def find_id(pipeline: str, beginning: str) -> str | None:
    """Return the id of the newest execution whose id starts with `beginning`."""
    return next((i for one in _summaries(pipeline) if (i := one["pipelineExecutionId"]).startswith(beginning)), None)


def list_newest(pipeline: str) -> list[Description]:
    """Return the newest 100 executions, the newest first, with their status and sourceRevisions."""
    page = call(clients.client("codepipeline").list_pipeline_executions, pipelineName=pipeline)
    found: list[Description] = page["pipelineExecutionSummaries"]
    return found


def list_actions(pipeline: str, execution_id: str) -> list[Description]:
    """Return every attempt at every action of the execution, the oldest first."""
    of_execution = {"pipelineExecutionId": execution_id}
    answers = pages("codepipeline", "list_action_executions", pipelineName=pipeline, filter=of_execution)
    found: list[Description] = [detail for page in answers for detail in page["actionExecutionDetails"]]
    return sorted(found, key=lambda detail: detail["startTime"])


def _summaries(pipeline: str) -> Iterator[Description]:
    for page in islice(pages("codepipeline", "list_pipeline_executions", pipelineName=pipeline), _MOST_PAGES):
        yield from page["pipelineExecutionSummaries"]

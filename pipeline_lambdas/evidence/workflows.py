"""The executions of state machines behind a release: that which prepared its data, and that which started it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_lambdas.evidence.actions import Action
from pipeline_lambdas.release.affected import DATASET

_PROVIDER = "StepFunctions"
_STARTED_BY = "StartedBy"
"""The variable of the pipeline that a workflow gives when it starts a release."""
_EXECUTION = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:execution:[A-Za-z0-9_-]{1,80}:[A-Za-z0-9_-]{1,80}")


def preparation_of(actions: Sequence[Action]) -> dict[str, Any] | None:
    """Return the newest attempt at preparing the data by a state machine; None if none has tried.

    A failed action has no output variables, and its external id is the execution's ARN.
    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html
    """
    tried = [action for action in actions if action["input"]["actionTypeId"]["provider"] == _PROVIDER]
    if not tried:
        return None
    action = tried[-1]
    output = action.get("output") or {}
    result, configuration = output.get("executionResult") or {}, action["input"].get("configuration") or {}
    named = (output.get("outputVariables") or {}).get("ExecutionArn") or result.get("externalExecutionId") or ""
    return {
        "state_machine": configuration.get("StateMachineArn"),
        "execution": execution_in(named),
        "status": action["status"],
    }


def starting_execution(execution: Mapping[str, Any]) -> str | None:
    """Return the execution of a state machine that started a release, as it said itself; None if none did.

    One that starts the pipeline gives its ARN as the variable StartedBy, as the trigger names only its role. One that
    uploads a dataset names itself in the object's metadata codepipeline-artifact-revision-summary.
    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecution.html
    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ArtifactRevision.html
    """
    given = {item["name"]: item.get("resolvedValue", "") for item in execution.get("variables") or ()}
    summaries = {item["name"]: item.get("revisionSummary", "") for item in execution.get("artifactRevisions") or ()}
    return execution_in(given.get(_STARTED_BY, "")) or execution_in(summaries.get(DATASET, ""))


def execution_in(text: str) -> str | None:
    """Return the first ARN of an execution in a text."""
    found = _EXECUTION.search(text)
    return found[0] if found else None

"""Starts pipelines: as targets of EventBridge rules, and for pushes through connections.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-trigger-source-repo-changes-cfn.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from local_aws.base import RoleNotAssumableError
from local_aws.codeconnections.links import Push
from local_aws.codepipeline.actions.contract import AssumeRole
from local_aws.codepipeline.definition.model import CONNECTION, PARALLEL, Action, Pipeline, pipeline_arn
from local_aws.codepipeline.execution.changes import Trigger
from local_aws.codepipeline.operations.executions import Executions
from local_aws.codepipeline.operations.lookup import find_pipeline
from local_aws.codepipeline.state.state import State
from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError, Caller, Permission

log = logging.getLogger(__name__)

_EVENTS = "events.amazonaws.com"
_SESSION = "events"

Enforce = Callable[[Caller, Permission], str | None]
Override = dict[str, str]


class EventTarget:
    """Starts executions for EventBridge."""

    def __init__(
        self, state: State, executions: Executions, region: str, assume_role: AssumeRole, enforce: Enforce
    ) -> None:
        """`assume_role` and `enforce` call IAM within the process, so nothing here waits for a request."""
        self._state, self._executions, self._region = state, executions, region
        self._assume_role, self._enforce = assume_role, enforce

    def start(self, pipeline_arn_: str, payload: str, role_arn: str, rule_arn: str) -> None:
        """Record an execution and return; a refusal is only logged, as EventBridge does not report it to its caller.

        `payload` is the text that reaches the target. The rule's ARN is `aws:SourceArn` for the role's trust policy,
        and the trigger's detail; AWS does not document the detail.
        """
        try:
            self._check_role(pipeline_arn_, role_arn, rule_arn)
            name = pipeline_arn_.removeprefix(pipeline_arn(self._region, ""))
            version = find_pipeline(self._state, name).version
            values, overrides = self._read(self._state.definition(name, version), payload)
            trigger = Trigger("CloudWatchEvent", rule_arn)
            self._executions.begin(name, trigger, values, overrides)
        except (AwsError, RoleNotAssumableError) as error:
            log.warning("EventBridge could not start %s: %s", pipeline_arn_, error)

    def _check_role(self, arn: str, role_arn: str, rule_arn: str) -> None:
        if not role_arn:
            raise AwsError("AccessDeniedException", "the target has no RoleArn; give it a role that may start it")
        credentials = self._assume_role(role_arn, _EVENTS, _SESSION, rule_arn)
        role_name = role_arn.rpartition("/")[2]
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{_SESSION}"
        caller = Caller(ACCOUNT, self._region, session, credentials.access_key_id)
        denial = self._enforce(caller, Permission("codepipeline:StartPipelineExecution", arn))
        if denial:
            raise AwsError("AccessDeniedException", denial)

    def _read(self, pipeline: Pipeline, payload: str) -> tuple[dict[str, str], list[Override]]:
        """Variables and source revisions in the payload; an event without an input transformer has none.

        The guide shows `sourceRevisions` as one object, the API takes a list; both are accepted.
        """
        try:
            document = json.loads(payload)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            return {}, []
        if document.get("source") == "aws.s3" and pipeline.mode != PARALLEL:
            return {}, _object_of_event(pipeline, document)
        values = {v["name"]: v["value"] for v in _objects(document, "variables", ("name", "value"))}
        keys = ("actionName", "revisionType", "revisionValue")
        return values, _objects(document, "sourceRevisions", keys)


class ConnectionTarget:
    """Starts executions for pushes that a connection reports.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/connections.html
    """

    def __init__(self, state: State, executions: Executions) -> None:
        """Keep the parts."""
        self._state, self._executions = state, executions

    def start(self, push: Push) -> None:
        """Start every pipeline that the push triggers, at the commit pushed."""
        for record in self._state.pipelines():
            pipeline = self._state.definition(record.name, record.version)
            overrides = [
                {"actionName": action.name, "revisionType": "COMMIT_ID", "revisionValue": push.commit_id}
                | ({} if push.is_tag else {"branchName": push.name})
                for action in pipeline.stages[0].actions
                if _takes(pipeline, action, push)
            ]
            if overrides:
                self._begin(record.name, push, overrides)

    def _begin(self, pipeline: str, push: Push, overrides: list[Override]) -> None:
        try:
            self._executions.begin(pipeline, Trigger("WebhookV2", push.link.arn), {}, overrides)
        except AwsError as error:
            log.warning("a push to %s could not start %s: %s", push.link.full_name, pipeline, error)


def _takes(pipeline: Pipeline, action: Action, push: Push) -> bool:
    """Whether a push starts the pipeline for a source.

    Triggers replace the default change detection:
    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html
    """
    read = action.configuration
    if action.type.provider != CONNECTION or (read["ConnectionArn"], read["FullRepositoryId"]) != (
        push.link.arn,
        push.link.full_name,
    ):
        return False
    if pipeline.triggers:
        return any(one.source == action.name and one.takes(push, read["BranchName"]) for one in pipeline.triggers)
    detects = read.get("DetectChanges", "true").lower() != "false"
    return detects and not push.is_tag and push.name == read["BranchName"]


def _objects(document: dict[str, Any], name: str, keys: tuple[str, ...]) -> list[Override]:
    found = document.get(name, [])
    objects = found if isinstance(found, list) else [found]
    for item in objects:
        if not isinstance(item, dict) or not all(isinstance(item.get(key), str) for key in keys):
            raise AwsError("ValidationException", f"{name} of the target's input must have {', '.join(keys)}: {item}")
    return [{key: item[key] for key in keys} for item in objects]


def _object_of_event(pipeline: Pipeline, event: dict[str, Any]) -> list[Override]:
    """An S3 source takes the version of the object in the event, not a later one."""
    detail = event.get("detail", {})
    bucket, key = detail.get("bucket", {}).get("name"), detail.get("object", {}).get("key")
    version = detail.get("object", {}).get("version-id")
    if not version:
        return []
    return [
        {"actionName": action.name, "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": version}
        for action in pipeline.stages[0].actions
        if action.type.provider == "S3"
        and action.configuration["S3Bucket"] == bucket
        and action.configuration["S3ObjectKey"] == key
    ]

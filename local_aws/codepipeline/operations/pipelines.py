"""The operations on pipelines themselves: structure, transitions, tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.base import RoleNotAssumableError
from local_aws.codepipeline.actions import RULES
from local_aws.codepipeline.actions.contract import SERVICE, AssumeRole
from local_aws.codepipeline.definition.model import Pipeline, pipeline_arn
from local_aws.codepipeline.definition.validation import validate
from local_aws.codepipeline.execution.changes import Trigger
from local_aws.codepipeline.execution.engine import Engine
from local_aws.codepipeline.operations.executions import Executions
from local_aws.codepipeline.operations.lookup import find_pipeline, find_stage, moment
from local_aws.codepipeline.operations.paging import page
from local_aws.codepipeline.state.records import PipelineRecord, TransitionRecord
from local_aws.codepipeline.state.state import State
from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError, Caller

Document = dict[str, Any]

MAX_PIPELINES, MAX_TAGS, MAX_LISTED = 1000, 50, 1000


class Pipelines:
    """CreatePipeline to ListTagsForResource."""

    def __init__(
        self,
        state: State,
        engine: Engine,
        executions: Executions,
        region: str,
        assume_role: AssumeRole,
        now: Callable[[], float],
    ) -> None:
        """`assume_role` asks IAM."""
        self._state, self._engine, self._executions = state, engine, executions
        self._region, self._assume_role, self._now = region, assume_role, now

    def create(self, caller: Caller, request: Document) -> Document:
        """CreatePipeline; a first execution starts, unless the pipeline has variables that need a value."""
        document, pipeline = validate(request["pipeline"], self._region, 1, RULES)
        tags = _merge_tags({}, request.get("tags", []))
        self._check_role(pipeline)
        with self._state.transaction():
            if self._state.pipeline(pipeline.name) is not None:
                raise AwsError(
                    "PipelineNameInUseException",
                    f"A pipeline with the name '{pipeline.name}' already exists in account '{ACCOUNT}'",
                )
            if len(self._state.pipelines()) >= MAX_PIPELINES:
                raise AwsError("LimitExceededException", f"The account has {MAX_PIPELINES} pipelines in this Region.")
            now = self._now()
            self._state.insert(
                "pipelines",
                name=pipeline.name,
                version=1,
                mode=pipeline.mode,
                type=pipeline.type,
                created=now,
                updated=now,
                tags=tags,
            )
            self._state.insert("versions", pipeline=pipeline.name, version=1, declaration=document)
            if all(variable.default is not None for variable in pipeline.variables):
                self._executions.begin(pipeline.name, Trigger("CreatePipeline", caller.arn))
        return {"pipeline": document, "tags": _tag_list(tags)}

    def update(self, _caller: Caller, request: Document) -> Document:
        """UpdatePipeline: a new version; executions of the old one are cancelled."""
        name = request["pipeline"]["name"]
        with self._state.transaction():
            record = find_pipeline(self._state, name)
            document, pipeline = validate(request["pipeline"], self._region, record.version + 1, RULES)
            self._check_role(pipeline)
            self._state.insert("versions", pipeline=name, version=pipeline.version, declaration=document)
            self._state.update_pipeline(
                name, version=pipeline.version, mode=pipeline.mode, type=pipeline.type, updated=self._now()
            )
        self._engine.wake(name)
        return {"pipeline": document}

    def get(self, _caller: Caller, request: Document) -> Document:
        """GetPipeline."""
        record = find_pipeline(self._state, request["name"])
        version = request.get("version", record.version)
        document = self._state.declaration(record.name, version)
        if document is None:
            raise AwsError("PipelineVersionNotFoundException", f"Pipeline '{record.name}' has no version {version}")
        metadata = {
            "pipelineArn": pipeline_arn(self._region, record.name),
            "created": moment(record.created),
            "updated": moment(record.updated),
        }
        return {"pipeline": document, "metadata": metadata}

    def delete(self, _caller: Caller, request: Document) -> None:
        """DeletePipeline, with its history and what is running; a missing pipeline is no error."""
        self._state.delete_pipeline(request["name"])

    def list(self, _caller: Caller, request: Document) -> Document:
        """ListPipelines, by name."""
        size = request.get("maxResults", MAX_LISTED)
        shown, more = page(self._state.pipelines(), lambda p: p.name, request, "pipelines", size)
        summaries = [
            {
                "name": p.name,
                "version": p.version,
                "pipelineType": p.type,
                "executionMode": p.mode,
                "created": moment(p.created),
                "updated": moment(p.updated),
            }
            for p in shown
        ]
        return {"pipelines": summaries, **more}

    def enable_transition(self, caller: Caller, request: Document) -> None:
        """EnableStageTransition."""
        self._switch_transition(caller, request, enabled=True)

    def disable_transition(self, caller: Caller, request: Document) -> None:
        """DisableStageTransition: executions wait in front of the stage."""
        self._switch_transition(caller, request, enabled=False)

    def _switch_transition(self, caller: Caller, request: Document, *, enabled: bool) -> None:
        record = find_pipeline(self._state, request["pipelineName"])
        definition = self._state.definition(record.name, record.version)
        stage = find_stage(definition, request["stageName"])
        if request["transitionType"] == "Outbound":
            names = [declared.name for declared in definition.stages]
            following = names.index(stage) + 1
            if following == len(names):
                raise AwsError("ValidationException", f"Stage '{stage}' is the last: it has no outbound transition.")
            stage = names[following]
        reason = None if enabled else request["reason"]
        self._state.set_transition(record.name, TransitionRecord(stage, int(enabled), reason, caller.arn, self._now()))
        self._engine.wake(record.name)

    def tag(self, _caller: Caller, request: Document) -> None:
        """TagResource."""
        with self._state.transaction():
            record = self._tagged(request["resourceArn"])
            self._state.update_pipeline(record.name, tags=_merge_tags(record.tags, request["tags"]))

    def untag(self, _caller: Caller, request: Document) -> None:
        """UntagResource."""
        with self._state.transaction():
            record = self._tagged(request["resourceArn"])
            kept = {key: value for key, value in record.tags.items() if key not in request["tagKeys"]}
            self._state.update_pipeline(record.name, tags=kept)

    def list_tags(self, _caller: Caller, request: Document) -> Document:
        """ListTagsForResource."""
        record = self._tagged(request["resourceArn"])
        tags = _tag_list(record.tags)
        shown, more = page(tags, lambda t: t["key"], request, request["resourceArn"], request.get("maxResults", 100))
        return {"tags": shown, **more}

    def _tagged(self, arn: str) -> PipelineRecord:
        prefix = pipeline_arn(self._region, "")
        if not arn.startswith(prefix) or "/" in arn:
            raise AwsError("InvalidArnException", f"'{arn}' is not the ARN of a pipeline of this account and Region.")
        record = self._state.pipeline(arn.removeprefix(prefix))
        if record is None:
            raise AwsError("ResourceNotFoundException", f"There is no resource '{arn}'.")
        return record

    def _check_role(self, pipeline: Pipeline) -> None:
        """CodePipeline already assumes the role when the pipeline is created."""
        try:
            source = pipeline_arn(self._region, pipeline.name)
            self._assume_role(pipeline.role_arn, SERVICE, pipeline.name.replace("@", "-")[:64], source)
        except RoleNotAssumableError as error:
            raise AwsError(
                "InvalidStructureException",
                f"CodePipeline is not authorized to perform AssumeRole on role {pipeline.role_arn}: {error}",
            ) from None


def _merge_tags(old: Mapping[str, str], tags: list[dict[str, str]]) -> dict[str, str]:
    keys = [tag["key"] for tag in tags]
    if len(set(keys)) < len(keys) or any(key.lower().startswith("aws:") for key in keys):
        raise AwsError("InvalidTagsException", "Tag keys must be unique and must not begin with aws:.")
    merged = {**old, **{tag["key"]: tag["value"] for tag in tags}}
    if len(merged) > MAX_TAGS:
        raise AwsError("TooManyTagsException", f"A resource has at most {MAX_TAGS} tags; these would be {len(merged)}.")
    return merged


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]

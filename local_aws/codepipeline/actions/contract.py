"""The contract with a provider of actions: its input, its results, and the declarations that it allows."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from local_aws.base import Credentials
from local_aws.codeconnections.links import Link
from local_aws.codepipeline.definition.model import Action, Pipeline, pipeline_arn
from local_aws.codepipeline.definition.rules import Rules
from local_aws.codepipeline.state.records import ActionRecord, ArtifactRecord, ExecutionRecord, Revision
from local_aws.codepipeline.state.state import State
from local_aws.runtime import Runtime
from local_aws.settings import ACCOUNT
from local_aws.wire import Caller

SERVICE = "codepipeline.amazonaws.com"
_FIRST_POLL_S, _LAST_POLL_S = 0.1, 1.0
"""AWS documents no figure. The pause grows with the duration of the action; a poll costs nothing here."""
_SHARE = 0.05


class Archives(Protocol):
    """CodeCommit's internal call `codecommit:UploadArchive`, which no SDK has."""

    def upload_archive(self, caller: Caller, repository: str, commit_id: str) -> bytes:
        """The commit's files as a zip. Raises AwsError, for example AccessDeniedException."""


class Connections(Protocol):
    """CodeConnections, as a source action uses it."""

    def repository(self, caller: Caller, arn: str, full_name: str) -> Link:
        """The repository behind a connection. Raises AwsError, for example AccessDeniedException."""

    def provider(self, arn: str) -> str:
        """The provider that a connection is for."""


class AssumeRole(Protocol):
    """`base.assume_role`."""

    def __call__(
        self,
        role_arn: str,
        service: str,
        session_name: str,
        source_arn: str,
        policy: Mapping[str, Any] | None = None,
    ) -> Credentials: ...


@dataclass(frozen=True)
class Work:
    """One attempt at an action, with everything it needs; `record.resolved` is its resolved configuration."""

    pipeline: Pipeline
    execution: ExecutionRecord
    stage: str
    action: Action
    record: ActionRecord
    inputs: tuple[ArtifactRecord, ...]
    outputs: tuple[ArtifactRecord, ...]

    @property
    def configuration(self) -> Mapping[str, str]:
        return self.record.resolved

    def requested_revision(self, revision_type: str) -> str | None:
        """The source revision that StartPipelineExecution requested from this action, or None."""
        for override in self.execution.overrides:
            if override["actionName"] == self.action.name and override["revisionType"] == revision_type:
                return override["revisionValue"]
        return None

    @property
    def branch_pushed(self) -> str | None:
        """The branch whose push started the execution; it may differ from the branch in the action's configuration."""
        found = (one.get("branchName") for one in self.execution.overrides if one["actionName"] == self.action.name)
        return next(found, None)


@dataclass(frozen=True)
class Succeeded:
    """The action is done and its output artifacts are in the artifact bucket."""

    variables: Mapping[str, str] = field(default_factory=dict)
    revision: Revision | None = None
    summary: str | None = None
    external_id: str | None = None
    external_url: str | None = None


@dataclass(frozen=True)
class Failed:
    """The action failed; code and message become its errorDetails."""

    code: str
    message: str
    external_id: str | None = None
    summary: str | None = None


Outcome = Succeeded | Failed | None
"""None: the action waits for an outside result, or until it is due."""


class ActionError(Exception):
    """Ends an action as Failed with a code and a message."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        super().__init__(message)
        self.code = code


class Tools:
    """What providers work with: state, time, names, and clients that act with the role of an action."""

    def __init__(
        self,
        runtime: Runtime,
        state: State,
        archives: Archives,
        connections: Connections,
        assume_role: AssumeRole,
        new_id: Callable[[], str],
    ) -> None:
        """Keep the surroundings."""
        self.runtime, self.state, self.archives, self.connections = runtime, state, archives, connections
        self.new_id = new_id
        self._assume_role = assume_role

    @property
    def region(self) -> str:
        """The Region of this local AWS."""
        return self.runtime.settings.region

    @property
    def console(self) -> str:
        """The address of the console, without a slash at its end."""
        return self.runtime.settings.console

    def now(self) -> float:
        """Unix time, seconds."""
        return self.runtime.clock.now().timestamp()

    def next_poll(self, work: Work) -> float:
        """When to look again at what an action waits for: Unix time, seconds."""
        now = self.now()
        return now + min(max((now - work.record.started) * _SHARE, _FIRST_POLL_S), _LAST_POLL_S)

    def client(self, service: str, work: Work) -> Any:
        """A client that acts with the action's role."""
        return self.client_of(service, work.pipeline, work.action)

    def client_of(self, service: str, pipeline: Pipeline, action: Action) -> Any:
        """A client that acts with the role of an action, whether that runs or not."""
        return self.runtime.clients.get(service, self._credentials(pipeline, action))

    def store_client(self, work: Work) -> Any:
        """An S3 client that acts with the action's role, for its artifacts."""
        return self.client("s3", work)

    def caller(self, work: Work) -> Caller:
        """The action's role as caller of an internal call."""
        role_name = (work.action.role_arn or work.pipeline.role_arn).rpartition("/")[2]
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{_session_name(work.pipeline)}"
        return Caller(ACCOUNT, self.region, arn, self.credentials(work).access_key_id)

    def credentials(self, work: Work, policy: Mapping[str, Any] | None = None) -> Credentials:
        """Credentials of the action's role: the pipeline's role, or the role that the action names, assumed by it.

        `policy` is a session policy. Raises RoleNotAssumableError, and ClientError where the pipeline's role may
        not assume the action's.
        """
        return self._credentials(work.pipeline, work.action, policy)

    def _credentials(self, pipeline: Pipeline, action: Action, policy: Mapping[str, Any] | None = None) -> Credentials:
        source, session = pipeline_arn(self.region, pipeline.name), _session_name(pipeline)
        limit = None if action.role_arn else policy
        credentials = self._assume_role(pipeline.role_arn, SERVICE, session, source, limit)
        if action.role_arn is None:
            return credentials
        request: dict[str, Any] = {"RoleArn": action.role_arn, "RoleSessionName": session}
        if policy is not None:
            request["Policy"] = json.dumps(policy)
        answer = self.runtime.clients.get("sts", credentials).assume_role(**request)["Credentials"]
        return Credentials(
            answer["AccessKeyId"],
            answer["SecretAccessKey"],
            answer["SessionToken"],
            answer["Expiration"].timestamp(),
        )


class Provider(ABC):
    """Runs the actions of one category, owner and provider."""

    rules: ClassVar[Rules]

    def __init__(self, tools: Tools) -> None:
        """Keep the tools."""
        self.tools = tools

    @abstractmethod
    def start(self, work: Work) -> Outcome:
        """Run the action, or begin it; then the result comes later."""

    def resume(self, work: Work) -> Outcome:
        """Continue a waiting action after a restart."""
        return self.start(work)

    def due(self, work: Work) -> Outcome:
        """Do what was scheduled for now."""
        raise NotImplementedError(f"{type(self).__name__} schedules nothing: {work.action.name}")


def _session_name(pipeline: Pipeline) -> str:
    """One session per pipeline, so that clients and their connections serve all its actions."""
    return pipeline.name.replace("@", "-")[:64]

"""Builds of CodeBuild with `.sync`.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.jobs import Job, State
from local_aws.stepfunctions.tasks.requesting import VALIDATION
from local_aws.stepfunctions.tasks.sdk.dialect import Refusal
from local_aws.stepfunctions.tasks.tools import derived_id


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where the API keeps a build, or a batch of them."""

    one: str
    many: str
    status: str
    describe: str
    stop: str


_BUILD = _Kind("build", "builds", "buildStatus", "BatchGetBuilds", "StopBuild")
_BATCH = _Kind("buildBatch", "buildBatches", "buildBatchStatus", "BatchGetBuildBatches", "StopBuildBatch")
_RUNNING, _SUCCEEDED = "IN_PROGRESS", "SUCCEEDED"


class Build(Job):
    """A build, or a batch build."""

    def start(self, call: TaskCall) -> Done | Submitted:
        """Start the build; the token finds the same one again after a kill."""
        request = self.requester.prepare(call, call.arguments)
        request.setdefault("idempotencyToken", derived_id(call.key))
        answer = self.requester.send(call, request)
        return Submitted(self.requester.output(answer), {"id": answer[self._kind.one]["id"]})

    def look(self, call: TaskCall, job: Any) -> State:
        """Ask for the build."""
        kind = self._kind
        raw, described = self.requester.describe(call, kind.describe, {"ids": [job["id"]]})
        if not raw.get(kind.many):
            raise self._gone(job)
        status = raw[kind.many][0][kind.status]
        if status == _RUNNING:
            return State(None)
        named = self.requester.target.dialect.named
        return State(status == _SUCCEEDED, {named(kind.one): described[named(kind.many)][0]})

    def end(self, call: TaskCall, job: Any) -> None:
        """Stop the build."""
        self.requester.invoke(call, self._kind.stop, {"id": job["id"]})

    @property
    def _kind(self) -> _Kind:
        return _BATCH if "Batch" in self.requester.target.operation else _BUILD

    def _gone(self, job: Any) -> TaskFailed:
        message = f"The build {job['id']} does not exist any more: it was deleted while its state waited for it."
        return self.requester.failure(Refusal(VALIDATION, message), "run")

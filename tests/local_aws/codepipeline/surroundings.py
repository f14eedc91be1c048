"""CodePipeline alone: the services around it are fakes that record their requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local_aws.base import Credentials, RoleNotAssumableError
from local_aws.codeconnections.service import CodeConnectionsService
from local_aws.codepipeline.execution.metrics import with_metrics
from local_aws.codepipeline.service import CodePipelineService
from local_aws.runtime import Runtime
from local_aws.settings import ACCOUNT, Settings
from local_aws.state.store import Store
from local_aws.wire import AwsError, Caller, Permission, Service, load_model
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.s3_double import FakeS3
from tests.local_server import wait_for

COMMIT = "a" * 40
HEAD = {
    "message": "say more\n",
    "author": {"date": "1572319892 +0100"},
    "committer": {"date": "1572319999 +0000"},
}
USER = Caller(ACCOUNT, "us-east-1", f"arn:aws:iam::{ACCOUNT}:user/anna")


@cache
def _model(operations: frozenset[str]) -> Any:
    """The service model, which takes longer to load than a test to run."""
    return load_model("codepipeline", operations)


class FakeLambda:
    """Records the jobs; a function of `behaviours` runs in a thread of its own, as an asynchronous call does."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.behaviours: dict[str, Callable[[dict[str, Any]], None]] = {}
        self.errors: list[Exception] = []
        self.threads: list[threading.Thread] = []

    def invoke(self, **request: Any) -> None:
        assert request["InvocationType"] == "Event"
        if self.errors:
            raise self.errors.pop(0)
        job = json.loads(request["Payload"])["CodePipeline.job"]
        self.events.append(job)
        behaviour = self.behaviours.get(request["FunctionName"])
        if behaviour:
            thread = threading.Thread(target=behaviour, args=(job,))
            self.threads.append(thread)
            thread.start()


class FakeCodeCommit:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.head = COMMIT
        self.errors: list[Exception] = []

    def get_branch(self, **request: Any) -> dict[str, Any]:
        if self.errors:
            raise self.errors.pop(0)
        return {"branch": {"branchName": request["branchName"], "commitId": self.head}}

    def get_commit(self, **request: Any) -> dict[str, Any]:
        self.asked.append((request["repositoryName"], request["commitId"]))
        return {"commit": {"commitId": request["commitId"], **HEAD}}


class FakeTopics:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, **request: Any) -> None:
        self.published.append(request)


@dataclass
class Clients:
    """Stands in for `local_aws.aws.Clients`."""

    s3: FakeS3 = field(default_factory=FakeS3)
    functions: FakeLambda = field(default_factory=FakeLambda)
    codecommit: FakeCodeCommit = field(default_factory=FakeCodeCommit)
    sns: FakeTopics = field(default_factory=FakeTopics)

    def get(self, service: str, _credentials: Credentials) -> Any:
        return {"s3": self.s3, "lambda": self.functions, "codecommit": self.codecommit, "sns": self.sns}[service]


class Surroundings:
    """One CodePipeline with a clock that the test moves; `restart` is a kill and a new process."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(folder)
        self.clock = ManualClock()
        self.clients = Clients()
        self.clients.s3.objects["data", "manifest.json"] = b"one"
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.metrics: list[tuple[str, float, dict[str, str]]] = []
        self.sessions: list[dict[str, Any]] = []
        self.distrusted: set[str] = set()
        self.denied: set[str] = set()
        self._numbers = 0
        self._lock = threading.Lock()
        self._open()

    def _open(self) -> None:
        store = Store(self.settings.state / "test.db")
        runtime = Runtime(self.settings, store, self.clock, self.clients)  # type: ignore[arg-type]
        self.store = store
        self.service = CodePipelineService(
            runtime,
            self,
            CodeConnectionsService(runtime),
            assume_role=self._assume_role,
            enforce=self._enforce,
            put_event=with_metrics(self._put_event, self._put_metric, lambda: self.clock.now().timestamp()),
            new_id=self._new_id,
        )
        operations = self.service.operations()
        self._front = Service("codepipeline", operations, lambda *_: USER, self._enforce)
        self._front._model = _model(frozenset(operations))
        self.service.resume()

    def upload_archive(self, _caller: Caller, repository: str, commit_id: str) -> bytes:
        return f"zip of {repository} at {commit_id}".encode()

    def call(self, operation: str, **request: Any) -> Any:
        return self._front.call(operation, USER, request, enforce=True)

    def refused(self, operation: str, **request: Any) -> str:
        """The code of the error that the operation answers."""
        with pytest.raises(AwsError) as error:
            self.call(operation, **request)
        return error.value.code

    def succeed(self, job: Mapping[str, Any], **values: Any) -> None:
        self.call("PutJobSuccessResult", jobId=job["id"], **values)

    def fail(self, job: Mapping[str, Any], message: str = "broken") -> None:
        self.call("PutJobFailureResult", jobId=job["id"], failureDetails={"type": "JobFailed", "message": message})

    def restart(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        for thread in self.clients.functions.threads:
            thread.join(10)
        self.service.stop()
        self.store.close()

    def _new_id(self) -> str:
        with self._lock:
            self._numbers += 1
            return f"00000000-0000-0000-0000-{self._numbers:012d}"

    def _assume_role(
        self, role_arn: str, service: str, session_name: str, source_arn: str, policy: Any = None
    ) -> Credentials:
        if role_arn in self.distrusted:
            raise RoleNotAssumableError(f"The role {role_arn} does not trust {service}.")
        self.sessions.append({"role": role_arn, "service": service, "source": source_arn, "policy": policy})
        return Credentials(f"ASIA{session_name}", "secret", "token", 4e9)

    def _enforce(self, _caller: Caller, permission: Permission) -> str | None:
        return f"not allowed: {permission.action}" if permission.action in self.denied else None

    def _put_event(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: list[str]) -> None:
        assert source == "aws.codepipeline"
        assert resources == [f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:{detail['pipeline']}"]
        self.events.append((detail_type.split()[1], dict(detail)))

    def _put_metric(self, namespace: str, name: str, value: float, _unit: str, dimensions: Mapping[str, str]) -> None:
        assert namespace == "AWS/CodePipeline"
        self.metrics.append((name, value, dict(dimensions)))

    # --- What tests wait for

    def status(self, execution: str, name: str = "release") -> str:
        request = {"pipelineName": name, "pipelineExecutionId": execution}
        return str(self.call("GetPipelineExecution", **request)["pipelineExecution"]["status"])

    def until(self, execution: str, status: str, name: str = "release") -> None:
        wait_for(lambda: self.status(execution, name) == status, f"{execution} to be {status}", 10)

    def attempts(self, execution: str | None = None, name: str = "release") -> list[dict[str, Any]]:
        chosen = {"filter": {"pipelineExecutionId": execution}} if execution else {}
        details: list[dict[str, Any]] = self.call("ListActionExecutions", pipelineName=name, **chosen)[
            "actionExecutionDetails"
        ]
        return details

    def attempt(self, action: str, execution: str | None = None) -> dict[str, Any]:
        return next(a for a in self.attempts(execution) if a["actionName"] == action)

    def stages(self, name: str = "release") -> dict[str, dict[str, Any]]:
        return {s["stageName"]: s for s in self.call("GetPipelineState", name=name)["stageStates"]}

    def job(self, number: int = 0) -> dict[str, Any]:
        """The event of that invocation, once it was made."""
        wait_for(lambda: len(self.clients.functions.events) > number, f"invocation {number}", 10)
        return self.clients.functions.events[number]

    def states_of(self, what: str) -> list[str]:
        return [detail["state"] for kind, detail in list(self.events) if kind == what]

    def first_execution(self, name: str = "release") -> str:
        executions = self.call("ListPipelineExecutions", pipelineName=name)["pipelineExecutionSummaries"]
        return str(executions[-1]["pipelineExecutionId"])

    def create(self, document: dict[str, Any]) -> str:
        """Create the pipeline; returns its first execution."""
        self.call("CreatePipeline", pipeline=document)
        return self.first_execution(document["name"])

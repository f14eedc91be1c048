"""Step Functions alone: the engine, the language and IAM around it are fakes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from local_aws.base import Credentials, RoleNotAssumableError
from local_aws.runtime import Runtime
from local_aws.settings import ACCOUNT, Settings
from local_aws.state.store import Store
from local_aws.stepfunctions.definition.model import Pass, QueryLanguage, State, StateMachine, States, Task
from local_aws.stepfunctions.service import StepFunctionsService, Surroundings
from local_aws.stepfunctions.state_tests.requests import StateTest
from local_aws.wire import Caller, Permission, Service, load_model
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.stepfunctions.fake_engine import FakeEngine

REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/machine"
USER = Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:user/anna", "AKIAANNA")
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"
DEFINITION = json.dumps({"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}})
OTHER_DEFINITION = json.dumps({"StartAt": "Other", "States": {"Other": {"Type": "Pass", "End": True}}})
SYNC = "arn:aws:states:::codebuild:startBuild.sync"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventForCodeBuildStartBuildRule"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:orders:*"


def logging_to(arn: str, level: str = "ALL", **more: Any) -> dict[str, Any]:
    return {"level": level, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}], **more}


@cache
def model(operations: frozenset[str]) -> Any:
    """The service model, which takes longer to load than a test to run."""
    return load_model("stepfunctions", operations)


@dataclass(frozen=True)
class Finding:
    severity: str
    code: str
    message: str
    location: str | None = None


class FakeLanguage:
    """Knows Pass and Task states, and says what a test gives it to say."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def parse(self, text: str, _kind: str) -> StateMachine:
        raw = json.loads(text)
        states = {name: _state(name, state) for name, state in raw["States"].items()}
        return StateMachine(States(raw["StartAt"], states))

    def diagnose(self, _text: str, kind: str) -> Sequence[Finding]:
        return [one for one in self.findings if one.message != "EXPRESS only" or kind == "EXPRESS"]

    def refusal(self, found: Sequence[Any]) -> str:
        return f"Invalid State Machine Definition: '{', '.join(one.code for one in found)}'"

    def variable_references(self, text: str) -> Mapping[str, list[str]]:
        return {"Only": ["x"]} if "$x" in text else {}


def _state(name: str, raw: dict[str, Any]) -> State:
    if raw["Type"] == "Task":
        return Task(name=name, query_language=QueryLanguage.JSONPATH, resource=raw["Resource"])
    return Pass(name=name, query_language=QueryLanguage.JSONPATH)


class Neighbourhood:
    """One Step Functions with a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.language = ManualClock(), FakeLanguage()
        self.engine = FakeEngine(self.now)
        self.denied: set[str] = set()
        self.distrusted: set[str] = set()
        self.asked: list[Permission] = []
        self.groups = {"orders"}
        self.drawn = 0.0
        self.tests: list[StateTest] = []
        self._numbers = 0
        self._settings = Settings(folder)
        self._open()

    def _open(self) -> None:
        self.store = Store(self._settings.state / "test.db")
        runtime = Runtime(self._settings, self.store, self.clock, None)  # type: ignore[arg-type]
        around = Surroundings(
            definitions=self.language,
            assume_role=self._assume_role,
            enforce=self._enforce,
            has_log_group=lambda name: name in self.groups,
            new_id=self._new_id,
            draw=lambda: self.drawn,
        )
        self.service = StepFunctionsService(runtime, self.engine, self._run_test, _sync_permissions, around)
        operations = self.service.operations()
        self.front = Service("stepfunctions", operations, lambda *_: USER, self._enforce, REGION)
        self.front._model = model(frozenset(operations))

    def restart(self) -> None:
        """A kill and a new process."""
        self.store.close()
        self._open()

    def close(self) -> None:
        self.store.close()

    def now(self) -> float:
        return self.clock.now().timestamp()

    def _new_id(self) -> str:
        self._numbers += 1
        return f"00000000-0000-0000-0000-{self._numbers:012d}"

    def _assume_role(self, role_arn: str, service: str, session_name: str, source_arn: str) -> Credentials:
        if role_arn in self.distrusted:
            raise RoleNotAssumableError(f"{role_arn} does not trust {service} for {source_arn}")
        return Credentials(f"ASIA{session_name}", "secret", "token", 4e9)

    def _enforce(self, caller: Caller, permission: Permission) -> str | None:
        self.asked.append(permission)
        who = "role:" if ":assumed-role/" in caller.arn else ""
        return f"not allowed: {permission.action}" if f"{who}{permission.action}" in self.denied else None

    def _run_test(self, test: StateTest) -> Mapping[str, Any]:
        self.tests.append(test)
        return {"status": "SUCCEEDED", "output": test.input}

    # --- Calls

    def post(self, operation: str, **request: Any) -> tuple[int, dict[str, Any]]:
        """Status and document of the answer over the wire."""
        headers = {"x-amz-target": f"AWSStepFunctions.{operation}"}
        status, _, body = self.front.answer("POST", "/", headers, json.dumps(request).encode(), {})
        return status, json.loads(body)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        status, document = self.post(operation, **request)
        assert status == 200, document
        return document

    def refused(self, operation: str, **request: Any) -> tuple[str, str]:
        """Code and message of the refusal."""
        status, document = self.post(operation, **request)
        assert status in (400, 402, 409), document
        return document["__type"], document["message"]

    def create(self, name: str = "orders", **more: Any) -> str:
        request = {"name": name, "definition": DEFINITION, "roleArn": ROLE, **more}
        return str(self.call("CreateStateMachine", **request)["stateMachineArn"])

    def start(self, arn: str = MACHINE, **more: Any) -> str:
        return str(self.call("StartExecution", stateMachineArn=arn, **more)["executionArn"])


def _sync_permissions(resource: str) -> list[tuple[str, str]]:
    return [("events:PutRule", RULE)] if resource == SYNC else []

"""Invoke action of Step Functions: starts an execution, and polls a standard one until it has ended.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from local_aws.archive_limits import UNREADABLE
from local_aws.codepipeline.actions.artifacts import put_artifact
from local_aws.codepipeline.actions.contract import ActionError, Failed, Outcome, Provider, Succeeded, Work
from local_aws.codepipeline.definition.rules import Rules
from local_aws.codepipeline.state.records import WAITING

_ACTION_TIMEOUT_S = 7 * 24 * 60 * 60.0
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""
_MOST_INPUT_BYTES = 262_144
OUTPUT_FILE = "output.json"
"""The file of the output artifact; AWS does not document its name."""
_LITERAL, _FILE = "Literal", "FilePath"
_EXPRESS, _RUNNING, _SUCCEEDED = "EXPRESS", "RUNNING", "SUCCEEDED"


def _refusal(configuration: Mapping[str, str]) -> str | None:
    kind = configuration.get("InputType", _LITERAL)
    if kind not in (_LITERAL, _FILE):
        return f"InputType is '{kind}'; expected {_LITERAL} or {_FILE}"
    if kind == _FILE and not configuration.get("Input"):
        return f"Input is missing; with the InputType {_FILE} it names a file of the input artifact"
    return None


class StepFunctionsInvoke(Provider):
    rules = Rules(
        inputs=(0, 1),
        outputs=(0, 1),
        required=frozenset({"StateMachineArn"}),
        optional=frozenset({"ExecutionNamePrefix", "Input", "InputType"}),
        refusal=_refusal,
    )

    def start(self, work: Work) -> Outcome:
        """Start the execution. After a kill before its ARN is stored, its name finds a standard one again."""
        client, arn = self.tools.client("stepfunctions", work), work.configuration["StateMachineArn"]
        express = client.describe_state_machine(stateMachineArn=arn)["type"] == _EXPRESS
        if express and work.outputs:
            raise ActionError(
                "ConfigurationError",
                f"The action {work.action.name} has an output artifact, which an express state machine cannot make.",
            )
        execution = self._start(client, arn, work)
        variables = {"StateMachineArn": arn}
        if express:
            return Succeeded(variables=variables, external_id=execution)
        self.tools.state.update_action(
            work.record.id,
            phase=WAITING,
            external_id=execution,
            external_url=f"{self.tools.console}/states/home?region={self.tools.region}#/executions/details/{execution}",
            due=self.tools.next_poll(work),
        )
        return None

    def _start(self, client: Any, arn: str, work: Work) -> str:
        name, given = _name(work), self._input(work)
        try:
            started = client.start_execution(stateMachineArn=arn, name=name, input=given)
        except client.exceptions.ExecutionAlreadyExists:
            # The name holds the id of this very attempt, so the execution is its own and has ended meanwhile.
            machine = ":".join(arn.split(":")[:7])
            return f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}"
        return str(started["executionArn"])

    def _input(self, work: Work) -> str:
        given = work.configuration.get("Input", "")
        if work.configuration.get("InputType", _LITERAL) == _LITERAL:
            return given or "{}"
        if not work.inputs:
            raise ActionError(
                "ConfigurationError", f"The action {work.action.name} has no input artifact to read {given} from."
            )
        artifact = work.inputs[0]
        found = self.tools.store_client(work).get_object(Bucket=artifact.bucket, Key=artifact.key)["Body"].read()
        return _file_of(found, given, artifact.name)

    def resume(self, work: Work) -> Outcome:
        """After a restart, check the execution at once."""
        return self.due(work) if work.record.external_id else self.start(work)

    def due(self, work: Work) -> Outcome:
        """Check whether the execution has ended."""
        arn = work.record.external_id
        found = self.tools.client("stepfunctions", work).describe_execution(executionArn=arn)
        if found["status"] == _RUNNING:
            return self._wait(work)
        if found["status"] != _SUCCEEDED:
            told = ": ".join(text for text in (found.get("error"), found.get("cause")) if text)
            message = f"The execution {arn} has ended as {found['status']}{f': {told}' if told else '.'}"
            return Failed("JobFailed", message, arn, f"Execution {found['status']}")
        if work.outputs:
            put_artifact(self.tools, work, _zipped(found.get("output", "")))
        variables = {"StateMachineArn": work.configuration["StateMachineArn"], "ExecutionArn": str(arn)}
        return Succeeded(variables=variables, external_id=arn, external_url=work.record.external_url)

    def _wait(self, work: Work) -> Outcome:
        if self.tools.now() - work.record.started > _ACTION_TIMEOUT_S:
            message = f"The execution {work.record.external_id} still runs after seven days, the limit of the action."
            return Failed("JobFailed", message, work.record.external_id)
        self.tools.state.update_action(work.record.id, due=self.tools.next_poll(work))
        return None


def _name(work: Work) -> str:
    prefix = work.configuration.get("ExecutionNamePrefix")
    return f"{prefix}-{work.record.id}" if prefix else work.record.id


def _file_of(archive: bytes, path: str, artifact: str) -> str:
    """A file of an artifact. Raises ActionError."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if opened.getinfo(path).file_size > _MOST_INPUT_BYTES:
                raise ActionError(
                    "ConfigurationError",
                    f"{path} of the artifact {artifact} has more than {_MOST_INPUT_BYTES} bytes, an input's limit.",
                )
            return opened.read(path).decode()
    except KeyError:
        raise ActionError("ConfigurationError", f"The artifact {artifact} has no file {path}.") from None
    except UNREADABLE as error:
        raise ActionError("ConfigurationError", f"{path} of the artifact {artifact} cannot be read: {error}.") from None


def _zipped(output: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(OUTPUT_FILE, output)
    return made.getvalue()

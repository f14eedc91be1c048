"""One request of an integration: arguments → API → output, or the failure of the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local_aws import ids
from local_aws.stepfunctions.contracts.errors import RUNTIME, TASK_FAILED
from local_aws.stepfunctions.tasks.contract import TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.sdk.dialect import Dialect, Refusal
from local_aws.stepfunctions.tasks.sdk.requests import Findings, compact, parse
from local_aws.stepfunctions.tasks.sdk.templates import problems
from local_aws.stepfunctions.tasks.tools import Tools, derived_id

VALIDATION = "ValidationException"
_S3_DENIAL = "AccessDenied"
"""S3's model has it for one operation alone; for the others AWS tells S3.S3Exception (observed on AWS)."""

_HEADS = {("s3", "HeadObject"): "NoSuchKey", ("s3", "HeadBucket"): "NoSuchBucket"}
"""What the SDK makes of a 404 without a body, which has no message: https://github.com/aws/aws-sdk-java-v2/issues/1983"""
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Target:
    """An operation as a resource names it; `service` and `operation` are botocore's."""

    service: str
    operation: str
    dialect: Dialect
    pattern: str = ""

    @property
    def phase(self) -> str:
        """The phase of the history in which a refused request shows."""
        return "submit" if self.pattern else "run"


class Requester:
    """Makes the requests of one target."""

    def __init__(self, tools: Tools, target: Target) -> None:
        """Nothing is loaded before the first request."""
        self.tools, self.target = tools, target

    def problem(self, arguments: Any) -> str | None:
        """Why Step Functions would not start a task with these arguments; None if it would."""
        return unfit(arguments, parse(self._operation().input_shape, arguments, self.target.dialect.named)[1])

    def definition_problems(self, template: Any) -> list[str]:
        """What AWS refuses of Parameters or Arguments as they are declared."""
        return problems(self._operation().input_shape, template, self.target.dialect.named)

    def send(self, call: TaskCall, request: dict[str, Any] | None = None) -> Any:
        """Make the request of a call, or one of botocore's names; the answer is botocore's. Raises TaskFailed."""
        prepared = self.prepare(call, call.arguments) if request is None else request
        return self.invoke(call, self.target.operation, prepared)

    def output(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The output that an answer of the target's operation makes."""
        return self.target.dialect.output(self._operation().output_shape, raw)

    def invoke(self, call: TaskCall, operation: str, request: dict[str, Any], phase: str | None = None) -> Any:
        """Call an operation of the target's service; its answer is botocore's. Raises TaskFailed."""
        from botocore import xform_name  # noqa: PLC0415 - loaded with the first client
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError  # noqa: PLC0415 - as above

        client = self.tools.client(self.target.service, call)
        try:
            return getattr(client, xform_name(operation))(**request)
        except ClientError as error:
            raise self.failure(refusal(error.response), phase) from error
        except ParamValidationError as error:
            raise self.failure(Refusal(VALIDATION, str(error)), phase) from error
        except BotoCoreError as error:
            raise self.target.dialect.unreachable(str(error), phase or self.target.phase) from error

    def describe(self, call: TaskCall, operation: str, request: dict[str, Any]) -> tuple[Any, Any]:
        """Ask for the state of a job; its answer is botocore's, and as part of an output. Raises TaskFailed."""
        raw = self.invoke(call, operation, request, "run")
        shape = self._model().operation_model(operation).output_shape
        return raw, self.target.dialect.description(shape, raw)

    def failure(self, refused: Refusal, phase: str | None = None) -> TaskFailed:
        """What the service refused, as the task's failure."""
        absent = _HEADS.get((self.target.service, self.target.operation))
        if absent and refused.status == _NOT_FOUND:
            refused = replace(refused, code=absent, message="null")
        code = refused.modelled or refused.code
        shape = None if code == _S3_DENIAL else self._model().shape_for_error_code(code)
        return self.target.dialect.failure(refused, shape.name if shape else None, phase or self.target.phase)

    def prepare(self, call: TaskCall, arguments: Any) -> dict[str, Any]:
        """The request that arguments make, by botocore's names. Raises TaskFailed."""
        self._refuse_unknown_service()
        operation = self._operation()
        request, findings = parse(operation.input_shape, arguments, self.target.dialect.named)
        problem = unfit(arguments, findings)
        if problem:
            raise TaskFailed(RUNTIME, problem, phase=self.target.phase)
        if findings.missing:
            raise self.failure(Refusal(VALIDATION, _null_members(findings)))
        for member in operation.idempotent_members:
            request.setdefault(member, derived_id(call.key))
        return request

    def _refuse_unknown_service(self) -> None:
        service = self._model().signing_name
        if not self.tools.knows_service(service):
            raise TaskFailed(
                TASK_FAILED,
                f"Local AWS has no {self.target.dialect.prefix} ({service}), so it cannot call "
                f"{self.target.operation}; docs/local-aws.md names the services that it has.",
                phase=self.target.phase,
            )

    def _model(self) -> Any:
        return self.tools.model(self.target.service)

    def _operation(self) -> Any:
        return self._model().operation_model(self.target.operation)


def unfit(arguments: Any, findings: Findings) -> str | None:
    """AWS's sentence for arguments that Step Functions refuses when the state is entered; None if there are none."""
    if not findings.unfit:
        return None
    return f"The Parameters '{compact(arguments)}' could not be used to start the Task: [{', '.join(findings.unfit)}]"


def refusal(response: Mapping[str, Any]) -> Refusal:
    """What the response of botocore's ClientError says."""
    error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    return Refusal(
        error.get("Code", ""),
        error.get("Message", ""),
        metadata.get("HTTPStatusCode", 400),
        metadata.get("RequestId") or ids.new_uuid(),
        metadata.get("HostId", ""),
        error.get("QueryErrorCode", ""),
    )


def _null_members(findings: Findings) -> str:
    """As services refuse what lacks a required member (observed on AWS: DynamoDB)."""
    noun = "error" if len(findings.missing) == 1 else "errors"
    texts = (
        f"Value null at '{path}' failed to satisfy constraint: Member must not be null" for path in findings.missing
    )
    return f"{len(findings.missing)} validation {noun} detected: {'; '.join(texts)}"

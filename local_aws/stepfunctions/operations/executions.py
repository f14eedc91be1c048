"""Executions: started, stopped, redriven and described."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from local_aws.stepfunctions.contracts.engine import Ended, EngineError, NewExecution
from local_aws.stepfunctions.contracts.records import MAX_DATA_BYTES, RUNNING, ExecutionRecord, MachineSnapshot
from local_aws.stepfunctions.operations.aliases import Aliases
from local_aws.stepfunctions.operations.configuration import AWS_KEY, OFF, log_group
from local_aws.stepfunctions.operations.machines import METADATA_ONLY, Machines
from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.operations.redriving import REDRIVABLE, redrive_status
from local_aws.stepfunctions.registry import arns, faults, json_text
from local_aws.stepfunctions.registry.names import require_name
from local_aws.stepfunctions.registry.records import DELETING, EXPRESS, STANDARD, Document, MachineRecord, Revision
from local_aws.wire import AwsError, Caller

_TOKEN_S = 15 * 60.0
Answer = TypeVar("Answer")


def engine(call: Callable[[], Answer]) -> Answer:
    """What the engine answers; its refusals become AwsError."""
    try:
        return call()
    except EngineError as error:
        raise AwsError(error.code, error.message, error.status) from None


class Executions:
    """The operations on single executions."""

    def __init__(self, platform: Platform, machines: Machines, aliases: Aliases) -> None:
        self._platform, self._machines, self._aliases = platform, machines, aliases
        self._engine = platform.executions

    def start(self, _caller: Caller, request: Document) -> Document:
        """Start an execution.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
        """
        record = self.begin(request)
        return {"executionArn": record.arn, "startDate": record.started}

    def begin(self, request: Document) -> ExecutionRecord:
        """Start an execution for whoever asks. Raises AwsError."""
        snapshot = self._snapshot(request["stateMachineArn"])
        return engine(lambda: self._engine.start(self._new(snapshot, request)))

    def start_sync(self, _caller: Caller, request: Document) -> Document:
        """Run an express execution to its end.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html
        """
        snapshot = self._snapshot(request["stateMachineArn"])
        if snapshot.type != EXPRESS:
            raise faults.wrong_type()
        ended = engine(lambda: self._engine.start_sync(self._new(snapshot, request)))
        return _ended(ended, request.get("includedData") != METADATA_ONLY)

    def _new(self, snapshot: MachineSnapshot, request: Document) -> NewExecution:
        name = require_name(request["name"]) if "name" in request else self._platform.new_id()
        express_id = self._platform.new_id() if snapshot.type == EXPRESS else ""
        arn = arns.execution(self._platform.region, snapshot.name, name, express_id)
        given = require_input(request.get("input", "{}"))
        return NewExecution(arn, name, snapshot, given, request.get("traceHeader", ""))

    def _snapshot(self, text: str) -> MachineSnapshot:
        """The machine as an execution keeps it, of its version if one is named or drawn. Raises AwsError."""
        arn = arns.read(text, arns.MACHINE)
        if arn.label:
            raise faults.labeled(text)
        machine = self._machines.require_active(arn.machine, text)
        if not arn.rest:
            return snapshot_of(machine, machine.revision)
        alias = self._platform.registry.alias(text) if arn.is_alias else None
        version = self._aliases.choose(alias) if alias else self._platform.registry.version(text)
        if version is None:
            raise faults.no_machine(text)
        return snapshot_of(machine, version.revision, version.arn, alias.arn if alias else "")

    def stop(self, _caller: Caller, request: Document) -> Document:
        """Abort an execution.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
        """
        arn = self._require(request["executionArn"], arns.EXECUTION).arn
        record = engine(lambda: self._engine.stop(arn, request.get("error"), request.get("cause")))
        return {"stopDate": record.stopped}

    def redrive(self, _caller: Caller, request: Document) -> Document:
        """A repeat with the same token answers as before, for 15 minutes and the last ten tokens.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
        """
        record = self._require(request["executionArn"], arns.EXECUTION)
        token, now = request.get("clientToken", ""), self._platform.now()
        before = self._platform.registry.redrive_of(record.arn, token, now - _TOKEN_S) if token else None
        if before is not None:
            return {"redriveDate": before}
        status, reason = self._redrivable(record)
        if status != REDRIVABLE:
            raise AwsError("ExecutionNotRedrivable", reason or "The execution is redriven by its Map Run")
        redriven = engine(lambda: self._engine.redrive(record.arn)).redriven or now
        if token:
            self._platform.registry.put_redrive(record.arn, token, now, redriven)
        return {"redriveDate": redriven}

    def describe(self, _caller: Caller, request: Document) -> Document:
        """Show an execution.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
        """
        record = self._require(request["executionArn"], arns.EXECUTION, arns.EXPRESS)
        redrivable, reason = self._redrivable(record)
        return {
            **summary(record),
            **_data(record, request.get("includedData") != METADATA_ONLY),
            "traceHeader": record.trace_header or None,
            "mapRunArn": record.map_run_arn or None,
            "error": record.error,
            "cause": record.cause,
            "redriveStatus": redrivable,
            "redriveStatusReason": reason or None,
        }

    def machine_for(self, _caller: Caller, request: Document) -> Document:
        """The machine as the execution runs it.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineForExecution.html
        """
        record = self._require(request["executionArn"], arns.EXECUTION)
        snapshot, included = record.machine, request.get("includedData") != METADATA_ONLY
        machine = self._platform.registry.machine(snapshot.arn.partition("/")[0])
        destination = [{"cloudWatchLogsLogGroup": {"logGroupArn": snapshot.log_group}}] if snapshot.log_group else None
        references = self._platform.definitions.variable_references(snapshot.definition) if included else None
        logging = {"level": snapshot.log_level, "includeExecutionData": snapshot.include_execution_data}
        return {
            "stateMachineArn": snapshot.arn,
            "name": snapshot.name,
            "definition": snapshot.definition if included else "",
            "roleArn": snapshot.role_arn,
            "updateDate": snapshot.updated,
            "loggingConfiguration": {**logging, "destinations": destination},
            "tracingConfiguration": {"enabled": snapshot.tracing},
            "encryptionConfiguration": machine.revision.encryption if machine else {"type": AWS_KEY},
            "mapRunArn": record.map_run_arn or None,
            "label": snapshot.arn.partition("/")[2] or None,
            "revisionId": snapshot.revision_id or None,
            "variableReferences": references or None,
        }

    def _require(self, text: str, *kinds: str) -> ExecutionRecord:
        """An execution; of the express ones those that a map run started. Raises AwsError."""
        arn = arns.read(text, *kinds)
        if arn.kind == arns.EXPRESS and not arn.label:
            raise faults.invalid_arn(f"Resource type not valid in this context: {arns.EXPRESS}")
        record = self._engine.describe(text)
        if record is None:
            raise faults.no_execution(text)
        return record

    def _redrivable(self, record: ExecutionRecord) -> tuple[str, str]:
        machine = self._platform.registry.machine(record.machine.arn.partition("/")[0])
        deleting = machine is None or machine.status == DELETING
        return redrive_status(record, self._platform.now(), deleting=deleting)


def require_input(text: str) -> str:
    """The input of an execution, as it was given. Raises AwsError InvalidExecutionInput."""
    if len(text.encode()) > MAX_DATA_BYTES:
        raise faults.invalid(
            f"1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less "
            f"than or equal to {MAX_DATA_BYTES}"
        )
    try:
        json_text.read(text)
    except ValueError as error:
        raise faults.invalid_input("Invalid execution input." if not text.strip() else str(error)) from None
    return text


def snapshot_of(
    machine: MachineRecord, revision: Revision, version_arn: str = "", alias_arn: str = ""
) -> MachineSnapshot:
    """What an execution keeps of a machine."""
    logging = revision.logging
    return MachineSnapshot(
        arn=machine.arn,
        name=machine.name,
        type=machine.type,
        definition=revision.definition,
        role_arn=revision.role_arn,
        revision_id=revision.id,
        version_arn=version_arn,
        alias_arn=alias_arn,
        log_group=log_group(logging),
        log_level=logging.get("level", OFF),
        include_execution_data=logging.get("includeExecutionData", False),
        tracing=revision.tracing,
        updated=machine.updated,
    )


def summary(record: ExecutionRecord) -> Document:
    """What DescribeExecution and ListExecutions show alike."""
    return {
        "executionArn": record.arn,
        "stateMachineArn": record.machine.arn,
        "name": record.name,
        "status": record.status,
        "startDate": record.started,
        "stopDate": record.stopped if record.status != RUNNING else None,
        "stateMachineVersionArn": record.machine.version_arn or None,
        "stateMachineAliasArn": record.machine.alias_arn or None,
        "redriveCount": record.redrive_count if record.machine.type == STANDARD else None,
        "redriveDate": record.redriven,
    }


def _data(record: ExecutionRecord, included: bool) -> Document:
    if not included:
        return {}
    shown: Document = {"input": record.input, "inputDetails": {"included": True}}
    if record.output is not None:
        shown |= {"output": record.output, "outputDetails": {"included": True}}
    return shown


def _ended(ended: Ended, included: bool) -> Document:
    record = ended.record
    return {
        "executionArn": record.arn,
        "stateMachineArn": record.machine.arn,
        "name": record.name,
        "status": record.status,
        "startDate": record.started,
        "stopDate": record.stopped,
        "error": record.error,
        "cause": record.cause,
        "traceHeader": record.trace_header or None,
        **_data(record, included),
        "billingDetails": {
            "billedMemoryUsedInMB": ended.billed_mb,
            "billedDurationInMilliseconds": ended.billed_ms,
        },
    }

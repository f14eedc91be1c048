"""Lists of executions, and their histories."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.stepfunctions.contracts.engine import Event
from local_aws.stepfunctions.contracts.records import PENDING_REDRIVE, ExecutionRecord
from local_aws.stepfunctions.operations.executions import summary
from local_aws.stepfunctions.operations.machines import Machines
from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.registry import arns, faults
from local_aws.stepfunctions.registry.paging import page_of, take
from local_aws.stepfunctions.registry.records import EXPRESS, Document
from local_aws.wire import Caller

_DATA = frozenset({"input", "inputDetails", "output", "outputDetails", "assignedVariables", "assignedVariablesDetails"})
_REDRIVEN = "REDRIVEN"


class Listings:
    """The operations that read many executions or events."""

    def __init__(self, platform: Platform, machines: Machines) -> None:
        self._platform, self._machines = platform, machines

    def executions(self, _caller: Caller, request: Document) -> Document:
        """Those of a machine, a version, an alias or a map run; the newest first.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
        """
        machine_arn, map_run_arn = request.get("stateMachineArn", ""), request.get("mapRunArn", "")
        if bool(machine_arn) == bool(map_run_arn):
            raise faults.invalid("Exactly one of stateMachineArn and mapRunArn must be specified", faults.MISSING)
        if machine_arn:
            self._require_machine(machine_arn, request)
        elif self._platform.executions.map_run(arns.read(map_run_arn, arns.MAP_RUN).text) is None:
            raise faults.no_resource(map_run_arn)
        page = page_of("ListExecutions", request, self._platform.now())
        found = self._platform.executions.select(machine_arn, map_run_arn, request.get("statusFilter", ""))
        shown, more = take(page, _redriven(found, request), lambda one: (one.started, one.arn), descending=True)
        return {"executions": [_listed(one, bool(map_run_arn)) for one in shown], **more}

    def _require_machine(self, text: str, request: Document) -> None:
        arn = arns.read(text, arns.MACHINE)
        if arn.label:
            raise faults.labeled(text)
        if request.get("statusFilter") == PENDING_REDRIVE:
            raise faults.invalid(f"The statusFilter {PENDING_REDRIVE} can only be used with a mapRunArn")
        machine = self._machines.require(arn.machine, text)
        if machine.type == EXPRESS:
            raise faults.wrong_type()
        known = self._platform.registry.version(text) or self._platform.registry.alias(text)
        if arn.rest and known is None:
            raise faults.no_machine(text)

    def history(self, _caller: Caller, request: Document) -> Document:
        """Show the events of an execution.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
        """
        arn = arns.read(request["executionArn"], arns.EXECUTION).text
        if self._platform.executions.describe(arn) is None:
            raise faults.no_execution(arn)
        page = page_of("GetExecutionHistory", request, self._platform.now())
        after = page.last if isinstance(page.last, int) else 0
        reverse = request.get("reverseOrder", False)
        events = self._platform.executions.history(arn, reverse=reverse, after=after, limit=page.size + 1)
        shown = events[: page.size]
        if not request.get("includeExecutionData", True):
            shown = [without_data(event) for event in shown]
        more = {"nextToken": page.token(shown[-1]["id"])} if len(events) > page.size else {}
        return {"events": shown, **more}


def without_data(event: Event) -> Event:
    """An event without input, output and variables, which nobody asked for."""
    return {
        name: {key: item for key, item in value.items() if key not in _DATA} if isinstance(value, dict) else value
        for name, value in event.items()
    }


def _redriven(found: Iterator[ExecutionRecord], request: Document) -> Iterator[ExecutionRecord]:
    wanted = request.get("redriveFilter")
    return (one for one in found if wanted is None or (one.redrive_count > 0) == (wanted == _REDRIVEN))


def _listed(record: ExecutionRecord, of_map_run: bool) -> Document:
    if not of_map_run:
        return summary(record)
    return {**summary(record), "mapRunArn": record.map_run_arn or None, "itemCount": record.item_count}

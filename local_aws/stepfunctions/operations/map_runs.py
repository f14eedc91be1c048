"""Runs of distributed Maps."""

from __future__ import annotations

from local_aws.stepfunctions.contracts.records import RUNNING, MapRunRecord
from local_aws.stepfunctions.operations.executions import engine
from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.registry import arns, faults
from local_aws.stepfunctions.registry.paging import page_of, take
from local_aws.stepfunctions.registry.records import Document
from local_aws.wire import Caller

_CHANGES = {
    "maxConcurrency": "max_concurrency",
    "toleratedFailureCount": "tolerated_failure_count",
    "toleratedFailurePercentage": "tolerated_failure_percentage",
}


class MapRuns:
    """The operations on map runs."""

    def __init__(self, platform: Platform) -> None:
        self._platform, self._engine = platform, platform.executions

    def describe(self, _caller: Caller, request: Document) -> Document:
        """Show a map run.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html
        """
        run = self._require(request["mapRunArn"])
        return {
            "mapRunArn": run.arn,
            "executionArn": run.execution_arn,
            "status": run.status,
            "startDate": run.started,
            "stopDate": run.stopped,
            "maxConcurrency": run.max_concurrency,
            "toleratedFailureCount": run.tolerated_failure_count,
            "toleratedFailurePercentage": float(run.tolerated_failure_percentage),
            "itemCounts": run.items,
            "executionCounts": run.executions,
            "redriveCount": run.redrive_count,
            "redriveDate": run.redriven,
        }

    def list_runs(self, _caller: Caller, request: Document) -> Document:
        """Show the map runs of an execution, the newest first.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListMapRuns.html
        """
        arn = arns.read(request["executionArn"], arns.EXECUTION)
        record = self._engine.describe(arn.text)
        if record is None:
            raise faults.no_execution(arn.text)
        page = page_of("ListMapRuns", request, self._platform.now())
        runs = self._engine.map_runs(arn.text)
        shown, more = take(page, runs, lambda run: (run.started, run.arn), descending=True)
        return {"mapRuns": [_listed(run, arn) for run in shown], **more}

    def update(self, _caller: Caller, request: Document) -> Document:
        """Change the limits of a map run that runs.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateMapRun.html
        """
        run = self._require(request["mapRunArn"])
        changes = {_CHANGES[name]: value for name, value in request.items() if name in _CHANGES}
        if not changes:
            raise faults.invalid(f"At least one of {', '.join(_CHANGES)} must be specified", faults.MISSING)
        if run.status != RUNNING:
            raise faults.invalid(f"Map Run is {run.status} and cannot be updated: '{run.arn}'", faults.ENDED)
        engine(lambda: self._engine.update_map_run(run.arn, **changes))
        return {}

    def _require(self, text: str) -> MapRunRecord:
        run = self._engine.map_run(arns.read(text, arns.MAP_RUN).text)
        if run is None:
            raise faults.no_resource(text)
        return run


def _listed(run: MapRunRecord, execution: arns.Arn) -> Document:
    label = arns.read(run.arn, arns.MAP_RUN).label
    return {
        "mapRunArn": run.arn,
        "executionArn": run.execution_arn,
        "stateMachineArn": f"{execution.machine}/{label}",
        "startDate": run.started,
        "stopDate": run.stopped,
    }

"""Redrive: an unsuccessful execution goes on from what failed, was aborted or timed out.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

from dataclasses import replace

from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.contracts.records import ExecutionRecord
from local_aws.stepfunctions.interpreter.entering import Catalog, begin
from local_aws.stepfunctions.interpreter.frames import Frame, Phase
from local_aws.stepfunctions.interpreter.run import Run, StartMapRun


def redriven(record: ExecutionRecord, now: float) -> ExecutionRecord:
    """Return the record of an execution that runs again."""
    return replace(
        record,
        status=records.RUNNING,
        stopped=None,
        output=None,
        error=None,
        cause=None,
        redrive_count=record.redrive_count + 1,
        redriven=now,
    )


def go_on(run: Run, now: float, tasks: Catalog) -> None:
    """Let every frame that did not end well go on from its state; what has succeeded is kept."""
    run.now = now
    root = run.frames[0]
    details = {"redriveCount": run.record.redrive_count}
    root.last = run.journal.add("ExecutionRedriven", now, root.last, details)
    run.changed(root)
    _revive(run, root, tasks)


def _revive(run: Run, frame: Frame, tasks: Catalog) -> None:
    children = [child for child in run.children(frame) if child.phase is not Phase.ENDED]
    frame.retries, frame.due = [], None
    run.changed(frame)
    if frame.group is not None:
        frame.phase = Phase.CHILDREN
        for child in children:
            _revive(run, child, tasks)
    elif frame.map_run:
        frame.phase = Phase.MAP_RUN
        run.event("MapRunRedriven", frame, {"mapRunArn": frame.map_run, "redriveCount": run.record.redrive_count})
        run.effects.append(StartMapRun(frame.id))
    elif frame.phase is Phase.FAILED and not frame.entered:
        run.enter_soon(frame)
    else:
        frame.attempt = None
        begin(run, frame, tasks)

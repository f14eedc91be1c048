"""State machines and their executions."""

from __future__ import annotations

from slipway.console.room import Room
from slipway.console.workflows import decisions
from slipway.console.workflows.events import events
from slipway.console.workflows.execution import execution, whole_data
from slipway.console.workflows.machine import definition, machine
from slipway.console.workflows.machines import machines
from slipway.console.workflows.map_runs import map_run

_MACHINE = "/workflows/{machine}"
_EXECUTION = f"{_MACHINE}/executions/{{execution}}"

ROOM = Room(
    title="Workflows",
    home="/workflows",
    pages={
        "/workflows": machines,
        _MACHINE: machine,
        f"{_MACHINE}/map-run": map_run,
        _EXECUTION: execution,
        f"{_EXECUTION}/events": events,
    },
    files={f"{_MACHINE}/definition": definition, f"{_EXECUTION}/data": whole_data},
    decisions={
        f"{_MACHINE}/start": decisions.start,
        f"{_EXECUTION}/stop": decisions.stop,
        f"{_EXECUTION}/redrive": decisions.redrive,
    },
)

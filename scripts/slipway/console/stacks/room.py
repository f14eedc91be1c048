"""CloudFormation stacks: what they made, what happened to them, and what they were asked for."""

from __future__ import annotations

from slipway.console.room import Room
from slipway.console.stacks.change_set import change_set
from slipway.console.stacks.events import events
from slipway.console.stacks.stack import stack
from slipway.console.stacks.stacks import stacks
from slipway.console.stacks.template import template

_STACK = "/stacks/{stack}"

ROOM = Room(
    title="Stacks",
    home="/stacks",
    pages={
        "/stacks": stacks,
        _STACK: stack,
        f"{_STACK}/events": events,
        f"{_STACK}/template": template,
        f"{_STACK}/changes/{{change_set}}": change_set,
    },
)

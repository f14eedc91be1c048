"""The rooms of the console, in the order of the navigation."""

from __future__ import annotations

from slipway.console.releases.room import ROOM as RELEASES
from slipway.console.room import Room
from slipway.console.workflows.room import ROOM as WORKFLOWS

ROOMS: tuple[Room, ...] = (RELEASES, WORKFLOWS)

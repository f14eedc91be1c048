"""The rooms of the console, in the order of the navigation."""

from __future__ import annotations

from slipway.console.releases.room import PIPELINES
from slipway.console.releases.room import ROOM as RELEASES
from slipway.console.room import Room

ROOMS: tuple[Room, ...] = (RELEASES, PIPELINES)

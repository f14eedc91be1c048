"""The rooms of the console, in the order of the navigation."""

from __future__ import annotations

from slipway.console.endpoints.room import ROOM as ENDPOINTS
from slipway.console.jobs.room import ROOM as JOBS
from slipway.console.logs.room import ROOM as LOGS
from slipway.console.releases.room import ROOM as RELEASES
from slipway.console.room import Room

ROOMS: tuple[Room, ...] = (RELEASES, JOBS, ENDPOINTS, LOGS)

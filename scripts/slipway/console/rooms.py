"""The rooms of the console, in the order of the navigation."""

from __future__ import annotations

from slipway.console.buckets.room import ROOM as BUCKETS
from slipway.console.endpoints.room import ROOM as ENDPOINTS
from slipway.console.jobs.room import ROOM as JOBS
from slipway.console.logs.room import ROOM as LOGS
from slipway.console.releases.room import PIPELINES
from slipway.console.releases.room import ROOM as RELEASES
from slipway.console.repositories.room import ROOM as REPOSITORIES
from slipway.console.room import Room
from slipway.console.stacks.room import ROOM as STACKS
from slipway.console.workflows.room import ROOM as WORKFLOWS

ROOMS: tuple[Room, ...] = (
    RELEASES,
    PIPELINES,
    JOBS,
    ENDPOINTS,
    WORKFLOWS,
    REPOSITORIES,
    STACKS,
    BUCKETS,
    LOGS,
)

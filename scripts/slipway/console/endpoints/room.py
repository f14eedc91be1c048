"""Endpoints: what they serve, their load, and what they predict."""

from __future__ import annotations

from slipway.console.endpoints.asking import answer, ask
from slipway.console.endpoints.endpoint import endpoint
from slipway.console.endpoints.listing import endpoints
from slipway.console.room import Room

ROOM = Room(
    title="Endpoints",
    home="/endpoints",
    pages={"/endpoints": endpoints, "/endpoints/{name}": endpoint, "/endpoints/{name}/predict": ask},
    decisions={"/endpoints/{name}/predict": answer},
)

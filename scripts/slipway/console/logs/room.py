"""Log groups, their streams, and the events in them."""

from __future__ import annotations

from slipway.console.logs.group import group
from slipway.console.logs.groups import groups
from slipway.console.logs.stream import stream
from slipway.console.room import Asked, Page, Room


def logs(asked: Asked) -> Page:
    """Draw the page of what the query names: a stream, a group, or all groups. Names of both may hold a slash."""
    if not asked.query.get("group"):
        return groups(asked)
    return stream(asked) if asked.query.get("stream") else group(asked)


ROOM = Room(title="Logs", home="/logs", pages={"/logs": logs})

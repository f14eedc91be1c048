"""Where an execution stands: a frame for the states of the machine, of each branch and of each item.

A frame is at one state at a time. Frames are stored when they change, so an execution goes on after a kill of local AWS
from where they stand.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

Where = tuple[tuple[str, int], ...]
"""The way from the machine's states to a frame's: names of Parallel states with the branch, of Maps with -1."""


class Phase(StrEnum):
    """What a frame waits for."""

    ENTER = "enter"
    WAIT = "wait"
    RETRY = "retry"
    TASK = "task"
    CHILDREN = "children"
    MAP_RUN = "map-run"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(slots=True)
class Attempt:
    """One call of a Task's resource; `job` is what the integration gave to find it again.

    `role_arn` is the state machine's role, or that of the state's Credentials, which `machine_role_arn` assumes.
    `arguments` is the effective input as JSON text. Moments are seconds since 1970; `poll_at` is when a submitted job
    is looked at again, None for what ends by its token or by its answer.
    """

    key: str
    token: str
    resource: str
    role_arn: str
    arguments: str
    machine_role_arn: str = ""
    started: bool = False
    submitted: bool = False
    job: Any = None
    timeout_s: float | None = None
    timeout_at: float | None = None
    heartbeat_s: float | None = None
    heartbeat_at: float | None = None
    polls: int = 0
    poll_at: float | None = None

    def next_moment(self) -> float | None:
        """The first moment at which something is to be done without a signal; None if there is none."""
        return min((at for at in (self.timeout_at, self.heartbeat_at, self.poll_at) if at is not None), default=None)


@dataclass(slots=True)
class Group:
    """The branches of a Parallel or the items of an inline Map; `limit` is how many run at once, 0 all.

    `outputs` are those of the children that have ended, by index. They are stored with the children, `items` apart.
    """

    total: int
    limit: int = 0
    started: int = 0
    ended: int = 0
    outputs: dict[int, Any] = field(default_factory=dict)
    items: list[Any] | None = None


@dataclass(slots=True)
class Frame:
    """One thread of states. `text` is the input of the state as JSON text, `last` the event that the next one follows.

    `entered` is the event of the state's entry, `before` the one that it follows. `retries` counts the retries of each
    retrier of the state. `outer` are the variables of the frames around it, which do not change while it runs;
    `sizes` are the bytes of its own.
    """

    id: int
    parent: int | None
    index: int
    where: Where
    state: str
    text: str
    last: int = 0
    phase: Phase = Phase.ENTER
    entered: int = 0
    before: int = 0
    entered_at: float = 0.0
    due: float | None = None
    retries: list[int] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    outer: dict[str, Any] = field(default_factory=dict)
    attempt: Attempt | None = None
    group: Group | None = None
    map_run: str = ""
    output: str = ""
    data: Any = None

    @property
    def retry_count(self) -> int:
        """How often the state was retried, by any retrier."""
        return sum(self.retries)

    def next_moment(self) -> float | None:
        """When something is to be done in this frame without a signal; None if nothing is."""
        return self.attempt.next_moment() if self.phase is Phase.TASK and self.attempt else self.due

    def dump(self) -> str:
        """The frame as JSON text, without what is stored elsewhere or can be made again."""
        document = asdict(replace(self, group=None, data=None))
        del document["data"]
        if self.group is not None:
            document["group"] = _bare(self.group)
        return json.dumps(document, separators=(",", ":"))


def load(text: str) -> Frame:
    """Read a frame that `dump` wrote."""
    document = json.loads(text)
    document["where"] = tuple((name, index) for name, index in document["where"])
    document["phase"] = Phase(document["phase"])
    if document["attempt"] is not None:
        document["attempt"] = Attempt(**document["attempt"])
    if document["group"] is not None:
        document["group"] = Group(**document["group"])
    frame = Frame(**document)
    frame.data = json.loads(frame.text) if frame.text else None
    return frame


def _bare(group: Group) -> dict[str, Any]:
    return {"total": group.total, "limit": group.limit, "started": group.started}

"""State machines, versions, aliases and activities as they are stored.

Times are seconds since 1970. `logging`, `encryption` and `routing` are as the API shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STANDARD, EXPRESS = "STANDARD", "EXPRESS"
ACTIVE, DELETING = "ACTIVE", "DELETING"
INITIAL = "INITIAL"
"""What stands for the revision id of a machine that was never updated."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Revision:
    """What an update may change: a read-only snapshot of definition and configuration.

    `id` is empty until the first update: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
    """

    definition: str
    role_arn: str
    logging: Document
    tracing: bool
    encryption: Document
    id: str = ""


@dataclass(frozen=True, slots=True)
class MachineRecord:
    """A state machine. `published` and `description` are those of its creation, by which a repeat of it is told."""

    arn: str
    name: str
    type: str
    created: float
    updated: float
    revision: Revision
    status: str = ACTIVE
    versions: int = 0
    """The highest number that a version has had; a number never comes back."""
    published: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A numbered version of a state machine."""

    arn: str
    machine_arn: str
    number: int
    created: float
    revision: Revision
    description: str = ""


@dataclass(frozen=True, slots=True)
class AliasRecord:
    """A name for one or two versions."""

    arn: str
    machine_arn: str
    name: str
    created: float
    updated: float
    routing: list[Document]
    description: str = ""


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """A queue of work that workers poll."""

    arn: str
    name: str
    created: float
    encryption: Document


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of state machines shows of each."""

    arn: str
    name: str
    type: str
    created: float

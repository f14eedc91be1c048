"""The history of an execution, as GetExecutionHistory shows it.

An event follows the one before it in its own thread of states, which `previousEventId` names:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from typing import Any

from local_aws.stepfunctions.contracts.engine import Event

NOT_TRUNCATED = {"truncated": False}


class Journal:
    """Numbers events and keeps those that are not stored yet."""

    def __init__(self, last_id: int = 0) -> None:
        """`last_id` is the number of events that are stored."""
        self.last_id = last_id
        self.new: list[Event] = []

    def add(self, event_type: str, at: float, previous: int, details: dict[str, Any] | None = None) -> int:
        """Append an event; returns its id. `details` are those of the type's member of HistoryEvent."""
        self.last_id += 1
        event: Event = {"timestamp": at, "type": event_type, "id": self.last_id, "previousEventId": previous}
        if details is not None:
            event[details_member(event_type)] = details
        self.new.append(event)
        return self.last_id

    def take(self) -> list[Event]:
        """Hand over the events that were added since the last time."""
        taken, self.new = self.new, []
        return taken


def details_member(event_type: str) -> str:
    """Return the member of HistoryEvent that holds the details of a type."""
    if event_type.endswith("StateEntered"):
        return "stateEnteredEventDetails"
    if event_type.endswith("StateExited"):
        return "stateExitedEventDetails"
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"


def with_input(text: str, **details: Any) -> dict[str, Any]:
    """Return details with an input."""
    return {**details, "input": text, "inputDetails": NOT_TRUNCATED}


def with_output(text: str, **details: Any) -> dict[str, Any]:
    """Return details with an output."""
    return {**details, "output": text, "outputDetails": NOT_TRUNCATED}


def with_error(error: str | None, cause: str | None, **details: Any) -> dict[str, Any]:
    """Return details with what is there of an error and its cause."""
    told = {"error": error, "cause": cause}
    return {**details, **{name: value for name, value in told.items() if value}}

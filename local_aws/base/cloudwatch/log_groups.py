"""CloudWatch Logs: groups stay records of MiniStack's; what it calls their streams is a window on the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.base.tables import ministack
from local_aws.state.log_store import LogStore


def owner() -> str:
    """The account and the Region that MiniStack answers for at the moment."""
    responses = ministack("core.responses")
    return f"{responses.get_account_id()}/{responses.get_region()}"


class _Streams:
    """Takes the place of a group's `streams`: enough of a dictionary for MiniStack to make, find and remove streams."""

    def __init__(self, store: LogStore, owner: str, group: str) -> None:
        self._store, self.owner, self.group = store, owner, group

    def __contains__(self, name: str) -> bool:
        return self._store.stream(self.owner, self.group, name) is not None

    def __getitem__(self, name: str) -> dict[str, str]:
        if name not in self:
            raise KeyError(name)
        return {"group": self.group, "name": name}

    def __setitem__(self, name: str, stream: Mapping[str, Any]) -> None:
        self._store.add_stream(self.owner, self.group, name, stream["creationTime"])
        self.fill(name, stream.get("events", ()))

    def fill(self, name: str, events: Sequence[Mapping[str, Any]]) -> None:
        """Take over the events that a state file holds."""
        if events:
            told = [(event["timestamp"], event["message"]) for event in events]
            self._store.append(self.owner, self.group, name, told, events[-1]["ingestionTime"])

    def __delitem__(self, name: str) -> None:
        if not self._store.forget_stream(self.owner, self.group, name):
            raise KeyError(name)

    def pop(self, name: str, default: object = None) -> object:
        """Remove a stream if it is there."""
        self._store.forget_stream(self.owner, self.group, name)
        return default

    def values(self) -> tuple[()]:
        """Nothing to add up: the operations that need events ask the file."""
        return ()

    def __deepcopy__(self, _memory: object) -> dict[str, object]:
        """Return the content of a state file."""
        return {}


def groups_with_streams_in(store: LogStore) -> Any:
    """MiniStack's dictionary of groups, whose records get their streams from the file."""
    scoped: type = ministack("core.responses").AccountRegionScopedDict

    class Groups(scoped):  # type: ignore[misc]
        __slots__ = ()

        def __setitem__(self, name: str, record: dict[str, Any]) -> None:
            store.forget_group(owner(), name)
            self._put(self._scoped(name), record)

        def __delitem__(self, name: str) -> None:
            super().__delitem__(name)
            store.forget_group(owner(), name)

        def update(self, other: Any) -> None:
            loaded = scoped()
            loaded.update(other)
            for key, record in loaded.all_items():
                self._put(key, record)

        def _put(self, key: tuple[str, str, str], record: dict[str, Any]) -> None:
            """Enter a record; streams of an older state are moved into the file, once."""
            account, region, name = key
            held = record.get("streams") or {}
            streams = held if isinstance(held, _Streams) else _Streams(store, f"{account}/{region}", name)
            self._data[key] = {**record, "streams": streams}
            if held is not streams:
                for stream, found in held.items():
                    if stream not in streams:
                        streams[stream] = found

    return Groups()


def no_records() -> Any:
    """Take the place of MiniStack's second copy of each event; it stays empty, even if an older state holds some."""
    scoped: type = ministack("core.responses").AccountRegionScopedDict

    class NoRecords(scoped):  # type: ignore[misc]
        __slots__ = ()

        def update(self, other: Any) -> None:
            pass

    return NoRecords()

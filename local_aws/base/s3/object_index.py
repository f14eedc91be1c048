"""S3: the records of objects and versions in a file, and no object's bytes in memory once they are on disk.

MiniStack keeps a record of each object and each version in memory, for good, and of a versioned bucket the bytes of
all versions too. What it writes beside each object tells the same, and is read at a start as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any

from local_aws.base.tables import ministack
from local_aws.state.cold_table import ColdTable
from local_aws.state.store import Store

_SEPARATOR = "\0"
_listed: ContextVar[tuple[str, str, str] | None] = ContextVar("listed", default=None)
"""Account, bucket and how the keys begin that a listing of versions may name; None outside of one."""
_Scoped = tuple[str, str]
_Version = tuple[str, tuple[str, str]]


def store_object_records(store: Store) -> None:
    """Put the file in the place of MiniStack's records, and only then load what is on disk.

    So the module must have been imported with S3_PERSIST=0.
    """
    s3 = ministack("services.s3")
    s3._buckets._data = _Buckets(store)  # noqa: SLF001
    s3._object_versions._data = _Versions(store)  # noqa: SLF001
    persist = s3._persist_object  # noqa: SLF001

    def persist_and_let_go(bucket: str, key: str, record: Any) -> None:
        persist(bucket, key, record)
        if isinstance(record, dict) and record.get("body") is None:
            _let_go(s3, bucket, key)

    s3._persist_object = persist_and_let_go  # noqa: SLF001
    s3.S3_PERSIST = True
    s3._load_persisted_data()  # noqa: SLF001
    s3._reschedule_restores()  # noqa: SLF001


def list_by_prefix() -> None:
    """Let a listing read the keys that begin as it asks, where MiniStack goes through those of all buckets.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
    """
    s3 = ministack("services.s3")
    collect, list_versions = s3._collect_list_entries, s3._list_object_versions  # noqa: SLF001

    def collect_by_prefix(objects: ColdTable, prefix: str, delimiter: str, most: int, after: str) -> Any:
        return collect(objects.starting_with(prefix, after), prefix, delimiter, most, after)

    def list_versions_by_prefix(bucket: str, query: Mapping[str, Any]) -> Any:
        account = ministack("core.responses").get_account_id()
        token = _listed.set((account, bucket, s3._qp(query, "prefix", "")))  # noqa: SLF001
        try:
            return list_versions(bucket, query)
        finally:
            _listed.reset(token)

    s3._collect_list_entries, s3._list_object_versions = collect_by_prefix, list_versions_by_prefix  # noqa: SLF001


def _let_go(s3: Any, bucket: str, key: str) -> None:
    """Forget the bytes of the newest version and of the one before it, which has moved to a file of its own."""
    for version in (s3._object_versions.get((bucket, key)) or [])[-2:]:  # noqa: SLF001
        if "data" in version:
            version["data"] = None


class _Buckets(dict[_Scoped, dict[str, Any]]):
    """MiniStack's buckets; the objects of each stand in the file."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def __setitem__(self, key: _Scoped, bucket: dict[str, Any]) -> None:
        objects = _Objects(self._store, f"objects{_SEPARATOR}{_SEPARATOR.join(key)}")
        objects.update(bucket.get("objects", {}))
        bucket["objects"] = objects
        super().__setitem__(key, bucket)

    def setdefault(self, key: _Scoped, default: dict[str, Any] | None = None) -> dict[str, Any]:
        """The bucket, made of the default if there is none."""
        if key not in self:
            self[key] = default or {}
        return self[key]


class _Objects(ColdTable):
    """The objects of a bucket, by key."""

    def __iter__(self) -> Iterator[str]:
        listed = _listed.get()
        return super().__iter__() if listed is None else iter(self.starting_with(listed[2]))


class _Versions(MutableMapping[_Version, list[dict[str, Any]]]):
    """The versions of each object, by account, bucket and key."""

    def __init__(self, store: Store) -> None:
        self._table = ColdTable(store, "versions")

    def __getitem__(self, key: _Version) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._table[_written(key)]
        return found

    def __setitem__(self, key: _Version, versions: list[dict[str, Any]]) -> None:
        self._table[_written(key)] = versions

    def __delitem__(self, key: _Version) -> None:
        del self._table[_written(key)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and _written(key) in self._table

    def __iter__(self) -> Iterator[_Version]:
        listed = _listed.get()
        for key in self._table if listed is None else self._table.starting_with(_SEPARATOR.join(listed)):
            account, bucket, name = key.split(_SEPARATOR, 2)
            yield account, (bucket, name)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _written(key: _Version) -> str:
    account, (bucket, name) = key
    return _SEPARATOR.join((account, bucket, name))

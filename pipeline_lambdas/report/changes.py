"""The differences between two releases: configs key by key, datasets file by file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline_lambdas.report.kit.reading import count, documents, items, string

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """A key whose values differ, such as `hyperparameters.max_depth`; None for a missing value."""

    key: str
    kind: Kind
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of a dataset whose content differs; None for a size that is not known."""

    path: str
    kind: Kind
    before_bytes: int | None
    after_bytes: int | None


@dataclass(frozen=True, slots=True)
class ColumnChanges:
    """How the columns of a dataset differ; `moved` if their common columns have another order."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: bool


def changes(before: Any, after: Any) -> list[Change]:
    """Compare two JSON documents; return the leaves that differ, sorted by their keys.

    Objects and lists of objects are compared key by key, other lists as a whole. Equal numbers do not differ, whether
    they are written 1 or 1.0.
    """
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    found: list[Change] = []
    for key in sorted(old.keys() | new.keys()):
        if key not in old:
            found.append(Change(key, "added", None, new[key]))
        elif key not in new:
            found.append(Change(key, "removed", old[key], None))
        elif not _same(old[key], new[key]):
            found.append(Change(key, "changed", old[key], new[key]))
    return found


def file_changes(before: Any, after: Any) -> list[FileChange]:
    """Compare the files of the datasets of two release records by their hashes; sorted by their paths.

    A file without a known hash counts as changed.
    """
    old, new = _files(before), _files(after)
    found: list[FileChange] = []
    for path in sorted(old.keys() | new.keys()):
        was, became = old.get(path), new.get(path)
        if was and became and string(was, "sha256") and string(was, "sha256") == string(became, "sha256"):
            continue
        kind: Kind = "changed" if was and became else "removed" if was else "added"
        found.append(FileChange(path, kind, count(was, "size_bytes"), count(became, "size_bytes")))
    return found


def column_changes(before: Any, after: Any) -> ColumnChanges:
    """Compare the columns of the datasets of two release records."""
    old, new = list(map(str, items(before, "columns"))), list(map(str, items(after, "columns")))
    both = set(old) & set(new)
    return ColumnChanges(
        added=tuple(name for name in new if name not in both),
        removed=tuple(name for name in old if name not in both),
        moved=[name for name in old if name in both] != [name for name in new if name in both],
    )


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        for name, part in zip(_names(value), value, strict=True):
            yield from _leaves(part, f"{key}[{name}]")
    elif key:
        yield key, value


def _names(parts: list[Any]) -> list[str]:
    """Name gates by their metrics, slices by their columns, and anything else by its position."""
    for name in ("metric", "column"):
        found = [string(part, name) for part in parts]
        if all(found) and len(set(found)) == len(found):
            return found
    return [str(place) for place in range(len(parts))]


def _same(old: Any, new: Any) -> bool:
    # True equals 1 in Python, and not in a config.
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _files(dataset: Any) -> dict[str, Any]:
    return {string(file, "path"): file for file in documents(dataset, "files")}

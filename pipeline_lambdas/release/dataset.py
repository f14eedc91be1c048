"""The dataset manifest: the list of the files of one dataset.

The prefix of a dataset contains the hash of its content, so a dataset is never overwritten; the manifest names the
prefix.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.runtime.failures import ConfigurationError

SCHEMA = "slipway-dataset/1"
CHANNELS = ("train", "validation", "test")
MANIFEST = "manifest.json"

_MOST_PROBLEMS = 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
# A file whose name starts with a dot fails an XGBoost training job; one with an underscore is skipped.
_PATH = re.compile(r"(?:train|validation|test)(?:/[A-Za-z0-9][A-Za-z0-9._+=@-]*){1,3}")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file; `path` is relative to the dataset's prefix and starts with the channel."""

    channel: str
    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset; `prefix` ends in a slash, `columns` start with the label (empty when not given)."""

    sha256: str
    prefix: str
    files: tuple[DataFile, ...]
    columns: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The dataset's name for people and configs."""
        return dataset_id(self.sha256)

    def channel(self, name: str) -> tuple[DataFile, ...]:
        """Return the files of one channel in the order of their paths."""
        return tuple(file for file in self.files if file.channel == name)

    def key(self, file: DataFile) -> str:
        return self.prefix + file.path


def dataset_sha256(hashes: Iterable[tuple[str, str]]) -> str:
    """Return the hash of a dataset: of the sorted lines `<channel>/<file> <sha256>` with their newlines."""
    lines = sorted(f"{path} {sha256}\n" for path, sha256 in hashes)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def dataset_id(sha256: str) -> str:
    """Return the first 16 digits of a dataset's hash, which name it."""
    return sha256[:16]


def dataset_prefix(model: str, sha256: str) -> str:
    """Return the key prefix of the dataset with this hash, or this id."""
    return f"{model}/datasets/{dataset_id(sha256)}/"


def manifest_key(model: str, dataset: str | None = None) -> str:
    """Return the key of the manifest of the newest dataset, or of the one next to the files of this id."""
    return f"{dataset_prefix(model, dataset) if dataset else f'{model}/'}{MANIFEST}"


def manifest_bytes(files: Iterable[DataFile], sha256: str, prefix: str, columns: Sequence[str] = ()) -> bytes:
    """Return the manifest; the same dataset always gives the same bytes."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "dataset": sha256,
        "prefix": prefix,
        "files": [
            {"channel": file.channel, "path": file.path, "bytes": file.size_bytes, "sha256": file.sha256}
            for file in sorted(files, key=lambda file: file.path)
        ],
    }
    if columns:
        document["columns"] = list(columns)
    return (json.dumps(document, indent=2) + "\n").encode()


def parse_manifest(content: bytes, model: str) -> Dataset:
    """Parse and check a manifest; ConfigurationError lists all of its problems."""
    name = f"{model}/manifest.json"
    try:
        document = json.loads(content)
    except RecursionError:
        raise ConfigurationError(f"{name}: found values nested too deeply; expected a manifest.") from None
    except ValueError as error:
        raise ConfigurationError(f"{name}: found text that is not JSON: {error}.") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else document
        raise ConfigurationError(f"{name}: schema: {_finding(found)}; expected {SCHEMA}.")
    problems: list[str] = []
    files = _files(document.get("files"), problems)
    columns = _columns(document.get("columns"), problems)
    sha256, prefix = document.get("dataset"), document.get("prefix")
    if not problems:
        problems += _identity(sha256, prefix, files, model)
    if problems:
        listed = "\n".join(f"{name}: {problem}" for problem in problems[:_MOST_PROBLEMS])
        if len(problems) > _MOST_PROBLEMS:
            listed += f"\n{name}: and {len(problems) - _MOST_PROBLEMS} more problems"
        raise ConfigurationError(f"{listed}\nUpload the dataset again; its manifest is written last.")
    return Dataset(str(sha256), str(prefix), files, columns)


def _files(items: Any, problems: list[str]) -> tuple[DataFile, ...]:
    if not isinstance(items, list) or not items:
        problems.append(f"files: {_finding(items)}; expected a list of at least one file")
        return ()
    files: dict[str, DataFile] = {}
    for index, item in enumerate(items):
        where = f"files[{index}]"
        if not isinstance(item, Mapping):
            problems.append(f"{where}: {_finding(item)}; expected an object")
            continue
        wrong = _file_problems(item)
        problems += [f"{where} ({_short(item.get('path'))}).{text}" for text in wrong]
        if wrong:
            continue
        if item["path"] in files:
            problems.append(f"{where}.path: found {item['path']} a second time; expected once")
        files[item["path"]] = DataFile(item["channel"], item["path"], item["bytes"], item["sha256"])
    return tuple(files[path] for path in sorted(files))


def _file_problems(item: Mapping[str, Any]) -> list[str]:
    channel, path, size, sha256 = (item.get(key) for key in ("channel", "path", "bytes", "sha256"))
    problems = []
    if channel not in CHANNELS:
        problems.append(f"channel: {_finding(channel)}; expected {', '.join(CHANNELS)}")
    if not isinstance(path, str) or not _PATH.fullmatch(path) or path.split("/")[0] != channel:
        problems.append(f"path: {_finding(path)}; expected <channel>/<file>, no name beginning with . or _")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        problems.append(f"bytes: {_finding(size)}; expected an integer from 1: an empty file holds no rows")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        problems.append(f"sha256: {_finding(sha256)}; expected 64 hexadecimal digits")
    return problems


def _columns(columns: Any, problems: list[str]) -> tuple[str, ...]:
    if columns is None:
        return ()
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        problems.append(f"columns: {_finding(columns)}; expected a list of names, the label's first")
        return ()
    return tuple(columns)


def _identity(sha256: Any, prefix: Any, files: tuple[DataFile, ...], model: str) -> list[str]:
    expected = dataset_sha256((file.path, file.sha256) for file in files)
    if sha256 != expected:
        return [f"dataset: {_finding(sha256)}; expected {expected}, the hash of the listed files"]
    if prefix != dataset_prefix(model, expected):
        return [f"prefix: {_finding(prefix)}; expected {dataset_prefix(model, expected)}"]
    return []


def _finding(value: Any) -> str:
    return "missing" if value is None else f"found {_short(value)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."

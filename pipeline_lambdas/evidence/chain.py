"""The chain of release records: each names its predecessor by the SHA-256 of its bytes.

The record of an ended release is `records/<model>/<sequence>.json`, numbered from 1, and is never overwritten. So a
record that was changed, removed or inserted does not match the record after it; only the newest record has no successor
that vouches for it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.evidence import keys

SCHEMA = "slipway-record/1"
_NUMBER = re.compile(r"([0-9]{8})\.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of the chain: its key and its bytes."""

    key: str
    content: bytes


def prefix(model: str) -> str:
    """Return the prefix of the keys of a model's chain."""
    return f"{keys.CHAIN}/{model}/"


def key(model: str, sequence: int) -> str:
    """Return the key of the record with this number."""
    return f"{prefix(model)}{sequence:08d}.json"


def sequence_of(key: str) -> int | None:
    """Return the number at the end of a key; None if the key does not belong to a chain."""
    match = _NUMBER.fullmatch(key.rpartition("/")[2])
    return int(match.group(1)) if match else None


def sha256(content: bytes) -> str:
    """Return the hash by which the next record names this one."""
    return hashlib.sha256(content).hexdigest()


def render(record: Mapping[str, Any]) -> bytes:
    """Return the bytes of a record: JSON with sorted keys."""
    return (json.dumps(record, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n").encode()


def linked(record: Mapping[str, Any], newest: Entry | None) -> dict[str, Any]:
    """Return the record as the successor of `newest`."""
    if newest is None:
        return {**record, "sequence": 1, "predecessor": None}
    sequence = sequence_of(newest.key)
    if sequence is None:
        raise ValueError(f"{newest.key} is no key of a chain")
    predecessor = {
        "sequence": sequence,
        "execution_id": parsed(newest.content).get("execution_id"),
        "sha256": sha256(newest.content),
    }
    return {**record, "sequence": sequence + 1, "predecessor": predecessor}


def verify(entries: Iterable[Entry]) -> list[str]:
    """Return the faults of a chain, given whole in the order of its numbers; an empty chain has none.

    Each sentence names the object at fault.
    """
    problems: list[str] = []
    before: Entry | None = None
    for expected, entry in enumerate(entries, start=1):
        found = sequence_of(entry.key)
        if found != expected:
            problems.append(f"{entry.key}: found where record {expected} belongs; one is missing or one too many")
            return problems
        problems += [f"{entry.key}: {problem}" for problem in _problems(entry, expected, before)]
        before = entry
    return problems


def _problems(entry: Entry, sequence: int, before: Entry | None) -> list[str]:
    record = parsed(entry.content)
    if not record:
        return ["found no JSON object"]
    problems = []
    if record.get("schema") != SCHEMA:
        problems.append(f"schema: found {record.get('schema')}; expected {SCHEMA}")
    if record.get("sequence") != sequence:
        problems.append(f"sequence: found {record.get('sequence')}; expected {sequence}, the number in its key")
    named, wanted = record.get("predecessor"), linked({}, before)["predecessor"]
    if named != wanted:
        if isinstance(named, dict) and wanted and named.get("sha256") != wanted["sha256"]:
            problems.append(
                f"predecessor: names a record {wanted['sequence']} with SHA-256 {named.get('sha256')}; found one with "
                f"{wanted['sha256']}: that record is not this one's predecessor"
            )
        else:
            problems.append(f"predecessor: found {json.dumps(named)}; expected {json.dumps(wanted)}")
    return problems


def parsed(content: bytes) -> dict[str, Any]:
    """Return the record in the bytes; empty if they are not a JSON object."""
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}

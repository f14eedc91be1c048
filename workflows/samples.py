"""What a system's sample is: data that committed code makes, and executions that use it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """An installation: what names its machines, its buckets, and `fresh`, a name that nothing in it has yet."""

    suffix: str
    account: str
    region: str
    data_bucket: str
    model_bucket: str
    package_bucket: str
    fresh: str


@dataclass(frozen=True, slots=True)
class Run:
    """An execution of a machine, `images` for slipway-SUFFIX-images.

    input    its input in an installation
    told     lines that say what it did, from its output
    expects  the status in which it has to end
    """

    machine: str
    input: Callable[[Place], dict[str, Any]]
    told: Callable[[Mapping[str, Any]], list[str]]
    expects: str = "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class Sample:
    """A system with its data and its executions, in their order.

    objects  key in the data bucket, below workflows/SYSTEM/, and content; the same each time
    """

    system: str
    title: str
    objects: Callable[[], Iterable[tuple[str, bytes]]]
    runs: tuple[Run, ...]

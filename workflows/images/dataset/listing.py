"""Lists all images in one function, or one class folder in each of many."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from workflows.aws.connections import THREADS
from workflows.aws.listing import list_page
from workflows.images.dataset.crawling import Crawl
from workflows.images.dataset.description import SPLITS, Classes, ClassFolder, describe, find_classes
from workflows.images.dataset.parts import Part, Parts, Tally
from workflows.images.dataset.ranges import KeyRange
from workflows.images.place import Place
from workflows.images.request import ImagesInput
from workflows.runtime.errors import InputError

Remaining = Callable[[], int]
"""The milliseconds that the function may still run."""

_NEEDED_MS = 120_000
"""For writing the lists."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The folder of a class, which one function lists."""

    split: str
    name: str
    number: int

    @property
    def file(self) -> str:
        """The file of its paths, without its ending."""
        return f"parts/{self.split}-{self.number}"


def list_images(given: ImagesInput, place: Place, remaining: Remaining) -> dict[str, Any]:
    """List all images and write the lists; returns what the jobs of the machine need. Raises DataError, InputError."""
    classes = find_classes(given, place)
    shards = _shards(classes)
    with _crawled(given, place, shards, _in_time(given, remaining)) as parts:
        found = [_found(shard, parts.of(_prefix(given, shard))) for shard in shards]
        return describe(given, place, classes, found)


def plan_lists(given: ImagesInput, place: Place) -> dict[str, Any]:
    """Write the class folders for a Map to list; returns how many there are. Raises DataError."""
    classes = find_classes(given, place)
    shards = [{"split": shard.split, "name": shard.name, "number": shard.number} for shard in _shards(classes)]
    place.write("parts/shards.json", [json.dumps(shards).encode()], "application/json")
    place.write("parts/beside.json", [json.dumps(classes.beside.document()).encode()], "application/json")
    return {"shards": len(shards)}


def list_shard(given: ImagesInput, place: Place, index: int, remaining: Remaining) -> None:
    """List one of the planned class folders and keep its paths and counts. Raises InputError."""
    shard = _planned(place)[index]
    with _crawled(given, place, [shard], _in_time(given, remaining)) as parts:
        found = _found(shard, parts.of(_prefix(given, shard)))
        place.write(f"{shard.file}.paths", found.chunks(), "text/plain")
        place.write(f"{shard.file}.json", [json.dumps(found.tally.document()).encode()], "application/json")


def join_lists(given: ImagesInput, place: Place) -> dict[str, Any]:
    """Write the lists from all class folders; returns what `list_images` does. Raises DataError."""
    shards = _planned(place)
    numbers = {shard.name: shard.number for shard in shards}
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(partial(_kept, place), shards))
    return describe(given, place, Classes(numbers, Tally.parse(_read(place, "parts/beside.json"))), found)


def _shards(classes: Classes) -> list[Shard]:
    return [Shard(split, name, number) for split in SPLITS for name, number in classes.numbers.items()]


def _planned(place: Place) -> list[Shard]:
    return [Shard(**shard) for shard in _read(place, "parts/shards.json")]


def _prefix(given: ImagesInput, shard: Shard) -> str:
    return f"{given.folder}{shard.split}/{shard.name}/"


def _found(shard: Shard, parts: list[Part]) -> ClassFolder:
    tally = sum((part.tally for part in parts), Tally())
    return ClassFolder(
        shard.split, shard.name, shard.number, tally, lambda: chain.from_iterable(part.chunks() for part in parts)
    )


def _kept(place: Place, shard: Shard) -> ClassFolder:
    tally = Tally.parse(_read(place, f"{shard.file}.json"))
    return ClassFolder(shard.split, shard.name, shard.number, tally, lambda: place.read(f"{shard.file}.paths"))


def _read(place: Place, name: str) -> Any:
    return json.loads(b"".join(place.read(name)))


@contextmanager
def _crawled(given: ImagesInput, place: Place, shards: Iterable[Shard], check: Callable[[], None]) -> Iterator[Parts]:
    """List class folders into files that are gone at the end."""
    with tempfile.TemporaryDirectory(prefix="lists-") as folder:
        parts = Parts(Path(folder))

        def take(wanted: KeyRange, objects: list[tuple[str, int]]) -> None:
            check()
            parts.take(wanted, objects)

        Crawl(partial(list_page, place.data_bucket), take).run(KeyRange(_prefix(given, shard)) for shard in shards)
        yield parts


def _in_time(given: ImagesInput, remaining: Remaining) -> Callable[[], None]:
    def check() -> None:
        if remaining() < _NEEDED_MS:
            advice = (
                'Set "listing": "map" in the input: then a function lists each class folder.'
                if given.listing == "function"
                else "Spread the images of this class over several prefixes, one execution each."
            )
            raise InputError(f"{given.folder}: there are more images than a function lists in its time. {advice}")

    return check

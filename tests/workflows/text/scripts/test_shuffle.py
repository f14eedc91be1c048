"""A shuffle loses nothing, depends on its seed alone, and mixes well, in memory and on disk."""

from __future__ import annotations

import errno
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from workflows.text.scripts.errors import ReviewsError
from workflows.text.scripts.shuffle import Shuffle

LINES = [b"line %d\n" % number for number in range(2_000)]


def shuffled(folder: Path, seed: int, **bounds: int) -> list[bytes]:
    folder.mkdir(exist_ok=True)
    shuffle = Shuffle(folder, seed, **bounds)
    for line in LINES:
        shuffle.add(line)
    assert len(shuffle) == len(LINES)
    return list(shuffle)


@pytest.mark.parametrize("memory_bytes", [2**24, 8_000, 200], ids=["in memory", "on disk", "buckets of buckets"])
def test_every_line_once_in_an_order_of_the_seed(tmp_path: Path, memory_bytes: int) -> None:
    found = shuffled(tmp_path / "a", 1, memory_bytes=memory_bytes)
    assert sorted(found) == sorted(LINES)
    assert found != LINES
    assert shuffled(tmp_path / "b", 1, memory_bytes=memory_bytes) == found
    assert shuffled(tmp_path / "c", 2, memory_bytes=memory_bytes) != found
    assert list((tmp_path / "a").iterdir()) == []


def test_the_disk_does_not_change_the_order_while_buckets_fit_into_memory(tmp_path: Path) -> None:
    assert shuffled(tmp_path / "a", 1, memory_bytes=8_000) == shuffled(tmp_path / "b", 1)


@pytest.mark.parametrize("memory_bytes", [2**24, 1_000])
def test_each_place_is_as_likely_as_any_other(tmp_path: Path, memory_bytes: int) -> None:
    """The first line of 4 comes to each of the 4 places in a quarter of 1,000 shuffles."""
    places: Counter[int] = Counter()
    for seed in range(1_000):
        shuffle = Shuffle(tmp_path, seed, memory_bytes)
        for line in (b"a\n", b"b\n", b"c\n", b"d\n"):
            shuffle.add(line)
        places[list(shuffle).index(b"a\n")] += 1
    assert set(places) == {0, 1, 2, 3}
    assert all(190 < count < 310 for count in places.values())


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    shuffle = Shuffle(tmp_path, 1, 10)
    monkeypatch.setattr(Path, "open", full)
    shuffle.add(LINES[0])
    with pytest.raises(ReviewsError, match=r"^The disk under .* is full after 2 sentences\. Split the reviews"):
        shuffle.add(LINES[1])

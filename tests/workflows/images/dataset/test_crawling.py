from __future__ import annotations

import threading
import time
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.images.folders import Keys
from workflows.aws.listing import Page
from workflows.images.dataset.crawling import Crawl
from workflows.images.dataset.ranges import KeyRange

NAMES = st.sets(st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=6), max_size=60)


class Taken:
    """What a crawl found, by range."""

    def __init__(self) -> None:
        self.ranges: dict[tuple[str, str], list[str]] = defaultdict(list)

    def take(self, wanted: KeyRange, objects: list[tuple[str, int]]) -> None:
        self.ranges[wanted.prefix, wanted.start] += [key for key, _ in objects]

    def of(self, prefix: str) -> list[str]:
        return [key for (of, _), keys in sorted(self.ranges.items()) if of == prefix for key in keys]


def crawled(keys: Keys, prefixes: list[str], threads: int = 4) -> Taken:
    taken = Taken()
    Crawl(keys.page, taken.take, threads).run([KeyRange(prefix) for prefix in prefixes])
    return taken


@given(NAMES, NAMES, st.integers(1, 8), st.integers(1, 5))
@settings(max_examples=60)
def test_every_object_is_found_once_and_in_order(cats: set[str], dogs: set[str], size: int, threads: int) -> None:
    keys = Keys([*(f"cats/{name}" for name in cats), *(f"dogs/{name}" for name in dogs), "cow", "dogsled/1"], size)
    taken = crawled(keys, ["cats/", "dogs/"], threads)
    assert taken.of("cats/") == sorted(f"cats/{name}" for name in cats)
    assert taken.of("dogs/") == sorted(f"dogs/{name}" for name in dogs)


@pytest.mark.parametrize("form", ["img_{:07d}.jpg", "{:07d}", "deep/folder/é{:05d}/x.png"])
def test_one_large_folder_is_listed_by_many_threads(form: str) -> None:
    keys = Keys((f"cats/{form.format(number)}" for number in range(3_000)), 10)
    original = keys.page

    def slow(prefix: str, after: str, limit: int) -> Page:
        page = original(prefix, after, limit)
        time.sleep(0.002)
        return page

    taken = Taken()
    Crawl(slow, taken.take, 8).run([KeyRange("cats/")])
    assert taken.of("cats/") == keys.keys
    shares = sorted(len(found) for found in taken.ranges.values())
    assert len(shares) >= 8
    assert shares[-1] < 1_500


def test_an_error_ends_the_crawl() -> None:
    keys = Keys(f"cats/{number:04}" for number in range(5_000))

    def broken(prefix: str, after: str, limit: int) -> Page:
        if keys.pages > 20:
            raise RuntimeError("S3 is gone")
        return keys.page(prefix, after, limit)

    with pytest.raises(RuntimeError, match="S3 is gone"):
        Crawl(broken, Taken().take, 4).run([KeyRange("cats/")])
    assert keys.pages < 40
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("crawl")]


def test_no_range_is_no_work() -> None:
    assert crawled(Keys([]), []).ranges == {}

"""Lists folders of S3 side by side.

S3 answers a list of objects a page at a time, each asked for with the last key of the one before. What many threads
list at once are different ranges of keys. A thread without a range looks for the middle of one that another lists, and
takes its upper half, however the images are spread over folders.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from workflows.aws.connections import THREADS
from workflows.aws.listing import MOST_KEYS, Page
from workflows.images.dataset.ranges import KeyRange

ListPage = Callable[[str, str, int], Page]
"""Lists from a prefix, the key to begin behind, and the most objects wanted."""
Take = Callable[[KeyRange, list[tuple[str, int]]], None]
"""Gets the objects of a range, page by page, in the order of their keys; called by one thread at a time for a range."""


class Crawl:
    """One listing of some ranges. A range, and which are listed, change only under the lock of `_changed`."""

    def __init__(self, list_page: ListPage, take: Take, threads: int = THREADS) -> None:
        self._list_page, self._take, self._threads = list_page, take, threads
        self._pending: deque[KeyRange] = deque()
        self._listed: set[KeyRange] = set()
        self._ended = False
        self._changed = threading.Condition()

    def run(self, ranges: Iterable[KeyRange]) -> None:
        """List all. Raises the first error of a thread when all threads have ended."""
        self._pending.extend(ranges)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="crawl") as pool:
            for work in [pool.submit(self._work) for _ in range(self._threads)]:
                work.result()

    def _work(self) -> None:
        try:
            while (task := self._next()) is not None:
                task()
        finally:
            # All has been listed, or this thread has failed: either way the others have nothing more to do.
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        """Return what to do when there is something; None when all has been listed."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._pending or self._to_halve() or not self._listed)
            if self._ended:
                return None
            if self._pending:
                wanted = self._pending.popleft()
                self._listed.add(wanted)
                return partial(self._list, wanted)
            if large := self._to_halve():
                large.halving = "under way"
                return partial(self._halve, large)
            return None

    def _to_halve(self) -> KeyRange | None:
        return next((found for found in self._listed if found.halving == "possible"), None)

    def _list(self, wanted: KeyRange) -> None:
        more = True
        while more and not self._ended:
            page = self._list_page(wanted.prefix, wanted.after, MOST_KEYS)
            with self._changed:
                mine = wanted.cut(page.objects)
                more = bool(mine) and len(mine) == len(page.objects) and not page.complete
                self._advance(wanted, mine, more)
            self._take(wanted, mine)

    def _advance(self, wanted: KeyRange, mine: list[tuple[str, int]], more: bool) -> None:
        if more:
            wanted.after = mine[-1][0]
            wanted.halving = "possible" if wanted.halving == "early" else wanted.halving
        else:
            self._listed.remove(wanted)
        self._changed.notify_all()

    def _halve(self, large: KeyRange) -> None:
        """Look for the middle of a range while another thread lists it, and give its upper half to be listed."""
        while (middle := self._middle(large)) is not None:
            probe = self._list_page(large.prefix, middle, 1)
            with self._changed:
                if large not in self._listed:
                    return
                if large.after < middle and self._split(large, middle, probe):
                    large.halving = "possible"
                    self._changed.notify_all()
                    return

    def _middle(self, large: KeyRange) -> str | None:
        with self._changed:
            middle = large.middle() if large in self._listed and not self._ended else None
            large.halving = "impossible" if middle is None else large.halving
            return middle

    def _split(self, large: KeyRange, middle: str, probe: Page) -> bool:
        """Shorten a range to its lower half; False if the upper one is empty, and so not given away."""
        upper = KeyRange(large.prefix, middle, large.until)
        large.until = middle
        if not upper.cut(probe.objects):
            return False
        self._pending.append(upper)
        return True

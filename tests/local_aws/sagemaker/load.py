"""Requests that go on all the time while a test changes something."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def load(ask: Callable[[], bytes], threads: int = 4) -> Iterator[tuple[Counter[bytes], list[Exception]]]:
    """Ask in this many threads until the end; what was answered, and the failure at which a thread ended."""
    stop, seen, faults = threading.Event(), Counter[bytes](), list[Exception]()

    def keep_asking() -> None:
        try:
            while not stop.is_set():
                seen[ask()] += 1
        except Exception as error:  # noqa: BLE001 - every failure counts
            faults.append(error)

    started = [threading.Thread(target=keep_asking) for _ in range(threads)]
    for thread in started:
        thread.start()
    try:
        yield seen, faults
    finally:
        stop.set()
        for thread in started:
            thread.join()

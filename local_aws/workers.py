"""Threads that run tasks: created when needed, idle between tasks, ended with the process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

Task = Callable[[], None]


class Workers:
    """At most `size` daemon threads.

    They are daemons because their work is repeated after a restart: a call that hangs must not delay shutdown.
    """

    def __init__(self, size: int, name: str) -> None:
        """No thread starts before the first task."""
        self._size, self._name = size, name
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._unfinished = 0

    def submit(self, task: Task) -> None:
        """Run the task in a thread; it must not raise."""
        with self._lock:
            self._unfinished += 1
            if len(self._threads) < min(self._unfinished, self._size):
                name = f"{self._name}-{len(self._threads) + 1}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        self._tasks.put(task)

    def stop(self, timeout_s: float) -> None:
        """End the threads; one that is still busy after the timeout ends with the process."""
        with self._lock:
            threads = list(self._threads)
        for _ in threads:
            self._tasks.put(None)
        for thread in threads:
            thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            task = self._tasks.get()
            if task is None:
                return
            task()
            del task  # what it holds may go while this thread waits
            with self._lock:
                self._unfinished -= 1

"""What local AWS costs while nobody uses it, and how soon it answers."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.figures import Figure, at_most
from benchmarks.processes import cpu_s, memory_mib, tree
from tests.local_server import LocalServer


def measure(folder: Path, *, short: bool) -> list[Figure]:
    """Start a fresh local AWS, ask it one thing, leave it alone."""
    server = LocalServer(folder / "idle")
    started = time.perf_counter()
    server.up()
    server.client("s3").list_buckets()
    answered = time.perf_counter() - started
    try:
        time.sleep(2)
        pids = tree(server.pid)
        before, seconds = cpu_s(pids), 2 if short else 20
        time.sleep(seconds)
        busy = (cpu_s(pids) - before) / seconds * 100
        memory = memory_mib(tree(server.pid))
    finally:
        server.down()
    return [
        at_most("first answer after `up` began", answered, "s", 1.0),
        at_most("memory of an idle local AWS", memory, "MiB", 150.0),
        at_most("processor use of an idle local AWS", busy, "% of a core", 1.0),
    ]

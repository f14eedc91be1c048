"""The function that lists images, against a plain listing page after page of the same S3.

S3 is a stub on this machine, which answers each page of 1,000 objects after 100 ms, the lower end of what AWS tells of
small requests (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html): without that time
nothing would be waited for, and listing side by side would have nothing to win. The plain listing reads a tenth of the
objects, as its pages take the same time from the first to the last, and writes no lists; the function writes them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.figures import Figure, at_least, at_most

_OBJECTS, _SHORT_OBJECTS = 1_000_000, 20_000
_LATENCY_S = 0.1
_LEAST_RATIO, _MOST_MIB = 3.0, 128.0


def measure(*, short: bool) -> list[Figure]:
    """List in both ways, each in a process of its own."""
    count = _SHORT_OBJECTS if short else _OBJECTS
    with _stub(count) as environment:
        plain = _listed(environment, "plain", count // 10)
        found = _listed(environment, "function", count)
    if found["objects"] != count:
        raise RuntimeError(f"the function has found {found['objects']:,} of {count:,} objects")
    rate, plain_rate = (one["objects"] / one["seconds"] for one in (found, plain))
    name = f"listing of {count:,} images"
    detail = f"{rate:,.0f} objects/s in {found['seconds']:.1f} s; {plain_rate:,.0f} objects/s page after page"
    return [
        at_least(f"{name} / page after page", rate / plain_rate, "x", _LEAST_RATIO, detail),
        at_most(f"memory of the function, {count:,} images", found["peak_mib"], "MiB", _MOST_MIB),
    ]


@contextmanager
def _stub(count: int) -> Iterator[dict[str, str]]:
    """Run the stub; yields the environment in which an AWS SDK finds it."""
    command = [sys.executable, "-m", "benchmarks.s3_stub", str(count), str(_LATENCY_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            yield {
                **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "AKIABENCHMARK",
                "AWS_SECRET_ACCESS_KEY": "benchmark",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
        finally:
            server.terminate()


def _listed(environment: dict[str, str], way: str, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.list_once", way, str(count)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found

"""`python -m benchmarks.list_once function|plain OBJECTS`: lists S3 at AWS_ENDPOINT_URL in a process of its own.

`function` is the function of the workflow for images, `plain` a paginator of boto3 that keeps nothing and ends after so
many objects. Prints the number of objects, the seconds, and the most memory that the process has had, in MiB.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import islice
from typing import Any

import boto3

from benchmarks.s3_stub import PREFIX
from workflows.images.dataset.listing import list_images
from workflows.images.place import Place
from workflows.images.request import parse

_KEY = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666"
_TIME_MS = 900_000


def by_function() -> int:
    """List as the function does and write the lists; returns the number of images."""
    place = Place("large", "lists", _KEY, "run")
    found: dict[str, Any] = list_images(parse({"prefix": PREFIX}, "ml.m5.large"), place, lambda: _TIME_MS)
    return int(found["train"]["images"] + found["test"]["images"])


def plainly(count: int) -> int:
    """List page after page; returns the number of objects."""
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket="large", Prefix=f"{PREFIX}/")
    return sum(1 for _ in islice((found for page in pages for found in page["Contents"]), count))


def main(way: str, count: int) -> None:
    started = time.perf_counter()
    listed = by_function() if way == "function" else plainly(count)
    seconds = time.perf_counter() - started
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"objects": listed, "seconds": seconds, "peak_mib": peak_mib}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from pipeline_lambdas.aws import clients

THREADS = 16
"""How many threads may call S3 at once; each needs some 2 MiB for what it lists."""


@cache
def s3() -> Any:
    """Return the process's client of S3 for THREADS threads; each has a connection of its own."""
    config = clients.client("s3").meta.config.merge(Config(max_pool_connections=THREADS))
    return boto3.client("s3", config=config)

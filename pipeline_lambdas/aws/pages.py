"""Reads lists that AWS returns page by page.

https://boto3.amazonaws.com/v1/documentation/api/latest/guide/paginators.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call


def pages(service: str, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Yield the pages of a list, each requested when it is wanted. Raises JobError if a request fails."""
    answers = iter(clients.client(service).get_paginator(operation).paginate(**request))
    while (page := call(lambda: next(answers, None))) is not None:
        yield page

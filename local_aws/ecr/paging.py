"""Pages of ECR's lists: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImages.html."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local_aws.ecr import faults
from local_aws.wire import Document

_PAGE = 100


def page(member: str, everything: Sequence[Any], request: Document) -> Document:
    """One page of at most `maxResults` items, 100 by default; the token is the number of items on earlier pages.

    Raises InvalidParameterException for a token that no response has returned.
    """
    token = request.get("nextToken", "0")
    if not token.isdecimal() or len(token) > len(str(len(everything))):
        raise faults.invalid("'nextToken' failed to satisfy constraint: 'Invalid token'")
    first, last = int(token), int(token) + request.get("maxResults", _PAGE)
    more = {"nextToken": str(last)} if last < len(everything) else {}
    return {member: list(everything[first:last]), **more}

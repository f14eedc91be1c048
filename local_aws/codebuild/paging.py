"""Pages of 100 names or ids."""

from __future__ import annotations

from local_aws.codebuild.faults import invalid
from local_aws.codebuild.records import Document

_PAGE = 100


def page(member: str, everything: list[str], token: str | None) -> Document:
    """One page; the token is the number of items on earlier pages. Raises InvalidInputException."""
    if token is not None and not token.isdigit():
        raise invalid(f"nextToken: found {token!r}, which no response has returned.")
    start = int(token or 0)
    answer: Document = {member: everything[start : start + _PAGE]}
    if start + _PAGE < len(everything):
        answer["nextToken"] = str(start + _PAGE)
    return answer

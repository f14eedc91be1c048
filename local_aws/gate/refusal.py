"""Refusals of requests by the gate."""

from __future__ import annotations

from dataclasses import dataclass


class RefusedError(Exception):
    """The request is refused with AWS's code and message, in the protocol of the service that it is for."""

    def __init__(self, code: str, message: str, status: int | None = None, **members: str) -> None:
        """Without `status`, the status of the code; `members` are further elements of S3's errors."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.members = code, message, status, members


@dataclass(frozen=True)
class PlainRefusal:
    """A refusal of a request that is not an AWS call: one sentence of text, without content of the request."""

    status: int
    message: str

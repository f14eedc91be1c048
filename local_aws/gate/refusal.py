"""Requests that are refused at the door."""

from __future__ import annotations

from dataclasses import dataclass


class RefusedError(Exception):
    """The request is refused with a code and message of AWS, said in the protocol of the service that it is for."""

    def __init__(self, code: str, message: str, status: int | None = None, **members: str) -> None:
        """Without `status`, the code's own; `members` are further elements of S3's errors."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.members = code, message, status, members


@dataclass(frozen=True)
class PlainRefusal:
    """A refusal of what is no AWS call: one sentence of text, which repeats nothing of the request."""

    status: int
    message: str

"""Calls to AWS that may find nothing to do, and waiting for what they began."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.session import Session


def unless(codes: Sequence[str], call: Callable[..., Any], **arguments: Any) -> None:
    """Make a call; these errors mean that there is nothing to do, or nothing that can be done."""
    try:
        call(**arguments)
    except ClientError as error:
        if code_of(error) not in codes:
            raise


def wait_until(session: Session, done: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait; SlipwayError that says for `what` if it takes longer."""
    deadline = time.monotonic() + timeout_s
    with session.output.waiting(f"waiting for {what}"):
        while not done():
            if time.monotonic() > deadline:
                raise SlipwayError(f"Waited {timeout_s / 60:.0f} minutes for {what}.")
            time.sleep(session.target.poll_s)

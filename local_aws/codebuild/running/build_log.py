"""A build's log in CloudWatch Logs, written as the service role.

https://docs.aws.amazon.com/codebuild/latest/userguide/getting-started-cli-build-log.html
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from local_aws.clock import Clock
from local_aws.log_batch import MAX_EVENT_BYTES, LogBatch

log = logging.getLogger(__name__)

_FLUSH_S = 0.5
MASK = "***"


class LogNotWritableError(Exception):
    """The service role may not write the log, so CodeBuild does not run the build."""


class BuildLog:
    """One log stream, or none if the project has disabled it."""

    def __init__(self, client: Callable[[], Any], clock: Clock, group: str, stream: str) -> None:
        """`client` returns a CloudWatch Logs client of the service role. With an empty group there is no log."""
        self._client, self._clock = client, clock
        self.group, self.stream = group, stream
        self._hidden: tuple[str, ...] = ()
        self._partial = b""
        self._batch = LogBatch()
        self._due = 0.0
        self._lock = threading.Lock()

    def hide(self, values: Iterable[str]) -> None:
        """Replace these values by `***` from now on; the longest first, as one may be part of another."""
        known = {*self._hidden, *(value for value in values if value)}
        self._hidden = tuple(sorted(known, key=len, reverse=True))

    def open(self, *, again: bool = False) -> None:
        """Create the stream, and its group if there is none. Raises LogNotWritableError.

        `again` is for a build that starts again and may have a stream.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - 20 MB that an idle server saves

        if not self.group:
            return
        client = self._client()
        try:
            try:
                client.create_log_stream(logGroupName=self.group, logStreamName=self.stream)
            except client.exceptions.ResourceNotFoundException:
                client.create_log_group(logGroupName=self.group)
                client.create_log_stream(logGroupName=self.group, logStreamName=self.stream)
        except ClientError as error:
            if again and error.response["Error"]["Code"] == "ResourceAlreadyExistsException":
                return
            raise LogNotWritableError(error.response["Error"]["Message"]) from None

    def say(self, text: str) -> None:
        """Add a line from CodeBuild itself."""
        self.end_line()
        self._add(f"[Container] {self._clock.now():%Y/%m/%d %H:%M:%S.%f} {text}")

    def output(self, chunk: bytes) -> None:
        """Add a command's output; an empty chunk only gives the log a chance to be sent."""
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        for line in lines:
            self._add(line.decode("utf-8", "replace"))
        if len(self._partial) > MAX_EVENT_BYTES // 2:
            self.end_line()
        if self._batch and time.monotonic() >= self._due:
            self.flush()

    def end_line(self) -> None:
        """End a line that a command did not end."""
        if self._partial:
            partial, self._partial = self._partial, b""
            self._add(partial.decode("utf-8", "replace"))

    def masked(self, text: str) -> str:
        """The text with secret values replaced."""
        for value in self._hidden:
            text = text.replace(value, MASK)
        return text

    def flush(self) -> None:
        """Send the collected events. If the role loses its permission, the rest of the log is lost."""
        with self._lock:
            events = self._batch.take()
            if not events or not self.group:
                return
            try:
                self._client().put_log_events(
                    logGroupName=self.group,
                    logStreamName=self.stream,
                    logEvents=events,
                )
            except Exception as error:  # noqa: BLE001 - the build continues after any error
                log.warning("log stream %s/%s lost %d lines: %s", self.group, self.stream, len(events), error)

    def _add(self, line: str) -> None:
        text = self.masked(line.rstrip("\r"))[:MAX_EVENT_BYTES]
        if not text:
            return  # CloudWatch Logs refuses empty events
        if not self._batch.has_room(text):
            self.flush()
        if not self._batch:
            self._due = time.monotonic() + _FLUSH_S
        self._batch.add(int(self._clock.now().timestamp() * 1000), text)

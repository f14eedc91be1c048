"""Writes a container's output to CloudWatch Logs (https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html).

The container writes to a pipe; a thread reads it, sleeps while nothing is printed, and sends batches with the execution
role. As on AWS, without the permissions only the log is lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Any

from local_aws.log_batch import MAX_EVENT_BYTES, LogBatch
from local_aws.sagemaker.objects import ClientOf

log = logging.getLogger(__name__)

_FLUSH_S = 0.5
_MUTE_S = 60.0
JOB_BYTES = 256 << 20
"""Of one training job, so that none fills the disk. CloudWatch Logs takes more, for money."""
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", None)

OnLine = Callable[[str, float], None]
"""Called with each line, as CloudWatch shows it, and its Unix time."""


class ContainerLog:
    """One log stream, fed by a pipe."""

    def __init__(
        self, client_of: ClientOf, group: str, stream: str, on_line: OnLine | None = None, most_bytes: int | None = None
    ) -> None:
        """Open the pipe; `start` begins to read it. Lines beyond `most_bytes` are not sent."""
        self.group, self.stream = group, stream
        self._client_of, self._on_line = client_of, on_line
        self._read_fd, self.write_fd = os.pipe()
        if _F_SETPIPE_SZ is not None:
            with contextlib.suppress(OSError):  # a container should rarely wait while a batch is sent
                fcntl.fcntl(self._read_fd, _F_SETPIPE_SZ, _PIPE_BYTES)
        self._partial = b""
        self._batch = LogBatch()
        self._most_bytes, self._bytes = most_bytes, 0
        self._created = False
        self._muted_until = 0.0
        self._thread = threading.Thread(target=self._run, name=f"log-{stream}"[:60], daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close_writer(self) -> None:
        """Close this process's end once the container has its own, so that the log ends with the container."""
        if self.write_fd >= 0:
            os.close(self.write_fd)
            self.write_fd = -1

    def finish(self, timeout_s: float) -> None:
        """Wait until all output is sent."""
        self.close_writer()
        if self._thread.ident is None:
            os.close(self._read_fd)
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        poller = select.poll()
        poller.register(self._read_fd, select.POLLIN)
        due: float | None = None
        while True:
            wait_ms = None if due is None else max(0, int((due - time.monotonic()) * 1000))
            if poller.poll(wait_ms):
                chunk = os.read(self._read_fd, 1 << 16)
                if not chunk:
                    break
                self._take(chunk)
                due = due or (time.monotonic() + _FLUSH_S if self._batch else None)
            if due is not None and time.monotonic() >= due:
                self._flush()
                due = None
        os.close(self._read_fd)
        if self._partial:
            self._add(self._partial)
        self._flush()

    def _take(self, chunk: bytes) -> None:
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        for line in lines:
            self._add(line)
        if len(self._partial) > MAX_EVENT_BYTES:
            self._add(self._partial)
            self._partial = b""

    def _add(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r").replace("\t", "#011")
        if not text:
            return  # CloudWatch Logs takes no empty event
        now = time.time()
        if self._on_line is not None:
            self._on_line(text, now)
        text = self._within(text)
        if not text:
            return
        if not self._batch.has_room(text):
            self._flush()
        self._batch.add(int(now * 1000), text)

    def _within(self, text: str) -> str:
        """The line, a last one in place of the first that is too much, and nothing from then on."""
        most, before = self._most_bytes, self._bytes
        self._bytes += len(text)
        if most is None or self._bytes <= most:
            return text
        if before > most:
            return ""
        return f"{most >> 20} MiB are logged. The rest is left out, which CloudWatch Logs on AWS would keep."

    def _flush(self) -> None:
        events = self._batch.take()
        if not events or time.monotonic() < self._muted_until:
            return
        try:
            self._send(events)
        except Exception as error:  # noqa: BLE001 - no error may affect the container
            self._created = False  # the group may have been deleted
            self._muted_until = time.monotonic() + _MUTE_S
            log.warning("log stream %s/%s failed, trying again in %d s: %s", self.group, self.stream, _MUTE_S, error)

    def _send(self, events: list[dict[str, Any]]) -> None:
        client = self._client_of("logs")
        if not self._created:
            self._create(client)
            self._created = True
        client.put_log_events(
            logGroupName=self.group,
            logStreamName=self.stream,
            logEvents=events,
        )

    def _create(self, client: object) -> None:
        """Create the stream, and its group if there is none."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - 20 MB that an idle server saves

        def create_stream() -> str:
            try:
                client.create_log_stream(logGroupName=self.group, logStreamName=self.stream)  # type: ignore[attr-defined]
            except ClientError as error:
                code: str = error.response["Error"]["Code"]
                if code not in ("ResourceNotFoundException", "ResourceAlreadyExistsException"):
                    raise
                return code
            return ""

        if create_stream() == "ResourceNotFoundException":
            try:
                client.create_log_group(logGroupName=self.group)  # type: ignore[attr-defined]
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                    raise
            create_stream()

"""Writes the results of a distributed Map's children to S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.stepfunctions.contracts.errors import RESULT_WRITER_FAILED, StatesError
from local_aws.stepfunctions.contracts.records import FAILED, PENDING_REDRIVE, RUNNING, SUCCEEDED, ExecutionRecord
from local_aws.stepfunctions.tasks.items.objects import Bucket, Place
from local_aws.stepfunctions.tasks.items.results import COMPACT, FLATTEN, JSON, JSONL, NONE, transformed
from local_aws.stepfunctions.tasks.sdk.requests import compact
from local_aws.stepfunctions.tasks.tools import Tools

MOST_FILE_BYTES = 5 * 1024**3
PART_BYTES = 8 * 1024 * 1024
_PENDING = "PENDING"
_GROUPS = {SUCCEEDED: SUCCEEDED, RUNNING: _PENDING, PENDING_REDRIVE: _PENDING}


class ResultFiles:
    """The result files of one Map Run: what is written is uploaded in parts, so that memory stays bounded.

    After a kill all of it is written again: the uploads under way are not continued, and `abort` has not run.
    """

    def __init__(
        self,
        tools: Tools,
        arguments: Mapping[str, Any],
        config: Mapping[str, Any],
        map_run_arn: str,
        role_arn: str,
        state_machine_arn: str,
        *,
        part_bytes: int = PART_BYTES,
        most_bytes: int = MOST_FILE_BYTES,
    ) -> None:
        """Parameters and WriterConfig are those after evaluation. Raises StatesError States.ResultWriterFailed."""
        self._s3 = Bucket(tools, Place(role_arn, state_machine_arn, RESULT_WRITER_FAILED))
        self._map_run_arn = map_run_arn
        self._name, prefix = _texts(arguments, "Bucket", "Prefix")
        self._folder = "/".join(part for part in (prefix.strip("/"), map_run_arn.rpartition(":")[2]) if part)
        self._transformation = _choice(config, "Transformation", NONE, COMPACT, FLATTEN)
        self._lines = _choice(config, "OutputType", JSON, JSONL) == JSONL
        self._part_bytes, self._most_bytes = part_bytes, most_bytes
        self._files: dict[str, list[_File]] = {SUCCEEDED: [], FAILED: [], _PENDING: []}

    def add(self, record: ExecutionRecord) -> None:
        """Write the result of a child. Raises StatesError."""
        group = _GROUPS.get(record.status, FAILED)
        for value in transformed(record, self._transformation):
            self._file(group).write(compact(value).encode())

    def finish(self) -> dict[str, Any]:
        """Finish the files and write the manifest; returns the output of the Map state. Raises StatesError."""
        for files in self._files.values():
            for file in files:
                file.close()
        key = f"{self._folder}/manifest.json"
        manifest = {
            "DestinationBucket": self._name,
            "MapRunArn": self._map_run_arn,
            "ResultFiles": {group: [file.entry for file in self._files[group]] for group in sorted(self._files)},
        }
        self._s3.call("put_object", Bucket=self._name, Key=key, Body=json.dumps(manifest).encode())
        return {"MapRunArn": self._map_run_arn, "ResultWriterDetails": {"Bucket": self._name, "Key": key}}

    def abort(self) -> None:
        """Drop what was uploaded of files that were not finished. Raises StatesError."""
        for files in self._files.values():
            for file in files:
                file.abort()

    def _file(self, group: str) -> _File:
        """The file that the group is written to: a new one where the last is as long as it may be."""
        files = self._files[group]
        if not files or files[-1].size >= self._most_bytes:
            if files:
                files[-1].close()
            end = "jsonl" if self._lines else "json"
            key = f"{self._folder}/{group}_{len(files)}.{end}"
            files.append(_File(self._s3, self._name, key, self._part_bytes, lines=self._lines))
        return files[-1]


class _File:
    """One result file: a JSON array, or JSON lines."""

    def __init__(self, bucket: Bucket, name: str, key: str, part_bytes: int, *, lines: bool) -> None:
        """Nothing is sent before a part is full."""
        self._s3, self._at, self._part_bytes = bucket, {"Bucket": name, "Key": key}, part_bytes
        self._opening, self._between, self._closing = (b"", b"\n", b"\n") if lines else (b"[", b",", b"]")
        self._buffer, self._upload, self._parts = bytearray(), "", list[dict[str, Any]]()
        self.size, self._closed = 0, False

    @property
    def entry(self) -> dict[str, Any]:
        """The file in the manifest."""
        return {"Key": self._at["Key"], "Size": self.size}

    def write(self, value: bytes) -> None:
        self._add((self._between if self.size else self._opening) + value)
        if len(self._buffer) >= self._part_bytes:
            self._send_part()

    def close(self) -> None:
        """Send the rest; a small file in one piece."""
        if self._closed:
            return
        self._add(self._closing)
        if not self._upload:
            self._s3.call("put_object", **self._at, Body=bytes(self._buffer))
        else:
            self._send_part()
            parts = {"Parts": self._parts}
            self._s3.call("complete_multipart_upload", **self._at, UploadId=self._upload, MultipartUpload=parts)
        self._closed, self._buffer = True, bytearray()

    def abort(self) -> None:
        if self._upload and not self._closed:
            self._s3.call("abort_multipart_upload", **self._at, UploadId=self._upload)
            self._upload = ""

    def _add(self, data: bytes) -> None:
        self._buffer += data
        self.size += len(data)

    def _send_part(self) -> None:
        if not self._upload:
            self._upload = self._s3.call("create_multipart_upload", **self._at)["UploadId"]
        number = len(self._parts) + 1
        body = bytes(self._buffer)
        answer = self._s3.call("upload_part", **self._at, UploadId=self._upload, PartNumber=number, Body=body)
        self._parts.append({"ETag": answer["ETag"], "PartNumber": number})
        self._buffer = bytearray()


def _texts(arguments: Mapping[str, Any], required: str, optional: str) -> tuple[str, str]:
    for name in arguments:
        if name not in (required, optional):
            raise StatesError(RESULT_WRITER_FAILED, f"The field '{name}' is not supported by Step Functions")
    first, second = arguments.get(required), arguments.get(optional) or ""
    if not isinstance(first, str) or not first or not isinstance(second, str):
        raise StatesError(
            RESULT_WRITER_FAILED, f"The ResultWriter needs {required}, and {optional} at will, as strings"
        )
    return first, second


def _choice(config: Mapping[str, Any], name: str, *allowed: str) -> str:
    found = config.get(name, allowed[0])
    if found not in allowed:
        raise StatesError(RESULT_WRITER_FAILED, f"{name} is '{found}'; expected {', '.join(allowed)}")
    return str(found)

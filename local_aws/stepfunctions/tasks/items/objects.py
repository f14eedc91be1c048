"""Objects of S3 as a Map reads and lists them, as a state machine's role."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.base import RoleNotAssumableError
from local_aws.stepfunctions.contracts.errors import StatesError
from local_aws.stepfunctions.tasks.requesting import refusal
from local_aws.stepfunctions.tasks.sdk.dialect import sdk_dialect
from local_aws.stepfunctions.tasks.tools import Tools

PART_BYTES = 4 * 1024 * 1024
"""An object is read by ranges, so that nothing is held open while its items are worked on."""
_S3 = sdk_dialect("S3")


@dataclass(frozen=True, slots=True)
class Place:
    """Who reads or writes: a role, as a state machine, whose failures have the name `error`."""

    role_arn: str
    state_machine_arn: str
    error: str


class Bucket:
    """Calls of S3. All methods raise StatesError of the place's error, with the cause that AWS tells."""

    def __init__(self, tools: Tools, place: Place, part_bytes: int = PART_BYTES) -> None:
        """Keep the surroundings."""
        self._tools, self._place, self._part_bytes = tools, place, part_bytes

    def call(self, operation: str, **request: Any) -> Any:
        """One call; `operation` is the method of botocore's client."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the first client

        try:
            client = self._tools.client_as("s3", self._place.role_arn, self._place.state_machine_arn)
            return getattr(client, operation)(**request)
        except ClientError as error:
            raise self.failure(_S3.failure(refusal(error.response), None, "run").cause) from error
        except (BotoCoreError, RoleNotAssumableError) as error:
            raise self.failure(str(error)) from error

    def failure(self, cause: str) -> StatesError:
        """A failure of the place."""
        return StatesError(self._place.error, cause)

    def read(self, request: Mapping[str, Any]) -> Iterator[bytes]:
        """The object of a GetObject request in parts, all of the same version."""
        start, total = 0, 1
        same: dict[str, str] = {}
        while start < total:
            ranged = {**request, **same, "Range": f"bytes={start}-{start + self._part_bytes - 1}"}
            answer = self._part(ranged)
            if answer is None:
                return
            body: bytes = answer["Body"].read()
            total = _total(answer, start + len(body))
            same = {"IfMatch": answer["ETag"]}
            start += len(body)
            yield body

    def list(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """What ListObjectsV2 tells, page by page, in the form of an item.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
        """
        token: dict[str, str] = {}
        while True:
            page = self.call("list_objects_v2", **{**request, **token})
            yield from map(_listed, page.get("Contents", []))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _part(self, request: Mapping[str, Any]) -> Any:
        """A range; None of an empty object, of which S3 gives no range."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        try:
            return self.call("get_object", **request)
        except StatesError as error:
            cause = error.__cause__
            code = cause.response["Error"].get("Code") if isinstance(cause, ClientError) else ""
            if code == "InvalidRange":
                return None
            raise


def _total(answer: Mapping[str, Any], read: int) -> int:
    """The size of the whole object; of an answer without a range, what was read."""
    found = re.search(r"/(\d+)$", answer.get("ContentRange", ""))
    return int(found[1]) if found else read


def _listed(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Etag": entry["ETag"],
        "Key": entry["Key"],
        "LastModified": int(entry["LastModified"].timestamp()),
        "Size": entry["Size"],
        "StorageClass": entry.get("StorageClass", "STANDARD"),
    }

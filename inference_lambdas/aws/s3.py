from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.aws.clients import client
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.runtime.failures import AwsRequestError, ConfigurationError, JobError, UnavailableError

_MAX_REOPENINGS = 4
# Of an upload in parts each but the last has at least 5 MiB.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PART_BYTES = 8 * 1024 * 1024
_CHECKSUM = "SHA256"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and whose rights it is asked with: `client` is a boto3 client of S3, by default that of the function."""

    name: str
    client: Any = None

    @property
    def s3(self) -> Any:
        return self.client or client("s3")

    def uri(self, key: str) -> str:
        return f"s3://{self.name}/{key}"

    def read(self, key: str, **of: str) -> bytes:
        """Return an object, or of it what a Range or a VersionId asks for."""
        try:
            answer = call(self.s3.get_object, Bucket=self.name, Key=key, **of)
        except AwsRequestError as error:
            raise _reading(self.uri(key), error) from error
        with answer["Body"] as body:
            content: bytes = call(body.read)
        return content

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes of an object from `start` on and before `end`; fewer where it ends earlier."""
        return self.read(key, Range=f"bytes={start}-{end - 1}")

    def write(self, key: str, content: bytes, content_type: str, kms_key_arn: str) -> str:
        """Store `content` under the customer key in a versioned bucket; return its version."""
        answer = call(self.s3.put_object, Key=key, Body=content, **self._kept(content_type, kms_key_arn))
        return str(answer["VersionId"])

    def write_parts(self, key: str, parts: Iterable[bytes], content_type: str, kms_key_arn: str) -> str:
        """Store what is too large to be held at once; return its version. Nothing is there until all of it is.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
        """
        started = call(self.s3.create_multipart_upload, Key=key, **self._kept(content_type, kms_key_arn))
        upload = {"Bucket": self.name, "Key": key, "UploadId": started["UploadId"]}
        try:
            done = []
            for number, part in enumerate(parts, 1):
                answer = call(self.s3.upload_part, Body=part, PartNumber=number, ChecksumAlgorithm=_CHECKSUM, **upload)
                named = {name: answer[name] for name in ("ETag", "ChecksumSHA256") if name in answer}
                done.append({"PartNumber": number, **named})
            answer = call(self.s3.complete_multipart_upload, MultipartUpload={"Parts": done}, **upload)
        except JobError:
            # What is left of it is kept, and paid for, until the bucket's lifecycle ends it.
            with suppress(JobError):
                call(self.s3.abort_multipart_upload, **upload)
            raise
        return str(answer["VersionId"])

    def _kept(self, content_type: str, kms_key_arn: str) -> dict[str, str]:
        """A lock needs a checksum, which not every SDK sends.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        """
        return {
            "Bucket": self.name,
            "ContentType": content_type,
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": kms_key_arn,
            "ChecksumAlgorithm": _CHECKSUM,
        }


class ObjectStream:
    """Reads one object from an offset on, always the same version of it.

    The first request learns the ETag; later ones, here or in another invocation, ask for that very content
    with If-Match: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """

    def __init__(self, bucket: Bucket, key: str, offset: int = 0, etag: str | None = None) -> None:
        self.uri = bucket.uri(key)
        self.etag = etag
        self.size_bytes = 0
        self._client = bucket.s3
        self._request = {"Bucket": bucket.name, "Key": key}
        self._offset = offset
        self._reopenings = 0
        self._body: Any = None
        self._open()

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end; a connection that breaks is opened again."""
        while True:
            try:
                content: bytes = call(self._body.read, amt=size)
            except UnavailableError:
                if self._reopenings == _MAX_REOPENINGS:
                    raise
                self._reopenings += 1
                self._body.close()
                self._open()
            else:
                self._offset += len(content)
                return content

    def close(self) -> None:
        self._body.close()

    def _open(self) -> None:
        request: dict[str, Any] = dict(self._request)
        if self._offset:
            request["Range"] = f"bytes={self._offset}-"
        if self.etag:
            request["IfMatch"] = self.etag
        try:
            answer = call(self._client.get_object, **request)
        except AwsRequestError as error:
            raise _reading(self.uri, error) from error
        self._body, self.etag = answer["Body"], answer["ETag"]
        self.size_bytes = self._offset + answer["ContentLength"]


def _reading(uri: str, error: AwsRequestError) -> Exception:
    match error.code:
        case "NoSuchKey" | "NoSuchBucket":
            return ConfigurationError(f"{uri}: found no object ({error.code}). Upload the dataset again.")
        case "PreconditionFailed" | "412":
            return ConfigurationError(
                f"{uri}: found other content than when the evaluation began. A dataset is never overwritten; "
                "upload the dataset again."
            )
        case _:
            return error

"""Where the images lie, and where an execution writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workflows.aws import reading, writing
from workflows.images.request import HOME


@dataclass(frozen=True, slots=True)
class Place:
    """The buckets of the images and of what is made of them; the latter below the execution's name."""

    data_bucket: str
    model_bucket: str
    kms_key_arn: str
    execution: str

    @property
    def folder(self) -> str:
        return f"{HOME}{self.execution}/"

    @property
    def uri(self) -> str:
        return f"s3://{self.model_bucket}/{self.folder}"

    def uri_of(self, name: str) -> str:
        return self.uri + name

    def write(self, name: str, chunks: Iterable[bytes], content_type: str) -> str:
        """Write a file and return its URI."""
        writing.write_chunks(self.model_bucket, self.folder + name, chunks, content_type, self.kms_key_arn)
        return self.uri_of(name)

    def read(self, name: str) -> Iterable[bytes]:
        """Return a file in chunks."""
        return reading.read_chunks(self.model_bucket, self.folder + name)

"""Reads and writes evidence: it writes to the evidence bucket, and also reads from the bucket of earlier releases."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_lambdas.aws import s3


@dataclass(frozen=True, slots=True)
class RecordSite:
    """The values of the stack: the model, the buckets and the key of its evidence, and where its releases run.

    Before installations had an evidence bucket, they kept evidence in the artifact bucket. It is still read, so that
    the chain continues, and never written.
    """

    model: str
    region: str
    console: str
    evidence_bucket: str
    kms_key_arn: str
    data_bucket: str
    artifact_bucket: str

    def uri(self, key: str) -> str:
        return f"s3://{self.evidence_bucket}/{key}"

    def read(self, key: str) -> bytes | None:
        """Return an object of the evidence, None if it does not exist; the evidence bucket comes first."""
        found = s3.read_object(self.evidence_bucket, key)
        return s3.read_object(self.artifact_bucket, key) if found is None else found

    def read_version(self, key: str, version_id: str) -> bytes | None:
        """Return one version of an object of the evidence, which nobody can change; None if it does not exist."""
        return s3.read_version(self.evidence_bucket, key, version_id)

    def write(self, key: str, content: bytes, content_type: str) -> str:
        """Write an object of the evidence and return its version."""
        return s3.write_object(self.evidence_bucket, key, content, content_type, self.kms_key_arn)

    def listed(self, prefix: str) -> tuple[list[s3.Listed], list[s3.Listed]]:
        """List the objects under `prefix`, by key: those of the artifact bucket, and those of the evidence bucket."""
        return s3.list_objects(self.artifact_bucket, prefix), s3.list_objects(self.evidence_bucket, prefix)

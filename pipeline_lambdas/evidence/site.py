"""Where the evidence of releases lies: written to the evidence bucket, read there and where releases before left it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_lambdas.aws import s3


@dataclass(frozen=True, slots=True)
class RecordSite:
    """What the stack gives: the model, the bucket of its evidence and the key of both, where its releases run.

    The artifact bucket holds what was recorded before installations had an evidence bucket. It is read, so that the
    chain goes on where it was, and never written.
    """

    model: str
    region: str
    console_host: str
    evidence_bucket: str
    kms_key_arn: str
    data_bucket: str
    artifact_bucket: str

    def uri(self, key: str) -> str:
        return f"s3://{self.evidence_bucket}/{key}"

    def read(self, key: str) -> bytes | None:
        """Return an object of the evidence, None if there is none; the evidence bucket's comes first."""
        found = s3.read_object(self.evidence_bucket, key)
        return s3.read_object(self.artifact_bucket, key) if found is None else found

    def read_version(self, key: str, version_id: str) -> bytes | None:
        """Return one version of an object of the evidence, which nobody can change; None if there is none."""
        return s3.read_version(self.evidence_bucket, key, version_id)

    def write(self, key: str, content: bytes, content_type: str) -> str:
        """Store an object of the evidence and return its version."""
        return s3.write_object(self.evidence_bucket, key, content, content_type, self.kms_key_arn)

    def listed(self, prefix: str) -> tuple[list[s3.Listed], list[s3.Listed]]:
        """Return what lies under `prefix` in the order of keys: in the artifact bucket, and in the evidence bucket."""
        return s3.list_objects(self.artifact_bucket, prefix), s3.list_objects(self.evidence_bucket, prefix)

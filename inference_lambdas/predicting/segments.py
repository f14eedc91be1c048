"""The file of predictions while it grows: pieces of some MiB in the artifact bucket, named by their content.

So an invocation that is repeated goes on from the pieces that its token names, whatever the one before it has left, and
an upload to the evidence bucket begins and ends in one invocation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from inference_lambdas.aws.s3 import PART_BYTES, Bucket
from inference_lambdas.predicting.predictions_file import CONTENT_TYPE
from pipeline_lambdas.release.retries import RETRY_ALL
from pipeline_lambdas.runtime.failures import ConfigurationError

# Of a million rows or so, so that what ends in one invocation is written once.
_HELD_BYTES = 2 * PART_BYTES


class Segments:
    """What has been written so far: `stored` are the SHA-256s of pieces, in their order, the rest is held."""

    def __init__(self, bucket: Bucket, key: str, kms_key_arn: str, stored: Sequence[str] = ()) -> None:
        self.stored = list(stored)
        self._bucket, self._key, self._kms_key_arn = bucket, key, kms_key_arn
        self._rest = bytearray()

    def add(self, content: bytes) -> None:
        self._rest += content
        if len(self._rest) >= _HELD_BYTES:
            self.store()

    def store(self) -> None:
        """Keep what is held for the next invocation."""
        if not self._rest:
            return
        content = bytes(self._rest)
        sha256 = hashlib.sha256(content).hexdigest()
        self._bucket.write(self._place(sha256), content, CONTENT_TYPE, self._kms_key_arn)
        self.stored.append(sha256)
        self._rest.clear()

    def content(self) -> Iterator[bytes]:
        """Yield all of it, piece by piece; ConfigurationError for a piece that is another one now."""
        for sha256 in self.stored:
            content = self._bucket.read(self._place(sha256))
            if hashlib.sha256(content).hexdigest() != sha256:
                raise ConfigurationError(
                    f"{self._bucket.uri(self._place(sha256))}: found other predictions than were stored. "
                    f"{RETRY_ALL} to evaluate from the start."
                )
            yield content
        yield bytes(self._rest)

    def sha256(self) -> str:
        """Return the hash of all of it."""
        found = hashlib.sha256()
        for content in self.content():
            found.update(content)
        return found.hexdigest()

    def publish(self, bucket: Bucket, key: str) -> str:
        """Write the file; return its version."""
        if not self.stored:
            return bucket.write(key, bytes(self._rest), CONTENT_TYPE, self._kms_key_arn)
        return bucket.write_parts(key, self._parts(), CONTENT_TYPE, self._kms_key_arn)

    def _parts(self) -> Iterator[bytes]:
        part = bytearray()
        for content in self.content():
            part += content
            if len(part) >= PART_BYTES:
                yield bytes(part)
                part.clear()
        if part:
            yield bytes(part)

    def _place(self, sha256: str) -> str:
        return f"{self._key}-{sha256[:16]}"

"""CheckpointConfig: keeps the checkpoint folder and its S3 location the same.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html: what is in S3 is copied in before the
job starts; what the job writes is copied to S3 while it runs and at its end.
"""

from __future__ import annotations

import logging
from pathlib import Path

from local_aws.sagemaker import objects
from local_aws.sagemaker.names import S3Address, s3_address
from local_aws.sagemaker.roles import ExecutionRole

log = logging.getLogger(__name__)

PERIOD_S = 30.0


class Checkpoints:
    """One job's checkpoint folder."""

    def __init__(self, role: ExecutionRole, uri: str, folder: Path) -> None:
        self._role, self._folder = role, folder
        # Before the job's program runs, which may make a link of it.
        self._inside = folder.resolve()
        self._place = s3_address(uri)
        self._seen: dict[Path, tuple[int, int]] = {}

    def fetch(self) -> None:
        """Copy what is in S3 into the folder. Raises the errors of S3's client."""
        client = self._role.client("s3")
        self._folder.mkdir(parents=True, exist_ok=True)
        prefix = self._place.key.rstrip("/") + "/" if self._place.key else ""
        keys = objects.keys_below(client, S3Address(self._place.bucket, prefix))
        wanted = [(S3Address(self._place.bucket, key), key[len(prefix) :]) for key in keys]
        objects.download_all(client, wanted, self._folder)
        self._seen = self._found()

    def push(self) -> None:
        """Copy new and changed files to S3. A failure is logged, and the next push tries again."""
        for path, stamp in self._found().items():
            if self._seen.get(path) == stamp:
                continue
            try:
                target = self._place.below(*path.relative_to(self._folder).parts)
                objects.upload(self._role.client("s3"), path, target, None)
                self._seen[path] = stamp
            except FileNotFoundError:
                continue  # the algorithm has just removed an old checkpoint
            except Exception as error:  # noqa: BLE001 - a checkpoint that is not copied does not end the job
                log.warning("checkpoint %s was not copied to %s: %s", path.name, self._place, error)

    def _found(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for path in objects.files_below(self._folder, self._inside):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                found[path] = (status.st_mtime_ns, status.st_size)
        return found

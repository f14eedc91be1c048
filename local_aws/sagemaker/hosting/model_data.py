"""Unpacked model artifacts, one copy each for all endpoints that serve it.

An artifact is identified by its address and ETag, so Dev and Test share one copy of the same model, and a replaced
object is fetched again. Every use checks S3 first with the model's role, so a role that may not read the object does
not get it from here either. Containers only read /opt/ml/model.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from local_aws import base
from local_aws.sagemaker import objects
from local_aws.sagemaker.jobs import archives
from local_aws.sagemaker.names import s3_address
from local_aws.sagemaker.roles import ExecutionRole

_KEPT_UNUSED = 8


class ModelDataError(Exception):
    """The artifact is not available; the message is the endpoint's FailureReason."""


class ModelData:
    """The folder of unpacked artifacts."""

    def __init__(self, folder: Path) -> None:
        """Remains of downloads that a kill interrupted are removed at the first use."""
        self._folder = folder
        self._lock = threading.Lock()
        self._fetching: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._users: Counter[str] = Counter()

    def lease(self, role: ExecutionRole, uri: str) -> Path:
        """The folder of an artifact, fetched if necessary; it stays until `release`. Raises ModelDataError."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - not needed by an idle server

        address = s3_address(uri)
        try:
            client = role.client("s3")
            etag = client.head_object(Bucket=address.bucket, Key=address.key)["ETag"]
            name = hashlib.sha256(f"{address} {etag}".encode()).hexdigest()[:32]
            with self._only_one(name):
                target = self._folder / name
                if target.is_dir():
                    os.utime(target)
                else:
                    self._fetch(client, uri, target)
        except (ClientError, BotoCoreError, base.RoleNotAssumableError):
            raise ModelDataError(
                f'Failed to download model data for container "container_1" from URL: "{uri}". Please ensure that '
                "there is an object located at the URL and that the role passed to CreateModel has permissions to "
                "download the model."
            ) from None
        return target

    def release(self, path: Path) -> None:
        """End a use; of the unused artifacts, all but the newest few are removed."""
        with self._lock:
            self._users[path.name] -= 1
            self._users += Counter()
            unused = [p for p in self._folder.iterdir() if p.is_dir() and p.name not in self._users]
            unused.sort(key=lambda p: p.stat().st_mtime)
            for old in unused[: max(0, len(unused) - _KEPT_UNUSED)]:
                shutil.rmtree(old, ignore_errors=True)

    def clear_parts(self) -> None:
        """Remove the remains of interrupted downloads."""
        for part in self._folder.glob("*.part*"):
            shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink()

    @contextmanager
    def _only_one(self, name: str) -> Iterator[None]:
        """Let one thread at a time fetch an artifact, and count the use unless that fails."""
        with self._lock:
            self._users[name] += 1
            lock = self._fetching.setdefault(name, threading.Lock())
        try:
            with lock:
                yield
        except BaseException:
            with self._lock:
                self._users[name] -= 1
                self._users += Counter()
            raise

    def _fetch(self, client: object, uri: str, target: Path) -> None:
        part = target.with_name(f"{target.name}.part{uuid.uuid4().hex[:8]}")
        archive = part.with_suffix(f"{part.suffix}.tar.gz")
        try:
            objects.download(client, s3_address(uri), archive)
            archives.unpack(archive, part)
            part.rename(target)
        except archives.ArchiveError as error:
            raise ModelDataError(
                f'Failed to extract model data archive for container "container_1" from URL "{uri}". Please ensure '
                f"that the object located at the URL is a valid tar.gz archive. ({error})"
            ) from None
        finally:
            archive.unlink(missing_ok=True)

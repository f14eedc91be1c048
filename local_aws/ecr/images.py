"""Repositories and images: rows in the store, and layers and manifests as files named by their digest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.clock import Clock
from local_aws.ecr import faults
from local_aws.state.store import Store

_TABLES = """
CREATE TABLE IF NOT EXISTS ecr_repository (name TEXT PRIMARY KEY, document TEXT);
CREATE TABLE IF NOT EXISTS ecr_image (
    repository TEXT, digest TEXT, media_type TEXT, size INTEGER, pushed REAL, PRIMARY KEY (repository, digest)
);
CREATE TABLE IF NOT EXISTS ecr_tag (repository TEXT, tag TEXT, digest TEXT, PRIMARY KEY (repository, tag));
CREATE TABLE IF NOT EXISTS ecr_blob (repository TEXT, digest TEXT, PRIMARY KEY (repository, digest));
"""
_IMMUTABLE = "IMMUTABLE"
_CHUNK = 1 << 20
_UPLOAD_LASTS_S = 24 * 3600.0
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class StoredImage:
    """An image of a repository: its manifest's digest and media type, its size in bytes, when it was pushed, tags."""

    repository: str
    digest: str
    media_type: str
    size_bytes: int
    pushed: float
    tags: tuple[str, ...]


class Images:
    """All repositories, in the store and below a folder."""

    def __init__(self, store: Store, folder: Path, clock: Clock) -> None:
        """Nothing is created below the folder before a first push."""
        self._store, self._folder, self._clock = store, folder, clock
        # Between a look and the change that follows from it, nobody else may push or delete.
        self._lock = threading.RLock()
        store.define(_TABLES)

    def repositories(self) -> list[dict[str, Any]]:
        """The documents of all repositories, by name."""
        rows = self._store.rows("SELECT document FROM ecr_repository ORDER BY name")
        return [json.loads(row["document"]) for row in rows]

    def repository(self, name: str) -> dict[str, Any]:
        """The document of a repository. Raises RepositoryNotFoundException."""
        row = self._store.row("SELECT document FROM ecr_repository WHERE name = ?", name)
        if row is None:
            raise faults.no_repository(name)
        document: dict[str, Any] = json.loads(row["document"])
        return document

    def keep_repository(self, name: str, document: dict[str, Any]) -> None:
        """Create or replace a repository's document."""
        self._store.execute("INSERT OR REPLACE INTO ecr_repository VALUES (?, ?)", name, json.dumps(document))

    def delete_repository(self, name: str) -> None:
        """Delete a repository with its images."""
        with self._lock:
            with self._store.transaction() as connection:
                for table in ("ecr_image", "ecr_tag", "ecr_blob"):
                    connection.execute(f"DELETE FROM {table} WHERE repository = ?", (name,))  # noqa: S608
                connection.execute("DELETE FROM ecr_repository WHERE name = ?", (name,))
            self._delete_unused()

    def images(self, repository: str) -> list[StoredImage]:
        """The images of a repository, the oldest first. Raises RepositoryNotFoundException."""
        self.repository(repository)
        tags: dict[str, list[str]] = {}
        for row in self._store.rows("SELECT tag, digest FROM ecr_tag WHERE repository = ? ORDER BY tag", repository):
            tags.setdefault(row["digest"], []).append(row["tag"])
        rows = self._store.rows("SELECT * FROM ecr_image WHERE repository = ? ORDER BY pushed, digest", repository)
        return [
            StoredImage(
                repository, r["digest"], r["media_type"], r["size"], r["pushed"], tuple(tags.get(r["digest"], ()))
            )
            for r in rows
        ]

    def find(self, repository: str, reference: str) -> StoredImage | None:
        """The image with a tag or a digest. Raises RepositoryNotFoundException."""
        return next((one for one in self.images(repository) if reference in (one.digest, *one.tags)), None)

    def put(self, repository: str, reference: str, media_type: str, content: bytes) -> str:
        """Store a manifest under a tag or its digest, which is returned.

        Raises RepositoryNotFoundException, ImageTagAlreadyExistsException, and LayersNotFoundException as
        InvalidParameterException for one whose layers were not pushed.
        """
        with self._lock:
            return self._put(repository, reference, media_type, content)

    def _put(self, repository: str, reference: str, media_type: str, content: bytes) -> str:
        document = self.repository(repository)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        is_digest = reference.startswith("sha256:")
        if is_digest and reference != digest:
            raise faults.invalid(f"'imageDigest' failed to satisfy constraint: found {digest}")
        size = self._size(repository, content)
        taken = None if is_digest else self.find(repository, reference)
        if taken and document["imageTagMutability"] == _IMMUTABLE and taken.digest != digest:
            raise faults.tag_taken(repository, reference)
        self.keep_content(repository, digest, content)
        with self._store.transaction() as connection:
            row = (repository, digest, media_type, size, self._clock.now().timestamp())
            connection.execute("INSERT OR IGNORE INTO ecr_image VALUES (?, ?, ?, ?, ?)", row)
            if not is_digest:
                connection.execute("INSERT OR REPLACE INTO ecr_tag VALUES (?, ?, ?)", (repository, reference, digest))
        return digest

    def delete(self, image: StoredImage, tag: str | None = None) -> None:
        """Delete an image, or only one of its several tags."""
        with self._lock:
            tags = self._store.rows(
                "SELECT tag FROM ecr_tag WHERE repository = ? AND digest = ?", image.repository, image.digest
            )
            if tag is not None and any(row["tag"] != tag for row in tags):
                self._store.execute("DELETE FROM ecr_tag WHERE repository = ? AND tag = ?", image.repository, tag)
                return
            named = {image.digest, *self._named(image)}
            with self._store.transaction() as connection:
                for table in ("ecr_image", "ecr_tag"):
                    values = (image.repository, image.digest)
                    connection.execute(f"DELETE FROM {table} WHERE repository = ? AND digest = ?", values)  # noqa: S608
            self._unlink(image.repository, named)

    def lists_of(self, image: StoredImage) -> list[str]:
        """The digests of the manifest lists of the repository that name an image."""
        return [one.digest for one in self.images(image.repository) if image.digest in self._named(one)]

    def content(self, repository: str, digest: str) -> Path | None:
        """The file of a layer, a config or a manifest that a repository has."""
        row = self._store.row("SELECT 1 FROM ecr_blob WHERE repository = ? AND digest = ?", repository, digest)
        path = self._path(digest)
        return path if row is not None and path.is_file() else None

    def upload(self, repository: str, name: str) -> Path:
        """The file that an upload to a repository is written to; an upload belongs to the repository it began in."""
        return self._folder / "uploads" / hashlib.sha256(repository.encode()).hexdigest() / name

    def new_upload(self, repository: str, name: str) -> Path:
        """The same for one that begins; those that nobody has gone on with for a day are removed."""
        upload, oldest = self.upload(repository, name), time.time() - _UPLOAD_LASTS_S
        upload.parent.mkdir(parents=True, exist_ok=True)
        for left in upload.parent.parent.glob("*/*"):
            with contextlib.suppress(OSError):
                if left.stat().st_mtime < oldest:
                    left.unlink()
        return upload

    def finish_upload(self, repository: str, upload: Path, digest: str) -> bool:
        """Take an upload over as content; False, and it is gone, if it does not have the digest."""
        found = hashlib.sha256()
        with upload.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
        if f"sha256:{found.hexdigest()}" != digest:
            upload.unlink()
            return False
        self._keep(repository, digest, upload)
        return True

    def keep_content(self, repository: str, digest: str, content: bytes) -> None:
        """Store content of a known digest."""
        written = self.new_upload(repository, str(uuid.uuid4()))
        written.write_bytes(content)
        self._keep(repository, digest, written)

    def _keep(self, repository: str, digest: str, written: Path) -> None:
        """Take a file over as content of a repository, whole or not at all."""
        path = self._path(digest)
        with self._lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(written, path)  # noqa: PTH105 - over one that is there
            self._store.execute("INSERT OR IGNORE INTO ecr_blob VALUES (?, ?)", repository, digest)

    def _size(self, repository: str, manifest: bytes) -> int:
        """The bytes of all that a manifest names, all of which has to be there."""
        size = 0
        for digest in references(manifest):
            path = self.content(repository, digest)
            if path is None:
                raise faults.invalid(f"'imageManifest': the layer {digest} was not pushed")
            size += path.stat().st_size
        return size

    def _named(self, image: StoredImage) -> set[str]:
        """What the manifest of an image names."""
        path = self.content(image.repository, image.digest)
        return set(references(path.read_bytes())) if path else set()

    def _unlink(self, repository: str, named: set[str]) -> None:
        """Forget what a deleted image alone had; layers that a push has brought for the next image stay."""
        for image in self.images(repository):
            named -= {image.digest, *self._named(image)}
        for digest in named:
            self._store.execute("DELETE FROM ecr_blob WHERE repository = ? AND digest = ?", repository, digest)
        self._delete_unused()

    def _delete_unused(self) -> None:
        used = {row["digest"] for row in self._store.rows("SELECT DISTINCT digest FROM ecr_blob")}
        for path in (self._folder / "blobs").glob("*"):
            if f"sha256:{path.name}" not in used:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _path(self, digest: str) -> Path:
        return self._folder / "blobs" / digest.removeprefix("sha256:")


def references(manifest: bytes) -> Iterator[str]:
    """The digests that a manifest names: its config and layers, or the manifests of an index.

    https://github.com/opencontainers/image-spec/blob/main/manifest.md. Raises InvalidParameterException.
    """
    try:
        document = json.loads(manifest)
        named = [document.get("config"), *document.get("layers", ()), *document.get("manifests", ())]
        digests = [one["digest"] for one in named if one and not one.get("urls")]
        well_formed = all(_DIGEST.fullmatch(digest) for digest in digests)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        well_formed, digests = False, []
    if not well_formed:
        raise faults.invalid("'imageManifest' failed to satisfy constraint: a manifest of an image")
    yield from digests

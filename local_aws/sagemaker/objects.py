"""Copies S3 objects to files and back, with an execution role."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local_aws.sagemaker.names import S3Address

_CHUNK_BYTES = 1 << 20
_PARALLEL = 4

ClientOf = Callable[[str], Any]
"""Returns a client of a service by name, such as `ExecutionRole.client`."""


class UnsafeKeyError(Exception):
    """An object's key would be written outside its folder."""


def keys_below(client: Any, prefix: S3Address) -> list[str]:
    """Every key that starts with the prefix, in S3's order, without markers of empty folders."""
    keys: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = client.list_objects_v2(Bucket=prefix.bucket, Prefix=prefix.key, **more)
        keys += [found["Key"] for found in page.get("Contents", []) if not found["Key"].endswith("/")]
        if not page.get("IsTruncated"):
            return keys
        more = {"ContinuationToken": page["NextContinuationToken"]}


def download(client: Any, address: S3Address, path: Path) -> str:
    """Write an object to a file; returns its ETag."""
    answer = client.get_object(Bucket=address.bucket, Key=address.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file, answer["Body"] as body:
        while chunk := body.read(_CHUNK_BYTES):
            file.write(chunk)
    return str(answer["ETag"])


def download_all(client: Any, wanted: Iterable[tuple[S3Address, str]], folder: Path) -> None:
    """Write objects to their relative paths below a folder, several in parallel.

    Raises UnsafeKeyError before anything is written outside it.
    """
    jobs = [(address, _inside(folder, relative)) for address, relative in wanted]
    if len(jobs) == 1:
        download(client, *jobs[0])
        return
    with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="sagemaker-download") as pool:
        for future in [pool.submit(download, client, *job) for job in jobs]:
            future.result()


def upload(client: Any, path: Path, address: S3Address, kms_key_id: str | None) -> None:
    """Write a file to an object, encrypted with the key if one is named."""
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}
    with path.open("rb") as body:
        client.put_object(Bucket=address.bucket, Key=address.key, Body=body, **encryption)


def upload_folder(client: Any, folder: Path, prefix: S3Address, kms_key_id: str | None) -> None:
    """Write every file of a folder below a prefix, under its relative path; no file that a link leads to elsewhere."""
    for path in sorted(files_below(folder, folder.resolve())):
        upload(client, path, prefix.below(*path.relative_to(folder).parts), kms_key_id)


def files_below(folder: Path, inside: Path) -> Iterator[Path]:
    """The files of a job's folder that are in `inside`: a program may make links to any file of this machine."""
    return (path for path in folder.rglob("*") if path.is_file() and path.resolve().is_relative_to(inside))


def _inside(folder: Path, relative: str) -> Path:
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()) or not relative:
        raise UnsafeKeyError(f"the key {relative!r} is outside its channel")
    return path

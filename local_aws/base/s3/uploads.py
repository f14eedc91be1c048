"""S3: multipart uploads that are kept until they are completed or aborted.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html

MiniStack keeps them in memory only. Here each part is a file of its own, and what is known of the uploads is in the
state of S3, which is written before a request is answered.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local_aws.base.tables import ministack

_KEY = "multipart_uploads"
_COMPLETED = 64
"""Answers to a completion that are kept, as a client may send it again: MiniStack keeps all."""

Part = dict[str, Any]


class Uploads:
    """The uploads under way, and the files of their parts."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds a folder for each upload; it is made with the first."""
        self._folder = folder
        self._s3 = ministack("services.s3")

    def install(self) -> None:
        """Let MiniStack's S3 keep uploads; before it loads its state."""
        s3 = self._s3
        s3._upload_part = self._storing(s3._upload_part)  # noqa: SLF001
        s3._upload_part_copy = self._storing(s3._upload_part_copy)  # noqa: SLF001
        s3._complete_multipart_upload = self._ending(s3._complete_multipart_upload)  # noqa: SLF001
        s3._abort_multipart_upload = self._ending(s3._abort_multipart_upload)  # noqa: SLF001
        get_state, load = s3.get_state, s3.load_persisted_state

        def load_with_uploads(state: dict[str, Any]) -> None:
            load(state)
            self._load(state.get(_KEY))

        s3.get_state = lambda: {**get_state(), _KEY: self._state()}
        s3.load_persisted_state = load_with_uploads

    def _storing(self, upload: Callable[..., Any]) -> Callable[..., Any]:
        """Store the part that the operation takes; it is not taken where that fails."""

        def upload_and_store(bucket: str, key: str, *more: Any) -> Any:
            upload_id, number = _named(more)
            parts = self._s3._multipart_uploads.get(upload_id, {}).get("parts", {})  # noqa: SLF001
            before = parts.get(number)
            answer = upload(bucket, key, *more)
            if answer[0] == HTTPStatus.OK:
                try:
                    self._store(upload_id, number, parts[number])
                except OSError as error:
                    _put_back(parts, number, before)
                    message = f"Local AWS cannot store the part in {self._folder}: {error.strerror}."
                    return self._s3._error("ServiceUnavailable", message, 503)  # noqa: SLF001
            return answer

        return upload_and_store

    def _ending(self, end: Callable[..., Any]) -> Callable[..., Any]:
        """Remove the files of an upload that the operation ends."""

        def end_and_remove(bucket: str, key: str, *more: Any) -> Any:
            upload_id, _ = _named(more)
            under_way = upload_id in self._s3._multipart_uploads  # noqa: SLF001
            answer = end(bucket, key, *more)
            if under_way and upload_id not in self._s3._multipart_uploads:  # noqa: SLF001
                shutil.rmtree(self._folder / upload_id, ignore_errors=True)
                self._forget_completed()
            return answer

        return end_and_remove

    def _forget_completed(self) -> None:
        completed = self._s3._completed_multipart_uploads._data  # noqa: SLF001
        for upload in [*completed][:-_COMPLETED]:
            completed.pop(upload, None)

    def _store(self, upload_id: str, number: int, part: Part) -> None:
        path = self._path(upload_id, number, part)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.tmp")
        try:
            new.write_bytes(part["body"])
            new.replace(path)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def _path(self, upload_id: str, number: int, part: Part) -> Path:
        """A part that takes the place of another has a file of its own, as long as the state tells of the other."""
        return self._folder / upload_id / f"{number}-{part['etag'].strip(chr(34))}"

    def _state(self) -> Any:
        uploads = self._s3._multipart_uploads  # noqa: SLF001
        state = type(uploads)()
        for scoped, upload in uploads._data.items():  # noqa: SLF001
            parts = [[number, {**part, "body": None}] for number, part in upload["parts"].items()]
            state._data[scoped] = {**upload, "parts": parts}  # noqa: SLF001
        return state

    def _load(self, state: Any) -> None:
        known = set()
        for (account, upload_id), upload in state._data.items() if state else ():  # noqa: SLF001
            known.add(upload_id)
            parts = {number: part for number, part in upload["parts"] if self._read(upload_id, number, part)}
            self._s3._multipart_uploads._data[(account, upload_id)] = {**upload, "parts": parts}  # noqa: SLF001
        for left in self._folder.iterdir() if self._folder.is_dir() else ():
            if left.name not in known:
                shutil.rmtree(left, ignore_errors=True)

    def _read(self, upload_id: str, number: int, part: Part) -> bool:
        """Whether the part is there whole; its body is then with it."""
        path = self._path(upload_id, number, part)
        part["body"] = path.read_bytes() if path.is_file() else b""
        return bool(len(part["body"]) == part["size"])


def _named(arguments: tuple[Any, ...]) -> tuple[str, int]:
    """The upload's id and the part's number, of the arguments of MiniStack's operations."""
    query = next(one for one in arguments if isinstance(one, dict))
    upload_id, number = (_first(query.get(name, "")) for name in ("uploadId", "partNumber"))
    return upload_id, int(number) if number.isdecimal() else 1


def _first(value: str | list[str]) -> str:
    return value if isinstance(value, str) else value[0]


def _put_back(parts: dict[int, Part], number: int, before: Part | None) -> None:
    if before is None:
        parts.pop(number, None)
    else:
        parts[number] = before

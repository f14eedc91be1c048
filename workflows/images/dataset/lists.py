"""The files that the training job and the transform job read: lists, a manifest, the numbers of the classes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice

_CHUNK_LINES = 4_000


def list_rows(paths: Iterable[tuple[int, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield an LST file in chunks: index TAB class TAB path, from the classes' numbers and their lines of paths.

    https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html#IC-inputoutput
    """
    index = 0
    for number, chunks in paths:
        for some in _batches(lines(chunks)):
            yield b"".join(b"%d\t%d\t%s\n" % (row, number, path) for row, path in enumerate(some, index))
            index += len(some)


def manifest(uri: str, paths: Iterable[tuple[int, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield the manifest of the images below a folder's URI in chunks.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformS3DataSource.html
    """
    yield f"[{json.dumps({'prefix': uri})}".encode()
    for _, chunks in paths:
        for some in _batches(lines(chunks)):
            yield "".join(f",\n{json.dumps(path.decode())}" for path in some).encode()
    yield b"]\n"


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a text that comes in chunks, without their ends."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _batches(paths: Iterator[bytes]) -> Iterator[list[bytes]]:
    while some := list(islice(paths, _CHUNK_LINES)):
        yield some

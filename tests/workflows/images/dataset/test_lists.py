from __future__ import annotations

import json
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from workflows.images.dataset.lists import lines, list_rows, manifest


@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line)), st.integers(1, 9), st.booleans())
def test_lines_do_not_depend_on_the_chunks(expected: list[bytes], size: int, ended: bool) -> None:
    text = b"\n".join(expected) + (b"\n" if ended and expected else b"")
    assert list(lines(text[start : start + size] for start in range(0, len(text), size))) == expected


def test_rows_are_counted_over_all_classes() -> None:
    chunks = list(list_rows([(1, [b"b/1\nb", b"/2\n"]), (0, [b"a/1\n"])]))
    assert b"".join(chunks) == b"0\t1\tb/1\n1\t1\tb/2\n2\t0\ta/1\n"


def test_rows_come_as_they_are_read() -> None:
    read = 0

    def paths() -> Iterator[bytes]:
        nonlocal read
        for read in range(1, 101):  # noqa: B007 - how far it has come
            yield b"a/b.png\n" * 1_000

    next(iter(list_rows([(0, paths())])))
    assert read < 10


def test_a_manifest_is_json_whatever_the_names() -> None:
    written = b"".join(manifest("s3://b/x/test/", [(0, ['a/"é".png\n'.encode()]), (1, [b"b/\\1.png\n"])]))
    assert json.loads(written) == [{"prefix": "s3://b/x/test/"}, 'a/"é".png', "b/\\1.png"]

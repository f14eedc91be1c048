"""Comparing two versions of a file, whatever they hold, in bounds."""

from __future__ import annotations

import time

import pytest
from slipway.console.repositories.differences import MOST_SHOWN, Line, compare


def test_lines_have_the_numbers_that_they_have_in_each_version() -> None:
    found = compare(b"a\nb\nc\n", b"a\nx\ny\nc\n")
    assert [*found.lines] == [
        Line("@", "@@ -1,3 +1,4 @@"),
        Line(" ", "a", 1, 1),
        Line("-", "b", before=2),
        Line("+", "x", after=2),
        Line("+", "y", after=3),
        Line(" ", "c", 3, 4),
    ]
    assert (found.added, found.removed, found.told) == (2, 1, "")


def test_a_file_that_is_added_or_deleted_is_compared_with_nothing() -> None:
    assert [line.sign for line in compare(b"", b"a\nb\n").lines] == ["@", "+", "+"]
    assert compare(b"a\n", b"").lines[0].text == "@@ -1 +0,0 @@"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (b"\0", b"text", "No text of UTF-8: 1 bytes before, 4 bytes after."),
        (b"\x01" * 50, b"\x02" * 50, "No text of UTF-8: 50 bytes before, 50 bytes after."),
        (b"x" * 600_000, b"", "Too large to be compared here: 600 kB before, 0 bytes after."),
        (b"x\n" * 20_000, b"y\n", "Too long to be compared here: 20,000 lines before, 1 after."),
        (b"a", b"a\n", "Only the newline at the end differs."),
        (b"a\r\nb\r\n", b"a\nb\n", "Only the ends of lines differ."),
        (b"a\n", b"a\n", "The text is the same."),
        (b"", b"", "It is empty."),
    ],
)
def test_what_is_not_shown_is_told(before: bytes, after: bytes, told: str) -> None:
    found = compare(before, after)
    assert (found.lines, found.told) == ((), told)


def test_few_of_many_lines_are_shown() -> None:
    found = compare(b"", b"x\n" * 5000)
    assert (len(found.lines), found.told) == (MOST_SHOWN, f"The first {MOST_SHOWN} of 5,001 lines.")


def test_no_text_takes_long() -> None:
    """Texts of few distinct lines are what difflib is slowest with; the bound is a hundred times what they take."""
    for distinct in (1, 10, 100, 1000):
        texts = ("".join(f"{one * one * by % 104729 % distinct}\n" for one in range(9000)) for by in (7919, 6271))
        before, after = (text.encode() for text in texts)
        started = time.process_time()
        compare(before, after)
        assert time.process_time() - started < 20

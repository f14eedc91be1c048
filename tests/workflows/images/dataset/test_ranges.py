from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workflows.images.dataset.ranges import KeyRange, midpoint

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


@given(TEXTS, TEXTS)
def test_a_midpoint_lies_between(one: str, other: str) -> None:
    assume(one != other)
    low, high = sorted((one, other))
    middle = midpoint(low, high)
    assert middle is None or low < middle < high
    if middle is not None:
        middle.encode()


@pytest.mark.parametrize(
    ("low", "high", "middle"),
    [
        ("a", "c", "b"),
        ("a/img_1", "a0", "a/t"),
        ("img_1999", "img_3", "img_2"),
        ("img_0999", "img_1", "img_0\\"),
        ("", "a", "@"),
    ],
)
def test_a_midpoint_is_short(low: str, high: str, middle: str) -> None:
    assert midpoint(low, high) == middle


@pytest.mark.parametrize(("low", "high"), [("a", "a "), ("a\ud7ff", "a\ue000")])
def test_there_may_be_no_midpoint(low: str, high: str) -> None:
    assert midpoint(low, high) is None


def test_halving_comes_to_an_end() -> None:
    """Each midpoint is another, so that a thread which looks for one of two halves with keys does not look for ever."""
    low, high = "a/img_0001000.jpg", "a0"
    seen = []
    while (middle := midpoint(low, high)) is not None:
        seen.append(middle)
        high = middle
    assert len(set(seen)) == len(seen) < 200


def test_a_range_keeps_what_is_in_it() -> None:
    objects = [("a/1", 1), ("a/2", 1), ("a/3", 1)]
    assert KeyRange("a/").cut(objects) == objects
    assert KeyRange("a/", until="a/2").cut(objects) == objects[:2]
    assert KeyRange("a/", until="a/0").cut(objects) == []

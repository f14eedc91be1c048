"""Which line a review gives, and what is no review."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.workflows.text.zips import GOOD, POOR, lines
from workflows.text.scripts import reviews
from workflows.text.scripts.errors import ReviewsError
from workflows.text.scripts.reviews import BadLineError, Review, Tally, label_of, labelled_lines, parse, sentences


def read(content: bytes) -> tuple[list[str], Tally]:
    tally = Tally()
    return [line.decode() for line in labelled_lines(io.BytesIO(content), tally)], tally


@pytest.mark.parametrize(
    ("up", "total", "label"),
    [
        (2, 3, "__label__1"),
        (1, 1, "__label__1"),
        (1, 3, "__label__2"),
        (0, 1, "__label__2"),
        (1, 2, None),
        (0, 0, None),
    ],
)
def test_the_majority_of_the_votes_decides(up: int, total: int, label: str | None) -> None:
    assert label_of(Review(up, total, "")) == label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.Three", ["One", "Two", "Three"]),
        ("Wait... what", ["Wait", "what"]),
        (" . .", []),
        ("", []),
        ("two\nlines\tand \u2028 blanks", ["two lines and blanks"]),
        ("a __label__2 in it", ["a label 2 in it"]),
    ],
)
def test_sentences_end_at_full_stops_and_fill_one_line(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_each_sentence_is_a_line_with_the_label_of_its_review() -> None:
    undecided = {"helpful": [1, 2], "reviewText": "So so."}
    silent = {"helpful": [5, 5], "reviewText": " ."}
    found, tally = read(lines([GOOD, undecided, POOR, silent]))
    assert found == ["__label__1 Warm and clear\n", "__label__1 Stays in tune\n", "__label__2 Waste of money\n"]
    assert (tally.reviews, tally.labelled, tally.unlabelled, tally.empty, tally.bad) == (4, 2, 1, 1, 0)
    assert tally.sentences == {"__label__1": 2, "__label__2": 1}


def test_a_character_that_has_no_utf_8_does_not_stop_the_rest() -> None:
    found, _ = read(b'{"helpful": [1, 1], "reviewText": "half \\ud83d a pair. Next"}\n')
    assert found == ["__label__1 half ? a pair\n", "__label__1 Next\n"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[1]", "JSON that is no object"),
        (b'{"helpful": [1, 2]}', '"reviewText" is missing or no text'),
        (b'{"reviewText": 7, "helpful": [1, 2]}', '"reviewText" is missing or no text'),
        (b'{"reviewText": "a"}', '"helpful" is not [up, total] of whole numbers'),
        (b'{"reviewText": "a", "helpful": [1]}', '"helpful" is not [up, total] of whole numbers'),
        (b'{"reviewText": "a", "helpful": [true, 2]}', '"helpful" is not [up, total] of whole numbers'),
        (b'{"reviewText": "a", "helpful": [1.0, 2]}', '"helpful" is not [up, total] of whole numbers'),
        (b'{"reviewText": "a", "helpful": [3, 2]}', '"helpful" has 3 of 2 votes'),
        (b'{"reviewText": "a", "helpful": [-1, 2]}', '"helpful" has -1 of 2 votes'),
    ],
)
def test_what_is_no_review(line: bytes, reason: str) -> None:
    with pytest.raises(BadLineError) as error:
        parse(line)
    assert str(error.value) == reason


def test_bad_lines_are_counted_with_their_numbers_and_blank_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "LINE_BYTES", 200)
    long = json.dumps({"helpful": [1, 1], "reviewText": "a" * 1000}).encode()
    content = lines([GOOD]) + b"\n  \n" + b"nonsense\n" + long + b"\n" + lines([POOR]) + long
    found, tally = read(content)
    assert len(found) == 3
    assert (tally.reviews, tally.bad) == (2, 3)
    assert tally.first_bad == ["line 4: no JSON", "line 5: more than 200 bytes", "line 7: more than 200 bytes"]


def test_some_bad_lines_are_accepted_and_more_are_not() -> None:
    good: list[Any] = [GOOD, POOR] * 50
    _, tally = read(lines(good[:99]) + b"nonsense\n")
    tally.check("s3://b/k")
    _, tally = read(lines(good[:98]) + b"nonsense\n[]\n")
    with pytest.raises(ReviewsError) as error:
        tally.check("s3://b/k")
    assert str(error.value) == (
        "s3://b/k: 2 of 100 lines are no reviews, at most 1% may be. line 99: no JSON; line 100: JSON that is no "
        'object. Expected on each line an object with "helpful": [up, total] and "reviewText".'
    )


@pytest.mark.parametrize(
    ("given", "missing"),
    [([GOOD], "__label__2"), ([POOR], "__label__1"), ([], "__label__1 and __label__2")],
)
def test_a_missing_class_is_named(given: list[Any], missing: str) -> None:
    _, tally = read(lines(given))
    with pytest.raises(ReviewsError, match=rf"^k: {len(given)} reviews have no sentence for {missing};"):
        tally.check("k")

"""From reviews to lines for BlazingText: the rule that the function and the processing job share.

A review is one line of JSON with `helpful`, [votes for helpful, all votes], and `reviewText`. Each sentence becomes a
line `__label__1 sentence` if more than half of the votes found the review helpful, and `__label__2 sentence` if less
than half did. Reviews without votes, and those with as many votes for as against, have no label and are left out.
https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html

Runs in the function and in SageMaker's scikit-learn container: Python 3.8 and its standard library must do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

from workflows.text.scripts.errors import ReviewsError

HELPFUL, NOT_HELPFUL = "__label__1", "__label__2"
LINE_BYTES = 1024**2
BAD_SHARE = 0.01
_SHOWN = 5
_MARK = "__label__"
_TOO_LONG = b""
"""Stands for a line of more than LINE_BYTES; no other line is yielded empty."""


class BadLineError(ValueError):
    """A line that is no review; the message says why."""


class Review(NamedTuple):
    """Votes and text of one review."""

    up: int
    total: int
    text: str


@dataclass
class Tally:
    """What was read; `labelled` reviews gave at least one sentence, `bad` lines are no reviews."""

    reviews: int = 0
    unlabelled: int = 0
    empty: int = 0
    sentences: dict[str, int] = field(default_factory=lambda: {HELPFUL: 0, NOT_HELPFUL: 0})
    bad: int = 0
    first_bad: list[str] = field(default_factory=list)

    @property
    def labelled(self) -> int:
        return self.reviews - self.unlabelled - self.empty

    def note_bad(self, number: int, reason: str) -> None:
        self.bad += 1
        if len(self.first_bad) < _SHOWN:
            self.first_bad.append(f"line {number}: {reason}")

    def check(self, name: str) -> None:
        """Raise ReviewsError if too many lines are bad, or if there are not sentences of both labels."""
        lines = self.reviews + self.bad
        if self.bad > BAD_SHARE * lines:
            shown = "; ".join(self.first_bad)
            raise ReviewsError(
                f"{name}: {self.bad:,} of {lines:,} lines are no reviews, at most {BAD_SHARE:.0%} may be. {shown}. "
                'Expected on each line an object with "helpful": [up, total] and "reviewText".'
            )
        missing = [label for label, count in self.sentences.items() if not count]
        if missing:
            raise ReviewsError(
                f"{name}: {self.reviews:,} reviews have no sentence for {' and '.join(missing)}; a classifier needs "
                f"both: {HELPFUL} if more than half of the votes are for helpful, {NOT_HELPFUL} if less than half are."
            )


def labelled_lines(stream: BinaryIO, tally: Tally) -> Iterator[bytes]:
    """Yield a line for each sentence of the reviews in `stream`, and count into `tally`."""
    for label, found in labelled_reviews(stream, tally):
        for sentence in found:
            yield f"{label} {sentence}\n".encode("utf-8", "replace")


def labelled_reviews(stream: BinaryIO, tally: Tally) -> Iterator[tuple[str, list[str]]]:
    """Yield label and sentences of each review in `stream` that has both, and count into `tally`."""
    for number, line in _lines(stream):
        try:
            review = parse(line)
        except BadLineError as error:
            tally.note_bad(number, str(error))
            continue
        tally.reviews += 1
        label = label_of(review)
        if label is None:
            tally.unlabelled += 1
            continue
        found = sentences(review.text)
        tally.empty += not found
        tally.sentences[label] += len(found)
        if found:
            yield label, found


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield each line that is not blank, with its number from 1; _TOO_LONG for one that is longer than LINE_BYTES."""
    number = 0
    while line := stream.readline(LINE_BYTES + 1):
        number += 1
        if len(line) > LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LINE_BYTES)
            yield number, _TOO_LONG
        elif line.strip():
            yield number, line


def parse(line: bytes) -> Review:
    """Return the review of a line. Raises BadLineError that says what is wrong with it."""
    if line == _TOO_LONG:
        raise BadLineError(f"more than {LINE_BYTES:,} bytes")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLineError("no JSON") from None
    if not isinstance(found, dict):
        raise BadLineError("JSON that is no object")
    text = found.get("reviewText")
    if not isinstance(text, str):
        raise BadLineError('"reviewText" is missing or no text')
    return Review(*_votes(found.get("helpful")), text)


def _votes(helpful: Any) -> tuple[int, int]:
    if not isinstance(helpful, list) or [type(one) for one in helpful] != [int, int]:
        raise BadLineError('"helpful" is not [up, total] of whole numbers')
    up, total = helpful
    if not 0 <= up <= total:
        raise BadLineError(f'"helpful" has {up} of {total} votes')
    return up, total


def label_of(review: Review) -> str | None:
    """Return the label of a review; None without votes, and for as many votes for helpful as against."""
    against = review.total - review.up
    if review.up == against:
        return None
    return HELPFUL if review.up > against else NOT_HELPFUL


def sentences(text: str) -> list[str]:
    """Split at full stops; each sentence on one line, and without what BlazingText would take for a label."""
    parts = (" ".join(part.replace(_MARK, "label ").split()) for part in text.split("."))
    return [part for part in parts if part]

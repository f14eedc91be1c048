"""The sample is small, always the same, and has what a review may have."""

from __future__ import annotations

import io
from collections.abc import Iterator

from workflows.samples import Place
from workflows.text.sample import SAMPLE, objects, zipped_reviews
from workflows.text.scripts.preparation import prepare


def drop(lines: Iterator[bytes]) -> None:
    """Read all lines, as a writer does."""
    assert sum(1 for _ in lines) > 200


PLACE = Place("local", "111122223333", "us-east-1", "data", "models", "packages", "fresh")


def test_the_objects_are_small_and_always_the_same() -> None:
    first, second = dict(objects()), dict(objects())
    assert first == second
    assert set(first) == {
        "workflows/text/reviews_sample.json.zip",
        "workflows/text/incoming/reviews_sample.json.zip",
    }
    assert sum(len(content) for content in first.values()) < 50_000


def test_both_kinds_and_none_are_there() -> None:
    counts = prepare(io.BytesIO(zipped_reviews()), "sample", drop, drop)
    assert counts["reviews"] == 400
    assert counts["unlabelled"] == 40
    assert min(counts["labels"].values()) > 300


def test_the_input_names_the_sample() -> None:
    run, _ = SAMPLE.runs
    assert run.input(PLACE) == {
        "bucket": "data",
        "prefix": "s3://data/workflows/text/",
        "dataset": "reviews_sample.json.zip",
    }

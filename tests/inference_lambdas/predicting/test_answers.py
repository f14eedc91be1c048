"""The search for rows that cannot be predicted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.aws.sagemaker_runtime import ModelRefusedError
from inference_lambdas.predicting.answers import MAX_SEARCH, Search
from pipeline_lambdas.algorithms.answers import PredictionForm
from pipeline_lambdas.runtime.failures import UnavailableError


def asked(bad: set[int], log: list[int]) -> Search:
    def ask(body: bytes) -> bytes:
        rows = [int(row) for row in body.split(b"\n")]
        log.append(len(rows))
        if bad & set(rows):
            raise ModelRefusedError("no")
        return b"\n".join(b"nan" if row % 10 == 9 else b"%d" % row for row in rows)

    return Search(ask, PredictionForm(), MAX_SEARCH)


@given(st.integers(1, 300), st.sets(st.integers(0, 299), min_size=1, max_size=3))
def test_exactly_the_bad_rows_are_left_out(rows: int, bad: set[int]) -> None:
    log: list[int] = []
    search = asked(bad, log)
    parsed = search.predict([b"%d" % row for row in range(rows)])
    if rows == 1:
        # It was refused alone already.
        assert (parsed.kept, log) == ([], [])
        return
    expected = [row for row in range(rows) if row not in bad and row % 10 != 9]
    assert parsed.kept == expected
    assert parsed.predictions == list(map(float, expected))
    assert search.used == len(log) <= MAX_SEARCH


def test_a_search_ends() -> None:
    log: list[int] = []
    parsed = asked(set(range(10_000)), log).predict([b"%d" % row for row in range(10_000)])
    assert parsed.kept == []
    assert len(log) == MAX_SEARCH


def test_an_endpoint_that_is_away_is_no_bad_row() -> None:
    def away(_: bytes) -> bytes:
        raise UnavailableError("busy")

    with pytest.raises(UnavailableError):
        Search(away, PredictionForm(), MAX_SEARCH).predict([b"1", b"2"])

"""Rows: made up, converted and split."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from workflows.aws import uploads
from workflows.tabular import prepare, sample
from workflows.tabular.abalone import made_up, to_libsvm
from workflows.tabular.split import split


@given(st.integers(10, 400), st.integers(0, 5))
def test_no_row_is_lost(count: int, seed: int) -> None:
    rows = [str(number % 7) for number in range(count)]
    parts = split(rows, seed)
    assert Counter([*parts.train, *parts.validation, *parts.test]) == Counter(rows)
    assert abs(len(parts.train) - 0.7 * count) <= 1
    assert abs(len(parts.validation) - 0.15 * count) <= 1


def test_the_split_is_that_of_its_seed() -> None:
    rows = [str(number) for number in range(100)]
    assert split(rows, 1) == split(rows, 1) != split(rows, 2)
    assert [len(part) for part in (split(rows, 1).train, split(rows, 1).validation, split(rows, 1).test)] == [
        70,
        15,
        15,
    ]


@pytest.mark.parametrize("shares", [(70, 15, 14), (100, 0, 0), (110, -5, -5)])
def test_shares_that_are_none(shares: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected three positive numbers that add up to 100"):
        split(["a"] * 20, 1, shares)


def test_rows_too_few() -> None:
    with pytest.raises(ValueError, match="Found 2 rows"):
        split(["a", "b"], 1)


def test_libsvm() -> None:
    line = "I,0.33,0.255,0.08,0.205,0.0895,0.0395,0.055,7\n"
    assert list(to_libsvm([line, "\n"])) == ["7 0:3 1:0.33 2:0.255 3:0.08 4:0.205 5:0.0895 6:0.0395 7:0.055"]


@pytest.mark.parametrize("line", ["X,1,1,1,1,1,1,1,1", "M,1,1,1,1,1,1,1", "M,1,1,1,nan,1,1,1,1", "M,1,1,1,a,1,1,1,1"])
def test_a_row_that_is_none(line: str) -> None:
    good = "M,1,1,1,1,1,1,1,1"
    with pytest.raises(ValueError, match=r"^Line 2: found .*; expected a sex of M, F, I and 8 numbers"):
        list(to_libsvm([good, line]))


def test_the_sample_is_small_and_the_same_each_time() -> None:
    first, again = dict(sample.objects()), dict(sample.objects())
    assert first == again
    assert all(key.startswith("workflows/tabular/") for key in first)
    assert sum(content.count(b"\n") for content in first.values()) == sample.ROWS
    assert sum(map(len, first.values())) < 100_000
    assert len(set(made_up(600, 1))) == 600


def test_prepare_tells_what_it_uploads(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    uploaded: dict[str, bytes] = {}
    monkeypatch.setattr(prepare, "upload", lambda bucket, key, content: uploaded.update({f"{bucket}/{key}": content}))
    file = tmp_path / "abalone.data"
    file.write_text("\n".join(made_up(40, 3)), encoding="utf-8")
    told = prepare.main([str(file), "--bucket", "data"])
    assert told.splitlines() == [f"s3://{name}: {content.count(10)} rows" for name, content in uploaded.items()]
    assert sum(content.count(b"\n") for content in uploaded.values()) == 40


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["no-such"], "no-such: "), ([], "2"), (["a", "--made-up", "3"], "2"), (["--made-up", "2"], "--made-up: Found 2")],
)
def test_prepare_without_rows(arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        prepare.main([*arguments, "--bucket", "data"])
    assert str(stopped.value.code).startswith(said)


def test_prepare_for_a_bucket_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoBuckets:
        def put_object(self, **_request: Any) -> None:
            message = "The specified bucket does not exist."
            raise ClientError({"Error": {"Code": "NoSuchBucket", "Message": message}}, "PutObject")

    monkeypatch.setattr(uploads, "client", lambda _service: NoBuckets())
    with pytest.raises(SystemExit) as stopped:
        prepare.main(["--made-up", "40", "--bucket", "nope-bucket"])
    assert stopped.value.code == (
        "--bucket nope-bucket: PutObject answered NoSuchBucket: The specified bucket does not exist. "
        "Expected the installation's data bucket."
    )

"""The function, on moto's S3: from an event to two objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_lambdas.runtime.failures import ConfigurationError, JobError, UnavailableError
from tests.events import DATA_BUCKET
from tests.pipeline_lambdas.aws_doubles import Context, client_of
from tests.workflows.text.zips import GOOD, POOR, zipped_reviews
from workflows.aws.ranged_object import open_object
from workflows.runtime.errors import DataError
from workflows.text import preparing
from workflows.text.handlers.prepare_reviews import handler
from workflows.text.sample import NAME
from workflows.text.sample import zipped_reviews as sample
from workflows.text.uploads import Upload

KEY = "workflows/text/incoming/some reviews.json.zip"


@pytest.fixture(autouse=True)
def environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    request.getfixturevalue("buckets")
    monkeypatch.setenv("PREFIX", "workflows/text/")


def put(key: str, content: bytes) -> None:
    client_of("s3").put_object(Bucket=DATA_BUCKET, Key=key, Body=content)


def keys() -> set[str]:
    return {one["Key"] for one in client_of("s3").list_objects_v2(Bucket=DATA_BUCKET).get("Contents", [])}


def lines(key: str) -> list[bytes]:
    body: bytes = client_of("s3").get_object(Bucket=DATA_BUCKET, Key=key)["Body"].read()
    return body.splitlines()


def records(*names: str) -> dict[str, Any]:
    return {"Records": [{"s3": {"bucket": {"name": DATA_BUCKET}, "object": {"key": name}}} for name in names]}


def call(event: Any) -> list[dict[str, Any]]:
    answer = handler(event, Context())
    assert answer["statusCode"] == 200
    prepared: list[dict[str, Any]] = json.loads(answer["body"])["prepared"]
    return prepared


def test_a_test_event_is_answered_with_counts_and_where_the_parts_are(capsys: pytest.CaptureFixture[str]) -> None:
    put(KEY, sample())
    [prepared] = call(records(KEY.replace(" ", "+")))
    assert (prepared["reviews"], prepared["sentences"], prepared["train"], prepared["test"]) == (400, 1255, 1004, 251)
    train, test = "workflows/text/train/some reviews_train.txt", "workflows/text/test/some reviews_test.txt"
    assert prepared["train_uri"] == f"s3://{DATA_BUCKET}/{train}"
    assert prepared["test_uri"] == f"s3://{DATA_BUCKET}/{test}"
    assert keys() == {KEY, train, test}
    assert (len(lines(train)), len(lines(test))) == (1004, 251)
    assert all(line.split(b" ")[0] in (b"__label__1", b"__label__2") for line in lines(train) + lines(test))
    [said] = capsys.readouterr().out.splitlines()
    assert json.loads(said)["sentences"] == [1255]
    assert "some" not in said


def test_an_upload_through_eventbridge_may_lie_in_a_folder() -> None:
    key = f"workflows/text/incoming/2014/{NAME}.zip"
    put(key, sample())
    call({"detail": {"bucket": {"name": DATA_BUCKET}, "object": {"key": key}}})
    assert keys() >= {
        "workflows/text/train/2014/reviews_sample_train.txt",
        "workflows/text/test/2014/reviews_sample_test.txt",
    }


def test_all_records_are_prepared_although_one_of_them_fails() -> None:
    good, broken = (f"workflows/text/incoming/{name}.json.zip" for name in ("good", "broken"))
    put(good, sample())
    put(broken, b"no zip")
    with pytest.raises(DataError) as error:
        call(records(broken, good, "workflows/text/incoming/none.json.zip"))
    assert str(error.value) == (
        f"s3://{DATA_BUCKET}/{broken}: found no zip (File is not a zip file); expected a zip with one file of JSON "
        f"lines. s3://{DATA_BUCKET}/workflows/text/incoming/none.json.zip: found no such object. Upload it, or correct "
        f"the name. Prepared: s3://{DATA_BUCKET}/{good}."
    )
    assert "workflows/text/train/good_train.txt" in keys()


@pytest.mark.parametrize(
    "key",
    [
        "workflows/text/train/a_train.txt",
        "workflows/text/test/a.json.zip",
        "workflows/text/incoming/a.zip",
        "workflows/images/incoming/a.json.zip",
        "a.json.zip",
    ],
)
def test_keys_elsewhere_are_refused_and_with_them_every_output(key: str) -> None:
    with pytest.raises(DataError, match=r"found a key elsewhere; expected workflows/text/incoming/NAME\.json\.zip"):
        call(records(key))


def test_a_missing_class_writes_nothing() -> None:
    put(KEY, zipped_reviews([GOOD] * 5))
    with pytest.raises(DataError, match="5 reviews have no sentence for __label__2"):
        call(records(KEY))
    assert keys() == {KEY}


def test_an_object_that_changes_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    put(KEY, zipped_reviews([GOOD, POOR]))
    found = open_object(DATA_BUCKET, KEY)
    put(KEY, sample())
    monkeypatch.setattr(preparing, "open_object", lambda *_: found)
    with pytest.raises(DataError, match=r"was overwritten or deleted while it was read\. A new upload is prepared"):
        call(records(KEY))


def test_what_aws_cannot_do_now_is_raised_as_such_so_that_lambda_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(*_: Any) -> Any:
        raise UnavailableError("SlowDown")

    monkeypatch.setattr(preparing, "open_object", unavailable)
    with pytest.raises(JobError, match="SlowDown"):
        preparing.prepare_uploads([Upload(DATA_BUCKET, KEY)], preparing.Place("workflows/text/"))


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFIX")
    with pytest.raises(ConfigurationError, match="lacks PREFIX"):
        call(records(KEY))

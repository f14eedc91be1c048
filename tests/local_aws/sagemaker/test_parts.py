"""The small parts: addresses, archives, metric expressions, lists, events."""

from __future__ import annotations

import io
import json
import re
import tarfile
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.sagemaker import events, listing
from local_aws.sagemaker.jobs import archives
from local_aws.sagemaker.jobs.training import metrics as training_metrics
from local_aws.sagemaker.jobs.training.metrics import JobMetrics, required_text
from local_aws.sagemaker.names import S3Address, s3_address
from local_aws.sagemaker.records import Record
from local_aws.wire import AwsError
from tests.local_aws.sagemaker.fakes import FakeCloudWatch


@pytest.mark.parametrize(
    ("uri", "bucket", "key"),
    [
        ("s3://bucket/a/b.csv", "bucket", "a/b.csv"),
        ("s3://bucket", "bucket", ""),
        ("https://s3.us-east-1.amazonaws.com/bucket/a/b", "bucket", "a/b"),
        ("https://bucket.s3.us-east-1.amazonaws.com/a/b", "bucket", "a/b"),
    ],
)
def test_s3_address(uri: str, bucket: str, key: str) -> None:
    assert s3_address(uri) == S3Address(bucket, key)


def test_s3_address_refuses_other_schemes() -> None:
    with pytest.raises(ValueError, match="is not an S3 URI"):
        s3_address("file:///etc/passwd")


@pytest.mark.parametrize(
    ("base", "expected"),
    [("s3://b/out", "s3://b/out/j/x"), ("s3://b/out/", "s3://b/out/j/x"), ("s3://b", "s3://b/j/x")],
)
def test_below(base: str, expected: str) -> None:
    assert str(s3_address(base).below("j", "x")) == expected


def test_packing_is_deterministic_and_unpacks(tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "deep").mkdir(parents=True)
        for file in ("b", "a", "deep/c") if name == "one" else ("deep/c", "a", "b"):
            (folder / file).write_text(f"content of {file}", encoding="utf-8")
        archives.pack(folder, tmp_path / f"{name}.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    archives.unpack(tmp_path / "one.tar.gz", tmp_path / "out")
    assert (tmp_path / "out/deep/c").read_text(encoding="utf-8") == "content of deep/c"


def _tar_with(path: Path, member: tarfile.TarInfo, content: bytes = b"") -> None:
    member.size = len(content)
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(member, io.BytesIO(content))


def _link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


@pytest.mark.parametrize(
    "member", [tarfile.TarInfo("../outside"), _link("link", "/etc/passwd"), _link("link", "../../x")]
)
def test_unpacking_stays_in_its_folder(tmp_path: Path, member: tarfile.TarInfo) -> None:
    _tar_with(tmp_path / "bad.tar.gz", member)
    with pytest.raises(archives.ArchiveError):
        archives.unpack(tmp_path / "bad.tar.gz", tmp_path / "in" / "out")
    assert not (tmp_path / "in" / "out").exists()
    assert not (tmp_path / "in" / "outside").exists()


@pytest.mark.parametrize(
    "member", [tarfile.TarInfo("../outside"), tarfile.TarInfo("/etc/x"), tarfile.TarInfo("a/../../b"), _link("l", "a")]
)
def test_without_tarfiles_filter_only_what_is_plain_is_unpacked(member: tarfile.TarInfo) -> None:
    file, folder = tarfile.TarInfo("code/inference.py"), tarfile.TarInfo("code")
    file.mode, folder.type = 0o4600, tarfile.DIRTYPE
    assert [(found.name, found.mode) for found in archives.plain_members([folder, file])] == [
        ("code", 0o755),
        ("code/inference.py", 0o644),
    ]
    with pytest.raises(ValueError, match="outside the folder"):
        list(archives.plain_members([file, member]))


def test_unpacking_refuses_a_file_that_is_not_an_archive(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive", encoding="utf-8")
    with pytest.raises(archives.ArchiveError, match="gzip"):
        archives.unpack(tmp_path / "text", tmp_path / "out")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (r".*\[[0-9]+\].*#011validation-rmse:(\S+)", "#011validation-rmse:"),
        (r"loss=([0-9.]+);", "loss="),
        (r"ab?c", "a"),
        (r"[]x]d\.e(f)g", "d.e"),
        (r"one|other", ""),
        (r"(?i)loss", ""),
        (r"(abc)*", ""),
        (r"ab{2}c\d+zz", "zz"),
        (r"\x6coss=(\d+)", ""),
    ],
)
def test_required_text(expression: str, text: str) -> None:
    assert required_text(expression) == text


@given(st.text(alphabet="ab.*+?[](){}\\0-9^$x", max_size=12), st.text(alphabet="ab0x.-", max_size=12))
def test_what_matches_contains_the_required_text(expression: str, line: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            match = re.search(expression, line)
        except (re.error, OverflowError):
            return
    if match:
        assert required_text(expression) in line


def test_metrics_keep_the_last_value_and_send_batches() -> None:
    cloudwatch = FakeCloudWatch()
    metrics = JobMetrics("job", [("train:rmse", r".*#011train-rmse:([0-9.a-z]+)")], lambda _: cloudwatch)
    for number in range(1500):
        metrics.read(f"[{number}]#011train-rmse:{number / 10}#011validation-rmse:7", 1000.0 + number)
    metrics.read("[1500]#011train-rmse:nan", 5000.0)
    metrics.publish()
    assert metrics.final() == [{"MetricName": "train:rmse", "Value": 149.9, "Timestamp": 2499.0}]
    assert cloudwatch.calls == 2
    assert len(cloudwatch.data) == 1500
    namespace, datum = cloudwatch.data[1]
    assert namespace == "/aws/sagemaker/TrainingJobs"
    assert datum["Dimensions"] == [{"Name": "TrainingJobName", "Value": "job"}]
    assert (datum["Value"], datum["Timestamp"]) == (0.1, datetime.fromtimestamp(1001, UTC))


def test_a_users_expression_ends_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(training_metrics, "_MATCH_S", 0.05)
    definitions = [("slow", r"(?:a|a)+[bc](\d)"), ("loss", r"loss=(\S*);")]
    metrics = JobMetrics("job", definitions, lambda _: FakeCloudWatch(), bounded=True)
    metrics.read("a" * 60 + " loss=0.5; loss=; loss=red;", 10.0)
    assert metrics.final() == [{"MetricName": "loss", "Value": 0.5, "Timestamp": 10.0}]
    assert "metric slow of training job job is left out" in caplog.text


def test_a_users_expression_that_is_slow_on_each_line_is_left_out_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(training_metrics, "_MATCH_ALL_S", 0.0)
    metrics = JobMetrics("job", [("loss", r"loss=(\S*);")], lambda _: FakeCloudWatch(), bounded=True)
    metrics.read("loss=0.5;", 10.0)
    metrics.read("loss=0.4;", 11.0)
    assert metrics.final() == [{"MetricName": "loss", "Value": 0.5, "Timestamp": 10.0}]
    assert "metric loss of training job job is left out" in caplog.text


def test_a_flood_of_watched_values_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_metrics, "_MOST_WATCHED", 2)
    watched = training_metrics.Watched("loss")
    for value in (1.0, 2.0, 3.0):
        watched.take("loss", value)
    assert watched.values == [1.0, 2.0]


def _records() -> list[Record]:
    return [
        Record("training-job", name, f"arn:{name}", created_at=at, modified_at=at + 1, status=status)
        for name, at, status in (("b", 10.0, "Failed"), ("a", 20.0, "Completed"), ("c", 30.0, "Completed"))
    ]


LATE = listing.Listing("Found", lambda record: {"n": record.name}, ascending=True, status_after_page=True)
EARLY = listing.Listing("Found", lambda record: {"n": record.name})


@pytest.mark.parametrize(
    ("shape", "request_", "expected"),
    [
        (LATE, {}, "bac"),
        (EARLY, {}, "cab"),
        (EARLY, {"SortBy": "Name", "SortOrder": "Ascending"}, "abc"),
        (EARLY, {"SortBy": "Status", "SortOrder": "Ascending"}, "acb"),
        (EARLY, {"NameContains": "B"}, "b"),
        (EARLY, {"StatusEquals": "Completed", "MaxResults": 1}, "c"),
        (LATE, {"StatusEquals": "Completed", "MaxResults": 1}, ""),
        (EARLY, {"CreationTimeAfter": datetime.fromtimestamp(20, UTC)}, "ca"),
        (EARLY, {"CreationTimeBefore": datetime.fromtimestamp(15, UTC)}, "b"),
        (EARLY, {"LastModifiedTimeAfter": datetime.fromtimestamp(25, UTC)}, "c"),
        (EARLY, {"LastModifiedTimeBefore": datetime.fromtimestamp(12, UTC)}, "b"),
        (LATE, {"WarmPoolStatusEquals": "Available"}, ""),
    ],
)
def test_lists(shape: listing.Listing, request_: dict[str, Any], expected: str) -> None:
    answer = listing.answer(shape, _records(), request_)
    assert "".join(entry["n"] for entry in answer["Found"]) == expected


def test_only_what_is_on_the_page_is_read_and_what_was_deleted_since_is_left_out() -> None:
    heads = [Record("model", name, name, at, at) for at, name in enumerate("abcd")]
    read = list[str]()

    def full(head: Record) -> Record | None:
        read.append(head.name)
        return None if head.name == "c" else head

    shape = listing.Listing("Models", lambda record: {"ModelName": record.name})
    page = listing.answer(shape, heads, {"MaxResults": 2}, full)
    assert ([one["ModelName"] for one in page["Models"]], read) == (["d"], ["d", "c"])


def test_pages_cover_everything_once() -> None:
    found, request_ = "", {"MaxResults": 2}
    while True:
        answer = listing.answer(EARLY, _records(), request_)
        found += "".join(entry["n"] for entry in answer["Found"])
        if "NextToken" not in answer:
            break
        request_ = {"MaxResults": 2, "NextToken": answer["NextToken"]}
    assert found == "cab"


@pytest.mark.parametrize("token", ["nonsense", "WzEsICJ7fSJd"])
def test_a_token_of_another_request_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match="pagination token"):
        listing.answer(EARLY, _records(), {"NextToken": token, "NameContains": "a"})


def test_event_times_are_epoch_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("local_aws.base.put_event", lambda *event: sent.append(event))
    at = datetime(2024, 1, 1, tzinfo=UTC)
    events.publish("Endpoint State Change", "arn", {"CreationTime": at, "List": [{"At": at}]}, {"team": "wine"})
    source, kind, detail, resources = sent[0]
    assert (source, kind, resources) == ("aws.sagemaker", "SageMaker Endpoint State Change", ["arn"])
    assert json.loads(json.dumps(detail)) == {
        "CreationTime": 1704067200000,
        "List": [{"At": 1704067200000}],
        "Tags": {"team": "wine"},
    }
    assert events.upper_snake("InService") == "IN_SERVICE"

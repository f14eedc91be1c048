"""The course of an evaluation from recorded events: S3 in moto, an endpoint that computes a known function."""

from __future__ import annotations

import csv as csv_module
import gzip
import io
import itertools
import json
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from inference_lambdas.aws.s3 import Bucket
from inference_lambdas.aws.sagemaker_runtime import ModelRefusedError
from inference_lambdas.handlers.evaluate_model import handler
from inference_lambdas.predicting.evaluation import Deadline
from pipeline_lambdas.aws import sagemaker
from pipeline_lambdas.runtime.failures import UnavailableError
from pipeline_lambdas.runtime.outcome import Continue, Done, Failed
from tests.events import ARTIFACT_BUCKET, DATA_BUCKET, EVIDENCE_BUCKET, EXECUTION_ID, PREFIX, SECRETS
from tests.inference_lambdas.endpoint_double import (
    FILES,
    LOOSE,
    REPORT_KEY,
    Endpoint,
    Results,
    continued,
    csv,
    event,
    plain_config,
    report,
    small_batches,
    trained_with,
)
from tests.pipeline_lambdas.aws_doubles import BINARY, Context, client_of, upload_config, upload_dataset

pytestmark = pytest.mark.usefixtures("environment")


def test_the_smoke_test_of_prod(endpoint: Endpoint, results: Results) -> None:
    job = event("evaluate_smoke")
    configuration = job["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    given = {"execution_id": EXECUTION_ID, "environment": "prod", "test": "smoke"}
    made = {"endpoint_config": endpoint.serving % "prod", "endpoint_config_created": "2026-01-01T00:00:00+00:00"}
    given |= {**made, **trained_with()}
    configuration["UserParameters"] = json.dumps(given)
    handler(job, Context())
    assert isinstance(results.last, Done), results.last
    document = report(f"releases/wine-quality/{EXECUTION_ID}/prod-evaluation.json")
    assert document["endpoint_config"] == endpoint.serving % "prod"
    endpoint.serving = f"{PREFIX}-%s-00000000-1111"
    handler(job, Context())
    assert "is InService with" in results.message()


def test_full_evaluation(endpoint: Endpoint, results: Results, capsys: pytest.CaptureFixture[str]) -> None:
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    variables = results.last.variables
    assert variables["Verdict"] == "passed"
    assert variables["Rows"] == "755"
    assert variables["ReportUri"] == f"s3://{EVIDENCE_BUCKET}/{REPORT_KEY}"
    assert report(version_id=variables["ReportVersionId"]) == report()
    document = report()
    assert document["schema"] == "slipway-evaluation/2"
    assert (document["verdict"], document["rows"], document["test"]) == ("passed", 755, "full")
    assert document["endpoint_config"] == f"{PREFIX}-test-8f3c2a1d-4b5e"
    assert document["files"] == ["test/a.csv", "test/b.csv"]
    assert document["latency"]["largest_batch_rows"] == 700
    assert json.loads(variables["Metrics"])["rmse"] == float(f"{document['metrics']['rmse']:.6g}")
    labels = [line.split(b",") for name in ("test/a.csv", "test/b.csv") for line in FILES[name].splitlines()]
    errors = [float(row[0]) - float(b"%f" % (sum(map(float, row[1:])) * 3)) for row in labels]
    assert document["metrics"]["mae"] == pytest.approx(sum(map(abs, errors)) / 755, rel=1e-12)
    assert endpoint.content_types == endpoint.accepts == {"text/csv"}
    bodies: list[bytes] = sorted(endpoint.bodies[:2], key=len, reverse=True)
    sent = b"\n".join(bodies)
    assert sent == b"\n".join(b",".join(row[1:]) for row in labels)
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    assert not any(secret in output for secret in SECRETS)


def test_the_algorithm_decides_about_the_answer(endpoint: Endpoint, results: Results) -> None:
    """Linear Learner answers JSON, a score and the class that follows from it."""
    config = plain_config(*LOOSE).replace("name: xgboost", "name: linear-learner").replace("3.2-0", "'1'")
    document = yaml.safe_load(config) | {"hyperparameters": {"predictor_type": "regressor"}}
    upload_config(yaml.safe_dump(document))
    endpoint.answer = lambda rows: json.dumps({"predictions": [{"score": sum(row) * 3} for row in rows]}).encode()
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    assert endpoint.accepts == {"application/json"}
    document = report()
    assert document["rows"] == 755
    assert document["importance"]["metric"] == "rmse"
    assert len(document["importance"]["columns"]) == 3


def test_smoke_test_takes_the_first_rows(endpoint: Endpoint, results: Results) -> None:
    handler(event("evaluate_smoke"), Context())
    assert isinstance(results.last, Done), results.last
    assert results.last.variables["Rows"] == "100"
    assert [body.count(b"\n") + 1 for body in endpoint.bodies] == [100]
    assert report(REPORT_KEY.replace("test-", "dev-"))["channel"] == "validation"


@pytest.mark.simulation
@pytest.mark.usefixtures("endpoint")
def test_continued_evaluation_equals_one_pass(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch)
    handler(event("evaluate_full"), Context())
    whole = report()
    results.outcomes.clear()
    assert continued(results) > 15
    pieces = report()
    assert whole["latency"]["invocations"] == pieces["latency"]["invocations"] == 200
    for document in (whole, pieces):
        document.pop("latency")
        document["gates"] = [gate for gate in document["gates"] if not gate["metric"].startswith("latency")]
        # Measured in what is left of the last invocation.
        document.pop("importance")
        document["predictions"].pop("version_id")
    assert pieces == whole


@pytest.mark.usefixtures("endpoint")
def test_an_invocation_that_is_repeated_begins_where_it_began(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_batches(monkeypatch)
    handler(event("evaluate_full"), Context([100_000, 0]))
    assert isinstance(results.last, Continue)
    token = results.last.token
    for _ in range(2):  # the first was killed after it had stored its state, before it could tell anyone
        handler(event("evaluate_full", token=token), Context([100_000, 0]))
        assert isinstance(results.last, Continue)
        assert json.loads(results.last.token)["rows"] > json.loads(token)["rows"]


@pytest.mark.usefixtures("endpoint")
def test_the_state_must_be_the_one_that_was_stored(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch)
    handler(event("evaluate_full"), Context([100_000, 0]))
    assert isinstance(results.last, Continue)
    token = results.last.token
    key = json.loads(token)["state"]
    s3 = client_of("s3")
    content = s3.get_object(Bucket=ARTIFACT_BUCKET, Key=key)["Body"].read()
    s3.put_object(Bucket=ARTIFACT_BUCKET, Key=key, Body=content.replace(b'"rows":', b'"rows": '))
    handler(event("evaluate_full", token=token), Context())
    assert "found another state than the token names" in results.message()
    handler(event("evaluate_full", token="{}"), Context())
    assert "none of this function" in results.message()
    handler(event("evaluate_full", token=token.replace("test-evaluation", "dev-evaluation")), Context())
    assert "The continuation token names" in results.message()


def test_another_model_in_between_is_noticed(
    endpoint: Endpoint, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_batches(monkeypatch)
    handler(event("evaluate_full"), Context([100_000, 0]))
    assert isinstance(results.last, Continue)
    endpoint.serving += "-2"
    handler(event("evaluate_full", token=results.last.token), Context())
    assert "is InService with slipway-local-wine-quality-test-8f3c2a1d-4b5e-2; expected InService" in results.message()


@pytest.mark.parametrize("goes_on", [True, False])
def test_another_model_that_is_gone_again_is_noticed(
    endpoint: Endpoint, results: Results, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    """Code of another release may update Dev and Test, and update them back."""

    def meanwhile(rows: list[list[float]]) -> bytes:
        endpoint.since += timedelta(minutes=5)
        return b"1\n" * len(rows)

    token = None
    if goes_on:
        small_batches(monkeypatch)
        handler(event("evaluate_full"), Context([100_000, 0]))
        assert isinstance(results.last, Continue)
        token = results.last.token
        endpoint.since += timedelta(minutes=5)
    else:
        endpoint.answer = meanwhile
    handler(event("evaluate_full", token=token), Context())
    said = "when the evaluation began" if goes_on else "changed while it was evaluated"
    assert said in results.message()


def test_data_that_changes_in_between_is_noticed(
    endpoint: Endpoint, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    del endpoint
    small_batches(monkeypatch)
    handler(event("evaluate_full"), Context([100_000, 0]))
    assert isinstance(results.last, Continue)
    s3 = client_of("s3")
    key = next(o["Key"] for o in s3.list_objects_v2(Bucket=DATA_BUCKET)["Contents"] if o["Key"].endswith("a.csv"))
    s3.put_object(Bucket=DATA_BUCKET, Key=key, Body=csv(700, 9))
    handler(event("evaluate_full", token=results.last.token), Context())
    assert "found other content than when the evaluation began" in results.message()


def test_what_the_container_refuses_is_told_with_its_rows(endpoint: Endpoint, results: Results) -> None:
    def refuse(_: object) -> bytes:
        raise ModelRefusedError("Feature shape mismatch, expected: 11, got 3")

    endpoint.answer = refuse
    handler(event("evaluate_full"), Context())
    assert results.message().startswith(f"Endpoint {PREFIX}-test, s3://{DATA_BUCKET}/wine-quality/datasets/")
    assert "/test/a.csv lines 1-700: Feature shape mismatch, expected: 11, got 3" in results.message()


def test_an_endpoint_that_never_answers_is_given_up(endpoint: Endpoint, results: Results) -> None:
    def busy(_: object) -> bytes:
        raise UnavailableError("busy")

    endpoint.answer = busy
    handler(event("evaluate_full"), Context([80_000]))
    assert isinstance(results.last, Failed)
    assert results.last.type == "SystemUnavailable"
    assert "no answer in attempt 1 of 6: busy" in results.last.message


def test_too_few_predictions_are_refused(endpoint: Endpoint, results: Results) -> None:
    endpoint.answer = lambda rows: b"1\n" * (len(rows) - 1)
    handler(event("evaluate_full"), Context())
    assert "the answer has 699 numbers; 700 rows need 700" in results.message()


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"quality,a,b,c\n5,1,2,3\n", r"test/a.csv: line 1: found the label 'quality', so this looks like a header"),
        (b"5,1,2,3\n" * 4 + b"seven,1,2,3\n", "test/a.csv: line 5: found the label 'seven'; expected a number"),
        (b"5,1,2,3\n5,1,2\n", "test/a.csv: line 2: found 3 columns"),
        (b"\n\n", "test/a.csv: found no rows"),
    ],
)
def test_bad_data_is_named(results: Results, content: bytes, message: str) -> None:
    upload_dataset({**FILES, "test/a.csv": content})
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Failed)
    assert results.last.type == "ConfigurationError"
    assert message in results.last.message


@pytest.mark.usefixtures("endpoint")
def test_the_manifests_columns_count(results: Results) -> None:
    upload_dataset(FILES, ["quality", *"abcdefghijk"])
    handler(event("evaluate_full"), Context())
    assert "line 1: found 4 columns, so 3 features; expected 12 columns with 11 features" in results.message()


@pytest.mark.usefixtures("endpoint")
def test_a_size_other_than_the_manifests_is_refused(results: Results) -> None:
    prefix = upload_dataset(FILES)["prefix"]
    client_of("s3").put_object(Bucket=DATA_BUCKET, Key=f"{prefix}test/a.csv", Body=b"5,1,2,3\n")
    handler(event("evaluate_full"), Context())
    assert "found 8 bytes; expected" in results.message()


@pytest.mark.usefixtures("endpoint")
def test_a_channel_without_files_is_refused(results: Results) -> None:
    upload_dataset({"train/t.csv": b"5,1\n", "validation/v.csv": b"5,1\n"})
    handler(event("evaluate_full"), Context())
    assert "found no file of channel test, which tests.full names" in results.message()


@pytest.mark.parametrize(
    ("status", "serving"),
    [
        ("Updating", f"{PREFIX}-%s-8f3c2a1d-4b5e"),
        ("InService", f"{PREFIX}-test-00000000-1111"),
        # A name that only another attempt of this release would have, which anybody may take first.
        ("InService", f"{PREFIX}-%s-8f3c2a1d-4b5e-2"),
    ],
)
def test_only_this_releases_model_is_judged(endpoint: Endpoint, results: Results, status: str, serving: str) -> None:
    endpoint.status, endpoint.serving = status, serving
    handler(event("evaluate_full"), Context())
    assert f"Endpoint {PREFIX}-test is {status} with {PREFIX}-test-" in results.message()
    assert endpoint.bodies == []


def test_a_model_that_changes_meanwhile_is_noticed(endpoint: Endpoint, results: Results) -> None:
    def swap(rows: list[list[float]]) -> bytes:
        endpoint.serving = f"{PREFIX}-%s-8f3c2a1d-4b5e-2"
        return b"1\n" * len(rows)

    endpoint.answer = swap
    handler(event("evaluate_full"), Context())
    assert f"is InService with {PREFIX}-test-8f3c2a1d-4b5e-2; expected InService" in results.message()


def test_a_config_that_was_made_again_is_not_judged(endpoint: Endpoint, results: Results) -> None:
    endpoint.created[f"{PREFIX}-test-8f3c2a1d-4b5e"] = datetime(2026, 1, 2, tzinfo=UTC)
    handler(event("evaluate_full"), Context())
    assert f"Endpoint config {PREFIX}-test-8f3c2a1d-4b5e: found the one made at 2026-01-02" in results.message()
    assert endpoint.bodies == []


def test_a_missing_endpoint(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sagemaker, "describe_endpoint", lambda _: None)
    handler(event("evaluate_full"), Context())
    assert f"Endpoint {PREFIX}-test is missing" in results.message()


def test_parameters_are_checked(results: Results) -> None:
    document = event("evaluate_full")
    configuration = document["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    given = {"execution_id": EXECUTION_ID, "environment": "x", "test": "y", "endpoint_config": "z"}
    given |= {"endpoint_config_created": "never", **trained_with()}
    configuration["UserParameters"] = json.dumps(given)
    handler(document, Context())
    assert "found environment x, test y; expected dev, test, prod and smoke, full" in results.message()


def test_binary(endpoint: Endpoint, results: Results) -> None:
    upload_config(plain_config(*BINARY))
    rows = b"".join(b"%d,%f,0,0\n" % (index % 3 == 0, index % 7 / 7) for index in range(90))
    upload_dataset({**FILES, "test/a.csv": rows, "test/b.csv": rows})
    endpoint.answer = lambda rows: b"\n".join(b"%f" % row[0] for row in rows)
    handler(event("evaluate_full"), Context())
    metrics = report()["metrics"]
    assert metrics["auc_error_max"] == 0
    assert 0 < metrics["auc"] < 1
    assert isinstance(results.last, Done) == (metrics["auc"] >= 0.5)


def test_a_label_that_is_no_class_is_named_before_anything_is_sent(endpoint: Endpoint, results: Results) -> None:
    upload_config(plain_config(*BINARY))
    upload_dataset({**FILES, "test/a.csv": b"0,1,1,1\n1,1,1,1\n2,1,1,1\n"})
    handler(event("evaluate_full"), Context())
    assert "test/a.csv: line 3: found the label 2; expected 0 or 1 for this problem" in results.message()
    assert endpoint.bodies == []


def test_serverless_takes_no_more_requests_than_it_allows(
    endpoint: Endpoint, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    serverless = (
        "test: {instance_type: ml.m5.large, instance_count: 1}",
        "test: {serverless: {memory_mib: 1024, max_concurrency: 1}}",
    )
    upload_config(plain_config(*LOOSE, serverless))
    small_batches(monkeypatch)
    running, most = 0, 0

    def slow(rows: list[list[float]]) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.002)
        running -= 1
        return b"1\n" * len(rows)

    endpoint.answer = slow
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    assert len(endpoint.bodies) > 15
    assert most == 1


def test_the_next_batch_is_made_ready_while_one_travels(
    endpoint: Endpoint, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_batches(monkeypatch)
    meeting = threading.Barrier(2, timeout=10)
    arrivals = itertools.count()
    met: list[int] = []

    def meet(rows: list[list[float]]) -> bytes:
        # The first two requests only return once both are under way.
        if next(arrivals) < 2:
            met.append(meeting.wait())
        return b"1\n" * len(rows)

    endpoint.answer = meet
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    assert sorted(met) == [0, 1]


def test_the_margin_of_a_short_lived_function_is_half_its_time() -> None:
    times = iter([60_000, 31_000, 29_000])
    deadline = Deadline(lambda: next(times))
    assert not deadline.near()
    assert deadline.near()


def predictions_of(document: dict[str, Any]) -> list[dict[str, str]]:
    named = document["predictions"]
    key = named["uri"].removeprefix(f"s3://{EVIDENCE_BUCKET}/")
    answer = client_of("s3").get_object(Bucket=EVIDENCE_BUCKET, Key=key, VersionId=named["version_id"])
    return list(csv_module.DictReader(io.StringIO(gzip.decompress(answer["Body"].read()).decode())))


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize("goes_on", [True, False])
def test_the_predictions_lie_beside_the_evaluation(
    results: Results, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    if goes_on:
        small_batches(monkeypatch)
        # Of a large test set pieces are stored while it is predicted.
        monkeypatch.setattr("inference_lambdas.predicting.segments._HELD_BYTES", 400)
        monkeypatch.setattr("inference_lambdas.predicting.segments.PART_BYTES", 400)
        monkeypatch.setattr(Bucket, "write_parts", written_whole)
        assert continued(results) > 15
    else:
        handler(event("evaluate_full"), Context())
    document = report()
    rows = predictions_of(document)
    assert document["predictions"]["uri"] == (
        f"s3://{EVIDENCE_BUCKET}/releases/wine-quality/{EXECUTION_ID}/test-predictions.csv.gz"
    )
    assert document["predictions"]["rows"] == len(rows) == 755
    lines = b"".join([FILES["test/a.csv"], FILES["test/b.csv"]]).decode().splitlines()
    assert [row["row"] for row in rows] == [str(number) for number in range(1, 756)]
    assert [row["label"] for row in rows] == [line.partition(",")[0] for line in lines]
    errors = [float(row["label"]) - float(row["prediction"]) for row in rows]
    assert document["metrics"]["mae"] == pytest.approx(sum(map(abs, errors)) / 755, rel=1e-12)
    worst = document["worst"]["rows"]
    assert document["worst"]["columns"] == ["column 2", "column 3", "column 4"]
    assert len(worst) == 10
    assert worst[0]["error"] == max(map(abs, errors))
    assert ",".join(worst[0]["values"]) == lines[worst[0]["row"] - 1].partition(",")[2]


def written_whole(self: Bucket, key: str, parts: Iterable[bytes], content_type: str, kms_key_arn: str) -> str:
    """S3 takes no parts as small as those of a test."""
    found = list(parts)
    assert min(map(len, found[:-1])) >= 400
    return self.write(key, b"".join(found), content_type, kms_key_arn)


@pytest.mark.usefixtures("endpoint")
def test_predictions_must_be_those_that_were_stored(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch)
    handler(event("evaluate_full"), Context([100_000, 0]))
    assert isinstance(results.last, Continue)
    s3, token = client_of("s3"), results.last.token
    state = json.loads(s3.get_object(Bucket=ARTIFACT_BUCKET, Key=json.loads(token)["state"])["Body"].read())
    key = f"{json.loads(token)['state'].rpartition('-')[0]}-{state['segments'][0][:16]}"
    s3.put_object(Bucket=ARTIFACT_BUCKET, Key=key, Body=gzip.compress(b"row,label,prediction\n1,6,6\n"))
    for _ in range(3):
        handler(event("evaluate_full", token=token), Context())
        token = results.last.token if isinstance(results.last, Continue) else ""
    assert f"{key}: found other predictions than were stored" in results.outcomes[2].message  # type: ignore[union-attr]

"""Verdicts of an evaluation: bounds, failed rows, slices and drift, from recorded events."""

from __future__ import annotations

from typing import Any

import pytest

from inference_lambdas.aws.sagemaker_runtime import ModelRefusedError
from inference_lambdas.handlers.evaluate_model import handler
from inference_lambdas.predicting.timing import WARM_UP
from pipeline_lambdas.evidence.keys import version_of
from pipeline_lambdas.runtime.outcome import Done, Failed
from tests.events import DATA_BUCKET, EVIDENCE_BUCKET
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
)
from tests.pipeline_lambdas.aws_doubles import Context, upload_config, upload_dataset

pytestmark = pytest.mark.usefixtures("environment")
NAMES = ["quality", "acid", "sugar", "alcohol"]


def gates_of(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [gate for gate in document["gates"] if gate["kind"] == kind]


def allowing(share: float) -> str:
    gates = {"rmse": {"max": 9}, "failed_share": {"max": share}}
    return plain_config(*LOOSE, gates=gates)


def refuse_above(limit: float) -> Any:
    """A container that refuses a request if any row's first feature is above the limit."""

    def answer(rows: list[list[float]]) -> bytes:
        if any(row[0] > limit for row in rows):
            raise ModelRefusedError("a feature is too large")
        return b"".join(b"%f\n" % (sum(row) * 3) for row in rows)

    return answer


def test_a_failed_gate_names_metric_value_and_bound(endpoint: Endpoint, results: Results) -> None:
    endpoint.answer = lambda rows: b"\n".join(b"0" for _ in rows)
    upload_config(plain_config())
    handler(event("evaluate_full"), Context())
    message = results.message()
    document = report()
    assert document["verdict"] == "failed"
    assert [gate["verdict"] for gate in document["gates"]] == ["failed", "failed", "passed"]
    assert f"rmse is {document['metrics']['rmse']:.6g}, above the greatest allowed, 0.75; r2 is -" in message
    assert f"below the least allowed, 0.3. Report: s3://{EVIDENCE_BUCKET}/{REPORT_KEY}" in message
    # A failure has no output variables.
    assert isinstance(results.last, Failed)
    version_id = version_of(results.last.external_id or "", f"s3://{EVIDENCE_BUCKET}/{REPORT_KEY}")
    assert report(version_id=version_id or "none") == report()


def test_predictions_that_are_not_finite_fail(endpoint: Endpoint, results: Results) -> None:
    endpoint.answer = lambda rows: b"\n".join(b"nan" if row[0] > 0.99 else b"5" for row in rows)
    handler(event("evaluate_full"), Context())
    assert "predictions failed or are not finite numbers, the first for s3://" in results.message()
    document = report()
    assert document["verdict"] == "failed"
    assert set(document["metrics"].values()) == {None}
    assert document["intervals"] == {}
    first = document["gates"][0]
    assert (first["metric"], first["max"], first["verdict"]) == ("failed_share", 0.0, "failed")
    assert first["value"] == document["failed_rows"] / 755 > 0


def test_with_the_gate_metrics_are_of_the_other_rows(endpoint: Endpoint, results: Results) -> None:
    upload_config(allowing(0.05))
    endpoint.answer = lambda rows: b"\n".join(b"nan" if row[0] > 0.99 else b"5" for row in rows)
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    document = report()
    lines = b"".join([FILES["test/a.csv"], FILES["test/b.csv"]]).splitlines()
    rows = [[float(cell) for cell in line.split(b",")] for line in lines]
    kept = [row for row in rows if row[1] <= 0.99]
    assert document["failed_rows"] == 755 - len(kept) > 0
    assert document["metrics"]["mae"] == pytest.approx(sum(abs(row[0] - 5) for row in kept) / len(kept), rel=1e-12)
    line = next(number for number, row in enumerate(rows, 1) if row[1] > 0.99)
    assert document["first_failed_row"].startswith(f"s3://{DATA_BUCKET}/")
    assert document["first_failed_row"].endswith(f"test/a.csv line {line}")


def test_refused_rows_are_found_one_by_one(endpoint: Endpoint, results: Results) -> None:
    upload_config(allowing(0.05))
    endpoint.answer = refuse_above(0.995)
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    lines = b"".join([FILES["test/a.csv"], FILES["test/b.csv"]]).splitlines()
    refused = sum(float(line.split(b",")[1]) > 0.995 for line in lines)
    document = report()
    assert document["failed_rows"] == refused > 0
    assert document["metrics"]["rmse"] is not None


def test_a_container_that_refuses_everything_is_not_asked_for_each_row(endpoint: Endpoint, results: Results) -> None:
    upload_config(allowing(1))
    endpoint.answer = refuse_above(-1)
    handler(event("evaluate_full"), Context())
    assert len(endpoint.bodies) < 250
    message = results.message()
    assert "rmse cannot be evaluated" in message
    document = report()
    assert document["failed_rows"] == document["rows"] == 755
    assert document["importance"]["note"] == "left out: no row was predicted"


def test_too_large_a_share_fails(endpoint: Endpoint, results: Results) -> None:
    upload_config(allowing(0.0001))
    endpoint.answer = refuse_above(0.995)
    handler(event("evaluate_full"), Context())
    assert "(a feature is too large); failed_share is 0.0" in results.message()
    assert "above the greatest allowed, 0.0001" in results.message()


def test_slices_are_judged(endpoint: Endpoint, results: Results) -> None:
    alcohol = {"column": "alcohol", "ranges": [0.5, 0.99], "gates": {"rmse": {"max": 1}}}
    upload_config(plain_config(*LOOSE, slices=[alcohol, {"column": "quality", "values": [4, 50]}]))
    upload_dataset(FILES, NAMES)
    endpoint.answer = lambda rows: b"".join(b"%f\n" % (sum(row) * 3 + 4 * (row[2] < 0.5)) for row in rows)
    handler(event("evaluate_full"), Context())
    assert "rmse of alcohol < 0.5 is 3.99821, above" in results.message()
    document = report()
    verdicts = {gate["subject"]: gate["verdict"] for gate in gates_of(document, "slice")}
    assert verdicts == {
        "alcohol < 0.5": "failed",
        "0.5 <= alcohol < 0.99": "passed",
        "alcohol >= 0.99": "not applicable",
    }
    assert gates_of(document, "slice")[2]["reason"].endswith("rows; judged are slices from 30 on")
    by_label = {found["label"]: found for found in document["slices"]}
    assert list(by_label) == [*verdicts, "quality = 4", "quality = 50", "quality other"]
    assert sum(by_label[label]["rows"] for label in verdicts) == 755
    assert (by_label["quality = 50"]["rows"], by_label["quality = 50"]["metrics"]["rmse"]) == (0, None)
    low, high = (by_label["alcohol < 0.5"]["intervals"]["rmse"][end] for end in ("low", "high"))
    assert low < by_label["alcohol < 0.5"]["metrics"]["rmse"] < high


@pytest.mark.usefixtures("endpoint")
def test_a_column_that_is_not_there_fails(results: Results) -> None:
    upload_config(plain_config(*LOOSE, slices=[{"column": "pH", "values": [1]}], drift={"max_psi": 1}))
    upload_dataset(FILES, NAMES)
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Failed)
    assert results.last.type == "ConfigurationError"
    assert results.message() == (
        "wine-quality.yml: tests.full.slices[0].column: found 'pH'; expected a column of the dataset: quality, acid, "
        "sugar, alcohol"
    )


def test_drift_is_judged_by_column(endpoint: Endpoint, results: Results) -> None:
    del endpoint
    upload_config(plain_config(*LOOSE, drift={"max_psi": 0.2}))
    shifted = b"".join(b"%s,0.9\n" % line.rpartition(b",")[0] for line in csv(700).splitlines())
    upload_dataset({**FILES, "test/a.csv": shifted}, NAMES)
    handler(event("evaluate_full"), Context())
    document = report()
    verdicts = {gate["subject"]: gate["verdict"] for gate in gates_of(document, "drift")}
    assert verdicts == {"acid": "passed", "sugar": "passed", "alcohol": "failed"}
    assert "psi of alcohol is" in results.message()
    drift = document["drift"]
    assert (drift["reference"], drift["reference_rows"], drift["rows"], drift["sampled"]) == ("train", 900, 755, False)
    assert [len(column["bins"]) for column in drift["columns"]] == [10, 10, 10]


@pytest.mark.simulation
@pytest.mark.usefixtures("endpoint")
def test_drift_of_unnamed_columns(results: Results) -> None:
    upload_config(plain_config(*LOOSE, drift={"max_psi": 9, "columns": ["column 3", "column 1"]}))
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    assert [column["column"] for column in report()["drift"]["columns"]] == ["column 3", "column 1"]


@pytest.mark.usefixtures("endpoint")
def test_drift_without_training_rows_fails(results: Results) -> None:
    upload_config(plain_config(*LOOSE, drift={"max_psi": 9}))
    upload_dataset({name: content for name, content in FILES.items() if not name.startswith("train")})
    handler(event("evaluate_full"), Context())
    assert "found no file of channel train, which tests.full.drift compares with" in results.message()


@pytest.mark.simulation
@pytest.mark.usefixtures("endpoint")
def test_all_of_it_continued_equals_one_pass(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_config(
        plain_config(
            *LOOSE,
            gates={"rmse": {"max": 9}, "failed_share": {"max": 0.1}},
            champion={"gates": {"rmse": {"max_worse_percent": 5}}},
            slices=[{"column": "column 2", "ranges": [0.3, 0.6], "gates": {"rmse": {"max": 9}}}],
            drift={"max_psi": 9},
        )
    )
    small_batches(monkeypatch, 4000)
    handler(event("evaluate_full_with_champion"), Context())
    assert isinstance(results.last, Done), results.last
    whole = report()
    assert continued(results, "evaluate_full_with_champion") > 4
    pieces = report()
    for document in (whole, pieces):
        # Measured in what is left of the last invocation, and by the clock.
        document.pop("importance")
        document.pop("latency")
        document["predictions"].pop("version_id")
    assert pieces == whole


@pytest.mark.simulation
def test_the_importance_of_columns(endpoint: Endpoint, results: Results) -> None:
    upload_dataset(FILES, NAMES)
    endpoint.answer = lambda rows: b"".join(b"%f\n" % (5 * row[1] + row[2]) for row in rows)
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    importance = report()["importance"]
    assert [column["column"] for column in importance["columns"]] == ["sugar", "alcohol", "acid"]
    increases = [column["increase"] for column in importance["columns"]]
    assert increases[0] > increases[1] > increases[2] == 0
    assert (importance["metric"], importance["note"]) == ("rmse", "")
    assert 250 <= importance["rows"] <= 500
    # Requests for it are no measurements of latency.
    assert report()["latency"]["invocations"] == 200
    assert len(endpoint.bodies) == 2 + WARM_UP + 200 + 4
    handler(event("evaluate_full"), Context())
    assert report()["importance"] == importance


@pytest.mark.usefixtures("endpoint")
def test_the_smoke_test_measures_no_importance(results: Results) -> None:
    handler(event("evaluate_smoke"), Context())
    assert isinstance(results.last, Done), results.last
    assert report(REPORT_KEY.replace("test-", "dev-"))["importance"] is None

"""The evaluation of a model of a table: texts, categories, gaps and class names, as the dataset has them."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from inference_lambdas.aws import sagemaker_runtime
from inference_lambdas.handlers.evaluate_model import handler
from pipeline_lambdas.runtime.outcome import Done
from tests.events import DATA_BUCKET, EVIDENCE_BUCKET
from tests.inference_lambdas.endpoint_double import Endpoint, Results, continued, event, report, small_batches
from tests.pipeline_lambdas.aws_doubles import Context, client_of, upload_config, upload_dataset
from tests.pipeline_lambdas.scripts import script_document
from tests.pipeline_lambdas.tables import COLUMNS, churn_document, churn_text

pytestmark = pytest.mark.usefixtures("environment", "model")

CONTRACTS = ("month-to-month", "one-year", "two-year")
SLICES = [
    {"column": "contract", "values": list(CONTRACTS[:2]), "min_rows": 5},
    {"column": "tenure", "ranges": [12], "min_rows": 5},
    {"column": "churned", "values": ["yes"], "min_rows": 5},
]


def row(generator: random.Random, place: int, contracts: Sequence[str] = CONTRACTS) -> list[str]:
    contract = generator.choice(contracts)
    churned = generator.random() < (0.8 if contract == contracts[0] else 0.2)
    tenure = str(generator.randrange(60)) if place % 7 else ""
    notes = generator.choice(["", "fine", 'said "no", twice', "angry, then calm"])
    return ["yes" if churned else "no", tenure, contract, "2026-01-05", notes, f"c{place}"]


def table(rows: int, seed: int, **more: Any) -> bytes:
    generator, buffer = random.Random(seed), io.StringIO()  # noqa: S311
    csv.writer(buffer, lineterminator="\n").writerows(row(generator, place, **more) for place in range(rows))
    return buffer.getvalue().encode()


FILES = {"train/t.csv": table(900, 4), "validation/v.csv": table(200, 2), "test/a.csv": table(400, 1)}


class TableEndpoint(Endpoint):
    """Predicts by the contract; its rows are those of the table, without the label."""

    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str) -> bytes:
        assert (endpoint.rpartition("-")[2], content_type, accept) == ("test", "text/csv", "text/csv")
        self.bodies.append(body)
        rows = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
        assert {len(cells) for cells in rows} == {len(COLUMNS) - 1}
        return b"".join(b"%f\n" % (0.8 if cells[1] == CONTRACTS[0] else 0.2) for cells in rows)


@pytest.fixture
def model(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> TableEndpoint:
    made = TableEndpoint(serving=endpoint.serving)
    monkeypatch.setattr(sagemaker_runtime, "invoke", made.invoke)
    return made


def given(files: dict[str, bytes] = FILES, **sections: Any) -> None:
    tests = churn_document()["tests"]
    full = {**tests["full"], "slices": SLICES, "drift": {"max_psi": 0.5}, **sections}
    upload_config(churn_text(tests={**tests, "full": full}))
    upload_dataset(files, COLUMNS)


def by_label(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["label"]: one for one in found}


def test_a_table_is_evaluated_as_it_is(model: TableEndpoint, results: Results) -> None:
    given()
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    rows = list(csv.reader(io.StringIO(FILES["test/a.csv"].decode(), newline="")))
    assert list(csv.reader(io.StringIO(model.bodies[0].decode(), newline=""))) == [cells[1:] for cells in rows]
    document = report()
    assert document["classes"] == ["no", "yes"]
    right = [(cells[2] == CONTRACTS[0]) == (cells[0] == "yes") for cells in rows]
    assert document["metrics"]["accuracy"] == pytest.approx(sum(right) / len(rows))
    slices = by_label(document["slices"])
    assert {label: one["rows"] for label, one in slices.items()} == {
        f"contract = {CONTRACTS[0]}": sum(cells[2] == CONTRACTS[0] for cells in rows),
        f"contract = {CONTRACTS[1]}": sum(cells[2] == CONTRACTS[1] for cells in rows),
        "contract other": sum(cells[2] == CONTRACTS[2] for cells in rows),
        "tenure < 12": sum(cells[1] != "" and int(cells[1]) < 12 for cells in rows),
        "tenure >= 12": sum(cells[1] != "" and int(cells[1]) >= 12 for cells in rows),
        "tenure missing": sum(cells[1] == "" for cells in rows),
        "churned = yes": sum(cells[0] == "yes" for cells in rows),
        "churned other": sum(cells[0] == "no" for cells in rows),
    }
    importance = {one["column"]: one["increase"] for one in document["importance"]["columns"]}
    assert next(iter(importance)) == "contract"
    assert importance["notes"] == 0
    worst = document["worst"]
    assert worst["columns"] == COLUMNS[1:]
    assert all(rows[one["row"] - 1][1:] == one["values"] for one in worst["rows"])


def test_drift_of_categories_is_by_their_values(results: Results) -> None:
    moved = {**FILES, "test/a.csv": table(400, 1, contracts=("month-to-month", "month-to-month", "weekly"))}
    given(moved, drift={"max_psi": 50})
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    drift = report()["drift"]
    assert [one["column"] for one in drift["columns"]] == ["tenure", "contract"]
    assert drift["left_out"] == ["signup", "notes", "customer_id"]
    contract = drift["columns"][1]
    assert contract["psi"] > 0.5
    shares = by_label(contract["bins"])
    assert shares.keys() == {*CONTRACTS, "other"}
    assert shares["two-year"]["share"] == 0
    assert shares["other"]["reference_share"] == 0
    assert shares["other"]["share"] > 0.2
    missing = by_label(drift["columns"][0]["bins"])["missing"]
    assert missing["share"] == pytest.approx(1 / 7, abs=0.01)


def test_a_gate_of_a_text_slice_fails(results: Results) -> None:
    given(slices=[{**SLICES[0], "gates": {"accuracy": {"min": 0.99}}}])
    handler(event("evaluate_full"), Context())
    assert "accuracy of contract = month-to-month is 0." in results.message()


def test_batches_do_not_matter(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    given()
    handler(event("evaluate_full"), Context())
    whole = report()
    small_batches(monkeypatch)
    assert continued(results) > 3
    pieces = report()
    for key in ("metrics", "slices", "drift", "worst", "plots"):
        assert pieces[key] == whole[key]


def test_predictions_are_read_again_beside_labels_with_commas(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {name: content.replace(b"yes,", b'"yes, gone",') for name, content in FILES.items()}
    document = churn_document(label={"column": "churned", "classes": ["no", "yes, gone"]})
    upload_config(churn_text(**document))
    upload_dataset(files, COLUMNS)
    small_batches(monkeypatch)
    continued(results)
    assert isinstance(results.last, Done), results.last
    found = report()
    key = found["predictions"]["uri"].removeprefix(f"s3://{EVIDENCE_BUCKET}/")
    content = gzip.decompress(client_of("s3").get_object(Bucket=EVIDENCE_BUCKET, Key=key)["Body"].read())
    labels = [line[1] for line in csv.reader(io.StringIO(content.decode(), newline=""))]
    assert set(labels) == {"label", "no", "yes, gone"}
    assert found["metrics"]["accuracy"] > 0.6


def test_an_unknown_class_is_named(results: Results) -> None:
    given({**FILES, "test/a.csv": FILES["test/a.csv"] + b"perhaps,1,one-year,,,c\n"})
    handler(event("evaluate_full"), Context())
    assert f"s3://{DATA_BUCKET}/" in results.message()
    assert "line 401: found the label 'perhaps'; expected no, yes" in results.message()


def test_drift_of_a_script_is_of_what_its_columns_hold(results: Results) -> None:
    """No config says what they hold, so the training rows do; cells in quotes are cells there too."""
    moved = table(400, 1, contracts=("month-to-month", "month-to-month", "weekly"))
    tests = churn_document()["tests"]
    document = script_document(tests={**tests, "full": {**tests["full"], "drift": {"max_psi": 50}}})
    upload_config(yaml.safe_dump(document, sort_keys=False))
    upload_dataset({**FILES, "test/a.csv": moved}, COLUMNS)
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    drift = report()["drift"]
    assert drift["left_out"] == ["customer_id"]
    found = {one["column"]: by_label(one["bins"]) for one in drift["columns"]}
    assert list(found) == ["tenure", "contract", "signup", "notes"]
    assert found["contract"]["other"]["share"] > 0.2
    assert found["notes"]["angry, then calm"]["reference_share"] == pytest.approx(0.25, abs=0.05)
    assert found["tenure"]["missing"]["reference_share"] == pytest.approx(1 / 7, abs=0.01)
    assert found["signup"].keys() == {"2026-01-05"}

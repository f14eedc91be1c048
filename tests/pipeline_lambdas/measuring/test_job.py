"""The whole program on small files, against numpy and scipy."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_lambdas.measuring import job

ROWS = [
    # label, age, city; prediction, champion
    ("no", "30", "Berlin", 0.1, 0.3),
    ("yes", "", "Köln, West", 0.9, 0.6),
    ("yes", "41", 'the "Ruhr"', 0.4, 0.7),
    ("no", "52", "Berlin", 0.2, 0.1),
    ("yes", "63", "", 0.8, 0.9),
    ("no", "19", " Berlin ", 0.6, 0.2),
]
FUNCTIONS = """
import numpy as np

def brier(labels, predictions, rows):
    return np.mean((predictions - (labels == "yes")) ** 2)

def berliners(labels, predictions, rows):
    return np.sum(rows["city"] == "Berlin")

def age(labels, predictions, rows):
    assert len(rows["age"]) == len(labels)
    return np.nanmean(rows["age"])

def yes_only(labels, predictions, rows):
    return 1 / np.sum(labels == "yes").item()
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    sys.modules.pop("metrics_of_a_test", None)


class Folder:
    """A source and inputs as a job has them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings: dict[str, Any] = {
            "file": "metrics_of_a_test.py",
            "functions": ["brier"],
            "form": "probability",
            "classes": ["no", "yes"],
            "probabilities": 1,
            "files": ["a.csv", "b.csv"],
            "columns": [
                {"name": "churned", "kind": "text"},
                {"name": "age", "kind": "number"},
                {"name": "city", "kind": "text"},
            ],
            "slices": [],
            "seed": 7,
            "draws": 50,
            "seconds": 60,
        }
        (path / "program").mkdir()
        self.function_file(FUNCTIONS)
        for name, rows in (("a.csv", ROWS[:4]), ("b.csv", ROWS[4:])):
            with (path / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(row[:3] for row in rows)
        self.predictions([(row[3], row[4]) for row in ROWS])

    def function_file(self, text: str) -> None:
        (self.path / "program" / "metrics_of_a_test.py").write_text(text, encoding="utf-8")

    def predictions(self, values: list[tuple[float | str, float | str]], *, champion: bool = True) -> None:
        lines = ["row,label,prediction" + (",champion" if champion else "")]
        lines += [
            f"{number},{row[0]},{ours}" + (f",{theirs}" if champion else "")
            for number, (row, (ours, theirs)) in enumerate(zip(ROWS, values, strict=True), 1)
        ]
        content = gzip.compress("".join(f"{line}\n" for line in lines).encode())
        (self.path / "p.csv.gz").write_bytes(content)
        self.settings["predictions"] = {"file": "p.csv.gz", "sha256": hashlib.sha256(content).hexdigest()}

    def run(self) -> dict[str, Any]:
        (self.path / "slipway_metrics.json").write_text(json.dumps(self.settings), encoding="utf-8")
        code = job.main(self.path, self.path, self.path, self.path / "out", self.path / "message")
        assert code == 0, (self.path / "message").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads((self.path / "out" / "metrics.json").read_text(encoding="utf-8"))
        return found

    def failed(self) -> str:
        (self.path / "slipway_metrics.json").write_text(json.dumps(self.settings), encoding="utf-8")
        assert job.main(self.path, self.path, self.path, self.path / "out", self.path / "message") == 1
        assert not (self.path / "out").exists()
        return (self.path / "message").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def brier(rows: list[int], model: int = 3) -> float:
    return float(np.mean([(float(ROWS[row][model]) - (ROWS[row][0] == "yes")) ** 2 for row in rows]))


def test_values_of_both_models(folder: Folder) -> None:
    document = folder.run()
    assert (document["schema"], document["rows"], document["compared_rows"]) == ("slipway-own-metrics/1", 6, 6)
    found = document["metrics"]["brier"]
    everything = list(range(6))
    assert found["value"] == found["compared"]["value"] == pytest.approx(brier(everything))
    assert found["compared"]["champion"] == pytest.approx(brier(everything, 4))
    assert found["failure"] == ""


def test_draws_are_those_of_the_seed_and_the_same_for_both(folder: Folder) -> None:
    found = folder.run()["metrics"]["brier"]
    generator = np.random.default_rng(7)
    for place in range(50):
        drawn = list(generator.integers(0, 6, 6))
        assert found["replicates"][place] == pytest.approx(brier(drawn))
        assert found["compared"]["champion_replicates"][place] == pytest.approx(brier(drawn, 4))
    assert found["replicates"] == found["compared"]["replicates"]
    assert folder.run()["metrics"]["brier"] == found


def test_without_a_champion_nothing_is_compared(folder: Folder) -> None:
    folder.predictions([(row[3], "") for row in ROWS], champion=False)
    found = folder.run()["metrics"]["brier"]
    assert found["compared"] is None
    assert len(found["replicates"]) == 50


def test_rows_without_a_prediction_are_left_out(folder: Folder) -> None:
    folder.settings["slices"] = [{"column": 2, "values": ["Berlin"]}]
    folder.predictions([("" if row == 0 else ROWS[row][3], "" if row == 1 else ROWS[row][4]) for row in range(6)])
    document = folder.run()
    found = document["metrics"]["brier"]
    assert (document["rows"], document["compared_rows"]) == (5, 4)
    assert found["value"] == pytest.approx(brier([1, 2, 3, 4, 5]))
    assert found["compared"]["value"] == pytest.approx(brier([2, 3, 4, 5]))
    assert found["compared"]["champion"] == pytest.approx(brier([2, 3, 4, 5], 4))
    assert found["slices"] == [[pytest.approx(brier([3, 5])), pytest.approx(brier([1, 2])), pytest.approx(brier([4]))]]


def test_slices_have_values_of_their_own(folder: Folder) -> None:
    folder.settings |= {
        "functions": ["brier", "yes_only"],
        "slices": [{"column": 1, "ranges": [40]}, {"column": 0, "values": ["no", "perhaps"]}],
    }
    folder.function_file(FUNCTIONS)
    found = folder.run()["metrics"]
    ages, labels = found["brier"]["slices"]
    assert ages == [pytest.approx(brier([0, 5])), pytest.approx(brier([2, 3, 4])), None, pytest.approx(brier([1]))]
    assert labels == [pytest.approx(brier([0, 3, 5])), None, pytest.approx(brier([1, 2, 4])), None]
    # Of a slice in which a function fails there is no value, and no failure.
    assert found["yes_only"]["slices"][1] == [None, None, pytest.approx(1 / 3), None]
    assert found["yes_only"]["failure"] == ""


def test_columns_are_typed_and_stripped(folder: Folder) -> None:
    folder.settings["functions"] = ["berliners", "age"]
    found = folder.run()["metrics"]
    assert found["berliners"]["value"] == 3
    assert found["age"]["value"] == pytest.approx((30 + 41 + 52 + 63 + 19) / 5)


def test_columns_of_no_type_are_numbers_if_they_hold_nothing_else(folder: Folder) -> None:
    for column in folder.settings["columns"]:
        column["kind"] = ""
    folder.settings["functions"] = ["berliners", "age"]
    found = folder.run()["metrics"]
    assert (found["berliners"]["value"], found["age"]["value"]) == (3, pytest.approx(41.0))


def test_probabilities_are_a_matrix_and_classes_are_names(folder: Folder) -> None:
    folder.function_file(
        "def brier(labels, predictions, rows):\n"
        "    assert predictions.shape == (6, 2), predictions.shape\n"
        "    return (predictions[:, 1] > predictions[:, 0]).sum()\n"
    )
    lines = ["row,label,prediction,p_0,p_1", *(f"{n},{row[0]},0,{row[3]},{row[4]}" for n, row in enumerate(ROWS))]
    content = gzip.compress("".join(f"{line}\n" for line in lines).encode())
    (folder.path / "p.csv.gz").write_bytes(content)
    folder.settings["predictions"]["sha256"] = hashlib.sha256(content).hexdigest()
    folder.settings |= {"form": "probabilities", "probabilities": 2}
    assert folder.run()["metrics"]["brier"]["value"] == 3
    sys.modules.pop("metrics_of_a_test")
    folder.settings |= {"form": "class", "probabilities": 1}
    folder.function_file("def brier(labels, predictions, rows):\n    return (predictions == labels).mean()\n")
    folder.predictions([(float(row[0] == "yes"), 0.0) for row in ROWS])
    found = folder.run()["metrics"]["brier"]
    assert (found["value"], found["compared"]["champion"]) == (1.0, 0.5)


def test_a_function_that_fails_leaves_the_others(folder: Folder) -> None:
    folder.settings["functions"] = ["brier", "broken"]
    folder.function_file(FUNCTIONS + "\ndef broken(labels, predictions, rows):\n    return rows['street']\n")
    found = folder.run()["metrics"]
    assert found["broken"]["failure"] == (
        "metrics_of_a_test.py, line 18: KeyError: 'street; the columns are age, city'"
    )
    assert (found["broken"]["value"], found["broken"]["compared"], found["broken"]["slices"]) == (None, None, [])
    assert found["brier"]["value"] == pytest.approx(brier(list(range(6))))
    assert len(found["brier"]["replicates"]) == 50


def test_a_file_that_cannot_be_imported_fails_all(folder: Folder) -> None:
    folder.function_file("import nonesuch\n")
    found = folder.run()["metrics"]["brier"]
    assert found["failure"] == "metrics_of_a_test.py, line 1: ModuleNotFoundError: No module named 'nonesuch'"


def test_a_function_without_an_end_is_ended(folder: Folder) -> None:
    folder.settings["seconds"] = 1
    folder.function_file("def brier(labels, predictions, rows):\n    while True:\n        pass\n")
    assert folder.run()["metrics"]["brier"]["failure"] == (
        "metrics_of_a_test.py: brier took too long; raise metrics.max_runtime_s, or make it quicker"
    )


def test_what_comes_after_a_function_without_an_end_is_not_blamed(folder: Folder) -> None:
    folder.settings |= {"seconds": 1, "functions": ["brier", "quick"]}
    folder.function_file(
        "def brier(labels, predictions, rows):\n    while True:\n        pass\n"
        "def quick(labels, predictions, rows):\n    return 1\n"
    )
    found = folder.run()["metrics"]
    assert "brier took too long" in found["brier"]["failure"]
    assert found["quick"]["failure"] == ("metrics_of_a_test.py: no time was left for quick, after what came before it")


def test_a_slow_function_has_as_many_draws_as_fit(folder: Folder) -> None:
    folder.settings |= {"seconds": 2, "draws": 1000}
    folder.function_file("import time\ndef brier(labels, predictions, rows):\n    time.sleep(0.05)\n    return 1\n")
    assert 0 < len(folder.run()["metrics"]["brier"]["replicates"]) < 100


def test_draws_without_a_value_are_told(folder: Folder) -> None:
    folder.settings |= {"functions": ["yes_only"], "draws": 300}
    found = folder.run()["metrics"]["yes_only"]
    assert None in found["replicates"]
    assert len(found["replicates"]) == 300


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder.path / "b.csv").write_text("no,1,x\n"), "found 5 rows; expected 6, as were predicted"),
        (lambda folder: (folder.path / "b.csv").write_text("no,1\nno,2\n"), "b.csv: found 2 columns; expected 3"),
        (lambda folder: (folder.path / "b.csv").write_text("no,1\nno,2,3\n"), "found rows with different numbers"),
        (lambda folder: (folder.path / "b.csv").unlink(), "b.csv"),
        (lambda folder: (folder.path / "p.csv.gz").write_bytes(b"x"), "found other predictions than were made"),
    ],
)
def test_inputs_that_do_not_belong_together_end_the_job(folder: Folder, change: Any, message: str) -> None:
    change(folder)
    assert message in folder.failed()

"""Made-up tables, and the training job on them as SageMaker starts it."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_lambdas.tabular import job
from pipeline_lambdas.tabular.specification import Specification, parse
from tests.pipeline_lambdas.tabular.answering import Endpoint

ROOM = Path(job.__file__).parent
Row = Sequence[object]
CHURN: dict[str, Any] = {
    "tenure": "number",
    "contract": {"type": "category", "max_categories": 3},
    "signup": "date",
    "notes": {"type": "text", "max_terms": 5},
    "customer": "ignore",
}


def document(
    columns: Mapping[str, str | dict[str, Any]],
    problem: str = "binary",
    classes: Sequence[str] = ("no", "yes"),
    label: str = "churned",
) -> dict[str, Any]:
    """features.json."""
    defaults = {"category": {"max_categories": 100}, "text": {"max_terms": 200}}
    entries = []
    for name, given in columns.items():
        column = {"type": given} if isinstance(given, str) else given
        entries.append({"name": name, **defaults.get(column["type"], {}), **column})
    return {
        "schema": "slipway-features/1",
        "problem": problem,
        "label": label,
        "classes": list(classes),
        "columns": entries,
    }


def specification(columns: Mapping[str, str | dict[str, Any]], **rest: Any) -> Specification:
    return parse(document(columns, **rest), "features.json")


def churn_rows(count: int, seed: int) -> list[list[object]]:
    """Rows of CHURN with gaps, rare categories, commas and quotes; angry customers of few months leave."""
    source = random.Random(seed)  # noqa: S311
    rows: list[list[object]] = []
    for number in range(count):
        tenure, angry = source.randrange(72), source.random() < 0.3
        contract = source.choice(["monthly", "monthly", "yearly", "two years", "trial", ""])
        leaves = source.random() < 0.05 + 0.4 * angry + 0.4 * (tenure < 12) + 0.1 * (contract == "monthly")
        signup = f"20{source.randrange(10, 24)}-{source.randrange(1, 13):02}-{source.randrange(1, 29):02}"
        notes = 'said "never again", very angry' if angry else source.choice(["", "all fine, thanks", "no answer"])
        tenure_cell = tenure if source.random() < 0.9 else ""
        rows.append(["yes" if leaves else "no", tenure_cell, contract, signup, notes, f"c-{number}"])
    return rows


def write_csv(path: Path, rows: Iterable[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


@dataclass(frozen=True)
class Job:
    """A folder laid out as the container's: the code, the channels, the model."""

    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / "code" / "slipway_tabular.py"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def failure(self) -> Path:
        return self.folder / "output" / "failure"

    def environment(self) -> dict[str, str]:
        channels = {path.name: path for path in (self.folder / "data").iterdir()}
        return {
            **{f"SM_CHANNEL_{name.upper()}": str(path) for name, path in channels.items()},
            "SM_MODEL_DIR": str(self.model),
            "SM_OUTPUT_DIR": str(self.failure.parent),
        }

    def treatment(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.model / "features.json").read_text(encoding="utf-8"))
        return found

    def columns(self) -> dict[str, dict[str, Any]]:
        return {entry["name"]: entry for entry in self.treatment()["columns"]}

    def train(self, **hyperparameters: object) -> int:
        """Run it in this process; the exit code."""
        return job.main(arguments(**hyperparameters), self.environment(), self.program)

    def endpoint(self) -> Endpoint:
        return Endpoint(self.model)


def arguments(**hyperparameters: object) -> list[str]:
    """Hyperparameters as SageMaker's toolkit passes them on."""
    return [part for name in sorted(hyperparameters) for part in (f"--{name}", str(hyperparameters[name]))]


def lay_out(folder: Path, features: Mapping[str, Any], **channels: Iterable[Row]) -> Job:
    """The source tarball, unpacked, and the channels."""
    package = folder / "code" / "pipeline_lambdas" / "tabular"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    for path in ROOM.glob("*.py"):
        shutil.copy(path, package)
    shutil.copy(ROOM / "entry.py", folder / "code" / "slipway_tabular.py")
    (folder / "code" / "features.json").write_text(json.dumps(features), encoding="utf-8")
    (folder / "output").mkdir()
    (folder / "data").mkdir()
    for name, rows in channels.items():
        write_csv(folder / "data" / name / f"{name}.csv", rows)
    return Job(folder)


def churn_job(folder: Path, rows: int = 400) -> Job:
    return lay_out(folder, document(CHURN), train=churn_rows(rows, 1), validation=churn_rows(rows, 2))

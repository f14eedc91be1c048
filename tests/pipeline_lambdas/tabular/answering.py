"""A model asked through the four functions of its program, as SageMaker's inference toolkit calls them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipeline_lambdas.tabular import entry


class Endpoint:
    def __init__(self, folder: Path) -> None:
        self.model = entry.model_fn(str(folder))

    def ask(self, body: str | bytes, content_type: str | None = "text/csv", accept: str | None = "text/csv") -> str:
        return entry.output_fn(entry.predict_fn(entry.input_fn(body, content_type), self.model), accept)

    def scores(self, rows: Iterable[Sequence[object]]) -> list[float]:
        """The answers to rows without the label."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return [float(line) for line in self.ask(text.getvalue()).splitlines()]

    def predictions(self, document: object) -> list[dict[str, Any]]:
        """The answers in JSON to a request in JSON."""
        answer = self.ask(json.dumps(document), "application/json", "application/json")
        found: list[dict[str, Any]] = json.loads(answer)["predictions"]
        return found

"""Filters and joins the records of a transform job.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.transform.json_paths import PathError, select
from local_aws.wire import Document

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
_OUTPUT, _INPUT = "SageMakerOutput", "SageMakerInput"


class RecordError(ValueError):
    """A record or its prediction cannot be read or filtered."""


@dataclass(frozen=True)
class DataProcessing:
    """DataProcessing of a request."""

    content_type: str
    input_filter: str = "$"
    output_filter: str = "$"
    join: bool = False

    @classmethod
    def of(cls, request: Document) -> DataProcessing:
        """DataProcessing with its defaults."""
        given = request.get("DataProcessing", {})
        return cls(
            request["TransformInput"].get("ContentType", ""),
            given.get("InputFilter", "$"),
            given.get("OutputFilter", "$"),
            given.get("JoinSource") == "Input",
        )

    @property
    def changes_answers(self) -> bool:
        """Whether each prediction has to be read."""
        return self.join or self.output_filter != "$"

    def sent(self, record: bytes) -> bytes:
        """What of a record is sent to the model. Raises RecordError."""
        if self.input_filter == "$":
            return record
        return self._write(self._select(self.input_filter, self._read(record)))

    def stored(self, record: bytes, prediction: bytes) -> bytes:
        """What is stored for a record and its prediction. Raises RecordError."""
        found = self._read(prediction)
        if self.join:
            found = self._joined(self._read(record), found)
        return self._write(self._select(self.output_filter, found))

    def _joined(self, record: Any, prediction: Any) -> Any:
        if self.content_type == CSV:
            return [*record, *prediction]
        if isinstance(record, dict):
            return {**record, _OUTPUT: prediction}
        return {_INPUT: record, _OUTPUT: prediction}

    def _select(self, path: str, value: Any) -> Any:
        try:
            return select(path, value)
        except PathError as error:
            raise RecordError(f"{path}: {error}") from None

    def _read(self, text: bytes) -> Any:
        try:
            if self.content_type != CSV:
                return json.loads(text)
            return next(csv.reader([text.decode("utf-8")]), [])
        except (ValueError, csv.Error) as error:
            raise RecordError(f"the record is not {self.content_type}: {error}") from None

    def _write(self, value: Any) -> bytes:
        if self.content_type != CSV:
            return json.dumps(value, ensure_ascii=False).encode()
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return line.getvalue().encode()

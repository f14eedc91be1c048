"""The published schema of release records, as tests hold records against it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

SCHEMA = Path(__file__).resolve().parents[1] / "docs" / "release-record.schema.json"


@cache
def validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def problems(record: Any) -> list[str]:
    """What of a record the schema does not allow: `path: message`."""
    return [f"{error.json_path}: {error.message}" for error in validator().iter_errors(record)]

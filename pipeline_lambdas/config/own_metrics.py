"""Reads the section `metrics` of a training config: functions that compute metrics of a data scientist's own."""

from __future__ import annotations

import keyword
import re
from typing import Any

from pipeline_lambdas.config import schema
from pipeline_lambdas.config.model import OwnMetrics
from pipeline_lambdas.config.reader import Reader
from pipeline_lambdas.config.rules import describe, finding

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
TAKEN = frozenset(
    {*(name for names in schema.METRICS.values() for name in names), *schema.LATENCIES, schema.FAILED_SHARE}
    | {"psi", "auc_error_max"}
)
"""Names that evaluations use for something else."""


def read_own_metrics(reader: Reader, item: object) -> OwnMetrics | None:
    """Return the metrics; None after a problem that leaves no function was noted."""
    values = reader.section(item, "metrics", schema.OWN_METRICS, ["functions"])
    if not isinstance(item, dict):
        return None
    functions = _functions(reader, values.pop("functions", None))
    return OwnMetrics(functions, **values) if functions else None


def _functions(reader: Reader, found: object) -> dict[str, Any]:
    path = "metrics.functions"
    if not isinstance(found, dict) or not 1 <= len(found) <= schema.MOST_OWN_METRICS:
        given = f"found {len(found)}" if isinstance(found, dict) else "missing" if found is None else finding(found)
        reader.problem(path, f"{given}; expected a mapping of 1 to {schema.MOST_OWN_METRICS} names of functions")
        return {}
    functions: dict[str, Any] = {}
    for name, item in found.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or keyword.iskeyword(name):
            reader.problem(
                path, f"found the name {describe(name)}; expected that of a function: letters, digits and _, at most 60"
            )
        elif name in TAKEN:
            reader.problem(f"{path}.{name}", "found the name of another metric; expected a name of its own")
        else:
            values = reader.section(item, f"{path}.{name}", schema.OWN_METRIC)
            functions |= {name: values["direction"]} if "direction" in values else {}
    return functions

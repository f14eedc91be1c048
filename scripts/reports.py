"""Evaluation reports of a release, as the function that evaluates leaves them in the artifact bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from rich.table import Table

from scripts.aws_errors import code_of
from scripts.output import status_text
from scripts.session import Session

ENVIRONMENTS = ("dev", "test", "prod")


def load_reports(session: Session, run_id: str) -> dict[str, dict[str, Any]]:
    """Environment to its report, of the environments that were evaluated."""
    reports: dict[str, dict[str, Any]] = {}
    for environment in ENVIRONMENTS:
        key = f"releases/{session.names.model}/{run_id}/{environment}-evaluation.json"
        try:
            found = session.client("s3").get_object(Bucket=session.names.bucket("artifacts"), Key=key)
        except ClientError as error:
            if code_of(error) != "NoSuchKey":
                raise
            continue
        reports[environment] = json.loads(found["Body"].read())
    return reports


def reports_table(reports: Mapping[str, Mapping[str, Any]]) -> Table:
    """Metrics of each environment, with the bounds and the verdict where a gate watches them."""
    table = Table(box=None, pad_edge=False)
    for title in ("environment", "rows", "metric", "value", "allowed", "gate"):
        table.add_column(title, justify="right" if title in {"rows", "value"} else "left", no_wrap=True)
    for environment, report in reports.items():
        gates = {gate["metric"]: gate for gate in report["gates"]}
        values = {**report["metrics"], **{gate["metric"]: gate["value"] for gate in report["gates"]}}
        first = True
        for metric, value in values.items():
            gate = gates.get(metric)
            table.add_row(
                environment if first else "",
                f"{report['rows']:,}" if first else "",
                metric,
                "-" if value is None else f"{value:.4g}",
                bounds_text(gate) if gate else "",
                status_text(gate["verdict"]) if gate else "",
            )
            first = False
    return table


def bounds_text(gate: Mapping[str, Any]) -> str:
    """A gate's bounds in words."""
    low, high = gate.get("min"), gate.get("max")
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}"

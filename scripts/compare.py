"""Verb `compare`: two releases side by side, by their records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from scripts.output import status_text
from scripts.pipeline import resolve_run
from scripts.records import load_record
from scripts.run_view import SHORT_ID_CHARACTERS, trigger_text
from scripts.session import session_of

_SHOWN_HASH = 12
_ENVIRONMENTS = ("dev", "test", "prod")

Row = tuple[str, str, str]
"""What it is, and its values in the two releases."""


def compare(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="RUN", help="Release: its id or the beginning.")],
    after: Annotated[str, typer.Argument(metavar="RUN", help="The release to compare with it.")],
) -> None:
    """Compare two releases.

    What differs in their config, code and data, and their metrics and gates side by side.
    """
    session = session_of(context)
    records = [load_record(session, resolve_run(session, run)) for run in (before, after)]
    first, second = records
    sections = {
        "release": differing(_outline(first), _outline(second)),
        "config": differing(flat(_values(first)), flat(_values(second))),
        "code and data": differing(_sources(first), _sources(second)),
        "metrics": side_by_side(_metrics(first), _metrics(second)),
        "gates": side_by_side(_gates(first), _gates(second)),
    }
    session.output.result(
        {
            "runs": [record["execution_id"] for record in records],
            **{title: {name: [a, b] for name, a, b in rows} for title, rows in sections.items()},
        }
    )
    for title, rows in sections.items():
        session.output.say(Text(title, style="bold"))
        session.output.say(_table(rows, first, second) if rows else "  no difference")
        session.output.say()


def flat(value: Any, path: str = "") -> dict[str, str]:
    """The leaves of a document by their dotted path; a list's items by their number."""
    if isinstance(value, Mapping):
        children: Iterable[tuple[str, Any]] = ((str(key), child) for key, child in value.items())
    elif isinstance(value, list):
        children = ((str(number), child) for number, child in enumerate(value))
    else:
        return {} if value is None else {path: str(value)}
    return {
        name: text for key, child in children for name, text in flat(child, f"{path}.{key}" if path else key).items()
    }


def side_by_side(before: Mapping[str, str], after: Mapping[str, str]) -> list[Row]:
    """All names of both, in the order of the first."""
    return [(name, before.get(name, "-"), after.get(name, "-")) for name in dict.fromkeys([*before, *after])]


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[Row]:
    """The names whose values differ."""
    return [row for row in side_by_side(before, after) if row[1] != row[2]]


def first_line(text: str) -> str:
    """A commit's title: a source's summary is its whole message."""
    return text.partition("\n")[0]


def _outline(record: Mapping[str, Any]) -> dict[str, str]:
    training, approval = record["training"] or {}, record["approval"] or {}
    return {
        "status": str(record["status"]),
        "started": str(record["started"]),
        "because of": trigger_text(
            {"triggerType": record["trigger"]["type"], "triggerDetail": record["trigger"]["detail"]}, record["pipeline"]
        ),
        "training seconds": _number(training.get("seconds")),
        "image": str(training.get("image_uri", "-")),
        "approval": " ".join(str(approval[key]) for key in ("status", "by", "reason") if approval.get(key)) or "-",
    }


def _values(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return (record["config"] or {}).get("values") or {}


def _sources(record: Mapping[str, Any]) -> dict[str, str]:
    revisions = {
        source["action"]: f"{source['revision'][:_SHOWN_HASH]} {first_line(source['summary'])}".strip()
        for source in record["sources"]
    }
    dataset = record["dataset"] or {}
    files = {
        f"file {file['path']}": f"{file['sha256'][:_SHOWN_HASH]}, {file['size_bytes']:,} bytes"
        for file in dataset.get("files", [])
    }
    return {**revisions, "dataset": str(dataset.get("sha256", "-"))[:_SHOWN_HASH], **files}


def _metrics(record: Mapping[str, Any]) -> dict[str, str]:
    shown: dict[str, str] = {}
    for environment, document in _evaluations(record):
        shown[f"{environment} rows"] = f"{document['rows']:,}"
        for name, value in document["metrics"].items():
            interval = document["intervals"].get(name)
            around = f"  [{_number(interval['low'])}, {_number(interval['high'])}]" if interval else ""
            shown[f"{environment} {name}"] = f"{_number(value)}{around}"
    return shown


def _gates(record: Mapping[str, Any]) -> dict[str, str]:
    return {
        " ".join(filter(None, (environment, gate["kind"], gate["metric"], gate["subject"]))): gate["verdict"]
        for environment, document in _evaluations(record)
        for gate in document["gates"]
    }


def _evaluations(record: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    found = record["evaluations"]
    return [(environment, found[environment]) for environment in _ENVIRONMENTS if environment in found]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _table(rows: Iterable[Row], first: Mapping[str, Any], second: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for record in (first, second):
        table.add_column(record["execution_id"][:SHORT_ID_CHARACTERS], overflow="fold")
    for name, before, after in rows:
        table.add_row(f"  {name}", status_text(before), status_text(after))
    return table

"""Verb `compare`: releases side by side, by their records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from pipeline_lambdas.release.events import RUNNING
from pipeline_lambdas.release.names import ENVIRONMENTS, short_id
from slipway.errors import SlipwayError
from slipway.releases.pipeline import list_runs, resolve_run
from slipway.releases.records import find_record, load_record
from slipway.releases.run_view import trigger_text
from slipway.session import Session, session_of
from slipway.terminal.completion import complete_releases
from slipway.terminal.directions import better_of, own_directions
from slipway.terminal.output import status_text

_SHOWN_HASH = 12
_LOOKED_AMONG = 100

Row = tuple[str, tuple[str, ...]]
"""What it is, and its values in the releases."""


def compare(
    context: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            autocompletion=complete_releases,
            help="Releases: ids or beginnings; one alone: against the one before.",
        ),
    ],
) -> None:
    """Compare releases with the first of them.

    What differs comes first: metrics with the difference and which is better, gates, config, code and data.
    """
    session = session_of(context)
    ids = [resolve_run(session, run) for run in runs]
    if len(ids) == 1:
        ids.insert(0, _before(session, ids[0]))
    if len(set(ids)) < len(ids):
        raise SlipwayError("found the same release twice; expected releases that differ.")
    records = [load_record(session, run_id) for run_id in ids]
    sections = {
        "metrics": side_by_side(*map(_metrics, records)),
        "gates": side_by_side(*map(_gates, records)),
        **differences(records),
    }
    changes = metric_changes(records)
    session.output.result(
        {
            "runs": ids,
            **{title: {name: list(values) for name, values in rows} for title, rows in sections.items()},
            "differences": {
                name: [None if one is None else {"by": one[0], "is": one[1] or None} for one in row]
                for name, row in changes.items()
            },
        }
    )
    for title, rows in sorted(sections.items(), key=lambda section: not any(map(_differs, section[1]))):
        session.output.say(Text(title, style="bold"))
        session.output.say(_table(rows, records, changes) if rows else "  no difference")
        session.output.say()


def differences(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Row]]:
    """Return what differs beside metrics and gates, by what it belongs to."""
    return {
        "config": differing(*(flat(_values(record)) for record in records)),
        "code and data": differing(*map(_sources, records)),
        "release": differing(*map(_outline, records)),
    }


Change = tuple[float, str]
"""By how much a metric differs, and whether that is better."""


def metric_changes(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Change | None]]:
    """By metric, each release after the first against the first; None where one of the two lacks it."""
    found = [
        {
            f"{environment} {name}": (value, document["gates"], own_directions(document))
            for environment, document in _evaluations(record)
            for name, value in document["metrics"].items()
            if value is not None
        }
        for record in records
    ]
    first, *others = found
    return {
        name: [
            (other[name][0] - value, better_of(name.partition(" ")[2], value, other[name][0], gates, own))
            if name in other
            else None
            for other in others
        ]
        for name, (value, gates, own) in first.items()
    }


def _before(session: Session, run_id: str) -> str:
    """The newest release before that one which has succeeded; without one the newest that has a record."""
    known = list_runs(session, _LOOKED_AMONG)
    ids = [str(summary["pipelineExecutionId"]) for summary in known]
    older = known[ids.index(run_id) + 1 :] if run_id in ids else []
    for summary in sorted(older, key=lambda one: one["status"] != "Succeeded"):
        if find_record(session, summary["pipelineExecutionId"], going_on=summary["status"] in RUNNING):
            return str(summary["pipelineExecutionId"])
    short = short_id(run_id)
    raise SlipwayError(
        f"release {short}: found no release before it that left a record.", f"See them: {session.command('runs')}"
    )


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


def side_by_side(*columns: Mapping[str, str]) -> list[Row]:
    """All names of all, in the order of the first; those whose values differ come first."""
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [(name, tuple(column.get(name, "-") for column in columns)) for name in names]
    return sorted(rows, key=lambda row: not _differs(row))


def differing(*columns: Mapping[str, str]) -> list[Row]:
    """The names whose values differ."""
    return [row for row in side_by_side(*columns) if _differs(row)]


def _differs(row: Row) -> bool:
    return len(set(row[1])) > 1


def first_line(text: str) -> str:
    """A commit's title: a source's summary is its whole message."""
    return text.partition("\n")[0]


def _outline(record: Mapping[str, Any]) -> dict[str, str]:
    training, approval = record["training"] or {}, record["approval"] or {}
    return {
        "status": str(record["status"]),
        "started": str(record["started"]),
        "because of": trigger_text(
            {"triggerType": record["trigger"]["type"], "triggerDetail": record["trigger"]["detail"]},
            record["pipeline"],
            record["trigger"].get("execution") or "",
        ),
        "training seconds": _number(training.get("seconds")),
        "image": str(training.get("image_uri", "-")),
        "approval": " ".join(str(approval[key]) for key in ("status", "by", "reason") if approval.get(key)) or "-",
    }


def _values(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config, with the hyperparameters that its search has found."""
    values, training = (record["config"] or {}).get("values") or {}, record["training"] or {}
    found = (training.get("tuning") or {}).get("best")
    return {**values, "hyperparameters": training["hyperparameters"]} if found else values


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
    return [(environment, found[environment]) for environment in ENVIRONMENTS if environment in found]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _table(
    rows: Iterable[Row], records: Sequence[Mapping[str, Any]], changes: Mapping[str, Sequence[Change | None]]
) -> Table:
    rows = list(rows)
    changed = any(name in changes for name, _ in rows)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for number, record in enumerate(records):
        table.add_column(short_id(record["execution_id"]), overflow="fold")
        if changed and number:
            table.add_column("difference", overflow="fold")
    for name, values in rows:
        cells = [status_text(values[0])]
        for number, value in enumerate(values[1:]):
            cells.append(status_text(value))
            if changed:
                cells.append(_change_text(changes.get(name, [None] * len(values))[number]))
        table.add_row(f"  {name}", *cells)
    return table


def _change_text(change: Change | None) -> Text:
    if change is None:
        return Text("")
    by, relation = change
    styles = {"better": "green", "worse": "red"}
    return Text(f"{by:+.4g} {relation}".rstrip() if by else "the same", style=styles.get(relation, ""))

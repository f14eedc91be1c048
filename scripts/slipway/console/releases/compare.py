"""Releases beside each other: metrics as columns that sort, as parallel lines, and what else differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.reading import documents, string
from pipeline_lambdas.report.kit.tables import note, table, word
from pipeline_lambdas.report.kit.text import number, parsed
from slipway.console.releases.drawing.parallel import Line, parallel
from slipway.console.releases.rows import kept_row, rows_of
from slipway.console.releases.subject import Subject, subject
from slipway.console.room import Asked, Page
from slipway.console.shell import clock, panel, to, took
from slipway.errors import SlipwayError
from slipway.releases.records import find_record
from slipway.releases.run_rows import RunRow
from slipway.terminal.directions import Direction, direction_of
from slipway.verbs.compare import differences

CHOSEN = "release."
"""What the name of a box begins with that chooses a release; its id follows."""
_MOST = 200
_MOST_TOLD = 6
"""Of more releases the differences of configs, code and data would not fit beside each other."""
_FIXED = ("started", "took", "status")
"""Columns before those of the metrics."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the table is sorted by, and which way."""

    column: str
    falling: bool

    @property
    def aria(self) -> str:
        return "descending" if self.falling else "ascending"


def compare(asked: Asked) -> Page:
    """Draw the page."""
    about, ids = subject(asked), _ids(asked.query)
    rows = _rows(about, ids, asked.now)
    directions = _directions(rows)
    order = _order(asked.query, directions)
    shown = sorted(rows, key=lambda row: _rank(row, order))
    lines = [Line(short_id(row.id), row.metrics or {}) for row in shown]
    drawn = parallel(lines, directions)
    parts = [
        panel("releases", f"{len(rows)} releases", _table(about, ids, shown, directions, order)),
        panel("lines", "Metrics as lines", drawn) if drawn else None,
        *(_differences(about, ids) if 1 < len(ids) <= _MOST_TOLD else []),
    ]
    return Page(f"Releases of {about.title} compared", [one for one in parts if one is not None], about.above)


def _ids(query: Mapping[str, str]) -> list[str]:
    """Return the releases that the address names, in a list or one by one; raises SlipwayError if there is none."""
    listed = [one for one in query.get("releases", "").split(",") if one]
    ticked = [name.removeprefix(CHOSEN) for name in query if name.startswith(CHOSEN)]
    found = list(dict.fromkeys([*listed, *ticked]))
    if not found:
        raise SlipwayError("No release was chosen.", "Choose some in the list of releases, each by its box.")
    if len(found) > _MOST:
        raise SlipwayError(f"found {len(found)} releases; at most {_MOST} are compared.")
    return found


def _rows(about: Subject, ids: Sequence[str], now: datetime) -> list[RunRow]:
    """Return the rows; the newest executions are asked for, as a release may be tried again."""
    answer = about.client.list_pipeline_executions(pipelineName=about.pipeline, maxResults=100)
    newest = {str(one["pipelineExecutionId"]): one for one in answer["pipelineExecutionSummaries"]}
    recent = rows_of(about, [newest[one] for one in ids if one in newest], now)
    found = {row.id: row for row in recent}
    return [found.get(one) or kept_row(about, one, now) or _older(about, one, now) for one in ids]


def _older(about: Subject, run_id: str, now: datetime) -> RunRow:
    """Return the row of a release that no list of the newest ones has, by its record."""
    execution = about.client.get_pipeline_execution(pipelineName=about.pipeline, pipelineExecutionId=run_id)
    record = find_record(about.session, run_id) or {}
    started, ended = parsed(string(record, "started")), parsed(string(record, "ended"))
    summary = {
        **execution["pipelineExecution"],
        "startTime": started or datetime.fromtimestamp(0, now.tzinfo),
        "lastUpdateTime": ended or now,
        "sourceRevisions": [
            {"actionName": one["action"], "revisionId": one["revision"], "revisionSummary": one["summary"]}
            for one in documents(record, "sources")
        ],
    }
    return rows_of(about, [summary], now)[0]


def _directions(rows: Sequence[RunRow]) -> dict[str, Direction]:
    """Map the metrics that any of the releases has to their better direction; first those that they are judged by."""
    own = {name: direction for row in rows for name, direction in row.own.items()}
    judged = [row.metric for row in rows if row.metric]
    names = dict.fromkeys([*judged, *(name for row in rows for name in row.metrics or {})])
    return {name: direction_of(name, own=own) for name in names}


def _order(query: Mapping[str, str], directions: Mapping[str, Direction]) -> Order:
    """Return the order that the address asks for, else the newest first."""
    column = query.get("sort", "")
    if column not in {*_FIXED, *directions}:
        return Order("started", falling=True)
    return Order(column, query.get("order") == "descending")


def _rank(row: RunRow, order: Order) -> tuple[bool, Any]:
    """Return the place of a row: one without a value comes last, whichever way."""
    if order.column == "status":
        codes = tuple(map(ord, row.status))
        return False, tuple(-code for code in codes) if order.falling else codes
    values = {"started": row.started.timestamp(), "took": row.seconds, **(row.metrics or {})}
    value = values.get(order.column)
    return value is None, 0.0 if value is None else -value if order.falling else value


def _table(
    about: Subject, ids: Sequence[str], rows: Sequence[RunRow], directions: Mapping[str, Direction], order: Order
) -> Html:
    best = {name: _best(rows, name, direction) for name, direction in directions.items()}
    columns = [*_FIXED, *directions]
    head = el(
        "tr",
        el("th", "Release", scope="col"),
        *(_heading(about, ids, name, directions, order) for name in columns),
        el("th", "Commit", scope="col"),
    )
    return el(
        "div",
        el(
            "table",
            el(
                "caption",
                "Releases, by the column that is marked; the best value of a metric stands out",
                id="compared-caption",
                class_="unseen",
            ),
            el("thead", head),
            el("tbody", *(_row(about, row, best) for row in rows)),
            class_="compared",
        ),
        class_="scroll",
        role="region",
        tabindex=0,
        aria_labelledby="compared-caption",
    )


def _heading(about: Subject, ids: Sequence[str], name: str, directions: Mapping[str, Direction], order: Order) -> Html:
    here = order.column == name
    # First the best: the greatest, or the least where less is better; then the other way round.
    falling = not order.falling if here else directions.get(name, 1) >= 0
    address = about.at("compare", releases=",".join(ids), sort=name, order="descending" if falling else "ascending")
    shown = name.capitalize() if name in _FIXED else name
    sign = el(
        "span",
        "\N{BLACK DOWN-POINTING TRIANGLE}" if order.falling else "\N{BLACK UP-POINTING TRIANGLE}",
        aria_hidden="true",
    )
    return el(
        "th",
        to(shown, address),
        sign if here else None,
        scope="col",
        class_="k" if name in {"started", "status"} else "n",
        aria_sort=order.aria if here else None,
    )


def _row(about: Subject, row: RunRow, best: Mapping[str, float | None]) -> Html:
    metrics = row.metrics or {}
    fixed = ((clock(row.started), "k"), (took(row.seconds), "n"), (word(row.status), "k"))
    return el(
        "tr",
        el("th", to(short_id(row.id), about.at_run(row.id)), scope="row", class_="k"),
        *(el("td", cell, class_=style) for cell, style in fixed),
        *(el("td", _value(metrics.get(name), value), class_="n") for name, value in best.items()),
        el("td", " ".join(filter(None, (row.commit[:8], row.message))), class_="w"),
    )


def _value(value: float | None, best: float | None) -> Child:
    if value is None:
        return None
    return el("strong", number(value), class_="good") if value == best else number(value)


def _best(rows: Sequence[RunRow], name: str, direction: Direction) -> float | None:
    values = [row.metrics[name] for row in rows if row.metrics and name in row.metrics]
    if not direction or len(set(values)) < 2:
        return None
    return max(values) if direction > 0 else min(values)


def _differences(about: Subject, ids: Sequence[str]) -> list[Html]:
    """Return what differs in config, code and data, of the releases that left a record."""
    records = [record for one in ids if (record := find_record(about.session, one)) is not None]
    if len(records) < 2:
        return [panel("differences", "What differs", note("Fewer than two of these releases have left a record."))]
    names = [short_id(record["execution_id"]) for record in records]
    found = {title: rows for title, rows in differences(records).items() if rows}
    shown = [
        table(
            f"differences-{place}",
            title.capitalize(),
            ("Name", *names),
            [[name, *values] for name, values in rows],
            "k" + "w" * len(names),
        )
        for place, (title, rows) in enumerate(found.items())
    ]
    return [panel("differences", "What else differs", *(shown or [note("Config, code and data are the same.")]))]

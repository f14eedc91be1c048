"""The content of an object on its page: an image, a table, or numbered lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import note, table
from pipeline_lambdas.report.kit.text import size
from slipway.console.buckets.files import MOST_SHOWN_BYTES
from slipway.console.buckets.kinds import Kind, is_report, kind_of
from slipway.console.buckets.places import Place
from slipway.console.buckets.reading import Beginning, unpacked
from slipway.console.shell import to
from slipway.console.texts import decoded, text_pages

_MOST_ROWS, _MOST_COLUMNS = 100, 60
_LONGEST_CELL = 200
_OPENING, _CLOSING, _DEEPEST = ("[", "{"), ("]", "}"), 30
_PARTS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{},:]|[^\s\[\]{},:"]+')
_OTHER_VIEWS: dict[Kind, str] = {"csv": "Show it as a table", "json": "Show it with indentation"}


def content(place: Place, found: Beginning, view: str, page: int) -> tuple[Child, ...]:
    """Return what is shown of an object; `view` is "text" for its text as it is."""
    if found.told:
        return (note(found.told),)
    if not found.size_bytes:
        return (note("It is empty."),)
    inside = unpacked(found)
    kind = kind_of(place.key.removesuffix(".gz"), inside or found)
    if kind == "image" and not inside:
        return _image(place, found)
    text = decoded((inside or found).content, cut=(inside or found).cut)
    if text is None:
        return (note("It is neither text of UTF-8 nor an image that is shown here."),)
    part = _part(inside, found)
    return (note(part) if part else None, *_text(place, inside or found, kind, text, view, page))


def _part(inside: Beginning | None, found: Beginning) -> str | None:
    """Say how much of an object is shown."""
    if inside:
        return f"Unpacked{f'; the first {size(len(inside.content))}' if inside.cut else ''}."
    return f"The first {size(len(found.content))} of {size(found.size_bytes)}." if found.cut else None


def _image(place: Place, found: Beginning) -> tuple[Child, ...]:
    if found.size_bytes > MOST_SHOWN_BYTES:
        return (note(f"An image of more than {size(MOST_SHOWN_BYTES)} is not shown here."),)
    return (el("p", el("img", src=place.at("image"), alt=place.name), class_="image"),)


def _text(place: Place, found: Beginning, kind: Kind, text: str, view: str, page: int) -> tuple[Child, ...]:
    report = el("p", to("Show the report as a page", place.at("report"))) if is_report(place.key) else None
    shaped = None if view == "text" else _shaped(kind, text, cut=found.cut)
    views = _views(place, kind, view, shaped=shaped is not None)
    if isinstance(shaped, Html):
        return report, views, shaped
    more = {"view": view} if view else {}
    shown = text_pages(
        f"Content of {place.name}", shaped or text, page, lambda number: place.at(page=str(number), **more)
    )
    return report, views, *shown


def _views(place: Place, kind: Kind, view: str, *, shaped: bool) -> Html | None:
    if view == "text" and kind in _OTHER_VIEWS:
        return el("p", to(_OTHER_VIEWS[kind], place.at()))
    return el("p", to("Show the text as it is", place.at(view="text"))) if shaped else None


def _shaped(kind: Kind, text: str, *, cut: bool) -> str | None:
    """Return the table of a CSV file as markup, JSON with indentation as text, and None for anything else."""
    if kind == "csv":
        return csv_table(text, cut=cut)
    return None if kind != "json" or cut else indented(text)


def csv_table(text: str, *, cut: bool) -> Html | None:
    """Return the first rows of a CSV file as a table; None if it is none."""
    try:
        rows = list(_first_rows(text.rpartition("\n")[0] if cut and "\n" in text else text))
    except csv.Error:
        return None
    if not rows:
        return None
    width = min(max(map(len, rows)), _MOST_COLUMNS)
    named = _has_names(rows)
    headings = rows[0] if named else [f"Column {place}" for place in range(1, width + 1)]
    shown = rows[1 if named else 0 :][:_MOST_ROWS]
    body = [(str(number), *_cells(row, width)) for number, row in enumerate(shown, 1)]
    said = [f"The first {len(shown)} rows." if len(rows) > _MOST_ROWS or cut else None]
    said += [f"The first {width} columns." if max(map(len, rows)) > width else None]
    told = " ".join(filter(None, said))
    caption = "Rows of the file"
    return join(
        note(told) if told else None,
        table("rows-table", caption, ("Row", *_cells(headings, width)), body, "n" + "k" * width, heard=True),
    )


def _first_rows(text: str) -> Iterator[list[str]]:
    """Yield one row more than is shown, without empty lines."""
    found = 0
    for row in csv.reader(io.StringIO(text, newline="")):
        if row:
            yield row
            found += 1
        if found > _MOST_ROWS + 1:
            return


def _cells(row: list[str], width: int) -> list[str]:
    shown = (
        one if len(one) <= _LONGEST_CELL else f"{one[:_LONGEST_CELL]}\N{HORIZONTAL ELLIPSIS}" for one in row[:width]
    )
    return [*shown, *[""] * (width - len(row))]


def _has_names(rows: list[list[str]]) -> bool:
    """Tell whether the first row names the columns: SageMaker's algorithms take tables without names."""
    return len(rows) > 1 and not any(map(_is_number, rows[0])) and all(map(str.strip, rows[0]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def indented(text: str) -> str | None:
    """Return JSON with each value on a line; names, texts and numbers stay as they are written. None if it is none."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    written, depth, before = io.StringIO(), 0, ""
    for match in _PARTS.finditer(text):
        part = match.group()
        opened = before in _OPENING
        depth -= part in _CLOSING
        if (part in _CLOSING and not opened) or (part not in _CLOSING and (opened or before == ",")):
            written.write("\n" + "  " * min(depth, _DEEPEST))
        written.write(f"{part} " if part == ":" else part)
        depth += part in _OPENING
        before = part
    return written.getvalue()

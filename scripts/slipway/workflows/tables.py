"""Tables that fit the window: what does not fit is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

_STYLES = {
    "SUCCEEDED": "green",
    "succeeded": "green",
    "Completed": "green",
    "RUNNING": "cyan",
    "running": "cyan",
    "FAILED": "bold red",
    "TIMED_OUT": "bold red",
    "Failed": "bold red",
    "failed": "bold red",
    "caught": "yellow",
    "ABORTED": "yellow",
    "aborted": "yellow",
}


def status_word(status: str, words: str = "") -> Text:
    """Return a status in its colour, or `words` in the colour of the status."""
    return Text(words or status, style=_STYLES.get(status, ""))


def table(titles: Sequence[str], rows: Iterable[Sequence[str | Text]], right: Sequence[str] = ()) -> Table:
    """Return a table whose last column gives way in a narrow window; `right` names the columns of numbers."""
    cells = [[Text.assemble(cell) for cell in row] for row in rows]
    made = Table(box=None, pad_edge=False)
    for place, title in enumerate(titles):
        widest = max([len(title), *(row[place].cell_len for row in cells)])
        gives_way = place == len(titles) - 1
        made.add_column(
            title,
            justify="right" if title in right else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=None if gives_way else widest,
        )
    for row in cells:
        made.add_row(*row)
    return made

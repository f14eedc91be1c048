"""The state that a person chose: one visit of it, with its input and output, what it called, and its iterations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import facts, note, table
from slipway.console.shell import clock, panel, to, took
from slipway.console.workflows.iterations import iterations
from slipway.console.workflows.tasks import Call, calls, details_of
from slipway.console.workflows.visits import Visit
from slipway.console.workflows.words import data, seconds, status, why

if TYPE_CHECKING:
    from slipway.console.workflows.execution import Looked

_CALL_HEADINGS = ("Called", "Status", "Took", "Error", "Started")


def state_panel(looked: Looked, name: str) -> Html:
    """Return the panel; `looked.reading.lock` is held."""
    numbers = looked.reading.told.of_state.get(name, [])
    title = f"State {name}"
    if not numbers:
        return panel("state", title, note("It has not been entered."))
    place = _place(looked, numbers)
    visit = looked.reading.told.visits[numbers[place]]
    events = looked.reading.events([visit.id, visit.left, *visit.tasks])
    told = looked.states[name]
    called = calls(looked.session, [events[number] for number in visit.tasks if number in events])
    return panel(
        "state",
        title,
        _turn(looked, numbers, place),
        facts(_facts(looked, visit, told.status, len(numbers))),
        _why(looked, visit),
        _calls(looked, called),
        iterations(looked, visit) if visit.iterations else None,
        *_folds(looked, visit, events, called),
    )


def _place(looked: Looked, numbers: list[int]) -> int:
    """The place of the visit that is asked for among all of the state; else of the newest with an error."""
    wanted = looked.asked.query.get("visit", "")
    if wanted.isascii() and wanted.isdecimal() and 0 < int(wanted) <= len(numbers):
        return int(wanted) - 1
    visits = looked.reading.told.visits
    failed = (place for place in reversed(range(len(numbers))) if visits[numbers[place]].error)
    return next(failed, len(numbers) - 1)


def _turn(looked: Looked, numbers: list[int], place: int) -> Html | None:
    """Links to the other visits of the state, and to the next ones with an error."""
    if len(numbers) < 2:
        return None
    visits, last = looked.reading.told.visits, len(numbers) - 1

    def link(text: str, where: int | None) -> Html:
        if where is None or where == place:
            return el("span", text, class_="none")
        return to(text, looked.visit_address(visits[numbers[where]]))

    before = next((one for one in range(place - 1, -1, -1) if visits[numbers[one]].error), None)
    after = next((one for one in range(place + 1, last + 1) if visits[numbers[one]].error), None)
    around = (("First", 0), ("Before", max(place - 1, 0)), ("Next", min(place + 1, last)), ("Last", last))
    links = [link(text, where) for text, where in around]
    if before is not None or after is not None:
        links += [link("Error before", before), link("Next error", after)]
    return el("nav", el("strong", f"Visit {place + 1:,} of {len(numbers):,}"), *links, aria_label="Visits of the state")


def _facts(looked: Looked, visit: Visit, newest: str, count: int) -> Iterator[tuple[str, Child]]:
    yield "Status", status(_status(looked, visit, newest if count == 1 else ""))
    yield "Entered", clock(visit.began)
    if visit.ended or looked.running:
        yield "Took" if visit.ended else "For", took(seconds(visit.began, visit.ended, looked.asked.now))
    yield "Iteration", _iteration(looked, visit)


def _status(looked: Looked, visit: Visit, only: str) -> str:
    if only:
        return only
    if visit.left:
        return "caught" if visit.error else "succeeded"
    around = visit.iteration.status if visit.iteration else "running"
    if around in {"failed", "aborted"}:
        return "failed" if visit.error else "aborted"
    return "running" if looked.running else {"ABORTED": "aborted"}.get(str(looked.described["status"]), "failed")


def _iteration(looked: Looked, visit: Visit) -> Html | None:
    """Where the visit is within Maps, the outermost first."""
    words: list[Child] = []
    within = visit.iteration
    while within is not None:
        of = looked.reading.told.visits[within.number]
        words[:0] = [to(f"{of.state} {within.index}", looked.visit_address(of)), " "]
        within = within.outer
    return join(*words) if words else None


def _why(looked: Looked, visit: Visit) -> Child:
    """What went wrong, unless it is what the execution ended with, which stands above."""
    is_told = visit.error == looked.described.get("error") and not visit.left
    return None if is_told else why({"error": visit.error, "cause": visit.cause})


def _calls(looked: Looked, called: list[Call]) -> Html | None:
    rows = [
        (
            el("span", one.what, *(el("div", to(text, address)) for text, address in one.links.items())),
            status(one.status if one.ended or looked.running else "aborted"),
            took(seconds(one.began, one.ended, looked.asked.now)) if one.ended or looked.running else None,
            one.error or None,
            clock(one.began),
        )
        for one in called
    ]
    return table("calls-table", "What it called", _CALL_HEADINGS, rows, "wkn k") if rows else None


def _folds(looked: Looked, visit: Visit, events: Mapping[int, Any], called: list[Call]) -> Iterator[Html]:
    last = called[-1] if called else None
    wanted = [
        ("Input", visit.id, "input"),
        ("What was asked for", last.asked if last else 0, "parameters"),
        ("What was asked for", last.asked if last else 0, "input"),
        ("What it answered", last.answered if last else 0, "output"),
        ("Output", visit.left, "output"),
    ]
    for title, number, part in wanted:
        text = details_of(events.get(number, {})).get(part)
        if text:
            shown = data(str(text), looked.address("data", event=number, part=part))
            opened = "open" if number in {visit.id, visit.left} else None
            yield el("details", el("summary", title), shown, open=opened)

"""One release: where it is, what is decided about it beside its evidence, and when what ran."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import Section, facts, word
from slipway.console.releases.deciding import decisions
from slipway.console.releases.drawing.actions import actions_table
from slipway.console.releases.drawing.board import board
from slipway.console.releases.drawing.timeline import timeline
from slipway.console.releases.evidence import head, load_evidence, sections
from slipway.console.releases.subject import Seen, Subject, see, subject
from slipway.console.room import Asked, Content, Page
from slipway.console.shell import clock, panel, to, took
from slipway.releases.records import find_report
from slipway.releases.run_view import Revision

AGAIN_S = 1.0
"""Durations of what runs grow."""


def release(asked: Asked) -> Page:
    """Draw the page."""
    about, now = subject(asked), asked.now
    seen = see(about, asked.path["run"])
    run, found = seen.run, load_evidence(about, seen)
    shown = sections(about, found, run.id) if found else []
    parts = [summary(about, seen, now, _contents(shown))]
    decided = decisions(about, seen, judged=found is not None)
    if found is None:
        parts += [decided] if decided else []
    else:
        # The ids of the report's headings are its sections' keys, which the contents lead to.
        parts_of = (el("div", one.html, id=f"of-{one.key}") for one in shown)
        evidence = el("div", head(found), *parts_of, id="evidence", class_="evidence")
        parts.append(el("div", evidence, decided, id="judge", class_="beside" if decided else None))
    drawn = timeline(seen, now)
    parts += [panel("timeline", "Timeline", drawn)] if drawn else []
    parts += [panel("actions", "Actions", actions_table(seen, now))]
    return Page(about.named(run.id), parts, about.above, AGAIN_S if run.running else None)


def report(asked: Asked) -> Content | None:
    """Return the report, a page that code of a push may have written: it runs nothing and asks for nothing."""
    found = find_report(asked.session, asked.path["run"])
    return None if found is None else Content(found, "text/html")


def _contents(shown: Sequence[Section]) -> Html | None:
    """Return links to the parts of a long page."""
    links = [*((one.title, one.key) for one in shown), ("Timeline", "timeline"), ("Actions", "actions")]
    return el("nav", *(to(title, f"#{key}") for title, key in links), aria_label="Contents") if shown else None


def summary(about: Subject, seen: Seen, now: datetime, contents: Html | None) -> Html:
    """Return where an execution is: its status, its stages, and what it was made of."""
    run = seen.run
    started = min((one["startTime"] for one in seen.attempts), default=None)
    pairs: list[tuple[str, Child]] = [
        ("Status", word(run.state)),
        ("Waits for", _waits(about, seen)),
        ("Decide", to("Approve or reject", "#decide") if run.approval else None),
        ("Started", clock(started)),
        ("Started by", run.trigger),
        ("Took" if not run.running else "Has taken", took(run.seconds(now))),
        ("Reason", run.status_summary or None),
        *((one.action, _revision(one)) for one in run.revisions),
    ]
    return panel("summary", "Where it is", board(about, seen, now), facts(pairs), contents)


def _revision(revision: Revision) -> str:
    told = "" if revision.id in revision.summary else revision.summary
    return f"{revision.id[:12]} {told}".strip()


def _waits(about: Subject, seen: Seen) -> Child:
    run = seen.run
    if not run.waits_for:
        return None
    held = to(about.named(run.behind), about.at_run(run.behind)) if run.behind else None
    return el("span", run.waits_for, ", where an approval is open: " if held else None, held)

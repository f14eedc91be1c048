"""Verb `destroy`: remove an installation, and say what of it is left."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from scripts.errors import SlipwayError, UnsuccessfulError
from scripts.installation import Inventory, find_pipelines, take_inventory
from scripts.interrupts import goes_on
from scripts.names import Names
from scripts.session import Session, session_of
from scripts.teardown import (
    KEY_WAITING_DAYS,
    remove_data,
    remove_endpoints,
    remove_records,
    remove_stacks,
    stop_releases,
    stop_training,
)

_ALWAYS = frozenset(("stacks", "endpoints", "endpoint configs", "models"))
_MOST_NAMED = 6
_REMAINS = (
    "Not listed, as nobody can delete it: metrics in CloudWatch, which expire by themselves, and AWS's own record of "
    "calls (CloudTrail). A training job that has not ended, or that keeps its instances warm, cannot be deleted either."
)


def destroy(
    context: typer.Context,
    data: Annotated[
        bool,
        typer.Option("--data", help="Delete data, models, reports, logs, repositories and the key as well."),
    ] = False,
    yes: Annotated[
        str | None, typer.Option("--yes", metavar="NAME", help="Name of the installation, instead of typing it.")
    ] = None,
) -> None:
    """Remove an installation with all its models.

    Endpoints, models and stacks go; buckets, repositories, logs and the key stay, unless --data is given. It may be
    run again, and ends with what is left.
    """
    session = session_of(context)
    session.announce()
    pipelines = find_pipelines(session)
    found = take_inventory(session, pipelines)
    planned = _planned(found, data=data)
    if planned:
        session.output.say(_plan_table(found, data=data))
        _agree(session, yes)
        with goes_on("What is being deleted goes on.", f"Remove the rest: {session.command('destroy')}"):
            _remove(session, pipelines, found, data=data)
        found = take_inventory(session, pipelines)
    else:
        session.output.say(f"Nothing of installation {session.names.suffix} is there to be removed.")
    left = _planned(found, data=data)
    _report(session, found, data=data)
    session.output.result(
        {"removed": [f"{kind}: {name}" for kind, name in sorted(planned - left)], "left": dict(found.by_kind())}
    )
    if left:
        session.output.say(f"Not all could be removed. Try again: {session.command('destroy')}", style="red")
        raise UnsuccessfulError


def _planned(inventory: Inventory, *, data: bool) -> set[tuple[str, str]]:
    """Kind and name of what is to be removed."""
    return {(kind, name) for kind, names in inventory.by_kind() if data or kind in _ALWAYS for name in names}


def _plan_table(inventory: Inventory, *, data: bool) -> Table:
    table = Table("what", "becomes", "names", box=None, pad_edge=False)
    for kind, names in inventory.by_kind():
        goes = data or kind in _ALWAYS
        table.add_row(kind, Text(_becomes(kind) if goes else "kept", style="red" if goes else ""), _listed(names))
    return table


def _becomes(kind: str) -> str:
    return {"buckets": "emptied, deleted", "keys": f"deleted in {KEY_WAITING_DAYS} days"}.get(kind, "deleted")


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return "\n".join(names[:_MOST_NAMED]) + more


def _agree(session: Session, yes: str | None) -> None:
    name = session.names.suffix
    if yes is None and not session.output.can_ask:
        raise SlipwayError(
            "Nobody is there to be asked, so nothing was removed.",
            f"Name the installation if it is meant: {session.command('destroy --yes', name)}",
        )
    typed = yes if yes is not None else session.output.ask(f"Type {name} to remove installation {name}:")
    if typed != name:
        where = "--yes: found" if yes is not None else "found"
        raise SlipwayError(f"{where} {typed!r}; the installation is {name}. Nothing was removed.")


def _remove(session: Session, pipelines: tuple[Names, ...], found: Inventory, *, data: bool) -> None:
    with session.output.step("releases") as step:
        step.outcome = "failed"
        releases = sum(stop_releases(session, names) for names in pipelines)
        jobs = stop_training(session, take_inventory(session, pipelines))
        step.outcome = f"{releases} stopped, {jobs} training jobs stopped"
    with session.output.step("endpoints, configs and models") as step:
        step.outcome = "failed"
        remove_endpoints(session, found)
        step.outcome = f"{len(found.endpoints)}, {len(found.endpoint_configs)} and {len(found.models)} deleted"
    remove_stacks(session, found.stacks)
    # What a release that was stopped in the middle made after the first look.
    late = take_inventory(session, pipelines)
    remove_endpoints(session, late)
    if data:
        with session.output.step("training jobs and logs") as step:
            step.outcome = "failed"
            remove_records(session, late)
            step.outcome = f"{len(late.training_jobs)} jobs, {len(late.log_groups)} log groups deleted"
        remove_data(session, late)


def _report(session: Session, left: Inventory, *, data: bool) -> None:
    """List what there is now."""
    output = session.output
    output.say()
    rows: list[tuple[str, Any]] = list(left.by_kind())
    if not rows:
        output.say(f"Nothing of installation {session.names.suffix} is left.", style="green")
    else:
        output.say("left:")
        table = Table("what", "names", box=None, pad_edge=False, show_header=False)
        for kind, names in rows:
            table.add_row(f"  {kind}", _listed(names))
        output.say(table)
        if not data:
            output.say(
                f"Remove these as well: {session.command('destroy --data')}. A key costs money while it is there."
            )
    output.say(_REMAINS)

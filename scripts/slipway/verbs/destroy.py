"""Verb `destroy`: remove a model or a whole installation, and say what of it is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table
from rich.text import Text

from slipway.errors import SlipwayError, StillRunningError, UnsuccessfulError
from slipway.installation.aws_errors import explain
from slipway.installation.installation import Inventory, find_pipelines
from slipway.installation.lock import installation_lock
from slipway.installation.removal_scope import DATA, SHARED, Scope, say_locked
from slipway.installation.teardown import (
    KEY_WAITING_DAYS,
    remove_data,
    remove_endpoints,
    remove_evidence,
    remove_groups,
    remove_log_groups,
    remove_records,
    remove_stack,
    stop_builds,
    stop_releases,
    stop_training,
)
from slipway.session import Session, session_of
from slipway.terminal.interrupts import goes_on
from slipway.terminal.output import Output

_MOST_NAMED, _MOST_REPEATED = 20, 3
"""Names of a kind in a table, and where they are said again."""
_REMAINS = (
    "Not listed, as nobody can delete it: metrics in CloudWatch, which expire by themselves, and AWS's own record of "
    "calls (CloudTrail). A training job that has not ended, or that keeps its instances warm, cannot be deleted either."
)


def destroy(
    context: typer.Context,
    whole: Annotated[
        bool, typer.Option("--all", help="Remove all models; with --data what they share as well.")
    ] = False,
    data: Annotated[
        bool,
        typer.Option("--data", help="Delete datasets, trained models, records, reports and training jobs as well."),
    ] = False,
    locked: Annotated[
        bool,
        typer.Option("--locked", help="With --data, delete evidence under a lock of GOVERNANCE as well, if you may."),
    ] = False,
    yes: Annotated[
        str | None,
        typer.Option("--yes", metavar="NAME", help="Name of the model, with --all of the installation; does not ask."),
    ] = None,
) -> None:
    """Remove a model, or all of them.

    Its pipeline, endpoints, versions in the registry and logs go; datasets, trained models and records stay, unless
    --data is given; evidence that is locked stays even then. What the models share stays, unless --all and --data are
    given and nothing is locked. It may be run again, and ends with what is left.
    """
    session = session_of(context)
    session.announce()
    with installation_lock(session, "destroy"):
        scope = _scope(session, whole=whole, data=data, lift=locked)
        found = scope.look()
        planned = scope.planned(found)
        if planned:
            _show_plan(scope, found)
            _agree(scope, yes)
            with _resumable(scope):
                _remove(scope)
            found = scope.look()
        else:
            session.output.say(f"Found nothing of {scope.title} to remove.")
        left = scope.planned(found)
        there = {(kind, name) for kind, names in found.by_kind() for name in names}
        removed = [one for one in planned if one not in there]
        _report(scope, removed, found)
        session.output.result({"removed": [f"{kind}: {name}" for kind, name in removed], "left": dict(found.by_kind())})
        if left:
            session.output.say(f"Not everything could be removed. Try again: {scope.command()}", style="red")
            raise UnsuccessfulError


def _scope(session: Session, *, whole: bool, data: bool, lift: bool) -> Scope:
    all_models = find_pipelines(session, with_evidence=True)
    mine = tuple(names for names in all_models if whole or names.model == session.names.model)
    return Scope(session, mine, tuple(names for names in all_models if names not in mine), whole, data, lift)


def _show_plan(scope: Scope, inventory: Inventory) -> None:
    output = scope.session.output
    table = Table("what", "becomes", "names", box=None, pad_edge=False)
    for kind, names in inventory.by_kind():
        goes = scope.goes(kind)
        table.add_row(
            kind, Text(_becomes(kind, lift=scope.lift) if goes else "kept", style="red" if goes else ""), _listed(names)
        )
    output.say(table)
    if inventory.stacks:
        output.say("With a model's stack go its pipeline, functions, roles, rules, alarms, topic and dashboard.")
    _name_others(scope)


def _name_others(scope: Scope) -> None:
    if scope.others:
        scope.session.output.say(f"Other models, left alone: {', '.join(names.model for names in scope.others)}.")


def _becomes(kind: str, *, lift: bool) -> str:
    return {
        "buckets": "emptied, deleted",
        "evidence": "deleted, locks lifted" if lift else "deleted unless locked",
        "keys": f"deleted in {KEY_WAITING_DAYS} days",
    }.get(kind, "deleted")


def _listed(names: tuple[str, ...], most: int = _MOST_NAMED) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "\n".join(names[:most]) + more


def _agree(scope: Scope, yes: str | None) -> None:
    output, name = scope.session.output, scope.name
    if yes is None and not output.can_ask:
        raise SlipwayError(
            "Nobody can be asked here, so nothing was removed.",
            f"To remove it, name it: {scope.command()} --yes {name}",
        )
    typed = yes if yes is not None else output.ask(f"Type {name} to remove {scope.title}:")
    if typed != name:
        where = "--yes: found" if yes is not None else "found"
        raise SlipwayError(f"{where} {typed!r}; expected {name}, for {scope.title}. Nothing was removed.")


@contextmanager
def _resumable(scope: Scope) -> Iterator[None]:
    """Tell of whatever stops the removal how it goes on from there."""
    again = scope.command()
    with goes_on("Deletions that have started continue.", f"Remove the rest: {again}"):
        try:
            yield
        except StillRunningError:
            raise
        except (SlipwayError, ClientError, BotoCoreError) as error:
            told = error if isinstance(error, SlipwayError) else explain(error)
            if told is None:
                raise
            onward = f"Fix the cause, then continue where this stopped: {again}"
            raise SlipwayError(
                told.message, lambda command: "\n".join(filter(None, [told.advice(command), onward]))
            ) from None


def _remove_stack(scope: Scope, stack: str) -> None:
    """Delete a model's stack; once more if a function that still ran has registered a version in the stack's group."""
    try:
        remove_stack(scope.session, stack)
    except SlipwayError:
        late = scope.look()
        if not late.model_packages:
            raise
        scope.session.output.say("A release that was stopped had still registered a version; it is deleted first.")
        remove_endpoints(scope.session, late)
        remove_stack(scope.session, stack)


def _remove(scope: Scope) -> None:
    session = scope.session
    with session.output.step("releases") as step:
        step.outcome = "failed"
        releases = sum(stop_releases(session, names) for names in scope.pipelines)
        builds = sum(stop_builds(session, names) for names in scope.pipelines)
        found = scope.look()
        jobs = stop_training(session, found)
        step.outcome = f"{releases} stopped, with {builds} builds and {jobs} training jobs"
    with session.output.step("endpoints, configs, models and versions") as step:
        step.outcome = "failed"
        remove_endpoints(session, found)
        counts = (found.endpoints, found.endpoint_configs, found.models, found.model_packages)
        step.outcome = "{}, {}, {} and {} deleted".format(*map(len, counts))
    for stack in found.stacks:
        _remove_stack(scope, stack)
    # What a release that was stopped in the middle made after the first look.
    late = scope.look()
    remove_endpoints(session, late)
    remove_groups(session, late)
    with session.output.step("log groups") as step:
        step.outcome = "failed"
        count = remove_log_groups(session, scope.log_groups)
        step.outcome = f"{count} deleted that the stacks left"
    if scope.data:
        remove_records(session, late)
        scope.locked.update(remove_evidence(session, late, lift=scope.lift))
    if scope.whole and scope.data and not scope.locked:
        for stack in found.setup_stacks:
            remove_stack(session, stack)
        remove_data(session, late)


def _report(scope: Scope, removed: list[tuple[str, str]], left: Inventory) -> None:
    """List what was there and is not, and what there is now."""
    output = scope.session.output
    output.say()
    kinds = dict.fromkeys(kind for kind, _ in removed)
    gone = [(kind, tuple(name for of, name in removed if of == kind)) for kind in kinds]
    _say_table(output, "deleted:", gone, _MOST_REPEATED)
    rows = list(left.by_kind())
    _say_table(output, "left:", rows, _MOST_NAMED)
    if not rows:
        output.say(f"Nothing of {scope.title} is left.", style="green")
    kept = {kind for kind, _ in rows if not scope.goes(kind)}
    say_locked(scope)
    if kept & DATA:
        output.say(f"Remove the data as well: {scope.command(data=True)}")
    if kept & SHARED and not scope.locked:
        everything = scope.command(data=True, whole=True)
        output.say(f"Remove all models, their data and what they share: {everything}")
    if "setup stacks" in kept:
        output.say("What is left suffices for another release. A key costs money as long as it exists.")
    _name_others(scope)
    output.say(_REMAINS)


def _say_table(output: Output, title: str, rows: Sequence[tuple[str, tuple[str, ...]]], most: int) -> None:
    if not rows:
        return
    output.say(title)
    table = Table("what", "names", box=None, pad_edge=False, show_header=False)
    for kind, names in rows:
        table.add_row(f"  {kind}", _listed(names, most))
    output.say(table)

"""Verb `destroy`: remove a model or a whole installation, and say what of it is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from slipway.errors import SlipwayError, StillRunningError, UnsuccessfulError
from slipway.installation.aws_errors import explain
from slipway.installation.installation import Inventory, find_pipelines
from slipway.installation.lock import installation_lock
from slipway.installation.removal_report import report, show_plan
from slipway.installation.removal_scope import Scope
from slipway.installation.teardown import (
    remove_data,
    remove_endpoints,
    remove_evidence,
    remove_groups,
    remove_log_groups,
    remove_records,
    remove_stack,
    stop_builds,
    stop_metrics,
    stop_releases,
    stop_training,
)
from slipway.installation.workflow_removal import remove_workflow_data, remove_workflows, stop_workflows
from slipway.session import Session, session_of
from slipway.terminal.interrupts import goes_on


def destroy(
    context: typer.Context,
    whole: Annotated[
        bool, typer.Option("--all", help="Remove all models and the workflows; with --data what they share as well.")
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
    """Remove a model, or all of them and the workflows.

    Its pipeline, endpoints, versions in the registry and logs go; datasets, trained models and records stay, unless
    --data is given; evidence that is locked stays even then. What the models share stays, unless --all and --data are
    given and nothing is locked. It may be run again, and ends with what is left.
    """
    session = session_of(context)
    session.announce()
    with installation_lock(session, "destroy"):
        carry_out(_scope(session, whole=whole, data=data, lift=locked), yes)


def destroy_workflows(session: Session, *, data: bool, yes: str | None) -> None:
    """Remove the workflows of an installation, as `destroy` removes its models, and no model."""
    with installation_lock(session, "workflow destroy"):
        models = find_pipelines(session, with_evidence=True, with_own=False)
        carry_out(Scope(session, (), models, whole=False, data=data, workflows_alone=True), yes)


def carry_out(scope: Scope, yes: str | None) -> None:
    """Show what goes, ask for consent, remove it, and say what is left; UnsuccessfulError if some of it still is."""
    session = scope.session
    found = scope.look()
    planned = scope.planned(found)
    if planned:
        show_plan(scope, found)
        _agree(scope, yes)
        with _resumable(scope):
            _remove(scope)
        found = scope.look()
    else:
        session.output.say(f"Found nothing of {scope.title} to remove.")
    left = scope.planned(found)
    there = {(kind, name) for kind, names in found.by_kind() for name in names}
    removed = [one for one in planned if one not in there]
    report(scope, removed, found)
    session.output.result({"removed": [f"{kind}: {name}" for kind, name in removed], "left": dict(found.by_kind())})
    if left:
        session.output.say(f"Not everything could be removed. Try again: {scope.command()}", style="red")
        raise UnsuccessfulError


def _scope(session: Session, *, whole: bool, data: bool, lift: bool) -> Scope:
    all_models = find_pipelines(session, with_evidence=True)
    mine = tuple(names for names in all_models if whole or names.model == session.names.model)
    return Scope(session, mine, tuple(names for names in all_models if names not in mine), whole, data, lift)


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
    """First what starts something, then what is running, then what is left of it, at last what all need."""
    found = None if scope.workflows_alone else _stop_releases(scope)
    if scope.with_workflows:
        with scope.session.output.step("executions of the workflows") as step:
            step.outcome = "failed"
            step.outcome = "{} stopped, with {} jobs".format(*stop_workflows(scope.session, scope.models))
    if found is not None:
        _remove_models(scope, found)
    if scope.with_workflows:
        remove_workflows(scope.session, scope.models)
    late = scope.look()
    if scope.with_workflows and scope.data:
        remove_workflow_data(scope.session, late.workflows)
    if scope.whole and scope.data and not scope.locked:
        for stack in late.setup_stacks:
            remove_stack(scope.session, stack)
        remove_data(scope.session, late)


def _stop_releases(scope: Scope) -> Inventory:
    """Stop releases with their builds and jobs; returns what there was once no release ran."""
    session = scope.session
    with session.output.step("releases") as step:
        step.outcome = "failed"
        releases = sum(stop_releases(session, names) for names in scope.pipelines)
        builds = sum(stop_builds(session, names) for names in scope.pipelines)
        found = scope.look()
        jobs = stop_training(session, found)
        measuring = stop_metrics(session, found)
        step.outcome = f"{releases} stopped, with {builds} builds and {jobs} training jobs"
        step.outcome += f", and {measuring} jobs of metrics" if measuring else ""
    return found


def _remove_models(scope: Scope, found: Inventory) -> None:
    session = scope.session
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

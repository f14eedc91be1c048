"""Says what a removal is about to take, and what it has left."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from slipway.installation.installation import Inventory
from slipway.installation.removal_scope import SHARED, WORKFLOWS, Scope, say_locked
from slipway.installation.teardown import KEY_WAITING_DAYS
from slipway.terminal.output import Output

_MOST_NAMED, _MOST_REPEATED = 20, 3
"""Names of a kind in a table, and where they are said again."""
_REMAINS = (
    "Not listed, as nobody can delete it: metrics in CloudWatch, which expire by themselves, and AWS's own record of "
    "calls (CloudTrail). A training job that has not ended, or that keeps its instances warm, cannot be deleted, and "
    "no transform job can."
)


def show_plan(scope: Scope, inventory: Inventory) -> None:
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
    if inventory.workflows.workflow_stacks and scope.with_workflows:
        output.say("With the workflows' stack go its state machines, functions, roles, rules, alarms and topic.")
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


def report(scope: Scope, removed: list[tuple[str, str]], left: Inventory) -> None:
    """List what was there and is not, and what there is now."""
    session, output = scope.session, scope.session.output
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
    if kept & scope.data_kinds:
        output.say(f"Remove the data as well: {scope.command(data=True)}")
    if kept & SHARED and not scope.locked:
        everything = scope.command(data=True, whole=True)
        output.say(f"Remove all models, their data and what they share: {everything}")
    if kept & WORKFLOWS and not scope.with_workflows:
        output.say(f"Remove the workflows: {session.command('workflow destroy')}")
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

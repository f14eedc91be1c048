"""The forms of what a person decides: each says what it will do before it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import fold, note, table
from slipway.console.releases.subject import Seen, Subject
from slipway.console.shell import field, form, panel, to
from slipway.releases.run_view import ActionView
from slipway.terminal.advice import how_to_retry
from slipway.verbs.approve import MAX_REASON_CHARACTERS

_MOST_STOP_CHARACTERS = 200
"""https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StopPipelineExecution.html"""
_OF_TRANSITION: Mapping[str, str] = {
    "maxlength": "300",
    "pattern": r"[a-zA-Z0-9!@ \(\)\.\*\?\-]+",
    "title": "Letters, digits, spaces and ! @ ( ) . * ? -",
}
"""https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DisableStageTransition.html"""


def decisions(about: Subject, seen: Seen, evidence: str = "", *, judged: bool = False) -> Html | None:
    """Return what can be decided about an execution now; `evidence` is the address of what to look at first.

    `judged` if the page shows the verdict and the metrics, which the approval's own text then need not.
    """
    run, parts = seen.run, list[Child]()
    if run.approval is not None:
        shown = el("p", to("Look at the evidence first", evidence)) if evidence else None
        parts += [shown, _approval(about, run.id, run.approval, "" if judged else run.approval.about)]
    failed = run.failed_action
    if failed is not None and not run.running:
        parts += [_retry(about, seen, failed.stage)]
    if run.running:
        parts += [_stop(about, run.id)]
    elif about.model and run.revisions:
        back = (
            to("Put its model back into Prod", about.at("rollback", to=run.id)) if run.status == "Succeeded" else None
        )
        parts += [el("p", back) if back else None, _again(about, run.id)]
    return panel("decide", "Decide", *parts) if parts else None


def _approval(about: Subject, run_id: str, approval: ActionView, told: str) -> Html:
    reason = field(
        "reason", "Reason, which stays with the decision", "reason", required="", maxlength=MAX_REASON_CHARACTERS
    )
    return join(
        note(f"{approval.stage}/{approval.name} waits for an answer. ", told),
        el(
            "form",
            # The answer is for this approval and for no other one that waits by then.
            el("input", type="hidden", name="token", value=approval.token),
            reason,
            el("button", "Approve", type="submit", name="verdict", value="Approved", class_="good"),
            el("button", "Reject", type="submit", name="verdict", value="Rejected", class_="bad"),
            method="post",
            action=about.at_run(run_id, "answer"),
        ),
    )


def _retry(about: Subject, seen: Seen, stage: str) -> Html:
    run = seen.run
    if stage in run.overtaken:
        return note(f"A later {about.noun} has been in {stage} since, so it cannot be tried again.")
    whole = how_to_retry(run, stage) == "ALL_ACTIONS"
    failed = ", ".join(action.name for action in run.failed_in(stage))
    choice = el(
        "fieldset",
        el("legend", f"Try {stage} again"),
        _option("retry-failed", "mode", "FAILED_ACTIONS", f"Only what failed: {failed}", chosen=not whole),
        _option("retry-all", "mode", "ALL_ACTIONS", "All actions of the stage", chosen=whole),
    )
    told = "What failed needs what ran before it in the stage." if whole else "What failed stands alone."
    return join(form(about.at_run(run.id, "retry"), "Try again", choice, hidden={"stage": stage}), note(told))


def _option(key: str, name: str, value: str, label: str, *, chosen: bool) -> Html:
    box = el("input", id=key, type="radio", name=name, value=value, checked="" if chosen else None)
    return el("label", box, label, for_=key, class_="option")


def _stop(about: Subject, run_id: str) -> Html:
    reason = field("stop-reason", "Reason to stop", "reason", required="", maxlength=_MOST_STOP_CHARACTERS)
    box = el("input", id="stop-abandon", type="checkbox", name="abandon", value="yes")
    abandon = el("label", box, "At once: leave what runs behind", for_="stop-abandon", class_="option")
    told = note("It stops once its running actions have ended. Endpoints go on serving what they serve.")
    return fold(
        f"Stop this {about.noun}", join(told, form(about.at_run(run_id, "stop"), "Stop", reason, abandon, tone="bad"))
    )


def _again(about: Subject, run_id: str) -> Html:
    told = note("Starts a release of the same commits and the same data.")
    return fold("Release the same sources again", join(told, form(about.at_run(run_id, "again"), "Release again")))


def release_change(about: Subject, declaration: Mapping[str, Any]) -> Html:
    """Return the pipeline's Release change, with overrides of variables and of source revisions folded."""
    fields = [*_variable_fields(declaration), *_source_fields(declaration)]
    others = fold("With other variables or source revisions", el("div", *fields, class_="fields")) if fields else None
    told = note("Starts an execution of what the sources hold now.")
    return el(
        "form",
        told,
        others,
        el("button", "Release change", type="submit", class_="plain"),
        method="post",
        action=about.at("start"),
        class_="block",
    )


def _variable_fields(declaration: Mapping[str, Any]) -> Iterator[Html]:
    for place, one in enumerate(declaration.get("variables", [])):
        about = one.get("description") or "no description"
        default = one.get("defaultValue", "")
        yield field(f"variable-{place}", f"Variable {one['name']} ({about})", f"variable.{one['name']}", value=default)


def _source_fields(declaration: Mapping[str, Any]) -> Iterator[Html]:
    for place, one in enumerate(declaration["stages"][0]["actions"]):
        kind = "version of the object" if one["actionTypeId"]["provider"] == "S3" else "commit"
        label = f"{one['name']}: {kind}; empty for the newest"
        yield field(f"revision-{place}", label, f"revision.{one['name']}", maxlength=100, autocomplete="off")


def transitions(about: Subject, seen: Seen) -> Html:
    """Return the transitions into the stages: whether they are open, and the form that changes it."""
    rows = [_transition(about, place, stage) for place, stage in enumerate(seen.state["stageStates"]) if place]
    closed = [row[0] for row in rows if row[1] != "open"]
    shown = table(
        "transitions-table", "Transitions into stages", ("Stage", "Transition", "Change"), rows, "k w", heard=True
    )
    title = (
        f"Transitions between stages: {', '.join(map(str, closed))} closed" if closed else "Transitions between stages"
    )
    return fold(title, shown)


def _transition(about: Subject, place: int, stage: Mapping[str, Any]) -> tuple[Child, ...]:
    name, inbound = stage["stageName"], stage.get("inboundTransitionState", {})
    if inbound.get("enabled", True):
        reason = field(f"closes-{place}", "Reason", "reason", required="", **_OF_TRANSITION)
        button = form(
            about.at("transition"), f"Close before {name}", reason, hidden={"stage": name, "change": "disable"}
        )
        return name, "open", button
    button = form(about.at("transition"), f"Open before {name}", hidden={"stage": name, "change": "enable"})
    by = f" by {inbound['lastChangedBy']}" if inbound.get("lastChangedBy") else ""
    return name, f"closed{by}: {inbound.get('disabledReason', 'no reason was given')}", button

"""Verbs `approve` and `reject`: answer the approval that a release waits for."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pipeline_lambdas.release.names import short_id
from slipway.errors import SlipwayError
from slipway.releases.pipeline import load_state
from slipway.releases.run_view import waiting_approvals
from slipway.session import Session, session_of
from slipway.terminal.completion import complete_releases

MAX_REASON_CHARACTERS = 512
"""https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ApprovalResult.html"""

Verdict = Literal["Approved", "Rejected"]
Execution = Annotated[
    str | None,
    typer.Argument(
        autocompletion=complete_releases, help="Release: its id or the beginning; default: the one that waits."
    ),
]
Message = Annotated[str, typer.Option("--message", "-m", help="The reason; stays with the decision.")]


def approve(context: typer.Context, execution: Execution = None, message: Message = "") -> None:
    """Approve the release that waits for approval."""
    _answer(session_of(context), "Approved", execution, message)


def reject(context: typer.Context, execution: Execution = None, message: Message = "") -> None:
    """Reject the release that waits for approval.

    It fails, and the endpoints that come later stay as they are.
    """
    _answer(session_of(context), "Rejected", execution, message)


def check_reason(reason: str, option: str) -> None:
    """Raise SlipwayError unless a decision can be kept with this reason."""
    if not reason.strip():
        raise SlipwayError("found no reason; a decision is recorded with one.", f"Give one: {option} 'REASON'")
    if len(reason) > MAX_REASON_CHARACTERS:
        raise SlipwayError(
            f"{option}: found {len(reason)} characters; CodePipeline allows {MAX_REASON_CHARACTERS} for the reason."
        )


def answer(session: Session, verdict: Verdict, execution: str | None, reason: str) -> tuple[str, str, str]:
    """Answer the open approval; returns the id of its release, the stage and the action.

    `execution` is the release that is meant, its id or the beginning: another one that waits is not answered.
    """
    waiting = waiting_approvals(load_state(session))
    if not waiting:
        raise SlipwayError(
            f"{session.names.pipeline}: no release waits for approval.", f"See where it is: {session.command('show')}"
        )
    fitting = [one for one in waiting if one[3].startswith(execution or "")]
    if not fitting:
        others = ", ".join(short_id(run_id) for *_, run_id in waiting)
        raise SlipwayError(
            f"release {execution}: it does not wait for approval; the one that does is {others}.",
            f"See the one that does: {session.command('show', short_id(waiting[0][3]))}",
        )
    stage, action, token, run_id = fitting[0]
    session.client("codepipeline").put_approval_result(
        pipelineName=session.names.pipeline,
        stageName=stage,
        actionName=action,
        token=token,
        result={"status": verdict, "summary": reason},
    )
    return run_id, stage, action


def _answer(session: Session, verdict: Verdict, execution: str | None, reason: str) -> None:
    check_reason(reason, "--message")
    session.announce()
    run_id, stage, action = answer(session, verdict, execution, reason)
    short = short_id(run_id)
    session.output.say(f"{stage}/{action} of release {short}: {verdict}. Watch it: {session.command('follow', short)}")
    session.output.result({"id": run_id, "stage": stage, "action": action, "status": verdict})

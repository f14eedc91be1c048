"""Verbs `approve` and `reject`: answer the approval that a release waits for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

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
    return _put(session.client("codepipeline"), session.names.pipeline, fitting[0], verdict, reason)


def answer_exactly(client: Any, pipeline: str, verdict: Verdict, seen: tuple[str, str], reason: str) -> None:
    """Answer the approval that a person has seen, by its release's id and its token; `client` is of CodePipeline.

    Raises SlipwayError if it is not open any more: another one that waits meanwhile is not answered.
    """
    run_id, token = seen
    found = _open(client.get_pipeline_state(name=pipeline), run_id, token)
    if found is None:
        raise SlipwayError(
            f"release {short_id(run_id)}: the approval that was shown is not open any more; somebody answered it, it "
            "expired, or the release was stopped. Nothing was answered."
        )
    _put(client, pipeline, found, verdict, reason)


def _open(state: Mapping[str, Any], run_id: str, token: str) -> tuple[str, str, str, str] | None:
    return next((one for one in waiting_approvals(state) if one[2:] == (token, run_id)), None)


def _put(
    client: Any, pipeline: str, approval: tuple[str, str, str, str], verdict: Verdict, reason: str
) -> tuple[str, str, str]:
    stage, action, token, run_id = approval
    client.put_approval_result(
        pipelineName=pipeline,
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

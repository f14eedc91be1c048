"""Verbs `approve` and `reject`: answer the approval that a release waits for."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from scripts.errors import SlipwayError
from scripts.pipeline import load_state
from scripts.run_view import SHORT_ID_CHARACTERS, waiting_approvals
from scripts.session import Session, session_of

Message = Annotated[str, typer.Option("--message", "-m", help="Stays with the decision; up to 512 characters.")]


def approve(context: typer.Context, message: Message = "") -> None:
    """Approve the release that waits for approval."""
    _answer(session_of(context), "Approved", message)


def reject(context: typer.Context, message: Message = "") -> None:
    """Reject the release that waits for approval.

    It fails, and the endpoints that come later stay as they are.
    """
    _answer(session_of(context), "Rejected", message)


def _answer(session: Session, verdict: Literal["Approved", "Rejected"], message: str) -> None:
    waiting = waiting_approvals(load_state(session))
    if not waiting:
        raise SlipwayError(f"{session.names.pipeline}: no release waits for approval.", "See where it is: slipway show")
    stage, action, token, run_id = waiting[0]
    session.client("codepipeline").put_approval_result(
        pipelineName=session.names.pipeline,
        stageName=stage,
        actionName=action,
        token=token,
        result={"status": verdict, "summary": message},
    )
    short = run_id[:SHORT_ID_CHARACTERS]
    session.output.say(f"{stage}/{action} of release {short}: {verdict}. Watch it: slipway follow {short}")
    session.output.result({"id": run_id, "stage": stage, "action": action, "status": verdict})

"""Verb `release`: everything from nothing to a tested endpoint, and again after each change."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Protocol

import typer

from pipeline_lambdas.release.affected import DATASET
from pipeline_lambdas.release.events import RUNNING
from slipway.errors import SlipwayError, UnsuccessfulError
from slipway.installation.lock import installation_lock
from slipway.project import REPOSITORY_FOLDERS
from slipway.releases.pipeline import list_runs, load_pipeline, load_run, load_state
from slipway.releases.run_view import RunView
from slipway.repositories.sources import connected_repositories, preparing_machine
from slipway.repositories.staging import stage
from slipway.session import Session, session_of
from slipway.stacks.changes import Consent
from slipway.stacks.stacks import find_stack
from slipway.terminal.interrupts import goes_on, release_continues
from slipway.terminal.summary import say_summary, summary_document
from slipway.verbs.approve import answer, check_reason
from slipway.verbs.data import stage_directory
from slipway.verbs.deploy import deploy_pipeline, deploy_setup
from slipway.verbs.follow import Shown, follow_run, run_document
from slipway.verbs.local import start_local_aws
from slipway.verbs.start import start_run

_LOOKED_AT = 20
_REASON = "slipway publishes several changes as one release"


class Staged(Protocol):
    """Something that a release is made from, ready to be published."""

    @property
    def changed(self) -> bool: ...

    @property
    def source_action(self) -> str: ...

    @property
    def pinned(self) -> str | None: ...

    def releases(self, model: str) -> bool: ...

    def publish(self, session: Session) -> str: ...


def release(
    context: typer.Context,
    message: Annotated[str | None, typer.Option("--message", "-m", help="Commit message of what is published.")] = None,
    follow_to_end: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for the release to end.")] = True,
    approve: Annotated[
        str | None, typer.Option(metavar="REASON", help="Approve the release yourself once its gates have passed.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something is replaced.")] = False,
) -> None:
    """Do everything: deploy, upload, publish, follow.

    Only what has changed is done again; each time one release is made and followed to its end, or to its approval.
    """
    session = session_of(context)
    if approve is not None:
        check_reason(approve, "--approve")
    session.announce()
    run_id = begin_release(session, message, Consent(assume_yes=yes))
    if not follow_to_end:
        session.output.result({"id": run_id})
        return
    session.output.say()
    shown: Shown = {}
    run = follow_run(session, run_id, until_approval=True, shown=shown)
    while approve is not None and run.approval:
        _, stage, action = answer(session, "Approved", run.id, approve)
        session.output.say(f"{stage}/{action}: Approved: {approve}")
        run = _follow_on(session, run, shown)
    say_summary(session, run)
    session.output.result({**run_document(run), **summary_document(session, run)})
    if run.status != "Succeeded" and not (run.approval or run.behind):
        raise UnsuccessfulError


def begin_release(session: Session, message: str | None, consent: Consent) -> str:
    """Start local AWS if it is the target, bring the stacks and the sources up to date; returns the id of the release.

    It is the same for the first model and for any further one.
    """
    from slipway.programs.containers import require_container  # noqa: PLC0415 - loads boto3

    if session.target.is_local:
        start_local_aws(session)
    require_container(session)
    told = goes_on("What was published or deployed stays, and starts its release.", f"See: {session.command('runs')}")
    with installation_lock(session, "release"):
        deploy_setup(session, consent=consent)
        with told:
            return _begin(session, message, consent)


def _follow_on(session: Session, run: RunView, shown: Shown) -> RunView:
    """Follow a release whose approval has been answered; the answer takes a moment to be seen."""
    answered = run.approval
    deadline = time.monotonic() + session.target.event_timeout_s
    with release_continues(session, run.short_id):
        while run.approval and answered and run.approval.token == answered.token and time.monotonic() < deadline:
            time.sleep(session.target.poll_s)
            run = load_run(session, run.id)
    return follow_run(session, run.id, until_approval=True, shown=shown)


def _begin(session: Session, message: str | None, consent: Consent) -> str:
    """Bring the pipeline and its sources up to date; returns the one release that this starts.

    A new pipeline is created last: it starts a release as soon as it exists, which then finds everything. An
    existing pipeline is updated first, as an update cancels what runs.
    """
    if find_stack(session, session.names.pipeline_stack) is None:
        for one in _stage_all(session, message):
            if one.changed:
                one.publish(session)
        deploy_pipeline(session, consent=consent)
        return _wait_for_run(session, set(), {})
    deploy_pipeline(session, consent=consent)
    changed = [one for one in _stage_all(session, message) if one.changed]
    if not changed:
        session.output.say("nothing new to publish: the release is started by hand")
        return start_run(session)
    return _publish(session, changed)


def _publish(session: Session, changed: Sequence[Staged]) -> str:
    """Publish what has changed; returns the one release of the model that this starts, or that is started by hand.

    A change that is not about the model starts none. A dataset that the config pins comes after the rest: it then
    starts none beside the release that the rest has started.
    """
    model = session.names.model
    starting = [one for one in changed if one.releases(model)]
    later = [one for one in starting if one.source_action == DATASET and one.pinned and len(starting) > 1]
    for one in changed:
        if one not in starting:
            one.publish(session)
            session.output.say(f"{one.source_action}: starts no release of {model}")
    starting = [one for one in starting if one not in later]
    known = _known_runs(session)
    if not starting:
        session.output.say(f"no source of {model} has changed: the release is started by hand")
        return start_run(session)
    if len(starting) == 1:
        run_id = _wait_for_run(session, known, {starting[0].source_action: starting[0].publish(session)})
    else:
        run_id = _publish_as_one(session, starting, known)
    for one in later:
        one.publish(session)
    return run_id


def _stage_all(session: Session, message: str | None) -> list[Staged]:
    machine = preparing_machine(session)
    if machine:
        session.output.say(f"data: {machine.rpartition(':')[2]} prepares it in each release; there is none to upload")
    staged: list[Staged] = [] if machine else [stage_directory(session)]
    connected = connected_repositories(session)
    for folder, repository in connected.items():
        session.output.say(f"{folder}: comes from {repository}, through the connection; push there with git")
    for folder in () if connected else REPOSITORY_FOLDERS:
        one = stage(session, folder, message)
        if not one.changed:
            session.output.say(f"{folder}: {one.why(session.command)}")
        staged.append(one)
    return staged


def _publish_as_one(session: Session, changed: Sequence[Staged], known: set[str]) -> str:
    """Publish several changes, each of which starts an execution, so that only the last one is carried out.

    While the way out of the source stage is closed, executions collect behind it and a newer one replaces the one
    that waits: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
    """
    stage_name = str(load_pipeline(session)["stages"][1]["name"])
    with _closed(session, stage_name):
        revisions = {one.source_action: one.publish(session) for one in changed}
        run_id = _wait_for_run(session, known, revisions, count=len(changed))
        _wait_until_inbound(session, stage_name, run_id)
    session.output.say(f"{len(changed)} changes, one release; the executions before it are superseded")
    return run_id


@contextmanager
def _closed(session: Session, stage_name: str) -> Iterator[None]:
    client, name = session.client("codepipeline"), session.names.pipeline
    where = {"pipelineName": name, "stageName": stage_name, "transitionType": "Inbound"}
    transition = _stage_state(session, stage_name).get("inboundTransitionState", {})
    if transition.get("enabled") is False:
        reason = transition.get("disabledReason", "no reason given")
        raise SlipwayError(
            f"{name}: the way into stage {stage_name} is closed ({reason}).",
            "Open it: "
            + session.target.aws(
                f"codepipeline enable-stage-transition --pipeline-name {name} --stage-name {stage_name} "
                "--transition-type Inbound"
            ),
        )
    client.disable_stage_transition(**where, reason=_REASON)
    try:
        yield
    finally:
        client.enable_stage_transition(**where)


def _known_runs(session: Session) -> set[str]:
    return {summary["pipelineExecutionId"] for summary in list_runs(session, _LOOKED_AT)}


def _wait_for_run(session: Session, known: set[str], revisions: dict[str, str], count: int = 1) -> str:
    """The newest execution that is not in `known` and has these revisions, once `count` new ones have appeared."""
    timeout_s = session.target.event_timeout_s
    deadline = time.monotonic() + timeout_s
    with session.output.waiting("waiting for the release to start"):
        while time.monotonic() < deadline:
            new = [one for one in list_runs(session, _LOOKED_AT) if one["pipelineExecutionId"] not in known]
            found = _newest_with(new, revisions) if len(new) >= count else None
            if found is not None:
                return found
            time.sleep(session.target.poll_s)
    raise SlipwayError(
        f"{session.names.pipeline}: no release started within {timeout_s:.0f} s of the change.",
        f"See whether its rules are there: {session.command('deploy')}\nStart one by hand: {session.command('start')}",
    )


def _newest_with(new: list[dict[str, Any]], revisions: dict[str, str]) -> str | None:
    """The newest of the executions that has the revisions; None as long as a newer one may still read them."""
    for one in new:
        if _has_revisions(one, revisions):
            return str(one["pipelineExecutionId"])
        read = {item["actionName"] for item in one.get("sourceRevisions", [])}
        if one["status"] in RUNNING and not read >= revisions.keys():
            return None
    return None


def _has_revisions(summary: dict[str, Any], revisions: dict[str, str]) -> bool:
    found = {item["actionName"]: item.get("revisionId") for item in summary.get("sourceRevisions", [])}
    # A source that fails never gets a revision; that release is then the answer.
    if summary["status"] not in RUNNING and not found:
        return True
    return all(found.get(action) == revision for action, revision in revisions.items())


def _wait_until_inbound(session: Session, stage_name: str, run_id: str) -> None:
    """Wait until the execution stands in front of the stage, or has ended."""
    client, name = session.client("codepipeline"), session.names.pipeline
    deadline = time.monotonic() + session.target.event_timeout_s
    while time.monotonic() < deadline:
        inbound = _stage_state(session, stage_name).get("inboundExecution", {})
        if inbound.get("pipelineExecutionId") == run_id:
            return
        found = client.get_pipeline_execution(pipelineName=name, pipelineExecutionId=run_id)["pipelineExecution"]
        if found["status"] not in RUNNING:
            return
        time.sleep(session.target.poll_s)


def _stage_state(session: Session, stage_name: str) -> dict[str, Any]:
    states = load_state(session)["stageStates"]
    return next((state for state in states if state["stageName"] == stage_name), {})

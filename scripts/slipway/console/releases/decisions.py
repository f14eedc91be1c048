"""What a person decides on a page; the same calls as the verbs make."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_lambdas.release.names import short_id
from slipway.console.room import Asked, Done
from slipway.console.shell import at
from slipway.errors import SlipwayError
from slipway.releases.pipeline import load_run
from slipway.terminal.advice import how_to_retry
from slipway.verbs.approve import answer, check_reason
from slipway.verbs.start import start_run

Form = Mapping[str, str]


def start(asked: Asked, form: Form) -> Done:
    """Start a release of what the sources hold now."""
    del form
    session = asked.session
    begun = start_run(session)
    return Done(f"Release {short_id(begun)} started.", at("models", session.names.model, "releases", begun))


def decide(asked: Asked, form: Form) -> Done:
    """Approve or reject the release that is shown, never another one that waits meanwhile."""
    session, run_id = asked.session, asked.path["run"]
    reason, verdict = form.get("reason", ""), form.get("verdict", "")
    check_reason(reason, "Reason")
    if verdict not in {"Approved", "Rejected"}:
        raise SlipwayError(f"verdict: found {verdict!r}; expected Approved or Rejected.")
    answer(session, "Approved" if verdict == "Approved" else "Rejected", run_id, reason)
    return Done(f"Release {short_id(run_id)}: {verdict}.", at("models", session.names.model, "releases", run_id))


def retry(asked: Asked, form: Form) -> Done:
    """Try a stage again, the whole of it where what failed needs that."""
    session, run_id = asked.session, asked.path["run"]
    stage = form.get("stage", "")
    mode = how_to_retry(load_run(session, run_id), stage)
    session.client("codepipeline").retry_stage_execution(
        pipelineName=session.names.pipeline, stageName=stage, pipelineExecutionId=run_id, retryMode=mode
    )
    return Done(f"{stage} is tried again.", at("models", session.names.model, "releases", run_id))


def stop(asked: Asked, form: Form) -> Done:
    """Stop a release once the actions that are under way have ended."""
    session, run_id = asked.session, asked.path["run"]
    reason = form.get("reason", "")
    check_reason(reason, "Reason to stop")
    session.client("codepipeline").stop_pipeline_execution(
        pipelineName=session.names.pipeline, pipelineExecutionId=run_id, abandon=False, reason=reason
    )
    return Done("The release stops once its actions have ended.", at("models", session.names.model, "releases", run_id))


def transition(asked: Asked, form: Form) -> Done:
    """Open or close the transition into a stage."""
    session = asked.session
    client, stage = session.client("codepipeline"), form.get("stage", "")
    where = {"pipelineName": session.names.pipeline, "stageName": stage, "transitionType": "Inbound"}
    if form.get("change") == "disable":
        check_reason(form.get("reason", ""), "Reason")
        client.disable_stage_transition(**where, reason=form["reason"])
        said = f"Nothing enters {stage} until it is enabled."
    else:
        client.enable_stage_transition(**where)
        said = f"Releases enter {stage} again."
    return Done(said, at("models", session.names.model))

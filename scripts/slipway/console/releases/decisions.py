"""What a person decides on a page; the same calls as the verbs make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.release.retries import RetryMode
from slipway.console.releases.subject import declared, see, subject
from slipway.console.room import Asked, Done
from slipway.errors import SlipwayError
from slipway.terminal.advice import how_to_retry
from slipway.verbs.approve import Verdict, answer_exactly, check_reason
from slipway.verbs.rollback import plan, roll_back
from slipway.verbs.start import RETRIED, retry_stage, revision_type, source_revisions, start_execution
from slipway.verbs.stop import stop_run

Form = Mapping[str, str]


def start(asked: Asked, form: Form) -> Done:
    """Start an execution of what the sources hold now, with the variables and the revisions that were filled in."""
    about = subject(asked)
    declaration = declared(about, about.client.get_pipeline_state(name=about.pipeline))
    revisions, variables = _revisions(declaration, form), _variables(declaration, form)
    begun = start_execution(about.client, about.pipeline, revisions, variables)
    return Done(f"{about.named(begun)} started.", about.at_run(begun))


def _revisions(declaration: Mapping[str, Any], form: Form) -> Sequence[Mapping[str, str]]:
    return [
        {
            "actionName": action["name"],
            "revisionType": revision_type(action["actionTypeId"]["provider"]),
            "revisionValue": value,
        }
        for action in declaration["stages"][0]["actions"]
        if (value := form.get(f"revision.{action['name']}", "").strip())
    ]


def _variables(declaration: Mapping[str, Any], form: Form) -> dict[str, str]:
    """Return the variables that differ from their defaults."""
    return {
        one["name"]: value
        for one in declaration.get("variables", [])
        if (value := form.get(f"variable.{one['name']}", "").strip()) and value != one.get("defaultValue")
    }


def again(asked: Asked, form: Form) -> Done:
    """Start a release of what another one was made of."""
    del form
    about, run_id = subject(asked), asked.path["run"]
    begun = start_execution(about.client, about.pipeline, source_revisions(about.session, run_id))
    return Done(f"{about.named(begun)} started, of what {short_id(run_id)} was made of.", about.at_run(begun))


def decide(asked: Asked, form: Form) -> Done:
    """Approve or reject exactly what was shown, never another approval that waits meanwhile."""
    about, run_id = subject(asked), asked.path["run"]
    reason, verdict = form.get("reason", ""), form.get("verdict", "")
    check_reason(reason, "Reason")
    if verdict not in get_args(Verdict):
        raise SlipwayError(f"verdict: found {verdict!r}; expected {' or '.join(get_args(Verdict))}.")
    answer_exactly(about.client, about.pipeline, cast("Verdict", verdict), (run_id, form.get("token", "")), reason)
    return Done(f"{about.named(run_id)}: {verdict}.", about.at_run(run_id))


def retry(asked: Asked, form: Form) -> Done:
    """Try a stage again: the whole of it or what failed, as asked for, else what it takes."""
    about, run_id = subject(asked), asked.path["run"]
    stage, mode = form.get("stage", ""), form.get("mode", "")
    if mode and mode not in get_args(RetryMode):
        raise SlipwayError(f"mode: found {mode!r}; expected {' or '.join(get_args(RetryMode))}.")
    chosen = cast("RetryMode", mode) if mode else how_to_retry(see(about, run_id).run, stage)
    retry_stage(about.client, about.pipeline, run_id, stage, chosen)
    return Done(f"{stage} is tried again, {RETRIED[chosen]}.", about.at_run(run_id))


def stop(asked: Asked, form: Form) -> Done:
    """Stop an execution once the actions that are under way have ended, or at once."""
    about, run_id = subject(asked), asked.path["run"]
    reason, abandon = form.get("reason", ""), form.get("abandon") == "yes"
    check_reason(reason, "Reason to stop")
    stop_run(about.client, about.pipeline, run_id, reason, abandon=abandon)
    said = "is stopped." if abandon else "stops once its actions have ended."
    return Done(f"{about.named(run_id)} {said}", about.at_run(run_id))


def transition(asked: Asked, form: Form) -> Done:
    """Open or close the transition into a stage."""
    about, stage = subject(asked), form.get("stage", "")
    where = {"pipelineName": about.pipeline, "stageName": stage, "transitionType": "Inbound"}
    change = form.get("change")
    if change not in {"disable", "enable"}:
        raise SlipwayError(f"change: found {change!r}; expected disable or enable.")
    if change == "disable":
        reason = form.get("reason", "")
        check_reason(reason, "Reason")
        about.client.disable_stage_transition(**where, reason=reason)
        return Done(f"Nothing enters {stage} until its transition is opened.", about.at())
    about.client.enable_stage_transition(**where)
    return Done(f"{stage} can be entered again.", about.at())


def rollback(asked: Asked, form: Form) -> Done:
    """Give Prod the model back that was shown, unless Prod serves another one by now."""
    about = subject(asked)
    target, serving = form.get("target", ""), form.get("serving", "")
    found = plan(about.session, target)
    if found.serving != serving:
        raise SlipwayError(
            f"{found.endpoint} serves model {found.serving} by now, and not {serving}. Nothing was rolled back."
        )
    begun = roll_back(about.session, found.target)
    return Done(f"{found.words}.", about.at_run(begun))

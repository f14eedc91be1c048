"""Advice about a release that did not succeed. Plain data in, sentences out."""

from __future__ import annotations

from pipeline_lambdas.config.instances import PATTERNS_PARAMETER
from pipeline_lambdas.evidence.actions import EVALUATIONS
from pipeline_lambdas.release.retries import RETRY_ALL, START_NEW, RetryMode, retry_mode
from slipway.errors import Command
from slipway.releases.run_view import ActionView, RunView

NOT_BUILT = "not built yet"
"""What a function says whose code no Build has published; the placeholder of the pipeline's template."""


def advise(run: RunView, action: ActionView | None, command: Command) -> list[str]:
    """Return the next steps, the likeliest first."""
    if run.status == "Succeeded":
        return [f"nothing: it succeeded; see it: {command('show', run.short_id)}"]
    if run.running:
        return [f"it has not ended; watch it: {command('follow', run.short_id)}"]
    if run.status == "Superseded":
        return [f"a newer release took its place; follow that one: {command('follow')}"]
    if action is None:
        return [f"start another one: {command('start')}"]
    return [*_mend(run, action, command), _again(run, action.stage, command)]


def how_to_retry(run: RunView, stage: str) -> RetryMode:
    """Return how to retry a failed stage; actions other than functions can be retried alone."""
    return retry_mode([action.name for action in run.failed_in(stage) if action.provider == "Lambda"])


def _again(run: RunView, stage: str, command: Command) -> str:
    like = command("start --like", run.short_id)
    if any(START_NEW in action.error_message for action in run.failed_in(stage)):
        return f"no retry can mend it; release the same sources again: {like}"
    if stage in run.overtaken:
        return f"a later release has been in {stage} since; release the same sources again: {like}"
    what = "all actions of the stage" if how_to_retry(run, stage) == "ALL_ACTIONS" else "what failed"
    return f"try {what} again as it is: {command('retry', stage, '--run', run.short_id)}"


def _mend(run: RunView, action: ActionView, command: Command) -> list[str]:
    named = _named_by(run, action, command)
    if named:
        return [named]
    # One that could judge the model tells the version of its evaluation.
    if action.name in EVALUATIONS and action.external_id and RETRY_ALL not in action.error_message:
        return [
            "the model is not good enough for its gates: compare it with the one before: "
            f"{command('compare', run.short_id)}; change the config or the data, and push"
        ]
    name = run.log_name(action)
    return [f"fix what the reason names; the whole log: {command('logs', *name.split())}"] if name else []


def _named_by(run: RunView, action: ActionView, command: Command) -> str:
    """Return the next step that follows from the provider, the message or the error code; empty if none does."""
    if action.provider == "Manual":
        return "it was not approved: push a change that answers the reason, which starts another release"
    if NOT_BUILT in action.error_message:
        return f"publish the code that has this function; its release builds it: {command('publish')}"
    if action.provider == "CodeBuild":
        return f"fix the code and push; the whole log: {command('logs', run.log_name(action))}"
    if action.provider == "StepFunctions":
        return (
            "fix what the reason names, in the data or in the state machine; "
            f"its execution: {action.external_id or 'none was started'}"
        )
    if PATTERNS_PARAMETER in action.error_message:
        allow = command(f"deploy --parameter {PATTERNS_PARAMETER}=PATTERN,...")
        return (
            f"choose an instance type that the stack allows and push; check before you push: {command('check')}; or "
            f"let it allow more: {allow}"
        )
    by_code = {
        "ConfigurationError": f"fix the config or the data and push; check before you push: {command('check')}",
        "PermissionError": "a role lacks what the reason names: change it in cloudformation/pipeline, then "
        f"make template and {command('deploy')}; what roles may do: {command('permissions')}",
        "SystemUnavailable": "a service or a function did not answer, which a retry may cure",
    }
    return by_code.get(action.error_code, "")

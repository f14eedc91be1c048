"""What to do about a release that did not succeed. Plain data in, sentences out."""

from __future__ import annotations

from collections.abc import Callable

from scripts.run_view import ActionView, RunView

NOT_BUILT = "not built yet"
"""What a function says whose code no Build has published; the placeholder of cloudformation/pipeline.yml."""

Command = Callable[[str], str]
"""Makes a command that a person can copy of a verb and its arguments."""


def advise(run: RunView, action: ActionView | None, command: Command) -> list[str]:
    """The next steps, the likeliest first."""
    if run.status == "Succeeded":
        return [f"nothing: it succeeded; see it: {command(f'show {run.short_id}')}"]
    if run.running:
        return [f"it has not ended; watch it: {command(f'follow {run.short_id}')}"]
    if run.status == "Superseded":
        return [f"a newer release took its place; follow that one: {command('follow')}"]
    if action is None:
        return [f"start another one: {command('start')}"]
    again = f"try the stage again as it is: {command(f'retry {action.stage} --run {run.short_id}')}"
    return [*_mend(run, action, command), again]


def _mend(run: RunView, action: ActionView, command: Command) -> list[str]:
    by_code = {
        "ConfigurationError": f"mend the config or the data and push; this tells beforehand: {command('check')}",
        "PermissionError": "a role lacks what the reason names: change it in cloudformation/pipeline.yml, then "
        f"{command('deploy')}; what roles may do: {command('permissions')}",
        "SystemUnavailable": "a service did not answer in time, which a retry may cure",
    }
    if action.provider == "Manual":
        return ["it was not approved: push a change that answers the reason, which starts another release"]
    if NOT_BUILT in action.error_message:
        return [f"publish the code that has this function; its release builds it: {command('publish')}"]
    if action.provider == "CodeBuild":
        return [f"mend the code and push; the whole log: {command('logs build')}"]
    if action.error_code in by_code:
        return [by_code[action.error_code]]
    if action.name in {"SmokeTest", "Evaluate"}:
        return [
            "the model is not good enough for its gates: compare it with an earlier one: "
            f"{command(f'compare OTHER {run.short_id}')}; change the config or the data, and push"
        ]
    name = run.log_name(action)
    return [f"mend what the reason names; the whole log: {command(f'logs {name}')}"] if name else []

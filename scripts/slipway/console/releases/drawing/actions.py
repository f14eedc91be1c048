"""The actions of an execution, stage by stage, with links to what they made and to their logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pipeline_lambdas.release.names import NONE, is_tuning_job
from pipeline_lambdas.report.kit.markup import Child, Html, el, join, link
from pipeline_lambdas.report.kit.tables import fold, note, table, word
from slipway.console.links import log_link
from slipway.console.releases.drawing.board import Stage, stages_of
from slipway.console.releases.subject import Seen
from slipway.console.shell import at, to, took
from slipway.releases.run_view import ActionView

_HEADINGS = ("Action", "Status", "Took", "What it says", "Look at")
_STYLES = ("k", "k", "n", "w", "k")
_REVISION = 12


def actions_table(seen: Seen, now: datetime) -> Html:
    """Return a group of rows for each stage that was reached, and the output variables folded below."""
    reached = [stage for stage in stages_of(seen.run) if stage.status]
    later = [stage.name for stage in stages_of(seen.run) if not stage.status]
    revisions = _revisions(seen)
    head = el(
        "tr", *(el("th", name, scope="col", class_=style) for name, style in zip(_HEADINGS, _STYLES, strict=True))
    )
    shown = el(
        "div",
        el(
            "table",
            el("caption", "Actions by stage", id="actions-caption", class_="unseen"),
            el("thead", head),
            *(_group(stage, revisions, now) for stage in reached),
            class_="by-stage",
        ),
        class_="scroll",
        role="region",
        tabindex=0,
        aria_labelledby="actions-caption",
    )
    return join(
        shown if reached else note("No action has started yet."),
        note(f"Not {'reached' if seen.run.running else 'run'}: {', '.join(later)}.") if later and reached else None,
        _variables(seen),
    )


def _group(stage: Stage, revisions: Mapping[str, str], now: datetime) -> Html:
    heading = el(
        "tr",
        el("th", stage.name, scope="rowgroup", id=f"stage-{stage.name}"),
        el("td", word(stage.status), class_="k"),
        el("td", took(stage.seconds(now)), class_="n"),
        el("td", colspan=2),
        class_="stage-row",
    )
    return el("tbody", heading, *(_row(action, revisions, now) for action in stage.actions))


def _row(action: ActionView, revisions: Mapping[str, str], now: datetime) -> Html:
    attempt = el("span", f" attempt {action.attempt}", class_="none") if action.attempt > 1 else None
    status = join(word(action.status), attempt) if action.status else el("span", "not started", class_="none")
    cells: tuple[Child, ...] = (status, took(action.seconds(now)), _said(action, revisions), _places(action))
    return el(
        "tr",
        el("th", action.name, scope="row", class_=_STYLES[0]),
        *(el("td", cell, class_=style) for cell, style in zip(cells, _STYLES[1:], strict=True)),
    )


def _said(action: ActionView, revisions: Mapping[str, str]) -> Html:
    """Return what an action says; of a source what it took, which says S3's version by itself."""
    code = f"{action.error_code}: " if action.error_code else ""
    by = f" (by {action.by})" if action.by else ""
    revision = revisions.get(action.name, "")
    if revision and revision in action.summary:
        return el("code", revision)
    summary = f"{code}{action.error_message}" if action.error_message else f"{action.summary}{by}"
    return join(el("code", revision), " ", summary) if revision else join(summary)


def _revisions(seen: Seen) -> dict[str, str]:
    """Map source actions to what they took: `artifactRevisions` go by the names of the artifacts."""
    sources = {
        str(artifact["name"]): str(action["name"])
        for action in seen.declaration["stages"][0]["actions"]
        for artifact in action.get("outputArtifacts", [])
    }
    return {sources.get(one.action, one.action): one.id[:_REVISION] for one in seen.run.revisions}


def _places(action: ActionView) -> Html:
    """Return links to the pages of what an action did."""
    links = [to(name, address) for name, address in _addresses(action)]
    if action.log_group:
        links.append(log_link("Log", action.log_group, action.log_streams if action.provider == "CodeBuild" else ""))
    links += [link("Evidence", action.evidence)] if action.evidence.startswith("http") else []
    return el("span", *links, class_="places") if links else join()


def _addresses(action: ActionView) -> Iterator[tuple[str, str]]:
    variables = action.variables
    if action.provider == "StepFunctions" and ":execution:" in action.external_id:
        machine, _, execution = action.external_id.partition(":execution:")[2].partition(":")
        yield "Execution", at("workflows", machine, "executions", execution)
    job = variables.get("TrainingJobName", "")
    if job:
        yield "Job", at("jobs", "tuning" if is_tuning_job(job) else "training", job)
    if variables.get("EndpointName", NONE) != NONE:
        yield "Endpoint", at("endpoints", variables["EndpointName"])


def _variables(seen: Seen) -> Html | None:
    rows: list[tuple[str, Any, Any]] = [
        (f"{action.stage}/{action.name}", name, el("code", value))
        for action in seen.run.actions
        for name, value in sorted(action.variables.items())
    ]
    if not rows:
        return None
    shown = table("variables", "Output variables", ("Action", "Variable", "Value"), rows, "kkw", heard=True)
    return fold(f"Output variables ({len(rows)})", shown)

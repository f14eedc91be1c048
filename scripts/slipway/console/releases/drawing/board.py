"""The stages of an execution as a row of cards: at a glance, where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.tables import word
from slipway.console.releases.subject import Seen, Subject
from slipway.console.shell import to, took
from slipway.releases.run_view import ActionView, RunView

_TONES = {"Succeeded": "good", "Failed": "bad", "Abandoned": "bad", "Rejected": "bad"}
_GOING_ON = ("Failed", "Abandoned", "Waiting", "InProgress")
"""What one action says of its stage, the most important first."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of an execution: its actions, its status (empty before it starts), and since when to when it ran."""

    name: str
    actions: Sequence[ActionView]

    @property
    def status(self) -> str:
        found = {action.status for action in self.actions}
        told = next((one for one in _GOING_ON if one in found), "")
        if told == "Failed" and any(action.rejected for action in self.actions):
            return "Rejected"
        if told or not any(found):
            return told
        return "InProgress" if "" in found else "Succeeded"

    def seconds(self, now: datetime) -> float | None:
        """From its first action's start to its last one's end, or to now."""
        ends = [
            (action.started, action.started.timestamp() + (action.seconds(now) or 0.0))
            for action in self.actions
            if action.started
        ]
        return max(end for _, end in ends) - min(start for start, _ in ends).timestamp() if ends else None


def stages_of(run: RunView) -> list[Stage]:
    """Return the stages in the pipeline's order."""
    grouped = groupby(run.actions, key=lambda action: action.stage)
    return [Stage(name, tuple(actions)) for name, actions in grouped]


def board(about: Subject, seen: Seen, now: datetime, page: str = "") -> Html:
    """Return the cards; `page` is the address of the page with the stages' actions, this one if it is empty."""
    states = {state["stageName"]: state for state in seen.state.get("stageStates", [])}
    cards = (_card(about, stage, states.get(stage.name, {}), seen, now, page) for stage in stages_of(seen.run))
    return el("ol", *cards, class_="board", aria_label="Stages")


def _card(about: Subject, stage: Stage, state: Mapping[str, object], seen: Seen, now: datetime, page: str) -> Html:
    waits = seen.run.waits_for.partition(" ")[0] == stage.name
    status = stage.status or ("Waiting" if waits else "")
    told = word(status) if status else el("span", "not reached" if seen.run.running else "not run", class_="none")
    name = to(stage.name, f"{page}#stage-{stage.name}") if stage.status else el("strong", stage.name)
    tone = _TONES.get(status, "open" if status else "rest")
    more = (el("span", part) for part in _more(about, stage, state, seen, now))
    return el("li", el("span", name, class_="name"), told, *more, class_=f"stage {tone}")


def _more(about: Subject, stage: Stage, state: Mapping[str, object], seen: Seen, now: datetime) -> Iterator[Html | str]:
    if stage.status:
        done = sum(action.status == "Succeeded" for action in stage.actions)
        count = f"{done} of {len(stage.actions)}, " if done < len(stage.actions) else ""
        yield f"{count}{took(stage.seconds(now))}"
    if seen.run.waits_for.partition(" ")[0] == stage.name:
        yield "waits in front of it"
    inbound = state.get("inboundTransitionState")
    if isinstance(inbound, Mapping) and inbound.get("enabled") is False:
        yield el("span", "transition closed", class_="warn")
    latest = state.get("latestExecution")
    other = str(latest.get("pipelineExecutionId", "")) if isinstance(latest, Mapping) else ""
    if other and other != seen.run.id and seen.run.running and not stage.status:
        yield to(f"holds {short_id(other)}", about.at_run(other))

"""Models, their pipelines and their releases; and the other pipelines of the account."""

from __future__ import annotations

from slipway.console.releases import decisions
from slipway.console.releases.compare import compare
from slipway.console.releases.going_back import going_back
from slipway.console.releases.model import model
from slipway.console.releases.models import models
from slipway.console.releases.pipelines import pipeline, pipelines
from slipway.console.releases.release import release, report
from slipway.console.room import Decide, Room

_MODEL, _PIPELINE = "/models/{model}", "/pipelines/{pipeline}"
_RELEASE, _EXECUTION = f"{_MODEL}/releases/{{run}}", f"{_PIPELINE}/executions/{{run}}"


def _decisions(pipeline: str, execution: str) -> dict[str, Decide]:
    """Return what a person decides about any pipeline, by the paths of its pages."""
    return {
        f"{pipeline}/start": decisions.start,
        f"{pipeline}/transition": decisions.transition,
        f"{execution}/answer": decisions.decide,
        f"{execution}/retry": decisions.retry,
        f"{execution}/stop": decisions.stop,
    }


ROOM = Room(
    title="Models",
    home="/",
    pages={
        "/": models,
        _MODEL: model,
        f"{_MODEL}/compare": compare,
        f"{_MODEL}/rollback": going_back,
        _RELEASE: release,
    },
    files={f"{_RELEASE}/report": report},
    decisions={
        **_decisions(_MODEL, _RELEASE),
        f"{_RELEASE}/again": decisions.again,
        f"{_MODEL}/rollback": decisions.rollback,
    },
)

PIPELINES = Room(
    title="Pipelines",
    home="/pipelines",
    pages={"/pipelines": pipelines, _PIPELINE: pipeline, _EXECUTION: release},
    decisions=_decisions(_PIPELINE, _EXECUTION),
)

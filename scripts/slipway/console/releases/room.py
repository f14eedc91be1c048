"""Models, their pipelines and their releases."""

from __future__ import annotations

from slipway.console.releases import decisions
from slipway.console.releases.model import model
from slipway.console.releases.models import models
from slipway.console.releases.release import release, report
from slipway.console.room import Room

_MODEL = "/models/{model}"
_RELEASE = f"{_MODEL}/releases/{{run}}"

ROOM = Room(
    title="Models",
    home="/",
    pages={"/": models, _MODEL: model, _RELEASE: release},
    files={f"{_RELEASE}/report": report},
    decisions={
        f"{_MODEL}/start": decisions.start,
        f"{_MODEL}/transition": decisions.transition,
        f"{_RELEASE}/answer": decisions.decide,
        f"{_RELEASE}/retry": decisions.retry,
        f"{_RELEASE}/stop": decisions.stop,
    },
)

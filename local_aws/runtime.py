"""The context that every service of local AWS gets."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.aws import Clients
from local_aws.clock import Clock
from local_aws.settings import Settings
from local_aws.state.store import Store


@dataclass(frozen=True)
class Runtime:
    """The surroundings of a service: where it runs, its state, the time and its way to other services."""

    settings: Settings
    store: Store
    clock: Clock
    clients: Clients

"""The possible answers of one invocation of an action to CodePipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline_lambdas.runtime.failures import FailureType


@dataclass(frozen=True, slots=True)
class Continue:
    """The work is not done; CodePipeline invokes the function again later with `token` (1-2048 characters)."""

    token: str
    summary: str
    percent: int
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The action succeeded; `variables` become its output variables."""

    variables: Mapping[str, str] = field(default_factory=dict)
    summary: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The action failed."""

    type: FailureType
    message: str
    external_id: str | None = None


Outcome = Continue | Done | Failed

"""The structure of a pipeline as typed values.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local_aws.codepipeline.definition.triggers import GitTrigger
from local_aws.settings import ACCOUNT

SUPERSEDED, PARALLEL = "SUPERSEDED", "PARALLEL"
CONNECTION = "CodeStarSourceConnection"
"""The provider of a source behind a connection."""


@dataclass(frozen=True)
class ActionType:
    """What an action does and which provider does it, such as Invoke by AWS's Lambda."""

    category: str
    owner: str
    provider: str
    version: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Category, owner and provider: the key of the table of providers."""
        return self.category, self.owner, self.provider


@dataclass(frozen=True)
class Action:
    """One action of a stage; `configuration` is as declared, with its variables unresolved."""

    name: str
    type: ActionType
    run_order: int
    configuration: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    role_arn: str | None
    namespace: str | None
    timeout_min: int | None


@dataclass(frozen=True)
class Stage:
    name: str
    actions: tuple[Action, ...]

    def action(self, name: str) -> Action | None:
        """The action of that name, or None."""
        return next((action for action in self.actions if action.name == name), None)


@dataclass(frozen=True)
class ArtifactStore:
    """The bucket that keeps artifacts, and the KMS key (id, ARN or alias) that encrypts them, if one is named."""

    bucket: str
    key_id: str | None


@dataclass(frozen=True)
class Variable:
    """A variable at the level of the pipeline; without a default, each execution must be given a value."""

    name: str
    default: str | None


@dataclass(frozen=True)
class Pipeline:
    name: str
    version: int
    role_arn: str
    store: ArtifactStore
    stages: tuple[Stage, ...]
    variables: tuple[Variable, ...]
    mode: str
    type: str
    triggers: tuple[GitTrigger, ...] = ()

    def stage(self, name: str) -> Stage | None:
        """The stage of that name, or None."""
        return next((stage for stage in self.stages if stage.name == name), None)

    def actions(self) -> Iterator[tuple[int, Stage, Action]]:
        """All actions with the number of their stage, in the order of declaration."""
        for number, stage in enumerate(self.stages):
            for action in stage.actions:
                yield number, stage, action

    def source(self, name: str) -> Action | None:
        """The source action of that name, or None."""
        return self.stages[0].action(name)


def pipeline_arn(region: str, *names: str) -> str:
    """ARN of a pipeline, a stage (`NAME/STAGE`) or an action (`NAME/STAGE/ACTION`); it has no `pipeline/` part."""
    return f"arn:aws:codepipeline:{region}:{ACCOUNT}:{'/'.join(names)}"

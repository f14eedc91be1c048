"""Predicts what a push will release: which models of the installation, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline_lambdas.release.affected import releasing
from slipway.installation.installation import pipeline_parameters
from slipway.names import BRANCH
from slipway.session import Session

_MOST_PATHS = 3


@dataclass(frozen=True)
class ModelPipeline:
    """A model's pipeline: the branch it releases, and whether its sources come through a connection."""

    model: str
    branch: str = BRANCH
    connected: bool = False


def pipelines_of(session: Session) -> tuple[ModelPipeline, ...]:
    """The pipelines of the installation, by model."""
    found = pipeline_parameters(session).items()
    return tuple(
        ModelPipeline(model, parameters.get("BranchName", BRANCH), bool(parameters.get("ConnectionArn")))
        for model, parameters in sorted(found)
    )


@dataclass(frozen=True)
class Push:
    """A push that has not been made; `place` is its name in messages."""

    place: str
    source: str
    """The source action whose repository it goes to."""
    paths: tuple[str, ...] | None
    """The files that it changes; None for a branch that is not there yet."""
    branch: str = BRANCH
    connected: bool | None = None
    """Whether it goes to a provider behind a connection; None if that is for the pipelines to say."""

    def releases(self, pipelines: Iterable[ModelPipeline]) -> dict[str, str]:
        """Map each model that the push releases to the reason.

        For a new branch CodePipeline has no list of files, so the triggers of a connection ignore it.
        https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html#pipelines-filter-considerations
        """
        found = {}
        for one in self._reached(pipelines):
            if self.paths is None and not one.connected:
                found[one.model] = "everything is new"
            elif reasons := releasing(self.source, one.model, self.paths or ()):
                found[one.model] = _shortened(reasons)
        return found

    def sentence(self, pipelines: Sequence[ModelPipeline], verb: str = "the push will release") -> str:
        """Say what the push will release."""
        return f"{self.place}: {self._said(pipelines, verb)}"

    def _said(self, pipelines: Sequence[ModelPipeline], verb: str) -> str:
        if not pipelines:
            return "there is no pipeline yet that a push could start"
        found = self.releases(pipelines)
        if not found:
            return f"{verb} no model; {self._why_nothing(pipelines)}"
        if len(set(found.values())) == 1:
            return f"{verb} {', '.join(found)} ({next(iter(found.values()))})"
        return f"{verb} " + ", ".join(f"{model} ({reason})" for model, reason in found.items())

    def _why_nothing(self, pipelines: Sequence[ModelPipeline]) -> str:
        branches = sorted({one.branch for one in pipelines})
        if self.branch not in branches:
            return f"it goes to the branch {self.branch}, and releases come from {', '.join(branches)}"
        if not self._reached(pipelines):
            return "the pipelines have " + (
                "no connection to read it through" if self.connected else "their own connection"
            )
        if self.paths is None:
            return f"it creates the branch {self.branch}, and through a connection a new branch starts nothing"
        return "no source of a model has changed"

    def _reached(self, pipelines: Iterable[ModelPipeline]) -> list[ModelPipeline]:
        return [one for one in pipelines if one.branch == self.branch and self.connected in (None, one.connected)]


def _shortened(reasons: Sequence[str]) -> str:
    more = f" and {len(reasons) - _MOST_PATHS} more" if len(reasons) > _MOST_PATHS else ""
    return f"{', '.join(reasons[:_MOST_PATHS])}{more}"

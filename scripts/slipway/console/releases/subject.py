"""The pipeline that a page is about: one of this installation's models, or another one of the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.release.names import short_id
from slipway.console.kept import kept
from slipway.console.room import Asked
from slipway.console.shell import at
from slipway.releases.pipeline import actions_of
from slipway.releases.run_view import RunView, view_run
from slipway.session import Session


@dataclass(frozen=True, slots=True)
class Subject:
    """A pipeline, and the address of its pages; `model` is empty for one that is not this installation's."""

    session: Session
    pipeline: str
    model: str = ""

    @property
    def client(self) -> Any:
        """The client of CodePipeline."""
        return self.session.client("codepipeline")

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from a pipeline of the same name elsewhere."""
        names = self.session.names
        return names.account, names.region, self.pipeline

    @property
    def title(self) -> str:
        return self.model or self.pipeline

    @property
    def noun(self) -> str:
        """What an execution is called."""
        return "release" if self.model else "execution"

    @property
    def above(self) -> tuple[tuple[str, str], ...]:
        """The pages above that of one of its executions."""
        home = ("Models", at("")) if self.model else ("Pipelines", at("pipelines"))
        return (home, (self.title, self.at()))

    def at(self, *names: str, **query: str | int) -> str:
        """Return the address of its page, or of one below."""
        start = ("models", self.model) if self.model else ("pipelines", self.pipeline)
        return at(*start, *names, **query)

    def at_run(self, run_id: str, *names: str) -> str:
        """Return the address of the page of an execution, or of one below."""
        return self.at("releases" if self.model else "executions", run_id, *names)

    def named(self, run_id: str) -> str:
        """Return what people call an execution."""
        return f"{self.noun.capitalize()} {short_id(run_id)}"


@dataclass(frozen=True, slots=True)
class Seen:
    """An execution as it is now, every attempt at its actions, and the state and the declaration of its pipeline."""

    run: RunView
    attempts: list[dict[str, Any]]
    state: Mapping[str, Any]
    declaration: Mapping[str, Any]


def subject(asked: Asked) -> Subject:
    """Return the pipeline that the path names, by its model or by its own name."""
    session = asked.session
    if "model" in asked.path:
        return Subject(session, session.names.pipeline, session.names.model)
    return Subject(session, asked.path["pipeline"])


def see(about: Subject, run_id: str, state: Mapping[str, Any] | None = None) -> Seen:
    """Return an execution; `state` is that of its pipeline, if it is already known."""
    name = about.pipeline
    execution = about.client.get_pipeline_execution(pipelineName=name, pipelineExecutionId=run_id)["pipelineExecution"]
    attempts = actions_of(about.client, name, run_id)
    known = state or about.client.get_pipeline_state(name=name)
    declaration = declared(about, known)
    return Seen(view_run(declaration, execution, attempts, known), attempts, known, declaration)


def declared(about: Subject, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the declaration of the pipeline's version that `state` names, which is read once."""
    key = ("declaration", *about.key, state.get("pipelineVersion"), state.get("created"))

    def read() -> Mapping[str, Any]:
        found: Mapping[str, Any] = about.client.get_pipeline(name=about.pipeline)["pipeline"]
        return found

    return kept(key, read)

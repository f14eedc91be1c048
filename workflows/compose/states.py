"""The types of states.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.compose.expressions import Expression, to_asl
from workflows.compose.graph import NOT_GIVEN, Catch, Fields, Retry, Rule, State, Target, scope_asl


@dataclass(frozen=True, eq=False)
class Pass(State):
    kind = "Pass"


@dataclass(frozen=True, eq=False)
class Succeed(State):
    kind, ends = "Succeed", True


@dataclass(frozen=True, eq=False)
class Fail(State):
    """Ends the execution as failed; a text or an expression each."""

    error: str | Expression
    cause: str | Expression

    kind, ends = "Fail", True

    def fields(self) -> Fields:
        return {"Error": to_asl(self.error), "Cause": to_asl(self.cause)}


@dataclass(frozen=True, eq=False)
class Wait(State):
    seconds: int | Expression

    kind = "Wait"

    def fields(self) -> Fields:
        return {"Seconds": to_asl(self.seconds)}


@dataclass(frozen=True, eq=False)
class Choice(State):
    """Goes where the first rule that holds leads; else to the next state of its chain."""

    rules: Sequence[Rule]

    kind = "Choice"

    def targets(self) -> Iterator[Target]:
        yield from (rule.then for rule in self.rules)

    def fields(self) -> Fields:
        return {"Choices": [rule.asl() for rule in self.rules]}

    def transition(self, following: State | None) -> Fields:
        return {"Default": following.name} if following else {}


@dataclass(frozen=True, eq=False)
class _Fallible(State):
    retry: Sequence[Retry] = field(default=(), kw_only=True)
    catch: Sequence[Catch] = field(default=(), kw_only=True)

    def targets(self) -> Iterator[Target]:
        yield from (catch.then for catch in self.catch)

    def handlers(self) -> Fields:
        found = {"Retry": [one.asl() for one in self.retry], "Catch": [one.asl() for one in self.catch]}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, eq=False)
class Task(_Fallible):
    """Calls a service. `timeout_s` covers a try from its start, with the job that `.sync` waits for."""

    resource: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: int | None = None

    kind = "Task"

    def fields(self) -> Fields:
        timeout = {} if self.timeout_s is None else {"TimeoutSeconds": self.timeout_s}
        return {"Resource": self.resource, "Arguments": to_asl(self.arguments), **timeout, **self.handlers()}


@dataclass(frozen=True, eq=False)
class Parallel(_Fallible):
    """Runs its branches side by side; its result is the list of their outputs."""

    branches: Sequence[Target]

    kind = "Parallel"

    def inner(self) -> Iterator[Target]:
        yield from self.branches

    def fields(self) -> Fields:
        return {"Branches": [scope_asl(branch) for branch in self.branches], **self.handlers()}


@dataclass(frozen=True, eq=False)
class Map(_Fallible):
    """Runs its body for each item, `max_concurrency` at once (0: no bound); its result is the list of their outputs.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
    """

    items: Expression | Sequence[Any]
    body: Target
    max_concurrency: int | Expression = 0
    item: Any = NOT_GIVEN
    """The input of the body; the item itself unless given."""

    kind = "Map"

    def inner(self) -> Iterator[Target]:
        yield self.body

    def fields(self) -> Fields:
        selector = {} if self.item is NOT_GIVEN else {"ItemSelector": to_asl(self.item)}
        processor = {"ProcessorConfig": {"Mode": "INLINE"}, **scope_asl(self.body)}
        found = {"Items": to_asl(self.items), **selector, "MaxConcurrency": to_asl(self.max_concurrency)}
        return {**found, "ItemProcessor": processor, **self.handlers()}

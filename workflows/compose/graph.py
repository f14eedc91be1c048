"""What states have in common, chains of them, and what they become in Amazon States Language.

A state knows its own fields and the states that it may go to beside the next one. Which one is next, a Chain says.
https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, TypeAlias

from workflows.compose.errors import CompositionError
from workflows.compose.expressions import Expression, to_asl

Fields: TypeAlias = dict[str, Any]
_NAME_LIMIT = 80


class _NotGiven:
    """`output=None` is a value, the output null."""


NOT_GIVEN = _NotGiven()


@dataclass(frozen=True)
class Retry:
    """Tries a state again after these errors: after 1 s, 2 s, 4 s, each drawn between 0 and so much (full jitter).

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
    """

    errors: Sequence[str]
    interval_s: int = 1
    attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_s: int = 30

    def asl(self) -> Fields:
        return {
            "ErrorEquals": list(self.errors),
            "IntervalSeconds": self.interval_s,
            "MaxAttempts": self.attempts,
            "BackoffRate": self.backoff_rate,
            "MaxDelaySeconds": self.max_delay_s,
            "JitterStrategy": "FULL",
        }


@dataclass(frozen=True)
class Catch:
    """Goes to another state after these errors.

    `tells` is the variable in `assign` that says in a sentence what failed.
    """

    then: Target
    errors: Sequence[str] = ("States.ALL",)
    output: Any = NOT_GIVEN
    assign: Mapping[str, Any] = field(default_factory=dict)
    tells: str = ""

    def asl(self) -> Fields:
        return {"ErrorEquals": list(self.errors), **_data(self.output, self.assign), "Next": first(self.then).name}


@dataclass(frozen=True)
class Rule:
    """Goes to another state if a condition is true.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
    """

    condition: Expression
    then: Target
    output: Any = NOT_GIVEN
    assign: Mapping[str, Any] = field(default_factory=dict)

    def asl(self) -> Fields:
        data = _data(self.output, self.assign)
        return {"Condition": to_asl(self.condition), **data, "Next": first(self.then).name}


# Compared by identity: two states of one name are two states, and an error.
@dataclass(frozen=True, eq=False)
class State:
    """The fields that every type has. `output` is the state's output, `assign` sets variables."""

    name: str
    comment: str = field(default="", kw_only=True)
    output: Any = field(default=NOT_GIVEN, kw_only=True)
    assign: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    kind: ClassVar[str]
    ends: ClassVar[bool] = False
    """Whether no state can follow."""

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= _NAME_LIMIT:
            raise CompositionError(f"State {self.name!r}: a name has 1 to {_NAME_LIMIT} characters.")

    def targets(self) -> Iterator[Target]:
        """Where it may go beside the next state."""
        yield from ()

    def inner(self) -> Iterator[Target]:
        """The workflows within it, each with states that only go to each other."""
        yield from ()

    def fields(self) -> Fields:
        """Its own fields, without the transition."""
        return {}

    def asl(self, following: State | None) -> Fields:
        """Return the state as JSON; `following` is the next state."""
        about = {"Comment": self.comment} if self.comment else {}
        data = _data(self.output, self.assign)
        return {"Type": self.kind, **about, **self.fields(), **data, **self.transition(following)}

    def transition(self, following: State | None) -> Fields:
        if self.ends:
            return {}
        return {"Next": following.name} if following else {"End": True}


@dataclass(frozen=True)
class Chain:
    """States one after the other."""

    steps: Sequence[State]

    def __post_init__(self) -> None:
        if not self.steps:
            raise CompositionError("A chain has no state; it needs one to begin with.")
        for step, following in pairwise(self.steps):
            if step.ends:
                raise CompositionError(f"State {following.name!r} is not reachable: {step.name!r} before it ends.")

    def since(self, step: State) -> Chain:
        """Return the part that begins with a state, such as the steps of a clean-up that there is something for."""
        if step not in self.steps:
            raise CompositionError(f"State {step.name!r} is not in the chain that begins with {self.steps[0].name!r}.")
        return Chain(self.steps[list(self.steps).index(step) :])


Target: TypeAlias = State | Chain


def steps_of(target: Target) -> list[State]:
    return list(target.steps) if isinstance(target, Chain) else [target]


def first(target: Target) -> State:
    return steps_of(target)[0]


def scope_asl(start: Target) -> Fields:
    """Return StartAt and States of what is reached from a target, in the order in which it is."""
    following = scope(start)
    return {"StartAt": first(start).name, "States": {one.name: one.asl(after) for one, after in following.items()}}


def scope(start: Target) -> dict[State, State | None]:
    """Return each state that is reached within one workflow, with the state after it.

    CompositionError for a state that two chains continue differently.
    """
    found: dict[State, State | None] = {}
    waiting: list[Target] = [start]
    while waiting:
        target = waiting.pop(0)
        steps = steps_of(target)
        fresh = [step for step in steps if step not in found]
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            found[step] = _one_successor(step, found.get(step), after)
        waiting[:0] = [other for step in fresh for other in step.targets()]
    return found


def _one_successor(step: State, known: State | None, new: State | None) -> State | None:
    if known and new and known is not new:
        raise CompositionError(
            f"State {step.name!r} has two successors, {known.name!r} and {new.name!r}; a Choice decides between two."
        )
    return known or new


def _data(output: Any, assign: Mapping[str, Any]) -> Fields:
    fields = {} if output is NOT_GIVEN else {"Output": to_asl(output)}
    return {**fields, **({"Assign": to_asl(assign)} if assign else {})}

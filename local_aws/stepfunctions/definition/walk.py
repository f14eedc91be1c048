"""All states of a machine, those within Parallel and Map states too."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.stepfunctions.definition.model import Map, Parallel, State, States


def all_states(states: States, place: str = "") -> Iterator[tuple[str, State]]:
    """Yield each state after the one that it lies in, with its place as diagnostics name it."""
    for name, state in states.states.items():
        here = f"{place}/States/{name}"
        yield here, state
        if isinstance(state, Parallel):
            for number, branch in enumerate(state.branches):
                yield from all_states(branch, f"{here}/Branches[{number}]")
        elif isinstance(state, Map):
            yield from all_states(state.processor.states, f"{here}/ItemProcessor")


def state_named(states: States, name: str) -> State | None:
    """Return the state of a name, which a machine has once; None if it has none."""
    return next((state for _, state in all_states(states) if state.name == name), None)

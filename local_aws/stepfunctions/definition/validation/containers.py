"""The places that hold states: the machine, the branches of a Parallel, the processor of a Map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.stepfunctions.definition import diagnostics as codes
from local_aws.stepfunctions.definition.syntax import MAX_NAME_CHARS
from local_aws.stepfunctions.definition.validation import maps, values
from local_aws.stepfunctions.definition.validation.objects import Check, each, required, supported
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.states import state


@dataclass(frozen=True, slots=True)
class Container:
    """What holds states; `distributed` says that they run in executions of their own."""

    place: Place
    raw: Mapping[str, Any]
    kind: str
    parent: Container | None = None
    distributed: bool = False

    @property
    def states(self) -> Mapping[str, Any]:
        """The states by name; empty where the field is missing or no object."""
        held = self.raw.get("States")
        return held if isinstance(held, dict) else {}

    def place_of(self, name: str) -> Place:
        """Where the state of that name stands."""
        return self.place.at("States").at(name)


def containers(machine: Container) -> Iterator[Container]:
    """The machine and all that it holds, from the outside in."""
    yield machine
    for name, raw in machine.states.items():
        if isinstance(raw, dict):
            for held in _held(machine, machine.place_of(name), raw):
                yield from containers(held)


def _held(parent: Container, place: Place, raw: Mapping[str, Any]) -> Iterator[Container]:
    branches = raw.get("Branches") if raw.get("Type") == "Parallel" else None
    for index, branch in enumerate(branches if isinstance(branches, list) else []):
        if isinstance(branch, dict):
            yield Container(place.at("Branches").item(index), branch, "branch", parent)
    for name in ("ItemProcessor", "Iterator"):
        if raw.get("Type") == "Map" and isinstance(raw.get(name), dict):
            yield _processor(parent, place.at(name), raw[name])


def _processor(parent: Container, place: Place, raw: Mapping[str, Any]) -> Container:
    config = raw.get("ProcessorConfig")
    config = config if isinstance(config, dict) else {}
    distributed = config.get("Mode") == "DISTRIBUTED"
    inner = place.running(express=config.get("ExecutionType") == "EXPRESS") if distributed else place
    return Container(inner, raw, "processor", parent, distributed)


def check(container: Container) -> None:
    """Check the fields of a container, and each of its states."""
    place, raw, known = container.place, container.raw, _FIELDS[container.kind]
    required(place, raw, ["States", "StartAt"])
    supported(place, raw, known)
    each(place, raw, known)
    if "ProcessorConfig" in raw and "ProcessorConfig" in known and container.parent:
        outer = place.running(express=container.parent.place.express)
        maps.processor_config(outer.at("ProcessorConfig"), raw["ProcessorConfig"])
    for name, held in container.states.items():
        here = container.place_of(name)
        _name(here, name)
        state(here, held)


def _name(place: Place, name: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html ."""
    if len(name) > MAX_NAME_CHARS:
        place.error(
            codes.INVALID_STATE_NAME,
            f"Invalid State name: State '{name}' exceeds the {MAX_NAME_CHARS}-character limit allowed by the service",
        )
    elif not name:
        place.error(codes.INVALID_STATE_NAME, "Invalid State name: a State has an empty name")


def _states(place: Place, value: Any) -> None:
    if not isinstance(value, dict):
        place.schema("Expected value of type [OBJECT]")
    elif not value:
        place.schema("Value cannot be empty")


def _checked_elsewhere(place: Place, value: Any) -> None:
    """Needs what holds outside of the container, too."""


_BRANCH: dict[str, Check] = {"Comment": values.text, "StartAt": values.text, "States": _states}
_FIELDS: dict[str, dict[str, Check]] = {
    "machine": {
        **_BRANCH,
        "QueryLanguage": values.one_of("JSONPath", "JSONata"),
        "Version": values.one_of("1.0"),
        "TimeoutSeconds": values.whole(0, values.MAX_SECONDS),
    },
    "branch": _BRANCH,
    "processor": {**_BRANCH, "ProcessorConfig": _checked_elsewhere},
}

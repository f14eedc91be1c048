"""How states follow each other: no transition leads nowhere, every state is reached, the machine ends somewhere.

https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_aws.stepfunctions.definition import diagnostics as codes
from local_aws.stepfunctions.definition.validation.containers import Container
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.states import FIELDS

_ENDS = {"Succeed", "Fail"}


def check(container: Container) -> None:
    """Report what is wrong with the transitions of one container; they never lead out of it."""
    if not container.states:
        return  # as on AWS, where no more is told than that they are missing
    start = container.raw.get("StartAt")
    edges = {name: list(_transitions(container.place_of(name), raw)) for name, raw in container.states.items()}
    if isinstance(start, str):
        _targets(container, [(start, container.place.at("StartAt"))])
    for transitions in edges.values():
        _targets(container, transitions)
    if not isinstance(start, str) or not all(map(_goes_on, container.states.values())):
        return
    if container.kind == "machine" and not any(map(_ends, container.states.values())):
        container.place.findings.error(codes.MISSING_END, "Workflow has no terminal state", None)
    else:
        _unreached(container, _reached(start, edges))


def unique_names(containers: Iterable[Container]) -> None:
    """Report names that two states of the whole machine share."""
    seen: set[str] = set()
    for container in containers:
        for name in container.states:
            if name in seen:
                container.place_of(name).error(codes.DUPLICATE_STATE, f"Duplicate State name: {name}")
            seen.add(name)


def unique_labels(containers: Iterable[Container]) -> None:
    """Report labels that two Maps of the whole machine share."""
    seen: set[str] = set()
    for container in containers:
        for name, raw in container.states.items():
            label = raw.get("Label") if isinstance(raw, dict) else None
            if isinstance(label, str) and label in seen:
                place = container.place_of(name).at("Label")
                place.error(codes.DUPLICATE_LABEL, f"Duplicate Label name: {label}")
            seen |= {label} if isinstance(label, str) else set()


def _transitions(place: Place, raw: Any) -> Iterator[tuple[str, Place]]:
    if not isinstance(raw, dict):
        return
    known = FIELDS.get(str(raw.get("Type")), frozenset())
    for name in ("Next", "Default"):
        if name in known and isinstance(raw.get(name), str):
            yield raw[name], place.at(name)
    for name in ("Choices", "Catch"):
        entries = raw.get(name) if name in known else None
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict) and isinstance(entry.get("Next"), str):
                yield entry["Next"], place.at(name).item(index).at("Next")


def _targets(container: Container, transitions: Iterable[tuple[str, Place]]) -> None:
    for target, place in transitions:
        if target not in container.states:
            place.error(codes.MISSING_TARGET, f"Missing 'Next' target: {target}")


def _goes_on(raw: Any) -> bool:
    """Whether a state says what follows it; what does not is reported with the state alone."""
    if not isinstance(raw, dict) or str(raw.get("Type")) not in FIELDS:
        return False
    if raw["Type"] == "Choice":
        return isinstance(raw.get("Choices"), list)
    return _ends(raw) or isinstance(raw.get("Next"), str)


def _ends(raw: Mapping[str, Any]) -> bool:
    return raw["Type"] in _ENDS or (raw["Type"] != "Choice" and raw.get("End") is True)


def _reached(start: str, edges: Mapping[str, Iterable[tuple[str, Place]]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in edges and name not in reached:
            reached.add(name)
            waiting += [target for target, _ in edges[name]]
    return reached


def _unreached(container: Container, reached: set[str]) -> None:
    for name in container.states:
        if name not in reached:
            container.place_of(name).error(codes.MISSING_TARGET, f'State "{name}" is not reachable.')

"""https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html ."""

from __future__ import annotations

import pytest

from tests.local_aws.stepfunctions.definition.machines import PASS, TASK, Raw, found, machine, states


def to(name: str) -> Raw:
    return {"Type": "Pass", "Next": name}


def parallel(**held: Raw) -> Raw:
    return {"Type": "Parallel", "Branches": [states(**held)], "End": True}


def mapped(**held: Raw) -> Raw:
    return {"Type": "Map", "ItemProcessor": states(**held), "End": True}


RULE = {"Variable": "$.x", "IsPresent": True}
GHOST = "Missing 'Next' target: Ghost"
NO_END = ("MISSING_END_STATE", "Workflow has no terminal state", None)


def missing(location: str, message: str = GHOST) -> tuple[str, str, str]:
    return "MISSING_TRANSITION_TARGET", message, location


def unreached(location: str) -> tuple[str, str, str]:
    name = location.rpartition("States/")[2]
    return missing(location, f'State "{name}" is not reachable.')


GRAPHS: dict[str, tuple[Raw, list[tuple[str, str, str | None]]]] = {
    "loop with an end": (machine(A={"Type": "Choice", "Choices": [RULE | {"Next": "A"}], "Default": "B"}, B=PASS), []),
    "loop without end": (machine(A=to("B"), B=to("A")), [NO_END]),
    "no end tells no more": (machine(A=to("B"), B=to("A"), C=to("A")), [NO_END]),
    "end that is not reached": (machine(A=to("B"), B=to("A"), C=PASS), [unreached("/States/C")]),
    "nowhere": (machine(A=to("Ghost")), [missing("/States/A/Next"), NO_END]),
    "a name mistaken": (
        machine(A=to("Bee"), B=PASS),
        [missing("/States/A/Next", "Missing 'Next' target: Bee"), unreached("/States/B")],
    ),
    "other case": (
        machine(A=to("b"), B=PASS),
        [missing("/States/A/Next", "Missing 'Next' target: b"), unreached("/States/B")],
    ),
    "rule": (
        machine(C={"Type": "Choice", "Choices": [RULE | {"Next": "Ghost"}], "Default": "Z"}, Z=PASS),
        [missing("/States/C/Choices[0]/Next")],
    ),
    "default": (
        machine(C={"Type": "Choice", "Choices": [RULE | {"Next": "Z"}], "Default": "Ghost"}, Z=PASS),
        [missing("/States/C/Default")],
    ),
    "catch": (
        machine(T=TASK | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Ghost"}]}),
        [missing("/States/T/Catch[0]/Next")],
    ),
    "start": ({"StartAt": "Ghost", "States": {"A": PASS}}, [missing("/StartAt"), unreached("/States/A")]),
    "start of a processor": (
        machine(M={"Type": "Map", "ItemProcessor": {"StartAt": "Ghost", "States": {"A": PASS}}, "End": True}),
        [missing("/States/M/ItemProcessor/StartAt"), unreached("/States/M/ItemProcessor/States/A")],
    ),
    "in a processor": (machine(M=mapped(W=PASS, G=PASS)), [unreached("/States/M/ItemProcessor/States/G")]),
    "in a branch": (machine(P=parallel(W=PASS, G=PASS)), [unreached("/States/P/Branches[0]/States/G")]),
    "a processor need not end": (machine(M=mapped(A=to("B"), B=to("A"))), []),
    "a slash in a name": (
        machine(A=PASS, **{"a/b": PASS}),
        [missing("/States/a/b", 'State "a/b" is not reachable.')],
    ),
    "out of a branch": (
        machine(P=parallel(A=to("Z")) | {"End": False, "Next": "Z"}, Z=PASS),
        [missing("/States/P/Branches[0]/States/A/Next", "Missing 'Next' target: Z")],
    ),
    "into a processor": (
        machine(M=mapped(I=PASS) | {"End": False, "Next": "I"}, Z=PASS),
        [missing("/States/M/Next", "Missing 'Next' target: I"), unreached("/States/Z")],
    ),
    "reached by a catch": (
        machine(T=TASK | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]}, Z={"Type": "Fail"}),
        [],
    ),
    "succeed is an end": (machine(A=to("B"), B={"Type": "Succeed"}), []),
}


@pytest.mark.parametrize("case", GRAPHS)
def test_transitions(case: str) -> None:
    definition, expected = GRAPHS[case]
    assert [(one.code, one.message, one.location) for one in found(definition)] == expected


def test_a_state_that_does_not_say_what_follows_is_told_once() -> None:
    (only,) = found(machine(A={"Type": "Pass"}, B=PASS))
    assert (only.code, only.location) == ("SCHEMA_VALIDATION_FAILED", "/States/A")


def test_names_are_unique_over_the_whole_machine() -> None:
    definition = machine(A=to("P"), P=parallel(A=PASS))
    (only,) = found(definition)
    assert (only.code, only.message) == ("DUPLICATE_STATE_NAME", "Duplicate State name: A")
    assert only.location == "/States/P/Branches[0]/States/A"


def test_names_have_eighty_characters() -> None:
    long = "x" * 81
    assert not found(machine(**{"x" * 80: PASS}))
    (only,) = found(machine(**{long: PASS}))
    assert only.code == "INVALID_STATE_NAME"
    message = f"Invalid State name: State '{long}' exceeds the 80-character limit allowed by the service"
    assert (only.message, only.location) == (message, f"/States/{long}")
    (only,) = found(machine(**{"": PASS}))
    assert only.code == "INVALID_STATE_NAME"


CONTAINERS: dict[str, tuple[Raw, list[str]]] = {
    "empty": ({}, ["These fields are required: [States, StartAt] at /"]),
    "no states": ({"StartAt": "A"}, ["These fields are required: [States] at /"]),
    "empty states": ({"StartAt": "A", "States": {}}, ["Value cannot be empty at /States"]),
    "no start": ({"States": {"A": PASS}}, ["These fields are required: [StartAt] at /"]),
    "start is no text": ({"StartAt": 1, "States": {"A": PASS}}, ["Expected value of type [STRING] at /StartAt"]),
    "unknown field": (machine(A=PASS) | {"Start": "A"}, ["Field 'Start' is not supported at /"]),
    "version": (machine(A=PASS) | {"Version": "1.0", "Comment": "c", "TimeoutSeconds": 0}, []),
    "another version": (
        machine(A=PASS) | {"Version": "2.0"},
        ["Value should be one of the following: [1.0] at /Version"],
    ),
    "timeout": (machine(A=PASS) | {"TimeoutSeconds": 10**8}, ["Maximum value is 99999999 at /TimeoutSeconds"]),
    "a branch without states": (
        machine(P={"Type": "Parallel", "Branches": [{"StartAt": "A"}], "End": True}),
        ["These fields are required: [States] at /States/P/Branches[0]"],
    ),
    "a timeout of a branch": (
        machine(P={"Type": "Parallel", "Branches": [states(A=PASS) | {"TimeoutSeconds": 1}], "End": True}),
        ["Field 'TimeoutSeconds' is not supported at /States/P/Branches[0]"],
    ),
}


@pytest.mark.parametrize("case", CONTAINERS)
def test_containers(case: str) -> None:
    definition, expected = CONTAINERS[case]
    assert [f"{one.message} at {one.location}" for one in found(definition)] == expected

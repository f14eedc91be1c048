from __future__ import annotations

from typing import Any

import pytest

from local_aws.stepfunctions.operations import aliases, versions
from tests.local_aws.stepfunctions.surroundings import DEFINITION, MACHINE, OTHER_DEFINITION, Neighbourhood

ALIAS = f"{MACHINE}:PROD"


def routing(*shares: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"stateMachineVersionArn": f"{MACHINE}{qualifier}", "weight": weight} for qualifier, weight in shares]


@pytest.fixture
def two(states: Neighbourhood) -> Neighbourhood:
    """Two versions, the second of another definition."""
    states.create(publish=True, versionDescription="first")
    states.clock.advance(1)
    states.call("UpdateStateMachine", stateMachineArn=MACHINE, definition=OTHER_DEFINITION, publish=True)
    return states


def test_versions_keep_what_they_were_made_of(two: Neighbourhood) -> None:
    first, second = (two.call("DescribeStateMachine", stateMachineArn=f"{MACHINE}:{n}") for n in (1, 2))
    assert (first["definition"], first["description"], first.get("revisionId")) == (DEFINITION, "first", None)
    assert (second["definition"], second["stateMachineArn"]) == (OTHER_DEFINITION, f"{MACHINE}:2")
    assert second["creationDate"] == first["creationDate"] + 1
    listed = two.call("ListStateMachineVersions", stateMachineArn=MACHINE)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in listed] == [f"{MACHINE}:2", f"{MACHINE}:1"]


def test_publishing_is_idempotent_by_the_revision(states: Neighbourhood) -> None:
    states.create()
    first = states.call("PublishStateMachineVersion", stateMachineArn=MACHINE, description="one")
    states.clock.advance(1)
    assert states.call("PublishStateMachineVersion", stateMachineArn=MACHINE, revisionId="INITIAL") == first
    repeated = states.call("UpdateStateMachine", stateMachineArn=MACHINE, definition=DEFINITION, publish=True)
    assert repeated["stateMachineVersionArn"] == first["stateMachineVersionArn"] == f"{MACHINE}:1"


def test_publishing_another_revision_than_the_present_one_conflicts(two: Neighbourhood) -> None:
    current = two.call("DescribeStateMachine", stateMachineArn=MACHINE)["revisionId"]
    message = (
        f"Failed to publish the State Machine version for revision INITIAL. The current State Machine revision is "
        f"{current}."
    )
    refused = two.refused("PublishStateMachineVersion", stateMachineArn=MACHINE, revisionId="INITIAL")
    assert refused == ("ConflictException", message)


def test_a_number_never_comes_back(two: Neighbourhood) -> None:
    two.call("DeleteStateMachineVersion", stateMachineVersionArn=f"{MACHINE}:2")
    two.call("DeleteStateMachineVersion", stateMachineVersionArn=f"{MACHINE}:2")
    published = two.call("PublishStateMachineVersion", stateMachineArn=MACHINE)
    assert published["stateMachineVersionArn"] == f"{MACHINE}:3"


def test_a_machine_has_a_thousand_versions_at_most(two: Neighbourhood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_MAX_VERSIONS", 2)
    request = {"stateMachineArn": MACHINE, "definition": DEFINITION, "publish": True}
    assert two.refused("UpdateStateMachine", **request)[0] == "ServiceQuotaExceededException"
    shown = two.call("DescribeStateMachine", stateMachineArn=MACHINE)
    assert shown["definition"] == OTHER_DEFINITION


def test_a_repeated_creation_names_its_version(two: Neighbourhood) -> None:
    two.call("UpdateStateMachine", stateMachineArn=MACHINE, definition=DEFINITION)
    request = {"name": "orders", "definition": DEFINITION, "roleArn": "arn:aws:iam::111122223333:role/machine"}
    refused, _ = two.refused("CreateStateMachine", **request)
    assert refused == "StateMachineAlreadyExists"
    again = two.call("CreateStateMachine", **request, publish=True, versionDescription="first")
    assert again["stateMachineArn"] == MACHINE


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("PublishStateMachineVersion", {"stateMachineArn": f"{MACHINE}:1"}, "StateMachineDoesNotExist"),
        ("PublishStateMachineVersion", {"stateMachineArn": f"{MACHINE}/label"}, "ValidationException"),
        ("ListStateMachineVersions", {"stateMachineArn": f"{MACHINE}x"}, "StateMachineDoesNotExist"),
        ("DeleteStateMachineVersion", {"stateMachineVersionArn": MACHINE}, "InvalidArn"),
        ("DeleteStateMachineVersion", {"stateMachineVersionArn": ALIAS}, "InvalidArn"),
        ("DescribeStateMachineAlias", {"stateMachineAliasArn": ALIAS}, "ResourceNotFound"),
        ("DescribeStateMachineAlias", {"stateMachineAliasArn": f"{MACHINE}:1"}, "InvalidArn"),
        ("UpdateStateMachineAlias", {"stateMachineAliasArn": ALIAS, "description": "x"}, "ResourceNotFound"),
        ("UpdateStateMachineAlias", {"stateMachineAliasArn": ALIAS}, "ValidationException"),
        ("ListStateMachineAliases", {"stateMachineArn": f"{MACHINE}x"}, "StateMachineDoesNotExist"),
        ("ListStateMachineAliases", {"stateMachineArn": "x"}, "InvalidArn"),
    ],
)
def test_refusals(two: Neighbourhood, operation: str, request_: dict[str, Any], code: str) -> None:
    assert two.refused(operation, **request_)[0] == code


def test_an_alias_lives(two: Neighbourhood) -> None:
    made = two.call("CreateStateMachineAlias", name="PROD", routingConfiguration=routing((":1", 100)), description="d")
    two.clock.advance(1)
    request = {"name": "PROD", "routingConfiguration": routing((":1", 100)), "description": "d"}
    assert two.call("CreateStateMachineAlias", **request) == made
    two.restart()
    shown = two.call("DescribeStateMachineAlias", stateMachineAliasArn=ALIAS)
    assert shown == {
        "stateMachineAliasArn": ALIAS,
        "name": "PROD",
        "description": "d",
        "routingConfiguration": routing((":1", 100)),
        "creationDate": made["creationDate"],
        "updateDate": made["creationDate"],
    }
    both = routing((":1", 50), (":2", 50))
    two.call("UpdateStateMachineAlias", stateMachineAliasArn=ALIAS, routingConfiguration=both)
    shown = two.call("DescribeStateMachineAlias", stateMachineAliasArn=ALIAS)
    assert (shown["routingConfiguration"], shown["description"]) == (both, "d")
    assert shown["updateDate"] == made["creationDate"] + 1
    two.call("DeleteStateMachineAlias", stateMachineAliasArn=ALIAS)
    two.call("DeleteStateMachineAlias", stateMachineAliasArn=ALIAS)
    assert two.call("ListStateMachineAliases", stateMachineArn=MACHINE) == {"stateMachineAliases": []}


def test_aliases_are_listed_newest_first_and_by_version(two: Neighbourhood) -> None:
    for name, version in (("A", ":1"), ("B", ":2"), ("C", ":1")):
        two.clock.advance(1)
        two.call("CreateStateMachineAlias", name=name, routingConfiguration=routing((version, 100)))

    def listed(arn: str, **more: Any) -> list[str]:
        found = two.call("ListStateMachineAliases", stateMachineArn=arn, **more)["stateMachineAliases"]
        return [one["stateMachineAliasArn"].rpartition(":")[2] for one in found]

    assert listed(MACHINE) == ["C", "B", "A"]
    assert listed(f"{MACHINE}:1") == ["C", "A"]
    first = two.call("ListStateMachineAliases", stateMachineArn=MACHINE, maxResults=2)
    assert listed(MACHINE, maxResults=2, nextToken=first["nextToken"]) == ["A"]


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ((("", 100),), f"Routing configuration must contain state machine version ARNs. Received: [{MACHINE}]"),
        (
            ((":1", 50), (":1", 50)),
            f"Routing configuration must contain distinct state machine version ARNs. Received: "
            f"[{MACHINE}:1, {MACHINE}:1]",
        ),
        (((":1", 70), (":2", 29)), "Sum of routing configuration weights must equal 100. Received: [70, 29]"),
        (
            ((":1", 101),),
            "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy "
            "constraint: Member must have value less than or equal to 100",
        ),
        (
            ((":1", 50), ("2:1", 50)),
            f"Routing configuration must contain versions of the same state machine. Received: "
            f"[{MACHINE}:1, {MACHINE}2:1]",
        ),
    ],
)
def test_routings_that_are_refused(two: Neighbourhood, shares: tuple[tuple[str, int], ...], message: str) -> None:
    refused = two.refused("CreateStateMachineAlias", name="PROD", routingConfiguration=routing(*shares))
    assert refused == ("ValidationException", message)


@pytest.mark.parametrize("name", ["123", "INVALID ALIAS", "ALIAS@"])
def test_names_of_aliases_that_are_refused(two: Neighbourhood, name: str) -> None:
    code, message = two.refused("CreateStateMachineAlias", name=name, routingConfiguration=routing((":1", 100)))
    assert code == "ValidationException"
    assert message.startswith(f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: ")


def test_another_alias_of_the_name_conflicts(two: Neighbourhood) -> None:
    two.call("CreateStateMachineAlias", name="PROD", routingConfiguration=routing((":1", 100)))
    message = (
        "Failed to create alias because an alias with the same name and a different routing configuration already "
        "exists."
    )
    request = {"name": "PROD", "routingConfiguration": routing((":2", 100))}
    assert two.refused("CreateStateMachineAlias", **request) == ("ConflictException", message)
    request = {"name": "PROD", "routingConfiguration": routing((":1", 100)), "description": "other"}
    assert two.refused("CreateStateMachineAlias", **request) == ("ConflictException", message)


def test_an_alias_points_to_versions_that_exist_and_keeps_them(two: Neighbourhood) -> None:
    missing = ("ResourceNotFound", "Request references a resource that does not exist.")
    assert two.refused("CreateStateMachineAlias", name="P", routingConfiguration=routing((":9", 100))) == missing
    two.call("CreateStateMachineAlias", name="PROD", routingConfiguration=routing((":1", 100)))
    message = (
        "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: "
        "[PROD]"
    )
    refused = two.refused("DeleteStateMachineVersion", stateMachineVersionArn=f"{MACHINE}:1")
    assert refused == ("ConflictException", message)
    two.call("UpdateStateMachineAlias", stateMachineAliasArn=ALIAS, routingConfiguration=routing((":2", 100)))
    two.call("DeleteStateMachineVersion", stateMachineVersionArn=f"{MACHINE}:1")


def test_a_machine_has_a_hundred_aliases_at_most(two: Neighbourhood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliases, "_MAX_ALIASES", 1)
    two.call("CreateStateMachineAlias", name="A", routingConfiguration=routing((":1", 100)))
    request = {"name": "B", "routingConfiguration": routing((":1", 100))}
    assert two.refused("CreateStateMachineAlias", **request)[0] == "ServiceQuotaExceededException"
    status, _ = two.post("CreateStateMachineAlias", **request)
    assert status == 402


@pytest.mark.parametrize(("drawn", "version"), [(0.0, ":1"), (0.29, ":1"), (0.3, ":2"), (0.999, ":2")])
def test_an_alias_starts_the_version_that_is_drawn(two: Neighbourhood, drawn: float, version: str) -> None:
    two.call("CreateStateMachineAlias", name="PROD", routingConfiguration=routing((":1", 30), (":2", 70)))
    two.drawn = drawn
    shown = two.call("DescribeExecution", executionArn=two.start(ALIAS))
    assert shown["stateMachineVersionArn"] == f"{MACHINE}{version}"
    assert (shown["stateMachineAliasArn"], shown["stateMachineArn"]) == (ALIAS, MACHINE)


def test_a_weight_of_zero_is_never_drawn(two: Neighbourhood) -> None:
    two.call("CreateStateMachineAlias", name="PROD", routingConfiguration=routing((":1", 0), (":2", 100)))
    shown = two.call("DescribeExecution", executionArn=two.start(ALIAS))
    assert shown["stateMachineVersionArn"] == f"{MACHINE}:2"

"""What roles may do against what they did."""

from __future__ import annotations

import pytest
from slipway.stacks.grants import Call, Comparison, Grant, compare, grants_of, matches
from slipway.stacks.unexercised_grant import Unexercised


def statement(action: object, resource: object, effect: str = "Allow") -> dict[str, object]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def call(action: str, resource: str, *, allowed: bool = True, role: str = "Role") -> Call:
    return Call(role, action, resource, allowed, 1)


def compared(document: dict[str, object], *calls: Call, listed: tuple[str, ...] = ()) -> Comparison:
    grants = grants_of("Role", "policy", document)
    return compare(grants, calls, lambda grant: "a reason" if grant.action in listed else None)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/c", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("job/n-????????-????*", "job/n-0a1b2c3d-4e5f", True),
        ("job/n-????????-????*", "job/n-0a1b2c3d4e5f", False),
        ("job/[a]", "job/a", False),
        ("a.c", "abc", False),
        ("Key", "key", False),
    ],
)
def test_patterns_are_those_of_iam(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


def test_a_grant_is_an_action_of_an_allowing_statement() -> None:
    document = {"Statement": [statement(["s3:GetObject", "s3:PutObject"], "b/*"), statement("s3:*", "*", "Deny")]}
    assert grants_of("Role", "policy", document) == [
        Grant("Role", "policy", "s3:GetObject", ("b/*",)),
        Grant("Role", "policy", "s3:PutObject", ("b/*",)),
    ]


def test_a_statement_that_allows_by_exclusion_is_refused() -> None:
    with pytest.raises(ValueError, match="policy allows all but what it names"):
        grants_of("Role", "policy", {"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}})


def test_used_unused_and_listed() -> None:
    document: dict[str, object] = {"Statement": [statement(["s3:Get*", "s3:PutObject", "kms:Decrypt"], "b/*")]}
    found = compared(document, call("s3:getobject", "b/k"), listed=("kms:Decrypt",))
    assert [grant.action for grant in found.used] == ["s3:Get*"]
    assert [(grant.action, reason) for grant, reason in found.listed] == [("kms:Decrypt", "a reason")]
    assert [grant.action for grant in found.unused] == ["s3:PutObject"]
    assert not found.is_clean


@pytest.mark.parametrize(
    "other",
    [
        call("s3:GetObject", "c/k"),
        call("s3:GetObject", "b/k", allowed=False),
        call("s3:GetObject", "b/k", role="Other"),
        call("s3:GetObjectVersion", "b/k"),
    ],
    ids=["another resource", "denied", "another role", "another action"],
)
def test_what_does_not_use_a_grant(other: Call) -> None:
    found = compared({"Statement": [statement("s3:GetObject", "b/*")]}, other)
    assert [grant.action for grant in found.unused] == ["s3:GetObject"]


def test_a_denied_call_is_a_finding() -> None:
    denied = call("s3:PutObject", "b/k", allowed=False)
    found = compared({"Statement": [statement("s3:GetObject", "b/*")]}, call("s3:GetObject", "b/k"), denied)
    assert found.denied == (denied,)
    assert not found.is_clean


def test_a_resource_that_no_call_touched_is_a_finding() -> None:
    found = compared({"Statement": [statement(["s3:GetObject"], ["a/*", "b/*"])]}, call("s3:GetObject", "b/k"))
    assert found.untouched == (("Role", "policy", "a/*"),)
    assert not found.is_clean


def test_a_resource_that_is_expected_to_stay_untouched_is_none() -> None:
    grants = grants_of("Role", "policy", {"Statement": [statement(["s3:GetObject"], ["a/*", "b/*"])]})
    entry = Unexercised("Role", "policy", "*", "a reason", resource="a*")
    found = compare(grants, [call("s3:GetObject", "b/k")], lambda _grant: None, entry.covers_resource)
    assert found.is_clean
    assert not any(entry.covers(grant) for grant in grants)


def test_all_used_is_clean() -> None:
    found = compared(
        {"Statement": [statement(["s3:GetObject"], ["a/*", "b/*"])]},
        call("s3:GetObject", "b/k"),
        call("s3:GetObject", "a/k"),
    )
    assert found.is_clean

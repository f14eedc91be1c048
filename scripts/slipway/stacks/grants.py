"""Compares what roles may do with what they did, for `slipway permissions`."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Grant:
    """One action that a statement of a role's policy allows, on any of its resources."""

    role: str
    policy: str
    action: str
    resources: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """IAM's decisions about one action of a role on one resource."""

    role: str
    action: str
    resource: str
    allowed: bool
    count: int


@dataclass(frozen=True)
class Comparison:
    """Grants of roles, used and unused; resources are (role, policy, resource)."""

    denied: tuple[Call, ...]
    used: tuple[Grant, ...]
    listed: tuple[tuple[Grant, str], ...]
    """Unused, with the reason why local AWS cannot use them."""
    unused: tuple[Grant, ...]
    untouched: tuple[tuple[str, str, str], ...]
    """Resources of used statements on which no call was made."""

    @property
    def is_clean(self) -> bool:
        """No call was denied, and every unused grant has its reason."""
        return not (self.denied or self.unused or self.untouched)


def grants_of(role: str, policy: str, document: Mapping[str, Any]) -> list[Grant]:
    """The grants of a policy document. Raises ValueError for a statement that allows by exclusion."""
    found = []
    for statement in _as_list(document["Statement"]):
        if statement["Effect"] != "Allow":
            continue
        if "Action" not in statement or "Resource" not in statement:
            raise ValueError(f"{role}: {policy} allows all but what it names; name what is allowed")
        resources = tuple(_as_list(statement["Resource"]))
        found += [Grant(role, policy, action, resources) for action in _as_list(statement["Action"])]
    return found


def compare(
    grants: Iterable[Grant],
    calls: Iterable[Call],
    reason_of: Callable[[Grant], str | None],
    is_expected: Callable[[str, str, str], bool] = lambda _role, _policy, _resource: False,
) -> Comparison:
    """Compare; `reason_of` returns why a grant cannot be used here, or None.

    `is_expected` tells whether a resource of a role's policy is known to stay untouched here.
    """
    known = list(calls)
    used, listed, unused, untouched = [], [], [], []
    for statement in _by_statement(grants):
        made = [call for call in known if call.allowed and any(_covers(grant, call) for grant in statement)]
        for grant in statement:
            reason = reason_of(grant)
            if any(_covers(grant, call) for call in made):
                used.append(grant)
            elif reason is not None:
                listed.append((grant, reason))
            else:
                unused.append(grant)
        if made:
            first = statement[0]
            untouched += [
                (first.role, first.policy, resource)
                for resource in first.resources
                if not any(matches(resource, call.resource) for call in made)
                and not is_expected(first.role, first.policy, resource)
            ]
    denied = tuple(call for call in known if not call.allowed)
    return Comparison(denied, tuple(used), tuple(listed), tuple(unused), tuple(untouched))


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Tell whether a pattern of a policy, with its `*` and `?`, matches.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    return (
        _compiled(pattern.lower() if ignore_case else pattern).fullmatch(value.lower() if ignore_case else value)
        is not None
    )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # fnmatch never goes back over a `*`, so that many of them cost no more; it takes `[` for more than a character.
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


def _covers(grant: Grant, call: Call) -> bool:
    """Compare actions without regard to case, and resources with it."""
    return (
        grant.role == call.role
        and matches(grant.action, call.action, ignore_case=True)
        and any(matches(resource, call.resource) for resource in grant.resources)
    )


def _by_statement(grants: Iterable[Grant]) -> list[list[Grant]]:
    """Group grants by statement: those of one have the same role, policy and resources."""
    statements: dict[tuple[str, str, tuple[str, ...]], list[Grant]] = {}
    for grant in grants:
        statements.setdefault((grant.role, grant.policy, grant.resources), []).append(grant)
    return list(statements.values())


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

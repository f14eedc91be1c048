"""A grant that stays unused on local AWS, and why."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.stacks.grants import Grant, matches


@dataclass(frozen=True)
class Unexercised:
    """Patterns of role (logical id of the template), policy and action, and why AWS needs the grant unused here.

    With a `resource` it applies to that resource of a policy whose other resources are used.
    """

    role: str
    policy: str
    action: str
    reason: str
    resource: str = ""

    def covers(self, grant: Grant) -> bool:
        return (
            not self.resource
            and matches(self.role, grant.role)
            and matches(self.policy, grant.policy)
            and matches(self.action, grant.action, ignore_case=True)
        )

    def covers_resource(self, role: str, policy: str, resource: str) -> bool:
        return (
            bool(self.resource)
            and matches(self.role, role)
            and matches(self.policy, policy)
            and matches(self.resource, resource)
        )

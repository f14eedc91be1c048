"""The changes of a change set, shown before they happen, and those that need consent.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from slipway.errors import SlipwayError

STATEFUL_TYPES = frozenset(("AWS::CodeCommit::Repository", "AWS::KMS::Key", "AWS::S3::Bucket"))
"""What holds what cannot be made again. Log groups do not count: the templates let go of them with their function."""

_STYLES = {"add": "green", "remove": "red", "REPLACE": "bold red", "perhaps replace": "yellow"}


@dataclass(frozen=True)
class Change:
    """One resource that a change set touches.

    `certain` is False if it only refers to something that may change:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html
    """

    action: str
    logical_id: str
    type: str
    replacement: str
    """`True`, `False`, `Conditional`, or empty if nothing is modified."""
    certain: bool
    policy: str = ""
    """What becomes of the old resource: `Delete`, `Retain`, `ReplaceAndRetain`, ..."""
    causes: tuple[str, ...] = ()
    """The changed properties, each with the parameter or resource that changes it; of a replacement those behind it."""

    @property
    def replaced(self) -> bool:
        """Whether CloudFormation replaces the resource, or may."""
        return self.replacement in {"True", "Conditional"}

    @property
    def stateful(self) -> bool:
        """Whether something that cannot be restored is replaced or leaves the stack."""
        return self.type in STATEFUL_TYPES and (self.action == "Remove" or self.replaced)

    @property
    def verb(self) -> str:
        if self.replacement == "True":
            return "REPLACE"
        return "perhaps replace" if self.replacement == "Conditional" else self.action.lower()

    def __str__(self) -> str:
        because = f": {', '.join(self.causes)}" if self.causes else ""
        return f"{self.verb} {self.logical_id} ({self.type}){because}"

    def document(self) -> dict[str, Any]:
        """The change for programs."""
        return {
            "action": self.action,
            "resource": self.logical_id,
            "type": self.type,
            "replacement": self.replacement or None,
            "policy": self.policy or None,
            "causes": list(self.causes),
        }


@dataclass(frozen=True)
class Consent:
    """The changes that a person has agreed to in advance."""

    replace_stateful: frozenset[str] = frozenset()
    """Logical ids of stateful resources that may be replaced or removed."""
    assume_yes: bool = False
    """Do not ask before other resources are replaced."""
    dry_run: bool = False
    """Only show what would happen."""


def read_change(resource: Mapping[str, Any]) -> Change:
    """A `ResourceChange` of DescribeChangeSet."""
    details = resource.get("Details", [])
    replacement = resource.get("Replacement", "")
    if replacement in {"True", "Conditional"}:
        telling = [one for one in details if one["Target"].get("RequiresRecreation", "Never") != "Never"] or details
    else:
        telling = details
    return Change(
        action=resource["Action"],
        logical_id=resource["LogicalResourceId"],
        type=resource["ResourceType"],
        replacement=replacement,
        certain=resource["Action"] != "Modify" or any(one.get("Evaluation") == "Static" for one in details),
        policy=resource.get("PolicyAction", ""),
        causes=tuple(_causes(telling)),
    )


def changes_table(changes: Iterable[Change]) -> Table:
    """Return a line for each change, the gravest last, where people look."""
    order = ("add", "modify", "import", "dynamic", "remove", "perhaps replace", "REPLACE")
    table = Table("change", "resource", "type", "because of", box=None, pad_edge=False)
    for change in sorted(changes, key=lambda one: (order.index(one.verb) if one.verb in order else 3, one.logical_id)):
        table.add_row(
            Text(change.verb, style=_STYLES.get(change.verb, "")),
            change.logical_id,
            change.type,
            ", ".join(change.causes),
        )
    return table


def refuse_stateful(stack: str, changes: Iterable[Change], consent: Consent, command: str) -> None:
    """Raise SlipwayError if the change set replaces or removes, without consent, something that cannot be restored.

    `command` is what a person types to deploy.
    """
    refused = [one for one in changes if one.stateful and one.logical_id not in consent.replace_stateful]
    if not refused:
        return
    lines = [f"  {one}; {_becomes(one)}" for one in refused]
    flags = " ".join(f"--replace-stateful {one.logical_id}" for one in refused)
    raise SlipwayError(
        "\n".join([f"stack {stack}: refused, as this cannot be undone:", *lines]),
        f"Undo the change in the template or the parameters. Or, to do it anyway: {command} {flags}",
    )


def _becomes(change: Change) -> str:
    if change.policy.endswith("Retain"):
        return "the old one stays in the account with what it holds, outside of the stack"
    return "the old one is deleted with what it holds"


def _causes(details: Iterable[Mapping[str, Any]]) -> list[str]:
    """Map each changed property to what changes it, in the order of the answer."""
    entities: dict[str, list[str]] = {}
    for detail in details:
        target = detail["Target"]
        found = entities.setdefault(target.get("Name") or target["Attribute"], [])
        entity = detail.get("CausingEntity", "")
        if entity and entity not in found:
            found.append(entity)
    return [f"{name} ({', '.join(found)})" if found else name for name, found in entities.items()]

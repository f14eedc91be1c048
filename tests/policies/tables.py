"""The tables of docs/security.md and docs/workflows-security.md, made from the templates.

`python -m tests.policies.tables` writes them anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from slipway.stacks.unexercised import UNEXERCISED
from slipway.stacks.unexercised_grant import Unexercised
from slipway.stacks.unexercised_workflows import OF_WORKFLOWS

from tests.cloudformation import templates
from tests.cloudformation.templates import Template, as_list
from tests.policies.rendering import ACCOUNT, Partition, Policy, identity_policies

DOCUMENT = templates.ROOT / "docs" / "security.md"
WORKFLOWS = templates.ROOT / "docs" / "workflows-security.md"
_AWS = Partition("aws")
_SKIP = re.compile(r"# checkov:skip=(\w+):(.*)")


def sections() -> dict[str, str]:
    """What belongs between each pair of markers of the documents."""
    return {
        "roles": roles("pipeline"),
        "exceptions": exceptions("setup", "pipeline"),
        "unexercised": unexercised([entry for entry in UNEXERCISED if entry not in OF_WORKFLOWS]),
        "workflow roles": roles("workflows"),
        "workflow exceptions": exceptions("workflows"),
        "workflow unexercised": unexercised(OF_WORKFLOWS),
    }


def document(section: str) -> Path:
    """The document that a section is in."""
    return WORKFLOWS if section.startswith("workflow ") else DOCUMENT


def roles(name: str) -> str:
    """Who may do what: a row per role, and a row for what roles share."""
    template = templates.load(name)
    policies = identity_policies(template, _AWS)
    holders: dict[tuple[str, str], list[str]] = {}
    for each in policies:
        holders.setdefault((each.name, str(each.document)), []).append(each.role)
    rows = [
        (
            _code(role),
            _purpose(template, role),
            _cell(each for each in policies if each.role == role and not _shared(each, holders)),
        )
        for role in templates.of_type(template, "AWS::IAM::Role")
    ]
    done: set[str] = set()
    for each in policies:
        if _shared(each, holders) and each.name not in done:
            done.add(each.name)
            rows.append((", ".join(map(_code, holders[each.name, str(each.document)])), "shared", _cell([each])))
    return _table(("role", "for", "may"), rows)


def exceptions(*names: str) -> str:
    """Checks of checkov that are not obeyed, by reason."""
    return _table(
        ("check", "resources", "reason"),
        [(check, ", ".join(map(_code, ids)), reason) for (check, reason), ids in skipped(*names).items()],
    )


def skipped(*names: str) -> dict[tuple[str, str], list[str]]:
    """Every exception that stands in one of the templates: (check, reason) to the logical ids."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in names:
        logical_id = ""
        for line in templates.path(name).read_text(encoding="utf-8").splitlines():
            if resource := re.fullmatch(r"  (\w+):", line):
                logical_id = resource[1]
            if skip := _SKIP.search(line):
                found.setdefault((skip[1], skip[2].strip()), []).append(logical_id)
    return found


def unexercised(entries: Iterable[Unexercised]) -> str:
    """Grants that stay unused on local AWS."""
    rows = [
        (_code(entry.role), _code(entry.policy), _code(entry.resource or entry.action), entry.reason)
        for entry in entries
    ]
    return _table(("role", "policy", "action or resource", "reason"), rows)


def written(section: str) -> str:
    """What the document holds between the markers of a section."""
    text = document(section).read_text(encoding="utf-8")
    return text.split(f"<!-- {section} -->\n")[1].split(f"<!-- /{section} -->")[0]


def _shared(policy: Policy, holders: dict[tuple[str, str], list[str]]) -> bool:
    return len(holders[policy.name, str(policy.document)]) > 1


def _purpose(template: Template, role: str) -> str:
    """The role's description, or that of the function that is named like it."""
    properties = template["Resources"][role]["Properties"]
    if "Description" in properties:
        return str(properties["Description"])
    described = template["Resources"][role.removesuffix("Role")]["Properties"]
    if "Description" in described:
        return str(described["Description"])
    # A state machine has none but the comment of its definition.
    return str(json.loads(described["DefinitionString"])["Comment"])


def _cell(policies: Iterable[Policy]) -> str:
    lines = []
    for policy in policies:
        for statement in policy.document["Statement"]:
            resources = ", ".join(dict.fromkeys(_short(resource) for resource in as_list(statement["Resource"])))
            lines.append(f"{_actions(as_list(statement['Action']))} on {resources}{_bounds(statement)}")
    return "<br>".join(lines)


def _actions(actions: Sequence[str]) -> str:
    """Actions with the service's name before the first of it."""
    found, last = [], ""
    for action in actions:
        service, _, name = action.partition(":")
        found.append(f"`{action}`" if service != last else f"`{name}`")
        last = service
    return ", ".join(found)


def _bounds(statement: dict[str, Any]) -> str:
    keys = [key for keys in statement.get("Condition", {}).values() for key in keys]
    return f" (bound by {', '.join(f'`{key}`' for key in dict.fromkeys(keys))})" if keys else ""


def _short(arn: str) -> str:
    """An ARN without partition, Region and account; `N` is the pipeline's name."""
    if arn == "*":
        return "`*`"
    if ":kms:" in arn:
        return "the key"
    name = arn.split(":", 5)[5]
    bucket = re.match(rf"slipway-sample-(\w+)-{ACCOUNT}-[a-z0-9-]+", name)
    if bucket:
        name = name.replace(bucket[0], f"{bucket[1]}", 1)
    return _code(name.replace("slipway-sample-wine-quality", "N").replace("slipway-sample", "slipway-S"))


def _code(text: str) -> str:
    return f"`{text}`"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def write() -> None:
    """Put the tables into the documents."""
    for name, table in sections().items():
        text = document(name).read_text(encoding="utf-8")
        before, rest = text.split(f"<!-- {name} -->\n")
        text = f"{before}<!-- {name} -->\n{table}<!-- /{name} -->{rest.split(f'<!-- /{name} -->')[1]}"
        document(name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()

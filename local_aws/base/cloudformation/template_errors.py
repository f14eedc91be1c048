"""CloudFormation: what an error of cfn-lint is on AWS: a refused call, or a stack that fails its validation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.base.cloudformation.template_format import attribute_of

# The rules about what CloudFormation reads before it looks at a resource's properties: the template and its sections
# (E1, E2, E4 to E8), and of the resources (E3) their attributes, names and types. The formats of values (E11) and some
# limits of services (E25) stand among them by their number, and are about properties, as the rest is.
_AT_CALL = re.compile(r"E0|E10|E17|E20|E4|E5|E6|E7|E8|E300[167]|E3010|E3015|E3016|E3028|E3035|E3036|E3038|E3055|E3066")
_FORMATS_OF_VALUES = frozenset({"E1040", "E1041"})
_RULES_OF_ATTRIBUTES = frozenset({"E1010", "E1019", "E6101"})

_UNKNOWN_TYPE = re.compile(r"Resource type '([^']+)' does not exist in ")
# What cfn-lint says of a property and a resource type's schema.
_NOT_ONE_OF = re.compile(r"'([^']*)' is not one of (\[.*?\])", re.DOTALL)
_UNEXPECTED = re.compile(r"Additional properties are not allowed \('(.+?)' (?:was|were) unexpected", re.DOTALL)
_REQUIRED = re.compile(r"'(.+)' is a required property")
_TYPE = re.compile(r" is not of type '(\w+)'", re.DOTALL)
_JSON_TYPES = {
    "array": "JSONArray",
    "object": "JSONObject",
    "string": "String",
    "number": "Number",
    "integer": "Integer",
    "boolean": "Boolean",
}

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """One error of cfn-lint: its rule, its sentence, and where in the template."""

    rule: str
    message: str
    path: Path

    @property
    def refuses_call(self) -> bool:
        """Whether CloudFormation refuses the call; otherwise the stack fails."""
        return bool(_AT_CALL.match(self.rule)) and self.rule not in _FORMATS_OF_VALUES and self._attribute is None

    @property
    def unknown_type(self) -> str | None:
        """The resource type that does not exist, if that is the error."""
        found = _UNKNOWN_TYPE.match(self.message)
        return found[1] if found else None

    @property
    def refusal(self) -> str:
        """The sentence of the call's ValidationError."""
        return f"Template format error: [{pointer(self.path)}] {self.message}"

    @property
    def _attribute(self) -> str | None:
        match = _NOT_ONE_OF.match(self.message) if self.rule in _RULES_OF_ATTRIBUTES else None
        return match[1] if match and {"Fn::GetAtt", "Fn::Sub"} & set(self.path) else None

    def concerns(self, template: Mapping[str, Any], conditions: Mapping[str, bool]) -> bool:
        """Whether it is about something that is in a stack with these conditions."""
        node: Any = template
        for part, following in zip(self.path, (*self.path[1:], None), strict=True):
            if part == "Fn::If" and isinstance(node, dict) and following in (1, 2):
                holds = conditions.get(node["Fn::If"][0])
                if holds is not None and holds != (following == 1):
                    return False
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                return True  # it names a property that is missing
            if isinstance(node, dict) and not conditions.get(str(node.get("Condition")), True):
                return False
        return True

    def failure(self, template: Mapping[str, Any]) -> Failure:
        """Return the message of the stack's validation about it."""
        logical_id = str(self.path[1]) if self.path[:1] == ("Resources",) else ""
        if self._attribute is not None:
            logical_id = next(_resources_without(template, self.path, self._attribute), logical_id)
            kind = template["Resources"].get(logical_id, {}).get("Type", logical_id)
            # https://github.com/ministackorg/ministack/pull/1628
            return Failure(
                logical_id,
                pointer(self.path),
                f"Requested attribute {self._attribute} does not exist in schema for {kind}",
            )
        if found := _UNEXPECTED.match(self.message):
            return Failure(logical_id, pointer(self.path[:-1]), f"Unsupported property [{found[1]}]")
        # https://github.com/aws/aws-cdk-cli/pull/1463
        if found := _REQUIRED.match(self.message):
            return Failure(logical_id, pointer(self.path), f"Required property [{found[1]}] not found")
        return Failure(logical_id, pointer(self.path), self._reason(template))

    def _reason(self, template: Mapping[str, Any]) -> str:
        name = next((part for part in reversed(self.path) if isinstance(part, str)), "")
        if (found := _TYPE.search(self.message)) and self.rule == "E3012":
            value = _at(template, self.path)
            kind = "JSONArray" if isinstance(value, list) else "JSONObject" if isinstance(value, dict) else "String"
            return f"Property [{name}] expected type: {_JSON_TYPES[found[1]]}, found: {kind}"
        if (found := _NOT_ONE_OF.match(self.message)) and self.rule == "E3030":
            allowed = ", ".join(map(str, ast.literal_eval(found[2])))
            return f"{found[1]} is not a valid enum value. Supported values: [{allowed}]"
        return f"{name}: {self.message}"


@dataclass(frozen=True)
class Failure:
    """One error of a stack's validation: the resource, where in the template, and why."""

    logical_id: str
    path: str
    reason: str


def refusals(found: list[Finding]) -> list[str]:
    """The sentences of the call's ValidationError, all of them; CloudFormation has one for all unknown types."""
    refusing = [one for one in found if one.refuses_call]
    types = list(dict.fromkeys(one.unknown_type for one in refusing if one.unknown_type))
    unknown = [f"Template format error: Unrecognized resource types: [{', '.join(types)}]"] if types else []
    return unknown + list(dict.fromkeys(one.refusal for one in refusing if not one.unknown_type))


def pointer(path: Path) -> str:
    """A place in a template as CloudFormation writes it: `/Resources/Bucket/Properties`."""
    return "/".join(["", *map(str, path)])


def _at(node: Any, path: Path) -> Any:
    for part in path:
        node = node[part]
    return node


def _resources_without(template: Mapping[str, Any], path: Path, attribute: str) -> Iterator[str]:
    """The resource that the function at the path asks for this attribute."""
    for end in range(len(path), 0, -1):
        function = path[end - 1]
        if function == "Fn::GetAtt" and (target := attribute_of(_at(template, path[:end]))):
            yield target[0]
        if function == "Fn::Sub":
            argument = _at(template, path[:end])
            text = argument if isinstance(argument, str) else argument[0]
            yield from re.findall(rf"\$\{{(\w+)\.{re.escape(attribute)}\}}", str(text))

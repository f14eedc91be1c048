"""CloudFormation: what makes a template invalid by itself, in CloudFormation's words.

Sentences: https://repost.aws/knowledge-center/cloudformation-template-validation and, where an address stands beside
one, an answer of CloudFormation that somebody reported there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# fmt: off
_SECTIONS = frozenset({
    "AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata", "Outputs", "Parameters",
    "Resources", "Rules", "Transform",
})
_ATTRIBUTES = frozenset({
    "Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdatePolicy",
    "UpdateReplacePolicy",
})
_PARAMETER_PROPERTIES = frozenset({
    "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description", "MaxLength", "MaxValue",
    "MinLength", "MinValue", "NoEcho", "Type",
})
_PSEUDO = frozenset({
    "AWS::AccountId", "AWS::NoValue", "AWS::NotificationARNs", "AWS::Partition", "AWS::Region", "AWS::StackId",
    "AWS::StackName", "AWS::URLSuffix",
})
_FUNCTIONS = (
    "Fn::Base64", "Fn::GetAtt", "Fn::GetAZs", "Fn::ImportValue", "Fn::Join", "Fn::Split", "Fn::FindInMap",
    "Fn::Select", "Ref", "Fn::Equals", "Fn::If", "Fn::Not", "Condition", "Fn::And", "Fn::Or", "Fn::Contains",
    "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::ValueOf", "Fn::ValueOfAll", "Fn::RefAll", "Fn::Sub", "Fn::Cidr",
)
# fmt: on
_PARAMETER_TYPE = re.compile(
    r"String|Number|List<Number>|CommaDelimitedList|AWS::SSM::Parameter::(Name|Value<.+>)|"
    r"(List<)?AWS::[A-Za-z0-9]+(::[A-Za-z0-9]+)+>?"
)
# Those that a transform provides, so that they are no template's mistake while it declares one.
_OF_TRANSFORMS = ("Fn::Transform", "Fn::ForEach", "Fn::Length", "Fn::ToJsonString", "Fn::GetStackOutput")
_VARIABLE = re.compile(r"\$\{([^!{}][^{}]*)\}")


def format_problems(template: Mapping[str, Any]) -> list[str]:
    """Why CloudFormation refuses a template before it looks at any value, each reason once; empty if it does not.

    What the template refers to is looked at only once its sections are well-formed.
    """
    return list(dict.fromkeys(_malformed(template))) or list(dict.fromkeys(_dangling(template)))


def _malformed(template: Mapping[str, Any]) -> Iterator[str]:
    unknown = [name for name in template if name not in _SECTIONS]
    if unknown:
        yield f"Invalid template property or properties [{', '.join(unknown)}]"
    resources = template.get("Resources")
    if not resources:
        yield "Template format error: At least one Resources member must be defined."
        return
    if not isinstance(resources, dict):
        yield "Template format error: Every Resources member must be an object."
        return
    yield from _nulls(template)
    yield from _malformed_parameters(template.get("Parameters") or {})
    yield from _malformed_resources(resources)
    if not template.get("Transform"):
        yield from _malformed_outputs(template.get("Outputs") or {})


def _dangling(template: Mapping[str, Any]) -> Iterator[str]:
    if template.get("Transform"):
        return  # a macro may still add what is referred to
    yield from _unknown_functions(template)
    yield from _unresolved(template)
    if not template.get("Conditions"):
        yield from _circles(template["Resources"], {})


def _nulls(template: Mapping[str, Any]) -> Iterator[str]:
    """https://github.com/aws-cloudformation/cfn-lint/issues/38."""

    def walk(node: Any, path: str) -> Iterator[str]:
        if node is None:
            yield f"[{path}] 'null' values are not allowed in templates"
        members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for name, member in members:
            yield from walk(member, f"{path}/{name}")

    for section in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs"):
        for found in walk(template.get(section, {}), f"/{section}"):
            yield re.sub(r"^\[(/Resources/[^/]+)/Properties/", r"[\1/Type/", found)


def _malformed_parameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    for name, parameter in parameters.items():
        if not isinstance(parameter, dict):
            yield "Template format error: Every Parameters member must be an object."
            continue
        for key in parameter:
            if key not in _PARAMETER_PROPERTIES:
                yield f"Invalid template parameter property '{key}'"
        kind = parameter.get("Type")
        if kind is None:
            yield "Template format error: Every Parameters object must contain a Type member."
        elif not isinstance(kind, str) or not _PARAMETER_TYPE.fullmatch(kind):
            yield f"Template format error: Unrecognized parameter type: {kind}"
        # https://github.com/aws-cloudformation/cfn-lint/issues/1295
        if not isinstance(parameter.get("AllowedValues", []), list):
            yield "Template format error: Every AllowedValues member must be a list."
        if not str(name).isalnum():
            yield f"Template format error: Parameter name {name} is non alphanumeric."


def _malformed_resources(resources: Mapping[str, Any]) -> Iterator[str]:
    for name, resource in resources.items():
        if str(name).startswith("Fn::ForEach::"):
            continue
        if not isinstance(resource, dict):
            yield "Template format error: Every Resources member must be an object."
            continue
        if not re.fullmatch(r"[a-zA-Z0-9]+", str(name)):
            # https://github.com/aws-cloudformation/cfn-lint/pull/160
            yield f"Template format error: Resource name {name} is non alphanumeric."
        if "Type" not in resource:
            yield f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        elif not isinstance(resource["Type"], str):
            # https://github.com/aws-cloudformation/cfn-lint/issues/1630
            yield f"Template format error: [/Resources/{name}] Every Type member must be a string."
        elif not resource["Type"].startswith("AWS::Serverless::"):
            for attribute in resource:
                if attribute not in _ATTRIBUTES:
                    # https://github.com/cloudtools/troposphere/pull/140
                    yield f"Invalid template resource property '{attribute}'"


def _malformed_outputs(outputs: Mapping[str, Any]) -> Iterator[str]:
    """https://github.com/aws-samples/aws-iot-chat-example/issues/1."""
    for output in outputs.values():
        if not isinstance(output, dict) or "Value" not in output:
            yield "Template format error: Every Outputs member must contain a Value object"


def _unknown_functions(template: Mapping[str, Any]) -> Iterator[str]:
    """https://github.com/aws/aws-cli/pull/2746."""
    for section in ("Conditions", "Resources", "Outputs"):
        for node in _objects(template.get(section) or {}):
            for key in node if len(node) == 1 else ():
                if str(key).startswith("Fn::") and key not in _FUNCTIONS and key not in _OF_TRANSFORMS:
                    yield (
                        f"Template error: Encountered unsupported function: {key} Supported functions are: "
                        f"[{', '.join(_FUNCTIONS)}]"
                    )


def _objects(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        yield node
    for member in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _objects(member)


def _unresolved(template: Mapping[str, Any]) -> Iterator[str]:
    parameters, resources = template.get("Parameters") or {}, template["Resources"]
    conditions = template.get("Conditions") or {}
    outside = sorted({name for name, _ in references(conditions) if name not in parameters and name not in _PSEUDO})
    if outside:
        # https://github.com/aws-cloudformation/cfn-lint/issues/99
        yield (
            f"Template format error: Unresolved dependencies [{', '.join(outside)}]. Cannot reference resources in "
            "the Conditions block of the template"
        )
    for section in ("Resources", "Outputs"):
        for condition, function in _conditions_of(template.get(section) or {}):
            if condition not in conditions:
                where = f"in {function}" if function else f"in the {section} block of the template"
                yield f"Template error: unresolved condition dependency {condition} {where}"
    for node in _objects(conditions):
        if isinstance(node.get("Condition"), str) and node["Condition"] not in conditions:
            yield f"Template error: unresolved condition dependency {node['Condition']} in the Conditions block"
    yield from _unresolved_in_blocks(template, {*parameters, *resources, *_PSEUDO})


def _unresolved_in_blocks(template: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    for section in ("Resources", "Outputs"):
        block = template.get(section) or {}
        for node in _objects(block):
            target = attribute_of(node.get("Fn::GetAtt")) if len(node) == 1 else None
            if target and target[0] not in template["Resources"]:
                yield f"Template error: instance of Fn::GetAtt references undefined resource {target[0]}"
        names = {name for member in block.values() for name, _ in references(member)}
        missing = sorted(name for name in names | _depended(block) if name not in known)
        if missing:
            yield unresolved(missing, section)


def unresolved(names: list[str], section: str) -> str:
    """CloudFormation's sentence for names that are none of the template's, or none of this stack's."""
    return (
        f"Template format error: Unresolved resource dependencies [{', '.join(names)}] in the {section} block of the "
        "template"
    )


def _conditions_of(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for member in block.values():
        if isinstance(member.get("Condition"), str):
            yield member["Condition"], ""
        for node in _objects(member):
            branches = node.get("Fn::If")
            if isinstance(branches, list) and branches and isinstance(branches[0], str):
                yield branches[0], "Fn::If"


def _depended(block: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for member in block.values():
        named = member.get("DependsOn", [])
        found |= {name for name in ([named] if isinstance(named, str) else named) if isinstance(name, str)}
    return found


def references(node: Any, conditions: Mapping[str, bool] | None = None) -> Iterator[tuple[str, str | None]]:
    """Name and attribute of each Ref, Fn::GetAtt and variable of Fn::Sub; of an Fn::If that is decided, one branch."""
    if isinstance(node, list):
        for member in node:
            yield from references(member, conditions)
    if not isinstance(node, dict):
        return
    for key, argument in node.items():
        if key == "Ref" and isinstance(argument, str):
            yield argument, None
        elif key == "Fn::GetAtt" and (target := attribute_of(argument)):
            yield target
        elif key == "Fn::Sub":
            yield from _variables(argument, conditions)
        elif key == "Fn::If" and conditions and isinstance(argument, list) and argument[0] in conditions:
            yield from references(argument[1:2] if conditions[argument[0]] else argument[2:], conditions)
        else:
            yield from references(argument, conditions)


def attribute_of(argument: Any) -> tuple[str, str] | None:
    """Resource and attribute of Fn::GetAtt, which is a list or `resource.attribute`; None for anything else."""
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) < 2 or not isinstance(parts[0], str):
        return None
    return parts[0], ".".join(map(str, parts[1:]))


def _variables(argument: Any, conditions: Mapping[str, bool] | None) -> Iterator[tuple[str, str | None]]:
    text, bound = (argument, {}) if isinstance(argument, str) else (*argument, {})[:2]
    for variable in _VARIABLE.findall(text if isinstance(text, str) else ""):
        if variable not in bound:
            name, _, attribute = variable.strip().partition(".")
            yield name, attribute or None
    yield from references(list(bound.values()) if isinstance(bound, dict) else [], conditions)


def _circles(resources: Mapping[str, Any], conditions: Mapping[str, bool]) -> Iterator[str]:
    """https://github.com/aws/serverless-application-model/issues/258."""
    needs = {
        name: {
            *(found for found, _ in references(resource.get("Properties", {}), conditions) if found in resources),
            *(found for found in _depended({name: resource}) if found in resources),
        }
        for name, resource in resources.items()
    }
    while free := {name for name, needed in needs.items() if not needed & needs.keys()}:
        needs = {name: needed for name, needed in needs.items() if name not in free}
    while idle := needs.keys() - set().union(*needs.values()):
        needs = {name: needed for name, needed in needs.items() if name not in idle}
    if needs:
        yield f"Circular dependency between resources: [{', '.join(needs)}]"


def stack_problem(template: Mapping[str, Any], conditions: Mapping[str, bool]) -> str | None:
    """Why CloudFormation refuses a template for these conditions: a resource that they leave out, or a circle.

    https://github.com/aws-solutions/media-insights-on-aws/issues/145
    """
    resources = template.get("Resources") or {}
    out = {name for name, one in resources.items() if not conditions.get(one.get("Condition"), True)}
    for section in ("Resources", "Outputs"):
        block = template.get(section) or {}
        kept = [one for one in block.values() if conditions.get(one.get("Condition"), True)]
        found = sorted({name for one in kept for name, _ in references(one, conditions)} & out)
        if found:
            return unresolved(found, section)
    return next(_circles({name: one for name, one in resources.items() if name not in out}, conditions), None)

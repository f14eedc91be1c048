"""The templates as plain data, and what the tests ask of them more than once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "cloudformation"
NAMES = ("setup", "pipeline", "workflows")

Template = dict[str, Any]

# The longest values that the templates allow, in the Region with the longest name among those of the mapping.
LONGEST = {
    "SuffixID": "a" * 12,
    "ModelName": "m" * 20,
    "BranchName": "main",
    "AWS::Partition": "aws",
    "AWS::Region": "ap-northeast-1",
    "AWS::AccountId": "111122223333",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackId": "arn:aws:cloudformation:ap-northeast-1:111122223333:stack/sample/1a2b3c4d-5e6f-11f0-9a8b-0a1b2c3d",
}


_NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, each turned into its long form."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def path(name: str) -> Path:
    return FOLDER / f"{name}.yml"


@cache
def load(name: str) -> Template:
    """Return the template as data, short forms written out; shared by all tests, so not to be changed."""
    return parse(path(name).read_text(encoding="utf-8"))


def parse(text: str) -> Template:
    """Return a template's text as data, short forms written out."""
    loader = _Loader(text)
    try:
        template: Template = loader.get_single_data()
    finally:
        loader.dispose()
    return template


@cache
def decided(name: str, **parameters: str) -> Template:
    """Return the template as CloudFormation sees it once its conditions are decided; not to be changed.

    `parameters` are values of parameters; the others have their defaults. Resources, outputs and values whose
    condition does not hold are left out, as is what refers to AWS::NoValue.
    """
    template = load(name)
    if unknown := set(parameters) - set(template["Parameters"]):
        raise KeyError(f"{path(name)} has no parameters {sorted(unknown)}")
    values = {key: str(parameter.get("Default", "")) for key, parameter in template["Parameters"].items()} | parameters
    conditions = template.get("Conditions", {})
    holding = {condition: _holds(expression, conditions, values) for condition, expression in conditions.items()}
    sections = {
        section: {
            key: _decide(item, holding)
            for key, item in template[section].items()
            if "Condition" not in item or holding[item["Condition"]]
        }
        for section in ("Resources", "Outputs")
    }
    return {**template, **sections}


def _holds(expression: Any, conditions: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    ((function, argument),) = expression.items()
    match function:
        case "Condition":
            return _holds(conditions[argument], conditions, values)
        case "Fn::Not":
            return not _holds(argument[0], conditions, values)
        case "Fn::Equals":
            first, second = (values[side["Ref"]] if isinstance(side, dict) else side for side in argument)
            return bool(first == second)
    raise NotImplementedError(f"{function} in a condition is not known to the tests")


def _decide(value: Any, holding: Mapping[str, bool]) -> Any:
    if isinstance(value, list):
        return [item for raw in value if (item := _decide(raw, holding)) is not _NO_VALUE]
    if not isinstance(value, dict):
        return value
    if value == {"Ref": "AWS::NoValue"}:
        return _NO_VALUE
    if set(value) == {"Fn::If"}:
        condition, yes, no = value["Fn::If"]
        return _decide(yes if holding[condition] else no, holding)
    return {key: item for key, raw in value.items() if (item := _decide(raw, holding)) is not _NO_VALUE}


def of_type(template: Template, resource_type: str) -> dict[str, dict[str, Any]]:
    """Return the resources of one type by logical id, in the template's order."""
    return {key: value for key, value in template["Resources"].items() if value["Type"] == resource_type}


def walk(value: Any) -> Iterator[Any]:
    """Yield `value` and everything inside it."""
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from walk(child)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def render(value: Any, template: Template, context: Mapping[str, str] = LONGEST) -> Any:
    """Return `value` with its intrinsic functions replaced, as CloudFormation would for `context`.

    What only a stack knows stays visible: `<Role.Arn>` for an attribute, `<export>` for an import, `<Id>` for a Ref.
    """
    if isinstance(value, list):
        return [render(item, template, context) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (function, argument), *_ = value.items()
        if function == "Ref" or function.startswith("Fn::"):
            return _evaluate(function, argument, template, context)
    return {key: render(item, template, context) for key, item in value.items()}


def _evaluate(function: str, argument: Any, template: Template, context: Mapping[str, str]) -> Any:
    match function:
        case "Ref":
            return context.get(argument, f"<{argument}>")
        case "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        case "Fn::ImportValue":
            return f"<{render(argument, template, context)}>"
        case "Fn::FindInMap":
            name, first, second = render(argument, template, context)
            return template["Mappings"][name][first][second]
        case "Fn::Sub":
            text, extra = argument if isinstance(argument, list) else (argument, {})
            known = {**context, **{key: render(item, template, context) for key, item in extra.items()}}
            return re.sub(r"\$\{([^}]+)\}", lambda found: str(known.get(found[1], f"<{found[1]}>")), text)
    return _evaluate_list(function, render(argument, template, context))


def _evaluate_list(function: str, argument: Any) -> Any:
    first, second = argument
    match function:
        case "Fn::Select":
            return second[first]
        case "Fn::Split":
            return second.split(first)
        case "Fn::Join":
            return first.join(second)
    raise NotImplementedError(f"{function} is not known to the tests")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a role's policy; `holders` are the roles that have it."""

    holders: tuple[str, ...]
    policy: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[Any, ...]
    condition: dict[str, Any]


def role_statements(template: Template) -> list[Statement]:
    """Return every statement of the roles' inline policies and of the policies that several roles share."""
    documents: list[tuple[tuple[str, ...], str, dict[str, Any]]] = []
    for role, resource in of_type(template, "AWS::IAM::Role").items():
        documents.extend(
            ((role,), policy["PolicyName"], policy["PolicyDocument"])
            for policy in resource["Properties"].get("Policies", [])
        )
    for resource in of_type(template, "AWS::IAM::Policy").values():
        properties = resource["Properties"]
        holders = tuple(role["Ref"] for role in properties["Roles"])
        documents.append((holders, properties["PolicyName"], properties["PolicyDocument"]))
    return [
        Statement(
            holders=holders,
            policy=policy,
            effect=statement["Effect"],
            actions=tuple(as_list(statement["Action"])),
            resources=tuple(as_list(statement["Resource"])),
            condition=statement.get("Condition", {}),
        )
        for holders, policy, document in documents
        for statement in document["Statement"]
    ]

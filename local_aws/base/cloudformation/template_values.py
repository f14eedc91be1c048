"""CloudFormation: values of parameters, and exports, refused in CloudFormation's words.

MiniStack refuses most of them in its own, and takes a parameter that the template does not have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any
from xml.etree.ElementTree import fromstring

from local_aws.base.tables import ministack

_PARAMETER = re.compile(r"Parameter '([A-Za-z0-9]+)' value '")
_NOT_ALLOWED, _NO_NUMBER = "' is not in AllowedValues: ", ("' is not a valid Number", "' is not a valid List<Number>")
_NO_EXPORT = re.compile(r"Export '(.+)' not found", re.DOTALL)
_IMPORTED = re.compile(r"Export ([^ ]+) is imported by stack ([^ ]+)")


def check_values() -> None:
    """Parameters: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html.

    Exports: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
    """
    handlers, stacks = ministack("services.cloudformation.handlers"), ministack("services.cloudformation.stacks")
    for module in (handlers, ministack("services.cloudformation.changesets")):
        module._resolve_parameters = partial(_resolve, module._resolve_parameters)  # noqa: SLF001
    stacks._resolve_refs = partial(_import, stacks._resolve_refs)  # noqa: SLF001
    imported = handlers._imported_export_names  # noqa: SLF001
    # A stack that was rolled back when it was created imports nothing.
    handlers._imported_export_names = lambda stack, name: (  # noqa: SLF001
        () if stack.get("StackStatus") == "ROLLBACK_COMPLETE" else imported(stack, name)
    )
    table = handlers._ACTION_HANDLERS  # noqa: SLF001
    table["DeleteStack"] = partial(_keep_exports, table["DeleteStack"])


def _resolve(
    resolve: Callable[..., dict[str, Any]],
    template: Mapping[str, Any],
    given: list[dict[str, Any]],
    previous: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    known = template.get("Parameters") or {}
    named = {one["Key"]: one for one in given if "Key" in one}
    unknown = [name for name in named if name not in known]
    if unknown:
        raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [
        name
        for name, one in known.items()
        if "Default" not in one
        and (name not in named or (named[name].get("UsePreviousValue") and name not in (previous or {})))
    ]
    if missing:
        # https://github.com/openedx-unsupported/configuration/issues/1993
        raise ValueError(f"Parameters: [{', '.join(missing)}] must have values")
    try:
        return resolve(template, given, previous)
    except ValueError as error:
        raise ValueError(_in_its_words(str(error))) from None


def _in_its_words(message: str) -> str:
    found = _PARAMETER.match(message)
    if found and _NOT_ALLOWED in message:
        # https://github.com/aws-amplify/amplify-cli/issues/6224
        return f"Parameter '{found[1]}' must be one of AllowedValues"
    if found and any(words in message for words in _NO_NUMBER):
        return f"Parameter '{found[1]}' must be a number"
    if found := _NO_EXPORT.fullmatch(message):
        # https://github.com/aws-cloudformation/aws-cloudformation-templates/issues/263
        return f"No export named {found[1]} found"
    if found := _IMPORTED.fullmatch(message):
        # https://github.com/rlister/stax/issues/40
        return f"Export {found[1]} cannot be deleted as it is in use by {found[2]}"
    return message


def _import(resolve: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    try:
        return resolve(*arguments, **more)
    except ValueError as error:
        raise ValueError(_in_its_words(str(error))) from None


def _keep_exports(delete: Callable[..., Any], parameters: Mapping[str, Any]) -> Any:
    answer = delete(parameters)
    if answer[0] == HTTPStatus.BAD_REQUEST:
        message = fromstring(answer[2]).findtext(".//{*}Message") or ""  # noqa: S314 - MiniStack's own answer
        if _IMPORTED.fullmatch(message):
            helpers = ministack("services.cloudformation.helpers")
            return helpers._error("ValidationError", _in_its_words(message))  # noqa: SLF001
    return answer

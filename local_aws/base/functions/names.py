"""Lambda: the names that a function may be created with.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import functools
import json
import re
from http import HTTPStatus
from typing import Any

from local_aws.base.tables import ministack

_LONGEST_NAME, _LONGEST_ARN = 64, 140


def refuse_function_names() -> None:
    """Refuse a name that Lambda's pattern excludes; MiniStack takes any text, and makes paths of it."""
    functions = ministack("services.lambda_svc")
    create = functions._create_function  # noqa: SLF001

    def create_function(data: dict[str, Any]) -> Any:
        found = refusal(data.get("FunctionName"))
        return _refuse(found) if found else create(data)

    functions._create_function = create_function  # noqa: SLF001


def refuse_stack_function_names() -> None:
    """The same for CloudFormation, which creates functions past Lambda's operation."""
    handlers = ministack("services.cloudformation.provisioners")._RESOURCE_HANDLERS["AWS::Lambda::Function"]  # noqa: SLF001
    create = handlers["create"]

    def create_function(logical_id: str, properties: dict[str, Any], *more: Any) -> Any:
        found = refusal(properties.get("FunctionName"))
        if found:
            raise ValueError(f"{found} (Service: Lambda, Status Code: {HTTPStatus.BAD_REQUEST.value})")
        return create(logical_id, properties, *more)

    handlers["create"] = create_function


def refusal(name: str | None) -> str | None:
    """Why Lambda refuses the name or ARN, both constraints in one message; None if it does not."""
    if not name:
        return None
    longest = _LONGEST_ARN if ":" in name else _LONGEST_NAME
    broken = []
    if not re.fullmatch(_pattern(), name):
        broken.append(f"Member must satisfy regular expression pattern: {_pattern()}")
    if len(name) > longest:
        broken.append(f"Member must have length less than or equal to {longest}")
    found = "; ".join(f"Value '{name}' at 'functionName' failed to satisfy constraint: {one}" for one in broken)
    errors = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''}"
    return f"{errors} detected: {found}" if broken else None


@functools.cache
def _pattern() -> str:
    from botocore.loaders import Loader  # noqa: PLC0415 - 20 MB that an idle local AWS does not need

    return str(Loader().load_service_model("lambda", "service-2")["shapes"]["FunctionName"]["pattern"])


def _refuse(message: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "ValidationException"}
    return HTTPStatus.BAD_REQUEST, headers, json.dumps({"message": message}).encode()

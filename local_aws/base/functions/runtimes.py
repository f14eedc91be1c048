"""Lambda: the runtimes that a function may be created with.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

import functools
import json
from http import HTTPStatus
from typing import Any

from local_aws.base.tables import ministack

NOT_UPDATED = frozenset({
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "nodejs",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "python2.7",
    "python3.6",
    "ruby2.5",
})  # fmt: skip
"""Those whose dates for "Block function create" and "Block function update" have both passed."""
NOT_CREATED = NOT_UPDATED | {"go1.x", "java8", "nodejs14.x", "provided", "python3.7", "ruby2.7"}
"""Those whose date for "Block function create" has passed."""


def refuse_runtimes() -> None:
    """Refuse a runtime that Lambda does not know or no longer creates functions with; MiniStack takes any text."""
    functions = ministack("services.lambda_svc")
    create, update = functions._create_function, functions._update_config  # noqa: SLF001

    def create_function(data: dict[str, Any]) -> Any:
        found = refusal(data.get("Runtime"), NOT_CREATED)
        return _refuse(found) if found else create(data)

    def update_config(name: str, data: dict[str, Any]) -> Any:
        found = refusal(data.get("Runtime"), NOT_UPDATED)
        return _refuse(found) if found else update(name, data)

    functions._create_function, functions._update_config = create_function, update_config  # noqa: SLF001


def refuse_stack_runtimes() -> None:
    """The same for CloudFormation, which creates functions past Lambda's operation."""
    provisioners = ministack("services.cloudformation.provisioners")
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]  # noqa: SLF001
    create = handlers["create"]

    def create_function(logical_id: str, properties: dict[str, Any], *more: Any) -> Any:
        found = refusal(properties.get("Runtime"), NOT_CREATED)
        if found:
            raise ValueError(f"{found} (Service: Lambda, Status Code: {HTTPStatus.BAD_REQUEST.value})")
        return create(logical_id, properties, *more)

    handlers["create"] = create_function


def refusal(runtime: str | None, blocked: frozenset[str]) -> str | None:
    """Why Lambda refuses the runtime; None if it does not."""
    if not runtime:
        return None
    if runtime not in _known():
        values = ", ".join(sorted(_known() - blocked))
        return (
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{values}] or be a valid ARN"
        )
    if runtime in blocked:
        return (
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )
    return None


@functools.cache
def _known() -> frozenset[str]:
    from botocore.loaders import Loader  # noqa: PLC0415 - 20 MB that an idle local AWS does not need

    return frozenset(Loader().load_service_model("lambda", "service-2")["shapes"]["Runtime"]["enum"])


def _refuse(message: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "InvalidParameterValueException"}
    body = {"__type": "InvalidParameterValueException", "Type": "User", "message": message}
    return HTTPStatus.BAD_REQUEST, headers, json.dumps(body).encode()

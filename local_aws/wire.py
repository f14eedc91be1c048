"""One front for the services of local AWS, driven by botocore's service models.

A service module is behaviour only: a table from operation name to `Operation`. This front parses and checks
the request by the model, asks IAM, calls the behaviour and answers in the service's protocol (JSON 1.1, or
REST-JSON for the SageMaker runtime). An operation that the model knows and the table lacks is answered with
its name, never with an empty success.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from local_aws import shapes

log = logging.getLogger(__name__)

Document = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]


class AwsError(Exception):
    """An error that a service answers: its code as modelled or observed, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400, **members: Any) -> None:
        """Keep further modelled members (such as OriginalStatusCode of ModelError) beside the message."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.members = code, message, status, members


@dataclass(frozen=True)
class Caller:
    """Who calls: the principal's ARN and where it calls."""

    account: str
    region: str
    arn: str
    access_key_id: str = ""
    partition: str = "aws"


@dataclass(frozen=True)
class Permission:
    """One check that IAM makes for a call; `context` holds condition keys such as `iam:PassedToService`."""

    action: str
    resource: str = "*"
    context: Mapping[str, Any] = field(default_factory=dict)


Behaviour = Callable[[Caller, Document], Mapping[str, Any] | None]
Authorizer = Callable[[Caller, Document], Iterable[Permission]]


@dataclass(frozen=True)
class Operation:
    """What runs for an operation, and what the caller must be allowed to do."""

    behaviour: Behaviour
    permissions: Authorizer


Identify = Callable[[Mapping[str, str], Mapping[str, Any]], Caller]
Enforce = Callable[[Caller, Permission], str | None]


class Service:
    """A service of local AWS behind the wire protocol of its botocore model."""

    def __init__(
        self, name: str, operations: Mapping[str, Operation], identify: Identify, enforce: Enforce, region: str = ""
    ) -> None:
        """`name` is botocore's; `identify` tells the caller of a request, `enforce` returns a denial or None.

        Requests that are signed for another Region than `region` are refused, if one is given.
        """
        self.name, self.region = name, region
        self.operations = operations
        self._identify, self._enforce = identify, enforce
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The service model, loaded at the first request and cut down to the operations of the table."""
        if self._model is None:
            self._model = load_model(self.name, frozenset(self.operations))
        return self._model

    @property
    def _is_json(self) -> bool:
        return str(self.model.metadata["protocol"]) == "json"

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> Response:
        """Answer one HTTP request; the signature was verified before."""
        return await asyncio.to_thread(self.answer, method, path, headers, body, query_params)

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Response:
        """Run in a worker thread, so behaviour may block."""
        try:
            name = self._operation_name(method, path, headers)
            caller = self._identify(headers, query)
            self._check_region(caller)
            shape = self.model.operation_model(name).input_shape
            document = self._read(name, shape, path, headers, body)
            return self._write(name, self.call(name, caller, document, enforce=True))
        except AwsError as error:
            return _error_response(error)
        except shapes.ShapeError as error:
            return _error_response(AwsError("ValidationException", str(error)))
        except shapes.SerializationError as error:
            return _error_response(AwsError("SerializationException", str(error)))
        except sqlite3.OperationalError as error:
            log.error("%s: %s", self.name, error)  # noqa: TRY400 - the disk's fault, and in the answer
            return _error_response(AwsError("ServiceUnavailable", f"Local AWS cannot store its state: {error}.", 503))
        except Exception:
            log.exception("%s: internal failure", self.name)
            return _error_response(AwsError("InternalFailure", "See the log of local AWS.", 500))

    def call(self, name: str, caller: Caller, document: Document, *, enforce: bool = False) -> Mapping[str, Any]:
        """Run an operation on an unparsed document; used by the wire and by CloudFormation's resource types."""
        operation = self.operations[name]
        shape = self.model.operation_model(name).input_shape
        parsed = shapes.parse(shape, document) if shape is not None else {}
        if enforce:
            for permission in operation.permissions(caller, parsed):
                denial = self._enforce(caller, permission)
                if denial:
                    raise AwsError("AccessDeniedException", denial)
        return operation.behaviour(caller, parsed) or {}

    def _check_region(self, caller: Caller) -> None:
        if self.region and caller.region != self.region:
            raise AwsError(
                "RegionNotEmulated",
                f"This local AWS runs {self.region} only, and the request is for {caller.region}. Use that Region, "
                f"or start another local AWS with --region {caller.region}.",
            )

    def _operation_name(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        if self._is_json:
            name = headers.get("x-amz-target", "").rpartition(".")[2]
        else:
            routes = self.model.metadata["routes"]
            name = next((n for n, (verb, pattern) in routes.items() if verb == method and pattern.match(path)), "")
        if name in self.operations:
            return name
        if name in self.model.metadata["allOperations"]:
            raise AwsError(
                "NotImplementedByLocalAws",
                f"Local AWS does not emulate {self.name}:{name}; AWS has it. See the README for what is emulated.",
                501,
            )
        raise AwsError("UnknownOperationException", f"{self.name} has no operation '{name or path}'.")

    def _read(self, name: str, shape: Any, path: str, headers: Mapping[str, str], body: bytes) -> Document:
        if self._is_json:
            read: Document = read_json(body)
            return read
        match = self.model.metadata["routes"][name][1].match(path)
        document: Document = {key: unquote(value) for key, value in match.groupdict().items()} if match else {}
        for member_shape in shape.members.values():
            if member_shape.serialization.get("location") == "header":
                value = headers.get(member_shape.serialization["name"].lower())
                if value is not None:
                    document[member_shape.serialization["name"]] = value
        payload = shape.serialization.get("payload")
        if payload:
            document[payload] = body
        return _by_wire_name(shape, document)

    def _write(self, name: str, result: Mapping[str, Any]) -> Response:
        shape = self.model.operation_model(name).output_shape
        if self.model.metadata["protocol"] != "rest-json":
            document = shapes.serialize(shape, result) if shape is not None else None
            body = b"" if document is None else json.dumps(document).encode()
            return 200, {"Content-Type": "application/x-amz-json-1.1"}, body
        headers = {
            member.serialization["name"]: str(result[key])
            for key, member in shape.members.items()
            if member.serialization.get("location") == "header" and result.get(key) is not None
        }
        return 200, headers, result.get(shape.serialization.get("payload", ""), b"")


def read_json(body: bytes) -> Any:
    """The document of a body. Raises SerializationError, also for what only Python takes for JSON."""
    try:
        return json.loads(body.decode(), parse_constant=_no_number) if body.strip() else {}
    except RecursionError:
        raise shapes.SerializationError("the body is nested too deeply") from None
    except ValueError as error:
        raise shapes.SerializationError(f"the body is not JSON: {error}") from None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _by_wire_name(shape: Any, document: Document) -> Document:
    """URI labels arrive under member names; the parser reads wire names."""
    names = {name: member.serialization.get("name", name) for name, member in shape.members.items()}
    return {names.get(key, key): value for key, value in document.items()}


def _error_response(error: AwsError) -> Response:
    document = {"__type": error.code, "message": error.message, "Message": error.message, **error.members}
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-errortype": error.code,
        "x-amzn-requestid": str(uuid.uuid4()),
    }
    return error.status, headers, json.dumps(document).encode()


def load_model(name: str, operations: frozenset[str]) -> Any:
    """Load botocore's model of a service, without the shapes that the operations do not reach.

    The full SageMaker model takes 15 MB of memory; a tenth of it is used here.
    """
    from botocore.loaders import Loader  # noqa: PLC0415 - not needed before the first request
    from botocore.model import ServiceModel  # noqa: PLC0415

    full = Loader().load_service_model(name, "service-2")
    missing = operations - set(full["operations"])
    if missing:
        raise KeyError(f"{name} has no operation {', '.join(sorted(missing))} in botocore's model")
    kept = {key: full["operations"][key] for key in sorted(operations)}
    metadata = {
        **full["metadata"],
        "allOperations": frozenset(full["operations"]),
        "routes": {key: (op["http"]["method"], _route(op["http"]["requestUri"])) for key, op in kept.items()},
    }
    return ServiceModel({"metadata": metadata, "operations": kept, "shapes": _reachable(full["shapes"], kept)}, name)


def _route(request_uri: str) -> re.Pattern[str]:
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(request_uri.partition("?")[0]))
    return re.compile(f"^{pattern}/?$")


def _reachable(all_shapes: Mapping[str, Any], operations: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    todo: list[Any] = list(operations.values())
    while todo:
        item = todo.pop()
        if isinstance(item, Mapping):
            name = item.get("shape")
            if isinstance(name, str) and name not in kept:
                kept[name] = _undocumented(all_shapes[name])
                todo.append(kept[name])
            todo.extend(value for value in item.values() if isinstance(value, Mapping | list))
        elif isinstance(item, list):
            todo.extend(item)
    return kept


def _undocumented(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {key: _undocumented(value) for key, value in shape.items() if key != "documentation"}
    return shape

"""Lambda: versions of a function, made as AWS makes them.

https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from local_aws.base.tables import ministack

_OF_A_MOMENT = ("State", "LastUpdateStatus")
_NOT_COMPARED = frozenset({"Version", "FunctionArn", "RevisionId", "LastModified", "Description"})


def publish_versions() -> None:
    """Make a version of code and configuration that the last one does not have, and of no others.

    MiniStack compares the revision, which is another one after an update that changes nothing and none after one by
    CloudFormation; it takes any `CodeSha256`, and publishes while the function is being updated.
    """
    functions = ministack("services.lambda_svc")
    publish, update = functions._publish_version, functions._update_code  # noqa: SLF001

    def publish_version(name: str, data: dict[str, Any]) -> Any:
        function = functions._functions.get(name)  # noqa: SLF001
        if function is None:
            return publish(name, data)
        config = function["config"]
        refused = _refusal(config, data)
        if refused:
            return refused
        last = max(function["versions"].values(), key=lambda one: int(one["config"]["Version"]), default=None)
        if last is not None and _compared(last["config"]) == _compared(config):
            last["function_revision"] = config.get("RevisionId")
        else:
            config["RevisionId"] = str(uuid4())
        return publish(name, data)

    def update_code(name: str, data: dict[str, Any]) -> Any:
        answer = update(name, {key: value for key, value in data.items() if key != "Publish"})
        if not data.get("Publish") or answer[0] != HTTPStatus.OK:
            return answer
        _, headers, body = publish(name, {})
        made = functions._functions[name]["versions"][json.loads(body)["Version"]]["config"]  # noqa: SLF001
        made |= {"State": "Active", "LastUpdateStatus": "Successful"}
        return HTTPStatus.OK, headers, json.dumps(made).encode()

    functions._publish_version, functions._update_code = publish_version, update_code  # noqa: SLF001


def _compared(config: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in config.items()
        if name not in _NOT_COMPARED and not name.startswith(_OF_A_MOMENT) and value not in (None, "", [], {})
    }


def _refusal(config: dict[str, Any], data: dict[str, Any]) -> Any:
    """Lambda's answer to a version that cannot be made; None if it can.

    Its sentences are from public reports: https://github.com/aws/aws-cli/issues/6718
    """
    if config.get("LastUpdateStatus") == "InProgress":
        message = (
            "The operation cannot be performed at this time. An update is in progress for resource: "
            f"{config['FunctionArn']}"
        )
        return _error(HTTPStatus.CONFLICT, "ResourceConflictException", message)
    if data.get("CodeSha256") and data["CodeSha256"] != config["CodeSha256"]:
        message = (
            f"CodeSHA256 ({data['CodeSha256']}) is different from current CodeSHA256 in $LATEST "
            f"({config['CodeSha256']}). Please try again with the CodeSHA256 in $LATEST."
        )
        return _error(HTTPStatus.BAD_REQUEST, "InvalidParameterValueException", message)
    if data.get("RevisionId") and data["RevisionId"] != config.get("RevisionId"):
        message = (
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id"
        )
        return _error(HTTPStatus.PRECONDITION_FAILED, "PreconditionFailedException", message)
    return None


def _error(status: HTTPStatus, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"__type": code, "Type": "User", "message": message}).encode()

"""Functions for the tests, made of a few lines of code."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for


@dataclass
class Function:
    """A function of a local AWS, with a role of its own."""

    aws: LocalServer
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    def call(self, event: Any = None) -> tuple[Any, str | None]:
        """The payload of the answer, and what `X-Amz-Function-Error` says."""
        answer = self.aws.client("lambda").invoke(FunctionName=self.name, Payload=json.dumps(event).encode())
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    def send(self, event: Any = None) -> None:
        payload = json.dumps(event).encode()
        self.aws.client("lambda").invoke(FunctionName=self.name, InvocationType="Event", Payload=payload)

    def log(self) -> list[str]:
        logs, group = self.aws.client("logs"), f"/aws/lambda/{self.name}"
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    def until_logged(self, text: str, times: int = 1) -> list[str]:
        def found() -> list[str]:
            lines = self.log()
            return lines if sum(text in line for line in lines) >= times else []

        lines: list[str] = wait_for(found, f"{text!r} {times} times in the log of {self.name}")
        return lines


def deploy(
    aws: LocalServer,
    name: str,
    code: str,
    *rights: dict[str, Any],
    files: Mapping[str, str] | None = None,
    **values: Any,
) -> Function:
    """Create a function whose `app.py` holds the code; `files` are further ones of its package."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        for path, text in {"app.py": code, **(files or {})}.items():
            archive.writestr(path, text)
    role = aws.create_role(f"{name}-role", "lambda.amazonaws.com", allow("logs:*"), *rights)
    settings: dict[str, Any] = {"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 20} | values
    aws.client("lambda").create_function(FunctionName=name, Role=role, Code={"ZipFile": package.getvalue()}, **settings)
    return Function(aws, name)

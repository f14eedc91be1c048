"""CodeConnections of local AWS.

https://docs.aws.amazon.com/codeconnections/latest/APIReference/Welcome.html. The older service name
`codestar-connections` is answered as well: its ARNs and actions are still in use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from local_aws import base, ids
from local_aws.base import ResourceType
from local_aws.codeconnections.links import PENDING, Link, Links
from local_aws.codeconnections.watch import OnPush, Watch
from local_aws.runtime import Runtime
from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError, Caller, Document, Operation, Permission

NAMES = ("codeconnections", "codestar-connections")
_NOT_FOUND = "ResourceNotFoundException"


class CodeConnectionsService:
    """Connections, and the access of pipelines through them."""

    def __init__(self, runtime: Runtime) -> None:
        """Repositories are not polled before `watch`."""
        self._runtime = runtime
        self.links = Links(runtime.store)
        self._watch = Watch(self.links, runtime.settings.state)

    def operations(self, service: str) -> dict[str, Operation]:
        """The operations under one of the service's two names."""

        def operation(name: str, behaviour: Callable[[Caller, Document], Any], member: str) -> Operation:
            def permissions(_caller: Caller, request: Document) -> list[Permission]:
                return [Permission(f"{service}:{name}", request.get(member, "*"))]

            return Operation(behaviour, permissions)

        def create(_caller: Caller, request: Document) -> dict[str, Any]:
            return self.create(service, request)

        return {
            "CreateConnection": operation("CreateConnection", create, ""),
            "GetConnection": operation("GetConnection", self.get, "ConnectionArn"),
            "ListConnections": operation("ListConnections", self.list, ""),
            "DeleteConnection": operation("DeleteConnection", self.delete, "ConnectionArn"),
            "ListTagsForResource": operation("ListTagsForResource", self.list_tags, "ResourceArn"),
            "TagResource": operation("TagResource", self.tag, "ResourceArn"),
            "UntagResource": operation("UntagResource", self.untag, "ResourceArn"),
        }

    def create(self, service: str, request: Document) -> dict[str, Any]:
        """Create a connection, PENDING until its handshake."""
        name, tags = request["ConnectionName"], request.get("Tags", [])
        arn = f"arn:aws:{service}:{self._runtime.settings.region}:{ACCOUNT}:connection/{ids.new_uuid()}"
        if self._runtime.store.row("SELECT 1 FROM connection WHERE name = ?", name):
            raise AwsError("InvalidInputException", f"A connection named '{name}' already exists.")
        self._runtime.store.execute(
            "INSERT INTO connection VALUES (?, ?, ?, ?, ?)",
            arn,
            name,
            request.get("ProviderType", "GitHub"),
            PENDING,
            json.dumps({tag["Key"]: tag["Value"] for tag in tags}),
        )
        return {"ConnectionArn": arn, "Tags": tags}

    def get(self, _caller: Caller, request: Document) -> dict[str, Any]:
        return {"Connection": _described(self._row(request["ConnectionArn"]))}

    def list(self, _caller: Caller, request: Document) -> dict[str, Any]:
        wanted = request.get("ProviderTypeFilter")
        rows = self._runtime.store.rows("SELECT * FROM connection ORDER BY name")
        return {"Connections": [_described(row) for row in rows if wanted in (None, row["provider"])]}

    def delete(self, _caller: Caller, request: Document) -> None:
        arn = self._row(request["ConnectionArn"])["arn"]
        with self._runtime.store.transaction() as connection:
            for table in ("connection", "connection_repository", "connection_tip"):
                connection.execute(f"DELETE FROM {table} WHERE arn = ?", (arn,))  # noqa: S608 - a fixed list

    def list_tags(self, _caller: Caller, request: Document) -> dict[str, Any]:
        tags: dict[str, str] = json.loads(self._row(request["ResourceArn"])["tags"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}

    def tag(self, _caller: Caller, request: Document) -> None:
        tags = json.loads(self._row(request["ResourceArn"])["tags"])
        self._set_tags(request["ResourceArn"], tags | {tag["Key"]: tag["Value"] for tag in request["Tags"]})

    def untag(self, _caller: Caller, request: Document) -> None:
        tags = json.loads(self._row(request["ResourceArn"])["tags"])
        self._set_tags(request["ResourceArn"], {k: v for k, v in tags.items() if k not in request["TagKeys"]})

    def _set_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        self._runtime.store.execute("UPDATE connection SET tags = ? WHERE arn = ?", json.dumps(dict(tags)), arn)

    def _row(self, arn: str) -> Any:
        row = self._runtime.store.row("SELECT * FROM connection WHERE arn = ?", arn)
        if row is None:
            raise AwsError(_NOT_FOUND, f"Connection {arn} does not exist.")
        return row

    def repository(self, caller: Caller, arn: str, full_name: str) -> Link:
        """The repository behind a connection, for a caller that may use it.

        Either action's name is accepted, as newer connections carry the newer prefix and policies often name one of
        the two (https://docs.aws.amazon.com/dtconsole/latest/userguide/rename.html). Raises AwsError.
        """
        keys = {f"{name}:FullRepositoryId": full_name for name in NAMES}
        denials = [base.enforce(caller, Permission(f"{name}:UseConnection", arn, keys)) for name in NAMES]
        if all(denials):
            raise AwsError("AccessDeniedException", str(denials[0]))
        row = self._row(arn)
        link = self.links.find(arn, full_name)
        if link is None:
            raise AwsError(
                _NOT_FOUND,
                f"Connection {row['name']} is {row['status']} and has no repository {full_name} on this machine. "
                f"Link one: python -m local_aws connect {row['name']} {full_name}=PATH",
            )
        return link

    def provider(self, arn: str) -> str:
        """The provider of a connection, such as GitHub. Raises AwsError."""
        return str(self._row(arn)["provider"])

    def watch(self, on_push: OnPush) -> None:
        """Report pushes to linked repositories from now on."""
        self._watch.start(on_push)

    def resume(self) -> None:
        """Do nothing: `watch` finds what was pushed in the meantime."""

    def stop(self) -> None:
        """End the thread that polls."""
        self._watch.stop()

    def resource_types(self) -> dict[str, ResourceType]:
        """AWS::CodeConnections::Connection, also under its older name."""
        return {
            "AWS::CodeConnections::Connection": self._resource_type("codeconnections"),
            "AWS::CodeStarConnections::Connection": self._resource_type("codestar-connections"),
        }

    def _resource_type(self, service: str) -> ResourceType:
        def create(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, Any]]:
            return self._attributes(self.create(service, properties)["ConnectionArn"])

        def update(arn: str, old: dict[str, Any], new: dict[str, Any], _stack: str) -> tuple[str, dict[str, Any]]:
            if any(old.get(key) != new.get(key) for key in ("ConnectionName", "ProviderType", "HostArn")):
                return self._attributes(self.create(service, new)["ConnectionArn"])
            self._set_tags(arn, {tag["Key"]: tag["Value"] for tag in new.get("Tags", [])})
            return self._attributes(arn)

        def delete(arn: str, _properties: dict[str, Any]) -> None:
            if self._runtime.store.row("SELECT 1 FROM connection WHERE arn = ?", arn):
                self.delete(base.root_caller(self._runtime.settings.region), {"ConnectionArn": arn})

        return ResourceType(create, update, delete)

    def _attributes(self, arn: str) -> tuple[str, dict[str, Any]]:
        return arn, {
            "ConnectionArn": arn,
            "ConnectionStatus": self._row(arn)["status"],
            "OwnerAccountId": ACCOUNT,
        }


def _described(row: Any) -> dict[str, Any]:
    return {
        "ConnectionName": row["name"],
        "ConnectionArn": row["arn"],
        "ProviderType": row["provider"],
        "OwnerAccountId": ACCOUNT,
        "ConnectionStatus": row["status"],
    }

"""Roles with the policies that IAM holds for those of a stack, for tests that ask what a role is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_server import ACCOUNT
from tests.releases.house import House

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
"""With the logical id of a role of the stack, whose name is put in with a call."""


Client = Callable[[str], Any]
"""Gives a service's client with the credentials of a role."""
Call = Callable[[Client], Any]
Refused = tuple[str, str, Call, str]
"""Role, what it is refused, the call, the action that IAM names."""


def asked(service: str, operation: str, **arguments: Any) -> Call:
    return lambda client: getattr(client(service), operation)(**arguments)


def read(bucket: str, key: str) -> Call:
    return asked("s3", "get_object", Bucket=bucket, Key=key)


def write(bucket: str, key: str, **more: Any) -> Call:
    return asked("s3", "put_object", Bucket=bucket, Key=key, Body=b"x", **more)


def listed(bucket: str, prefix: str) -> Call:
    return asked("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix)


def each_refused(refused: list[Refused]) -> pytest.MarkDecorator:
    """Run a test for each row with its role, call and action."""
    rows = [pytest.param(role, call, action, id=f"{role}: {what}") for role, what, call, action in refused]
    return pytest.mark.parametrize(("role", "call", "action"), rows)


def is_refused(client: Client, call: Call, action: str) -> None:
    """Make a call, and hold that IAM refuses just this action."""
    with pytest.raises(ClientError) as raised:
        call(client)
    error = raised.value.response["Error"]
    assert error["Code"] in {"AccessDenied", "AccessDeniedException"}, error
    assert f"not authorized to perform: {action} " in f"{error['Message']} ", error


class Copies:
    """Roles with the policies of the stack's roles, which the root user may assume."""

    def __init__(self, house: House, stack: str) -> None:
        self._house = house
        self._keys: dict[str, tuple[str, str, str]] = {}
        pages = house.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        self.names: dict[str, str] = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::IAM::Role"
        }

    def client(self, role: str, service: str) -> Any:
        if role not in self._keys:
            self._keys[role] = self._assume(role)
        key, secret, token = self._keys[role]
        client = self._house.server.client(service, key, secret, token)
        client.meta.events.register("provide-client-params.sagemaker", self._name_roles)
        return client

    def _assume(self, role: str) -> tuple[str, str, str]:
        iam, copy = self._house.client("iam"), f"copy-of-{role}"
        trusted = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        tags = iam.list_role_tags(RoleName=self.names[role])["Tags"]
        arn = iam.create_role(RoleName=copy, AssumeRolePolicyDocument=trust, Tags=tags)["Role"]["Arn"]
        for policy in iam.list_role_policies(RoleName=self.names[role])["PolicyNames"]:
            document = iam.get_role_policy(RoleName=self.names[role], PolicyName=policy)["PolicyDocument"]
            iam.put_role_policy(RoleName=copy, PolicyName=policy, PolicyDocument=json.dumps(document))
        found = self._house.client("sts").assume_role(RoleArn=arn, RoleSessionName="copy")["Credentials"]
        return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]

    def _name_roles(self, params: dict[str, Any], **_more: Any) -> dict[str, Any]:
        """Put the names that IAM gave the roles into a request that names them by their logical ids."""
        return {
            key: ROLE + self.names[value.removeprefix(ROLE)]
            if isinstance(value, str) and value.startswith(ROLE)
            else value
            for key, value in params.items()
        }

    def delete(self) -> None:
        iam = self._house.client("iam")
        for role in self._keys:
            for policy in iam.list_role_policies(RoleName=f"copy-of-{role}")["PolicyNames"]:
                iam.delete_role_policy(RoleName=f"copy-of-{role}", PolicyName=policy)
            iam.delete_role(RoleName=f"copy-of-{role}")

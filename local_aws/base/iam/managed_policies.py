"""IAM: AWS-managed policies, and attachments that IAM refuses.

`managed_policies.json` holds the policies that AWS publishes for the services that local AWS is used with, as
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html lists them. One that it does not hold
is unknown here and cannot be attached: a role that has it would be green here and, with a typing error in its name,
refused by AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local_aws.base.tables import check_before, ministack

_PUBLISHED = Path(__file__).with_name("managed_policies.json")
_PREFIX = "arn:aws:iam::aws:policy/"
_ATTACHING = ("AttachRolePolicy", "AttachUserPolicy", "AttachGroupPolicy")
_ENTITIES = (("Roles", "role", "_roles"), ("Users", "user", "_users"), ("Groups", "group", "_groups"))


def load_managed_policies() -> None:
    """Replace MiniStack's documents of AWS-managed policies, and refuse to attach a policy that there is not.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
    """
    iam = ministack("services.iam")
    for name, policy in json.loads(_PUBLISHED.read_text(encoding="utf-8")).items():
        record = iam._make_aws_managed_record(name, json.dumps(policy["Document"]))  # noqa: SLF001
        version = record["Versions"].pop("v1")
        version |= {"VersionId": policy["DefaultVersionId"], "CreateDate": policy["UpdateDate"]}
        record["Versions"][policy["DefaultVersionId"]] = version
        record |= {key: policy[key] for key in ("CreateDate", "UpdateDate", "DefaultVersionId")}
        iam._aws_managed_policies[_PREFIX + name] = record  # noqa: SLF001
    for operation in _ATTACHING:
        _refuse_unknown(iam, operation)


def _refuse_unknown(iam: Any, operation: str) -> None:
    attach = iam._IAM_HANDLERS[operation]  # noqa: SLF001

    def attach_known(parameters: Mapping[str, Any]) -> Any:
        arn = iam._p(parameters, "PolicyArn")  # noqa: SLF001
        if not iam._policy_exists(arn):  # noqa: SLF001
            return iam._error(HTTPStatus.NOT_FOUND, "NoSuchEntity", _missing(arn), ns="iam")  # noqa: SLF001
        return attach(parameters)

    iam._IAM_HANDLERS[operation] = attach_known  # noqa: SLF001
    # CloudFormation's resource types call the function by its name.
    setattr(iam, attach.__name__, attach_known)


def refuse_missing_stack_policies() -> None:
    """Fail a stack whose role or user has a policy that there is not, or whose policy names a missing entity.

    The sentences are IAM's: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
    """
    handlers = ministack("services.cloudformation.provisioners")._RESOURCE_HANDLERS  # noqa: SLF001
    for kind in ("Role", "User"):
        check_before(handlers[f"AWS::IAM::{kind}"], _require_policies)
    check_before(handlers["AWS::IAM::ManagedPolicy"], _require_entities)


def _require_policies(properties: Mapping[str, Any]) -> None:
    iam = ministack("services.iam")
    named = [*properties.get("ManagedPolicyArns", []), properties.get("PermissionsBoundary")]
    for arn in filter(None, named):
        if not iam._policy_exists(arn):  # noqa: SLF001
            raise ValueError(_from_iam(_missing(arn)))


def _require_entities(properties: Mapping[str, Any]) -> None:
    iam = ministack("services.iam")
    for key, kind, table in _ENTITIES:
        for name in properties.get(key) or []:
            if getattr(iam, table).get(name) is None:
                raise ValueError(_from_iam(f"The {kind} with name {name} cannot be found."))


def _missing(arn: str) -> str:
    return f"Policy {arn} does not exist or is not attachable."


def _from_iam(message: str) -> str:
    """IAM's sentence as CloudFormation reports it."""
    return f"{message} (Service: Iam, Status Code: 404)"

"""Roles assumed by services, and access keys looked up."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, dataclass
from typing import Any

from local_aws.base.tables import ministack
from local_aws.settings import ACCOUNT


@dataclass(frozen=True, repr=False)
class Credentials:
    """Temporary credentials of a role; never printed."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: float
    """Unix time, seconds."""

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id})"


class RoleNotAssumableError(Exception):
    """The role does not exist, or does not trust the service; the message says which."""


SESSION_S = 3600.0
_opened: MutableMapping[str, dict[str, Any]] = {}
_lock = threading.Lock()


def store_credentials(table: MutableMapping[str, dict[str, Any]]) -> None:
    """Keep there what `assume_role` returns, to return it again as long as it is good for half of its time."""
    global _opened  # noqa: PLW0603 - one local AWS is one process
    _opened = table


def assume_role(
    role_arn: str,
    service: str,
    session_name: str,
    source_arn: str,
    policy: Mapping[str, Any] | None = None,
    *,
    lasts_s: float = SESSION_S,
) -> Credentials:
    """Assume a role as an AWS service does, and return its credentials.

    The role's trust policy must name the service principal and its conditions must hold for `aws:SourceArn` and
    `aws:SourceAccount`. `policy` is a session policy: what the credentials may do at most.
    Raises RoleNotAssumableError.
    """
    require_trust(role_arn, service, source_arn)
    key = _key(role_arn, service, session_name, policy)
    with _lock:
        held = _opened.get(key)
        if held and held["expires_at"] - time.time() > lasts_s / 2:
            return Credentials(**held)
        credentials = _open_session(role_arn, session_name, policy, lasts_s)
        _opened[key] = asdict(credentials)
        return credentials


def end_session(role_arn: str, service: str, session_name: str) -> None:
    """Let the credentials of a session end before their time, once what they were given to is gone."""
    with _lock:
        held = _opened.pop(_key(role_arn, service, session_name, None), None)
    if held:
        ministack("services.sts")._sessions.pop(held["access_key_id"], None)  # noqa: SLF001


def _key(role_arn: str, service: str, session_name: str, policy: Mapping[str, Any] | None) -> str:
    return hashlib.sha256(json.dumps([role_arn, service, session_name, policy], sort_keys=True).encode()).hexdigest()


def _open_session(role_arn: str, session_name: str, policy: Mapping[str, Any] | None, lasts_s: float) -> Credentials:
    role_name = role_arn.rpartition("/")[2]
    credentials = Credentials(
        access_key_id="ASIA" + secrets.token_hex(8).upper(),
        secret_access_key=secrets.token_urlsafe(30),
        session_token=secrets.token_urlsafe(60),
        expires_at=time.time() + lasts_s,
    )
    session: dict[str, Any] = {
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{session_name[:64]}",
        "UserId": f"{role_name}:{session_name[:64]}",
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expires_at,
        "AccountId": ACCOUNT,
        "PrincipalType": "AssumedRole",
        "SessionPolicies": {"Policy": json.dumps(policy)} if policy else None,
    }
    ministack("services.sts").register_session(credentials.access_key_id, session)
    return credentials


def require_trust(role_arn: str, service: str, source_arn: str | None) -> None:
    """See that there is the role, and that it lets a service assume it for a resource, or for any if that is None.

    Raises RoleNotAssumableError.
    """
    evaluator = ministack("core.iam_evaluator")
    role = ministack("services.iam")._roles.get(role_arn.rpartition("/")[2])  # noqa: SLF001
    if role is None or role["Arn"] != role_arn:
        raise RoleNotAssumableError(f"The role {role_arn} does not exist.")
    document = role["AssumeRolePolicyDocument"]
    document = json.loads(document) if isinstance(document, str) else document
    context = evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=ACCOUNT,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region="",
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": ACCOUNT},
    )
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        if (
            statement.get("Effect") == "Allow"
            and evaluator._service_principal_matches(statement.get("Principal"), service)  # noqa: SLF001
            and (source_arn is None or evaluator._conditions_met(statement.get("Condition", {}), context))  # noqa: SLF001
        ):
            return
    raise RoleNotAssumableError(
        f"The role {role_arn} does not allow {service} to assume it for {source_arn or 'any resource'}."
    )


@dataclass(frozen=True, repr=False)
class AccessKey:
    """An access key and whose it is; never printed."""

    access_key_id: str
    secret_access_key: str
    principal_arn: str


def find_access_key(access_key_id: str, session_token: str) -> AccessKey | None:
    """The secret of an active key; None if the key is unknown, inactive or expired, or the token is another's."""
    evaluator = ministack("core.iam_evaluator")
    found = evaluator.resolve_credential(access_key_id, ACCOUNT, session_token)
    if isinstance(found, evaluator.CredentialResolutionError):
        return None
    return AccessKey(access_key_id, found.secret_access_key, found.principal_arn)

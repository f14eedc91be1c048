"""Signatures: MiniStack is told whom the gate has let in, and knows no other caller.

MiniStack takes every secret for the keys `test` and twelve digits, and has paths that need no signature.
"""

from __future__ import annotations

import hmac
import json
import secrets
import sys
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any

from local_aws.base.iam.roles import AccessKey
from local_aws.base.tables import ministack
from local_aws.serving.root import RootKey
from local_aws.settings import ACCOUNT

_CFN_RESPONSE, _CFN_SIGNAL = "/_ministack/cfn-response/", "/_ministack/cfn-signal/"
_function_keys: set[str] = set()
_UNKNOWN_KEY = ("UnrecognizedClientException", "The security token included in the request is invalid.")


def set_root_key(root: RootKey) -> None:
    """Let the account's root user have this key, and no other key stand for it."""
    evaluator = ministack("core.iam_evaluator")
    unchecked, resolve = evaluator._SESSION_TOKEN_NOT_CHECKED, evaluator.resolve_credential  # noqa: SLF001

    def resolve_credential(access_key_id: str, account_id: str | None = None, session_token: Any = unchecked) -> Any:
        if access_key_id != root.access_key_id:
            if _is_of_earlier_process(access_key_id):
                return evaluator._unknown_access_key()  # noqa: SLF001
            return resolve(access_key_id, account_id, session_token)
        if session_token is not unchecked and session_token:
            return evaluator._invalid_session_token()  # noqa: SLF001
        return evaluator.ResolvedCredential(
            access_key_id=access_key_id,
            secret_access_key=root.secret_access_key,
            account_id=ACCOUNT,
            principal_arn=f"arn:aws:iam::{ACCOUNT}:root",
            principal_id=ACCOUNT,
            principal_type="Root",
            source_access_key_id=access_key_id,
        )

    for module in ("core.iam_evaluator", "services.sts", "services.s3"):
        ministack(module).resolve_credential = resolve_credential
    for module in ("core.iam_evaluator", "services.sts"):
        ministack(module).is_root_access_key = lambda _key_id: False


def _is_of_earlier_process(access_key_id: str) -> bool:
    """Whether a key is a function's of another run: those do not expire, and end with the run."""
    session = ministack("services.sts")._sessions.get(access_key_id)  # noqa: SLF001
    return session is not None and "Expiration" not in session and access_key_id not in _function_keys


def close_unsigned_paths() -> None:
    """Leave of MiniStack's own paths only CloudFormation's two, which are answered by token, and trust the gate.

    The rest (health, reset, config, code of functions, messages of SES, SQS and SNS, OAuth, preflights that allow
    every page) is reachable without a signature, and none of it is AWS's.
    """
    app = ministack("app")
    answer_callback = app._handle_post_body_shortcuts  # noqa: SLF001

    async def nothing(*_arguments: Any) -> None:
        return None

    async def only_callbacks(method: str, path: str, *rest: Any) -> Any:
        if path.startswith((_CFN_RESPONSE, _CFN_SIGNAL)):
            return await answer_callback(method, path, *rest)
        return None

    app._handle_pre_body_request = nothing  # noqa: SLF001
    app._handle_post_body_shortcuts = only_callbacks  # noqa: SLF001
    app.pin_signed_request = lambda *_arguments, **_more: None
    # Every name is taken for a service of AWS's, so that one that MiniStack lacks is not taken for a bucket.
    ministack("core.router")._is_aws_service_name = lambda _name: True  # noqa: SLF001


def expects_callback(path: str) -> bool:
    """Whether a custom resource or a wait condition waits for the token that a path ends in."""
    token = path.rpartition("/")[2]
    # Nothing waits before CloudFormation is loaded, which takes a second.
    if path.startswith(_CFN_RESPONSE):
        resources = sys.modules.get("ministack.services.cloudformation.custom_resource")
        return resources is not None and token in resources._pending  # noqa: SLF001
    conditions = sys.modules.get("ministack.services.cloudformation.wait_conditions")
    return conditions is not None and bool(conditions.has_handle(token))


def resolve_key(access_key_id: str, session_token: str) -> AccessKey | tuple[str, str]:
    """The active key of that name, whose session token is the one given; else AWS's code and message."""
    evaluator = ministack("core.iam_evaluator")
    found = evaluator.resolve_credential(access_key_id, ACCOUNT, session_token)
    if not isinstance(found, evaluator.CredentialResolutionError):
        return AccessKey(access_key_id, found.secret_access_key, found.principal_arn)
    if found.code == "InvalidToken" and not session_token:
        return _UNKNOWN_KEY  # a key of a session without its token is unknown
    return found.code, found.message


def accept_caller(access_key_id: str) -> None:
    """Tell MiniStack's code, for the request under way, that this key has signed it."""
    evaluator = ministack("core.iam_evaluator")
    evaluator._signed_request.set(None)  # noqa: SLF001
    evaluator._verified_key.set(access_key_id)  # noqa: SLF001
    evaluator._anonymous.set(False)  # noqa: SLF001 - a flag of MiniStack's


@lru_cache(maxsize=512)
def knows_service(signing_name: str) -> bool:
    """Whether a service of that name in a signature is MiniStack's or ours."""
    headers = {"authorization": f"AWS4-HMAC-SHA256 Credential=key/date/region/{signing_name}/aws4_request"}
    return ministack("core.router").detect_service("POST", "/", headers, {}) in ministack("app").SERVICE_HANDLERS


_QUERY_PROTOCOL = frozenset({
    "autoscaling",
    "cloudformation",
    "cloudsearch",
    "ec2",
    "elasticache",
    "elasticbeanstalk",
    "elasticloadbalancing",
    "email",
    "iam",
    "importexport",
    "monitoring",
    "rds",
    "redshift",
    "sdb",
    "ses",
    "sns",
    "sqs",
    "sts",
})  # fmt: skip
"""Signing names of the services that name their operation by a parameter `Action`, by botocore's models."""


def speaks_query(signing_name: str) -> bool:
    """Whether requests of a service, by its name in a signature, may name their operation in a parameter."""
    return signing_name in _QUERY_PROTOCOL


def routes_to(signing_name: str, method: str, path: str, headers: Mapping[str, str]) -> bool:
    """Whether a request goes to the service that its signature names, whatever else it says."""
    router = ministack("core.router")
    found = router.detect_service(method, path, dict(headers), {})
    of_scope = {name: headers.get(name, "") for name in ("authorization", "host")}
    if found == router.detect_service(method, path, of_scope, {}):
        return True
    return signing_name in {
        found,
        router.SERVICE_PATTERNS.get(found, {}).get("credential_scope"),
        _SIGNED_AS.get(found),
    }


_SIGNED_AS = {"sagemaker-api": "sagemaker"}


def refusal_answer(
    request: tuple[str, str, Mapping[str, str], Mapping[str, Sequence[str]]],
    code: str,
    message: str,
    status: int | None,
    members: Mapping[str, str],
) -> tuple[int, dict[str, str], bytes]:
    """A refusal in the protocol of the service that a request (method, path, headers, query) is for."""
    method, path, headers, query = request
    service = ministack("core.router").detect_service(method, path, dict(headers), dict(query))
    if service not in ministack("app").SERVICE_HANDLERS:
        service = _protocol_twin(headers)
    actions, responses = ministack("core.iam_actions"), ministack("core.responses")
    if service == "s3" and code not in actions._AUTH_FAILURES:  # noqa: SLF001
        return _s3_answer(code, message, status or 403, members)
    found = actions.access_denied_response(
        service, "", "", str(uuid.uuid4()), error_code=code, message=message, headers=dict(headers)
    )
    own_status, own_headers, body = found
    responses.fix_error_content_type(service, own_status, own_headers)
    return (status if status and code not in actions._AUTH_FAILURES else own_status), own_headers, body  # noqa: SLF001


def _protocol_twin(headers: Mapping[str, str]) -> str:
    """A service that speaks the protocol that a request to an unknown service is in."""
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return "iam"
    return "monitoring" if "cbor" in headers.get("smithy-protocol", "") else "kms"


def _s3_answer(code: str, message: str, status: int, members: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    more = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}"
        f"<RequestId>{uuid.uuid4()}</RequestId></Error>"
    )
    return status, {"Content-Type": "application/xml"}, body.encode()


def make_credentials_secret() -> None:
    """Make the credentials of a function's role unguessable; MiniStack derives them from the function's ARN.

    They last as long as this process, as those of a warm worker must.
    """
    salt = secrets.token_bytes(32)

    def execution_credentials(config: Mapping[str, Any]) -> dict[str, str]:
        role = str(config.get("Role", "")).rpartition("/")[2]
        function, subject = (
            str(config.get("FunctionName", "")),
            json.dumps([config.get("FunctionArn"), config.get("Role")]),
        )
        key, secret, token = (hmac.digest(salt, f"{name} {subject}".encode(), "sha256").hex() for name in "kst")
        key_id = f"ASIA{key[:16].upper()}"
        _function_keys.add(key_id)
        session = {
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{function[:64]}",
            "UserId": f"{role}:{function[:64]}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        }
        ministack("services.sts").register_session(key_id, session)
        return {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    for module in ("core.lambda_runtime", "services.lambda_svc"):
        ministack(module).execution_credentials = execution_credentials

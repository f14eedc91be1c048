"""IAM and S3: policies that AWS refuses to store, as they would allow or deny nothing of what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from local_aws.base.tables import check_before, ministack

_VERSIONS = {"2008-10-17", "2012-10-17"}
_ELEMENTS = {"Version", "Id", "Statement"}
_STATEMENT = {
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
}
_SYNTAX = "Syntax errors in policy."
_NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
_IN_STACKS: Mapping[str, tuple[str, ...]] = {
    "AWS::IAM::ManagedPolicy": (),
    "AWS::IAM::Role": ("Policies",),
    "AWS::IAM::User": ("Policies",),
}
"""Types whose policies MiniStack does not look at, and the list that they stand in where they are several."""


def refuse_malformed_policies() -> None:
    """Check policies of identities, trust policies and bucket policies before they are stored.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html says what is right; the sentences
    are those of IAM and of S3. MiniStack stores a misspelt operator, and no statement with it ever matches.
    """
    for module in ("core.iam_evaluator", "services.sts"):
        ministack(module).validate_policy_document = _flaw
    _check_trust()
    _check_buckets()


def refuse_malformed_stack_policies() -> None:
    """The same for the types of CloudFormation that store policies without asking IAM or S3."""
    handlers = ministack("services.cloudformation.provisioners")._RESOURCE_HANDLERS  # noqa: SLF001
    for kind, where in _IN_STACKS.items():
        check_before(handlers[kind], partial(_require_sound, where))
    check_before(handlers["AWS::S3::BucketPolicy"], _require_sound_bucket)


def _check_trust() -> None:
    iam = ministack("services.iam")
    check = iam._trust_policy_not_principal_error  # noqa: SLF001

    def flaw_of_trust(document: Any) -> str | None:
        return check(document) or (_SYNTAX if _syntax_flaw(_read(document)) else None)

    iam._trust_policy_not_principal_error = flaw_of_trust  # noqa: SLF001


def _check_buckets() -> None:
    s3 = ministack("services.s3")
    put = s3._put_bucket_policy  # noqa: SLF001

    def put_bucket_policy(name: str, body: bytes) -> Any:
        flaw = _flaw_for_s3(_read(body.decode("utf-8", errors="replace"))) if name in s3._buckets else None  # noqa: SLF001
        return s3._error("MalformedPolicy", flaw, HTTPStatus.BAD_REQUEST.value) if flaw else put(name, body)  # noqa: SLF001

    s3._put_bucket_policy = put_bucket_policy  # noqa: SLF001


def _require_sound(where: tuple[str, ...], properties: Mapping[str, Any]) -> None:
    for holder in properties.get(where[0]) or [] if where else [properties]:
        flaw = _flaw(holder.get("PolicyDocument"))
        if flaw:
            raise ValueError(f"{flaw} (Service: Iam, Status Code: 400)")


def _require_sound_bucket(properties: Mapping[str, Any]) -> None:
    flaw = _flaw_for_s3(_read(properties.get("PolicyDocument")))
    if flaw:
        raise ValueError(f"{flaw} (Service: S3, Status Code: 400)")


def _flaw(document: Any) -> str | None:
    """Return IAM's message about an identity-based policy; None if IAM accepts it."""
    read = _read(document)
    if _syntax_flaw(read):
        return _SYNTAX
    statements = list(_statements(read))
    names = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(names) > len(set(names)):
        return "Statement IDs (SID) in a single policy must be unique."
    if any(not (_texts(each, "Action") or _texts(each, "NotAction")) for each in statements):
        return "Policy statement must contain actions."
    if any(not (_texts(each, "Resource") or _texts(each, "NotResource")) for each in statements):
        return "Policy statement must contain resources."
    return next((flaw for each in statements for flaw in _misspelt(each)), None)


def _misspelt(statement: Mapping[str, Any]) -> Iterator[str]:
    for action in _texts(statement, "Action") + _texts(statement, "NotAction"):
        if ":" not in action and action != "*":
            yield _NO_VENDOR
        if action.count(":") > 1:
            yield "Actions/Condition can contain only one colon."
    for resource in _texts(statement, "Resource") + _texts(statement, "NotResource"):
        if ":" not in resource and resource != "*":
            yield f'Resource {resource} must be in ARN format or "*".'


def _flaw_for_s3(read: Any) -> str | None:
    """Return S3's message about a bucket policy; None if S3 accepts it."""
    if not isinstance(read, dict):
        return "Policies must be valid JSON and the first byte must be '{'"
    for statement in _statements(read):
        for element, other in (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")):
            if not statement.get(element) and not statement.get(other):
                return f"Missing required field {element}"
        if "Effect" not in statement:
            return "Missing required field Effect"
        if statement["Effect"] not in {"Allow", "Deny"}:
            return f"Invalid effect: {statement['Effect']}"
        unknown = next((name for name in _operators(statement) if not _knows_operator(name)), None)
        if unknown is not None:
            return f"Invalid Condition type : {unknown}"
    return "Invalid policy syntax." if _syntax_flaw(read) else None


def _syntax_flaw(read: Any) -> bool:
    """Whether a document breaks the grammar."""
    if not isinstance(read, dict) or set(read) - _ELEMENTS or read.get("Version", "2008-10-17") not in _VERSIONS:
        return True
    statements = read.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    return not listed or any(not isinstance(each, dict) or _statement_flaw(each) for each in listed)


def _statement_flaw(statement: Mapping[str, Any]) -> bool:
    pairs = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
    return (
        bool(set(statement) - _STATEMENT)
        or statement.get("Effect") not in {"Allow", "Deny"}
        or not isinstance(statement.get("Sid", ""), str)
        or any(one in statement and other in statement for one, other in pairs)
        or any(_texts(statement, name) is None for pair in pairs[:2] for name in pair)
        or not isinstance(statement.get("Condition", {}), dict)
        or any(not isinstance(keys, dict) for keys in statement.get("Condition", {}).values())
        or not all(_knows_operator(name) for name in _operators(statement))
    )


def _texts(statement: Mapping[str, Any], element: str) -> Any:
    """The strings of an element, empty where it is missing; None where it holds anything else."""
    value = statement.get(element, [])
    texts = value if isinstance(value, list) else [value]
    return texts if all(isinstance(text, str) for text in texts) else None


def _operators(statement: Mapping[str, Any]) -> list[str]:
    conditions = statement.get("Condition", {})
    return list(conditions) if isinstance(conditions, dict) else []


def _knows_operator(name: str) -> bool:
    bare = re.sub(r"^for(anyvalue|allvalues):|ifexists$", "", name.lower())
    known: Mapping[str, Any] = ministack("core.iam_evaluator")._CONDITION_OPS  # noqa: SLF001
    return bare in known or name.lower() == "null"


def _statements(read: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    statements = read.get("Statement")
    for each in statements if isinstance(statements, list) else [statements]:
        if isinstance(each, dict):
            yield each


def _read(document: Any) -> Any:
    """A policy as it is sent, or as a template has it; None if it is no JSON."""
    if not isinstance(document, str):
        return document
    try:
        return json.loads(document)
    except ValueError:
        return None

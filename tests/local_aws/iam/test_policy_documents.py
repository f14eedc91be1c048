"""Policies that AWS refuses are not stored, through whichever operation they come."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.iam.test_managed_policies import failure
from tests.local_server import ACCOUNT, LocalServer, allow

SYNTAX = "Syntax errors in policy."
DENY = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
CONDITION = {"aws:username": "someone"}


def document(*statements: Any, **elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **elements})


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in DENY.items() if key != name}


REFUSED = {
    "operator": (document({**DENY, "Condition": {"StringEqual": CONDITION}}), SYNTAX),
    "set operator": (document({**DENY, "Condition": {"ForAnyValues:StringEquals": CONDITION}}), SYNTAX),
    "null if exists": (document({**DENY, "Condition": {"NullIfExists": CONDITION}}), SYNTAX),
    "effect": (document({**DENY, "Effect": "deny"}), SYNTAX),
    "no effect": (document(without("Effect")), SYNTAX),
    "version": (document(DENY, Version="2012-10-18"), SYNTAX),
    "spelling of version": (document(DENY, version="2012-10-17"), SYNTAX),
    "element": (document({**DENY, "Resources": "*"}), SYNTAX),
    "both actions": (document({**DENY, "NotAction": "s3:GetObject"}), SYNTAX),
    "number as action": (document({**DENY, "Action": 3}), SYNTAX),
    "no statement": (document(), SYNTAX),
    "no JSON": ("{", SYNTAX),
    "no action": (document(without("Action")), "Policy statement must contain actions."),
    "no resource": (document(without("Resource")), "Policy statement must contain resources."),
    "two of one name": (document({**DENY, "Sid": "A"}, {**DENY, "Sid": "A"}), "Statement IDs (SID) in a single"),
    "vendor": (document({**DENY, "Action": "GetObject"}), "Actions/Conditions must be prefaced by a vendor"),
    "resource": (document({**DENY, "Resource": "bucket"}), 'Resource bucket must be in ARN format or "*".'),
}


@pytest.fixture(scope="module")
def iam(local_aws: LocalServer) -> Any:
    found = local_aws.client("iam")
    found.create_user(UserName="malformed")
    found.create_group(GroupName="malformed")
    local_aws.create_role("malformed", "lambda.amazonaws.com", allow("s3:GetObject"))
    arn = found.create_policy(PolicyName="malformed", PolicyDocument=document(DENY))["Policy"]["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/malformed"
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_policy_is_refused_by_every_operation(iam: Any, name: str) -> None:
    policy, sentence = REFUSED[name]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/malformed"
    for store, members in (
        (iam.put_user_policy, {"UserName": "malformed", "PolicyName": "p"}),
        (iam.put_group_policy, {"GroupName": "malformed", "PolicyName": "p"}),
        (iam.put_role_policy, {"RoleName": "malformed", "PolicyName": "p"}),
        (iam.create_policy, {"PolicyName": "never"}),
        (iam.create_policy_version, {"PolicyArn": arn}),
    ):
        with pytest.raises(iam.exceptions.MalformedPolicyDocumentException) as error:
            store(PolicyDocument=policy, **members)
        assert error.value.response["Error"]["Message"].startswith(sentence)


def test_every_documented_operator_is_known(iam: Any) -> None:
    orders = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    strings = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
    names = ["Bool", "BinaryEquals", "IpAddress", "NotIpAddress"]
    names += [f"String{name}" for name in strings] + [
        f"{kind}{name}" for kind in ("Numeric", "Date") for name in orders
    ]
    names += [f"Arn{name}" for name in ("Equals", "Like", "NotEquals", "NotLike")]
    for prefix in ("", "ForAnyValue:", "ForAllValues:"):
        operators = {f"{prefix}{name}{end}": CONDITION for name in names for end in ("", "IfExists")}
        policy = document({**DENY, "Condition": {**operators, "Null": {"aws:username": "true"}}})
        iam.put_user_policy(UserName="malformed", PolicyName="all", PolicyDocument=policy)


def test_a_malformed_trust_policy_is_refused(iam: Any) -> None:
    trust = document({**without("Resource"), "Principal": "*", "Condition": {"StringEqual": CONDITION}})
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException, match=SYNTAX):
        iam.create_role(RoleName="never", AssumeRolePolicyDocument=trust)
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException, match=SYNTAX):
        iam.update_assume_role_policy(RoleName="malformed", PolicyDocument=trust)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"Condition": {"StringEqual": CONDITION}}, "Invalid Condition type : StringEqual"),
        ({"Effect": "hello"}, "Invalid effect: hello"),
        ({"Action": []}, "Missing required field Action"),
        ({"Resource": []}, "Missing required field Resource"),
        ({"Principal": {}}, "Missing required field Principal"),
    ],
)
def test_a_malformed_bucket_policy_is_refused(local_aws: LocalServer, change: Any, sentence: str) -> None:
    s3, name = local_aws.client("s3"), "malformed-policies"
    s3.create_bucket(Bucket=name)
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    sound = {**DENY, "Principal": root, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*"}
    with pytest.raises(ClientError) as error:
        s3.put_bucket_policy(Bucket=name, Policy=document({**sound, **change}))
    assert error.value.response["Error"]["Code"] == "MalformedPolicy"
    assert error.value.response["Error"]["Message"] == sentence
    s3.put_bucket_policy(Bucket=name, Policy=document(sound))


@pytest.mark.parametrize("kind", ["Role", "ManagedPolicy"])
def test_a_stack_with_a_malformed_policy_fails(local_aws: LocalServer, kind: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{**DENY, "Action": "GetObject"}]}
    trust = {**allow("sts:AssumeRole"), "Principal": {"Service": "lambda.amazonaws.com"}}
    del trust["Resource"]
    properties: dict[str, Any] = {"PolicyDocument": policy}
    if kind == "Role":
        properties = {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "p", "PolicyDocument": policy}],
        }
    resources = {"Made": {"Type": f"AWS::IAM::{kind}", "Properties": properties}}
    assert "must be prefaced by a vendor" in failure(local_aws, f"malformed-{kind}", resources)

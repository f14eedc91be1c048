"""What a statement covers: variables, newlines, long patterns; asked through the services that it protects."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.base.iam import policy_matching
from tests.local_server import ACCOUNT, LocalServer, allow

BUCKET = "matched-by-policies"
OBJECTS = f"arn:aws:s3:::{BUCKET}"


@pytest.fixture(scope="module", autouse=True)
def bucket(local_aws: LocalServer) -> None:
    local_aws.client("s3").create_bucket(Bucket=BUCKET)


def deny(resource: str, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "s3:*", "Resource": resource, **({"Condition": condition} if condition else {})}


def may_put(server: LocalServer, user: str, key: str, *statements: dict[str, Any], version: str = "2012-10-17") -> bool:
    """Whether a new user with these statements, and a tag team=red, may put an object."""
    iam = server.client("iam")
    access = server.user_with(user, *statements)
    iam.tag_user(UserName=user, Tags=[{"Key": "team", "Value": "red"}])
    document = json.dumps({"Version": version, "Statement": list(statements)})
    iam.put_user_policy(UserName=user, PolicyName="policy", PolicyDocument=document)
    try:
        server.client("s3", *access).put_object(Bucket=BUCKET, Key=key, Body=b"x")
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("pattern", "key", "covered"),
    [
        ("/home/${aws:username}/*", "home/{user}/a", True),
        ("/home/${aws:username}/*", "home/other/a", False),
        ("/${AWS:PrincipalTag/team}/*", "red/a", True),
        ("/${aws:PrincipalTag/town}/*", "red/a", False),
        ("/${aws:PrincipalTag/town, 'all'}/*", "all/a", True),
        ("/a${*}b", "a*b", True),
        ("/a${*}b", "axb", False),
        ("/a${?}", "ax", False),
        ("/a${$}b", "a$b", True),
    ],
)
def test_variables_of_resources_are_resolved(local_aws: LocalServer, pattern: str, key: str, covered: bool) -> None:
    user = f"var-{abs(hash((pattern, key))):x}"
    assert may_put(local_aws, user, key.format(user=user), allow("s3:*"), deny(OBJECTS + pattern)) is not covered
    alone = f"{user}-alone"
    assert may_put(local_aws, alone, key.format(user=alone), allow("s3:*", resource=OBJECTS + pattern)) is covered


def test_variables_have_no_meaning_in_the_old_version(local_aws: LocalServer) -> None:
    own = deny(f"{OBJECTS}/old/${{aws:username}}/*")
    assert may_put(local_aws, "old-version", "old/old-version/a", allow("s3:*"), own, version="2008-10-17")


@pytest.mark.parametrize(
    ("operator", "value", "covered"),
    [
        ("StringEquals", "${aws:username}", True),
        ("StringEquals", "${aws:PrincipalTag/town}", False),
        ("StringNotEquals", "${aws:PrincipalTag/town}", True),
        ("StringLike", "*${aws:PrincipalTag/town}*", False),
        ("StringLike", "${aws:username}${*}", False),
        ("StringNotLike", "${aws:username}*", False),
    ],
)
def test_variables_of_conditions_are_resolved(local_aws: LocalServer, operator: str, value: str, covered: bool) -> None:
    user = f"cond-{abs(hash((operator, value))):x}"
    condition = {operator: {"aws:username": value}}
    assert may_put(local_aws, user, "a", allow("s3:*"), deny("*", **condition)) is not covered


def test_variables_of_a_bucket_policy_are_resolved(local_aws: LocalServer) -> None:
    s3, name = local_aws.client("s3"), "resolves-variables"
    s3.create_bucket(Bucket=name)
    own = {**deny(f"arn:aws:s3:::{name}/${{aws:username}}/*"), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [own]}))
    user = local_aws.client("s3", *local_aws.user_with("by-bucket", allow("s3:*")))
    user.put_object(Bucket=name, Key="by-others/a", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        user.put_object(Bucket=name, Key="by-bucket/a", Body=b"x")


def test_a_newline_is_a_character_like_others(local_aws: LocalServer) -> None:
    assert not may_put(local_aws, "newline", "secret/a\nb", allow("s3:*"), deny(f"{OBJECTS}/secret/*"))
    assert not may_put(local_aws, "newline-end", "secret\n", allow("s3:*"), deny(f"{OBJECTS}/secret?"))
    assert may_put(local_aws, "newline-no", "public\n", allow("s3:*"), deny(f"{OBJECTS}/public"))


def test_no_pattern_takes_long(local_aws: LocalServer) -> None:
    started = time.monotonic()
    assert may_put(local_aws, "patient", "a" * 900, allow("s3:*"), deny(f"{OBJECTS}/{'*a' * 40}*b"))
    assert time.monotonic() - started < 10


@settings(max_examples=500)
@given(
    value=st.text("abA*\n", max_size=7),
    parts=st.lists(st.tuples(st.text("abA*?\n", max_size=4), st.booleans()), min_size=1, max_size=3),
    ignore_case=st.booleans(),
)
def test_a_pattern_covers_what_its_regular_expression_does(
    value: str, parts: list[tuple[str, bool]], ignore_case: bool
) -> None:
    """Part by part, as of some of them a variable is the origin, in which * and ? are letters."""
    wildcards = {"*": ".*", "?": "."}
    expression = "".join(
        "".join(wildcards.get(letter, re.escape(letter)) if wild else re.escape(letter) for letter in part)
        for part, wild in parts
    )
    covered = re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None
    pattern = policy_matching._Resolved("".join(part for part, _ in parts))
    pattern.parts = tuple(parts)
    assert policy_matching._matches(value, pattern, ignore_case=ignore_case) is covered

"""What roles ask IAM for is counted, whoever answers."""

from __future__ import annotations

import asyncio
import json
import time
import tracemalloc
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.base import CallRecorder
from local_aws.base.iam import calls
from local_aws.serving import answers
from local_aws.state.store import Store
from tests.local_aws.manual_clock import ManualClock
from tests.local_server import ACCOUNT, LocalServer, allow

ROOT_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    ],
}


def calls_of(aws: LocalServer, role: str) -> set[tuple[str, str, str, int]]:
    status, body = aws.ask("GET", "/_local_aws/calls", signed_for="local-aws")
    assert status == 200, body
    calls: list[dict[str, Any]] = json.loads(body)["calls"]
    return {(c["action"], c["resource"], c["decision"], c["count"]) for c in calls if c["role"] == role}


def assumed(aws: LocalServer, role: str, *statements: dict[str, Any]) -> tuple[str, str, str]:
    iam = aws.client("iam")
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(ROOT_TRUST))["Role"]["Arn"]
    aws.put_role_policy(role, *statements)
    found = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]


def test_decisions_of_both_kinds_of_services_are_counted(local_aws: LocalServer) -> None:
    bucket, own = "counted-calls", f"arn:aws:codecommit:us-east-1:{ACCOUNT}:counted"
    local_aws.client("s3").create_bucket(Bucket=bucket)
    local_aws.client("s3").put_object(Bucket=bucket, Key="from", Body=b"x")
    key = assumed(
        local_aws,
        "counted-role",
        allow("s3:PutObject", "s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*"),
        allow("codecommit:CreateRepository", resource=own),
    )
    s3, codecommit = local_aws.client("s3", *key), local_aws.client("codecommit", *key)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.put_object(Bucket=bucket, Key="a", Body=b"y")
    s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from"})
    codecommit.create_repository(repositoryName="counted")
    with pytest.raises(ClientError, match="not authorized to perform: codecommit:DeleteRepository"):
        codecommit.delete_repository(repositoryName="counted")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="a")
    assert calls_of(local_aws, "counted-role") == {
        ("s3:PutObject", f"arn:aws:s3:::{bucket}/a", "allowed", 2),
        ("s3:PutObject", f"arn:aws:s3:::{bucket}/to", "allowed", 1),
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/from", "allowed", 1),
        ("s3:DeleteObject", f"arn:aws:s3:::{bucket}/a", "denied", 1),
        ("codecommit:CreateRepository", own, "allowed", 1),
        ("codecommit:DeleteRepository", own, "denied", 1),
    }


def test_a_wrong_signature_is_not_counted_as_a_decision(local_aws: LocalServer) -> None:
    key, _, token = assumed(local_aws, "forged-role", allow("s3:ListAllMyBuckets"))
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        local_aws.client("s3", key, "wrong", token).list_buckets()
    assert calls_of(local_aws, "forged-role") == set()


def test_counts_survive_a_restart(own_local_aws: LocalServer) -> None:
    key = assumed(own_local_aws, "kept-calls", allow("codecommit:ListRepositories"))
    own_local_aws.client("codecommit", *key).list_repositories()
    own_local_aws.down()
    own_local_aws.up()
    assert calls_of(own_local_aws, "kept-calls") == {("codecommit:ListRepositories", "*", "allowed", 1)}


def test_times_are_the_first_and_the_last(tmp_path: Path) -> None:
    clock, store = ManualClock(), Store(tmp_path / "calls.db")
    recorder = CallRecorder(store, clock)
    first = clock.now().timestamp()
    recorder.note("role", "s3:GetObject", "arn", allowed=True)
    clock.advance(5)
    recorder.note("role", "s3:GetObject", "arn", allowed=True)
    list(recorder.calls())
    clock.advance(5)
    recorder.note("role", "s3:GetObject", "arn", allowed=True)
    (call,) = recorder.calls()
    store.close()
    assert (call["count"], call["first"], call["last"]) == (3, first, first + 10)


def test_counts_are_saved_without_a_request(tmp_path: Path) -> None:
    store = Store(tmp_path / "calls.db")
    recorder = CallRecorder(store, ManualClock())
    recorder.start()
    recorder.note("role", "s3:GetObject", "arn", allowed=True)
    deadline = time.monotonic() + 10
    while not store.rows("SELECT * FROM iam_calls") and time.monotonic() < deadline:
        time.sleep(0.01)
    recorder.note("role", "s3:PutObject", "arn", allowed=False)
    recorder.stop()
    rows = store.rows("SELECT action, allowed FROM iam_calls ORDER BY action")
    store.close()
    assert [tuple(row) for row in rows] == [("s3:GetObject", 1), ("s3:PutObject", 0)]


def test_a_long_history_is_read_in_pieces(tmp_path: Path) -> None:
    """Each release adds decisions about objects of its own."""
    noted = 10 * calls._READ_AT_ONCE + 1
    recorder = CallRecorder(Store(tmp_path / "calls.db"), ManualClock())
    for number in range(noted):
        recorder.note("role", "s3:GetObject", f"arn:{number}", allowed=bool(number % 2))
    assert len({call["resource"] for call in recorder.calls()}) == noted
    tracemalloc.start()
    try:
        assert sum(1 for _ in recorder.calls()) == noted
        in_pieces = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert len([*recorder.calls()]) == noted
        at_once = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert in_pieces < at_once / 4


@pytest.mark.parametrize("count", [0, 1, answers.CALLS_AT_ONCE, 2 * answers.CALLS_AT_ONCE + 1])
def test_a_long_history_is_sent_in_pieces(count: int) -> None:
    told, sent = [{"count": number} for number in range(count)], list[MutableMapping[str, Any]]()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(answers.send_calls(send, iter(told)))
    start, *bodies = sent
    assert start["status"] == 200
    assert json.loads(b"".join(body["body"] for body in bodies)) == {"calls": told}
    assert [body.get("more_body", False) for body in bodies] == [True] * (len(bodies) - 1) + [False]
    assert len(bodies) == max(1, -(-count // answers.CALLS_AT_ONCE)) + 1

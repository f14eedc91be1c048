"""What `audit` tells of the locks of evidence, and what `destroy` may lift."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slipway import target
from slipway.datasets.model_data import find_other_evidence
from slipway.errors import SlipwayError
from slipway.installation.evidence_locks import read_locks
from slipway.installation.installation import Inventory
from slipway.installation.local_key import read_local_key
from slipway.installation.teardown import remove_evidence
from slipway.session import Session
from slipway.target import Options
from slipway.terminal.output import Output, PlainConsole

from tests.local_server import LocalServer

MODEL = "wine-quality"
FIRST, SECOND = f"records/{MODEL}/00000001.json", f"records/{MODEL}/00000002.json"


@pytest.fixture
def session(local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Session:
    """An installation of its own; its evidence bucket is the test's to make."""
    monkeypatch.setattr(target, "read_local_key", lambda _state: read_local_key(local_aws.state))
    suffix = f"l{abs(hash(request.node.name)) % 10**9}"
    return Session(
        Options(local=True, port=local_aws.port, suffix=suffix), Output(console=PlainConsole(file=io.StringIO()))
    )


def make_bucket(session: Session, **retention: Any) -> tuple[Any, str]:
    s3, name = session.client("s3"), session.names.bucket("evidence")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    set_default(session, **retention)
    return s3, name


def set_default(session: Session, **retention: Any) -> None:
    rule = {"Rule": {"DefaultRetention": retention}} if retention else {}
    session.client("s3").put_object_lock_configuration(
        Bucket=session.names.bucket("evidence"),
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule},
    )


def test_without_a_bucket_there_is_nothing_to_say_and_without_object_lock_it_is_a_problem(session: Session) -> None:
    assert read_locks(session) is None
    session.client("s3").create_bucket(Bucket=session.names.bucket("evidence"))
    found = read_locks(session)
    assert found
    assert found.problems == [f"{session.names.bucket('evidence')}: found no Object Lock; the setup stack turns it on"]


def test_what_was_written_without_a_lock_is_a_problem_once_the_bucket_locks(session: Session) -> None:
    s3, bucket = make_bucket(session)
    s3.put_object(Bucket=bucket, Key=FIRST, Body=b"1")
    free = read_locks(session)
    assert free
    assert (free.unlocked, free.problems, free.document()["mode"]) == (1, [], None)
    set_default(session, Mode="GOVERNANCE", Days=30)
    second = s3.put_object(Bucket=bucket, Key=SECOND, Body=b"2")["VersionId"]
    locked = read_locks(session)
    assert locked
    assert (locked.locked, locked.unlocked, locked.problems) == (1, 1, [])
    assert locked.first_end
    assert abs(locked.first_end - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=2)
    assert "1 never were; new evidence is locked for 30 days (GOVERNANCE)" in locked.sentence()
    made = s3.put_object(Bucket=bucket, Key=f"releases/{MODEL}/a/record.json", Body=b"3")["VersionId"]
    lifted = {"Bucket": bucket, "Key": f"releases/{MODEL}/a/record.json", "VersionId": made}
    s3.put_object_retention(**lifted, Retention={}, BypassGovernanceRetention=True)
    found = read_locks(session)
    assert found
    assert found.problems == [
        f"releases/{MODEL}/a/record.json: found no lock, though what was written before it has one"
    ]
    s3.delete_object(Bucket=bucket, Key=SECOND, VersionId=second, BypassGovernanceRetention=True)


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_a_lock_is_lifted_only_where_that_is_asked_for_and_possible(session: Session, mode: str) -> None:
    s3, bucket = make_bucket(session)
    s3.put_object(Bucket=bucket, Key=FIRST, Body=b"1")
    set_default(session, Mode=mode, Days=1)
    s3.put_object(Bucket=bucket, Key=SECOND, Body=b"2")
    folder = f"s3://{bucket}/records/{MODEL}/"
    inventory = Inventory(evidence=(folder,))
    kept = remove_evidence(session, inventory, lift=False)
    assert (kept[folder].key, kept[folder].end(s3)[1]) == (SECOND, mode)
    assert [one["Key"] for one in s3.list_object_versions(Bucket=bucket)["Versions"]] == [SECOND]
    assert bool(remove_evidence(session, inventory, lift=True)) is (mode == "COMPLIANCE")


@pytest.mark.parametrize(
    ("lift", "action", "said"),
    [
        (True, "s3:BypassGovernanceRetention", "its locks cannot be lifted"),
        (False, "s3:DeleteObjectVersion", "it cannot be deleted"),
    ],
)
def test_who_may_not_lift_locks_is_told_who_may(session: Session, lift: bool, action: str, said: str) -> None:
    s3, bucket = make_bucket(session, **({"Mode": "GOVERNANCE", "Days": 1} if lift else {}))
    s3.put_object(Bucket=bucket, Key=FIRST, Body=b"1")
    deny = {"Effect": "Deny", "Principal": "*", "Action": action}
    policy = {"Version": "2012-10-17", "Statement": [{**deny, "Resource": f"arn:aws:s3:::{bucket}/*"}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    with pytest.raises(SlipwayError, match=said) as raised:
        remove_evidence(session, Inventory(evidence=(f"s3://{bucket}/records/{MODEL}/",)), lift=lift)
    assert "EvidenceKeepers" in str(raised.value.next_step)


def test_evidence_of_no_model_is_found_and_stays_while_it_is_locked(session: Session) -> None:
    """All of the bucket is locked, whoever wrote it: nothing else of the installation may go before."""
    s3, bucket = make_bucket(session, Mode="GOVERNANCE", Days=1)
    for key in (FIRST, "notes.txt", "audits/2026/a.pdf", "releases/NoModel/x", "records/b.json"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    s3.delete_object(Bucket=bucket, Key="hidden.txt")
    folder = f"s3://{bucket}/records/{MODEL}/"
    others = [f"s3://{bucket}/{one}" for one in ("audits/", "hidden.txt", "notes.txt", "releases/NoModel/")]
    others.append(f"s3://{bucket}/records/b.json")
    assert list(find_other_evidence(session, [folder])) == others
    kept = remove_evidence(session, Inventory(evidence=(folder, *others)), lift=False)
    assert set(kept) == {folder, *others} - {f"s3://{bucket}/hidden.txt"}
    assert remove_evidence(session, Inventory(evidence=(folder, *others)), lift=True) == {}
    assert list(find_other_evidence(session, [])) == []

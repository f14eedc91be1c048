"""Records and reports as they are gathered and stored, with AWS in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_lambdas.aws import codecommit, executions, logs, s3
from pipeline_lambdas.aws import sagemaker as models
from pipeline_lambdas.evidence import chain as record_chain
from pipeline_lambdas.evidence.chain import Entry, parsed, verify
from pipeline_lambdas.evidence.keeping import follow, write_evidence
from pipeline_lambdas.evidence.site import RecordSite
from pipeline_lambdas.handlers import record_release as handler_module
from pipeline_lambdas.release.events import Answered, Ended
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import PermissionDeniedError, UnavailableError
from tests.events import ARTIFACT_BUCKET, DATA_BUCKET, EVIDENCE_BUCKET, EXECUTION_ID, KMS_KEY_ARN, PREFIX, event
from tests.pipeline_lambdas import answers
from tests.pipeline_lambdas.aws_doubles import Context, manifest, sample_text, zipped

RELEASE = Release(PREFIX, EXECUTION_ID)
SITE = RecordSite(
    "wine-quality",
    "us-east-1",
    "https://us-east-1.console.aws.amazon.com",
    EVIDENCE_BUCKET,
    KMS_KEY_ARN,
    DATA_BUCKET,
    ARTIFACT_BUCKET,
)
FOLDER = f"releases/wine-quality/{EXECUTION_ID}/"
RECORD, DRAFT = f"{FOLDER}record.json", f"{FOLDER}draft-record.json"
EVALUATION = f"{FOLDER}test-evaluation.json"


@dataclass
class Aws:
    """What the functions ask, in memory; `refused` are operations that fail, by name."""

    execution: dict[str, Any] | None = field(default_factory=answers.execution)
    summary: dict[str, Any] | None = field(default_factory=answers.summary)
    actions: list[dict[str, Any]] = field(default_factory=answers.released)
    job: dict[str, Any] | None = field(default_factory=answers.training_job)
    log: list[str] = field(default_factory=lambda: ["[0]\ttrain-rmse:1", "[1]\ttrain-rmse:0.5"])
    package: dict[str, Any] | None = field(
        default_factory=lambda: {
            "ModelPackageArn": answers.PACKAGE,
            "ModelPackageVersion": 7,
            "CustomerMetadataProperties": {"ExecutionId": EXECUTION_ID},
            "ModelApprovalStatus": "PendingManualApproval",
        }
    )
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    artifacts: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    """Key to content and time; in the evidence bucket, and in the artifact bucket."""
    versions: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """Key and version to content, in the evidence bucket."""
    executions: list[str] = field(default_factory=list)
    decisions: list[tuple[str, str, str]] = field(default_factory=list)
    commits: dict[tuple[str, str], str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    throttled: set[str] = field(default_factory=set)
    faster: list[bytes] = field(default_factory=list)
    """Records of other releases that take the next number just before this writer does."""

    def _asked(self, operation: str) -> None:
        if operation in self.refused:
            raise PermissionDeniedError(f"The role of the call is not allowed {operation}")
        if operation in self.throttled:
            raise UnavailableError(f"{operation} answered ThrottlingException: Rate exceeded")

    def get_execution(self, _pipeline: str, _id: str) -> Any:
        self._asked("get_execution")
        return self.execution

    def find_summary(self, _pipeline: str, _id: str) -> Any:
        self._asked("find_summary")
        return self.summary

    def list_actions(self, _pipeline: str, _id: str) -> Any:
        self._asked("list_actions")
        return self.actions

    def find_author(self, repository: str, commit_id: str) -> str | None:
        self._asked("find_author")
        return self.commits.get((repository, commit_id))

    def first_stream(self, _group: str, prefix: str) -> str | None:
        self._asked("first_stream")
        return f"{prefix}1700000000" if self.log else None

    def read_stream(self, _group: str, _stream: str, _most: int, _most_bytes: int) -> Iterator[str]:
        return iter(self.log)

    def describe_training_job(self, _name: str) -> Any:
        self._asked("describe_training_job")
        return self.job

    def describe_model_package(self, _arn: str) -> Any:
        self._asked("describe_model_package")
        return self.package

    def decide_model_package(self, arn: str, status: str, description: str) -> None:
        self.decisions.append((arn, status, description))
        assert self.package
        self.package = {**self.package, "ModelApprovalStatus": status}

    def _in(self, bucket: str) -> dict[str, tuple[bytes, datetime]]:
        return {EVIDENCE_BUCKET: self.objects, ARTIFACT_BUCKET: self.artifacts}[bucket]

    def read_object(self, bucket: str, key: str) -> bytes | None:
        self._asked("read_object")
        held = self._in(bucket)
        return held[key][0] if key in held else None

    def read_version(self, bucket: str, key: str, version_id: str) -> bytes | None:
        self._asked("read_version")
        assert bucket == EVIDENCE_BUCKET
        return self.versions.get((key, version_id))

    def find_id(self, _pipeline: str, beginning: str) -> str | None:
        return next((one for one in self.executions if one.startswith(beginning)), None)

    def list_objects(self, bucket: str, prefix: str) -> list[s3.Listed]:
        held = self._in(bucket)
        return [s3.Listed(key, held[key][1]) for key in sorted(held) if key.startswith(prefix)]

    def write_object(self, bucket: str, key: str, content: bytes, _type: str, kms_key_arn: str) -> str:
        assert (bucket, kms_key_arn) == (EVIDENCE_BUCKET, KMS_KEY_ARN)
        self.objects[key] = content, datetime.now(UTC)
        version_id = f"v{len(self.versions)}"
        self.versions[key, version_id] = content
        return version_id

    def create_object(self, bucket: str, key: str, content: bytes, kind: str, kms_key_arn: str) -> bool:
        if self.faster:
            self.write_object(bucket, key, self.faster.pop(), kind, kms_key_arn)
        if key in self.objects:
            return False
        self.write_object(bucket, key, content, kind, kms_key_arn)
        return True

    def chain(self) -> list[Entry]:
        found = [item.key for item in self.list_objects(EVIDENCE_BUCKET, "records/")]
        return [Entry(key, self.objects[key][0]) for key in found]

    def record(self) -> dict[str, Any]:
        return parsed(self.objects[RECORD][0])

    def draft(self) -> dict[str, Any]:
        return parsed(self.objects[DRAFT][0])

    def evaluates(self, content: bytes, status: str = "Succeeded") -> str:
        """Evaluate writes an evaluation and tells of its version, as it does when it succeeds and when it fails."""
        version_id = self.write_object(EVIDENCE_BUCKET, EVALUATION, content, "", KMS_KEY_ARN)
        uri = f"s3://{EVIDENCE_BUCKET}/{EVALUATION}"
        told = {"ReportUri": uri, "ReportVersionId": version_id} if status == "Succeeded" else {}
        done = answers.action("DeployTest", "Evaluate", 5, status, variables=told)
        if status == "Failed":
            done["output"]["executionResult"]["externalExecutionId"] = f"{uri}?versionId={version_id}"
        self.actions = [*self.actions, done]
        return version_id


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    account = Aws()
    now = datetime.now(UTC)
    account.artifacts = {
        "slipway-local-wine-q/TrainingCo/a1b2c3d": (zipped({"wine-quality.yml": sample_text().encode()}), now),
        "slipway-local-wine-q/Dataset/a1b2c3d": (json.dumps(answers.DATASET).encode(), now),
    }
    account.objects = {f"releases/wine-quality/{answers.CHAMPION_ID}/record.json": (b"{}", now)}
    for module, names in {
        codecommit: ("find_author",),
        executions: ("get_execution", "find_summary", "find_id", "list_actions"),
        logs: ("first_stream", "read_stream"),
        models: ("describe_training_job", "describe_model_package", "decide_model_package"),
        s3: ("read_object", "read_version", "list_objects", "write_object", "create_object"),
    }.items():
        for name in names:
            monkeypatch.setattr(module, name, getattr(account, name))
    return account


def ends(aws: Aws, status: str = "Failed", at: datetime | None = None) -> dict[str, Any]:
    """The execution ends, and EventBridge tells of it."""
    ended = at or datetime.now(UTC)
    aws.execution = answers.execution(status)
    aws.summary = answers.summary(ended)
    return follow(Ended(RELEASE, status, ended), SITE)


def test_the_evidence_of_a_release_that_waits(aws: Aws) -> None:
    done = write_evidence(RELEASE, SITE)
    assert done.variables == {
        "RecordUri": f"s3://{EVIDENCE_BUCKET}/{DRAFT}",
        "RecordVersionId": "v0",
        "ReportUri": f"s3://{EVIDENCE_BUCKET}/{FOLDER}draft-report.html",
        "ReportVersionId": "v1",
    }
    assert aws.versions[DRAFT, "v0"] == aws.objects[DRAFT][0]
    assert done.summary == "Recorded and reported"
    found = aws.draft()
    assert found["missing"] == []
    assert found["training"]["curves"] == {"train:rmse": [1, 0.5]}
    assert found["champion"]["execution_id"] == answers.CHAMPION_ID
    assert found["dataset"]["files"]
    assert found["config"]
    assert aws.chain() == []
    page = aws.objects[f"{FOLDER}draft-report.html"][0].decode()
    assert page.startswith("<!DOCTYPE html>")


def test_a_commits_author_is_asked_for_at_codecommit(aws: Aws) -> None:
    aws.actions[0]["input"]["configuration"] = {"RepositoryName": "slipway-local-training-config"}
    aws.commits = {("slipway-local-training-config", "4" * 40): "Ada"}
    write_evidence(RELEASE, SITE)
    assert [source["author"] for source in aws.draft()["sources"]] == ["Ada", ""]
    assert "by Ada, 4444444 in TrainingConfig" in aws.objects[f"{FOLDER}draft-report.html"][0].decode()
    aws.refused = {"find_author"}
    write_evidence(RELEASE, SITE)
    assert aws.draft()["missing"] == [
        "author of TrainingConfig's commit: The role of the call is not allowed find_author"
    ]


def test_a_connection_tells_the_author_itself(aws: Aws) -> None:
    kind = {"category": "Source", "owner": "AWS", "provider": "CodeStarSourceConnection", "version": "1"}
    aws.actions[0]["input"]["actionTypeId"] = kind
    aws.actions[0]["output"]["outputVariables"] = {"AuthorDisplayName": "Bob", "CommitId": "4" * 40}
    aws.refused = {"find_author"}
    write_evidence(RELEASE, SITE)
    assert [source["author"] for source in aws.draft()["sources"]] == ["Bob", ""]
    assert aws.draft()["missing"] == []


def test_an_end_takes_a_number_and_its_record_is_the_same_bytes(aws: Aws) -> None:
    done = ends(aws)
    assert (done["status"], done["sequence"], done["missing"]) == ("Failed", 1, [])
    (entry,) = aws.chain()
    assert entry.content == aws.objects[RECORD][0]


@pytest.mark.parametrize(
    "operation",
    [
        "get_execution",
        "find_summary",
        "list_actions",
        "first_stream",
        "describe_training_job",
        "describe_model_package",
    ],
)
def test_a_record_waits_for_what_may_be_read_later_until_the_last_try(aws: Aws, operation: str) -> None:
    told = Ended(RELEASE, "Failed", answers.ENDED)
    ends(aws)
    aws.objects = {key: found for key, found in aws.objects.items() if not key.startswith("records/")}
    aws.throttled = {operation}
    with pytest.raises(UnavailableError, match="Rate exceeded"):
        follow(told, SITE)
    assert aws.chain() == []
    aws.throttled = set()
    assert follow(told, SITE)["missing"] == []
    assert len(aws.chain()) == 1


def test_after_all_tries_the_record_says_what_it_lacks(aws: Aws) -> None:
    ends(aws)
    aws.objects = {key: found for key, found in aws.objects.items() if not key.startswith("records/")}
    aws.throttled = {"describe_training_job", "list_actions"}
    done = follow(Ended(RELEASE, "Failed", answers.ENDED, last_try=True), SITE)
    assert any("Rate exceeded" in text for text in done["missing"])
    assert any(text.startswith("decision: ") for text in done["missing"])
    assert len(aws.chain()) == 1


def test_an_execution_that_goes_on_is_not_recorded_whatever_an_event_says(aws: Aws) -> None:
    aws.execution = answers.execution("InProgress")
    with pytest.raises(UnavailableError, match="is InProgress, though an event says Failed"):
        follow(Ended(RELEASE, "Failed", answers.ENDED), SITE)
    done = follow(Ended(RELEASE, "Failed", answers.ENDED, last_try=True), SITE)
    assert (done["status"], done["goes_on"]) == ("InProgress", True)
    assert aws.chain() == []
    assert RECORD not in aws.objects


@pytest.mark.parametrize("status", ["Succeeded", "Failed"])
def test_an_overwritten_evaluation_is_in_no_record(aws: Aws, status: str) -> None:
    version_id = aws.evaluates(b'{"verdict": "failed", "metrics": {}, "gates": []}', status)
    aws.write_object(EVIDENCE_BUCKET, EVALUATION, b'{"verdict": "passed"}', "", KMS_KEY_ARN)
    ends(aws)
    assert aws.record()["evaluations"]["test"]["verdict"] == "failed"
    assert aws.record()["evaluation_versions"] == {"test": version_id}
    write_evidence(RELEASE, SITE)
    assert aws.draft()["evaluations"] == aws.record()["evaluations"]


def test_a_version_of_another_releases_evaluation_is_not_read(aws: Aws) -> None:
    aws.evaluates(b'{"verdict": "failed"}')
    aws.actions[-1]["output"]["outputVariables"]["ReportUri"] = f"s3://{EVIDENCE_BUCKET}/releases/wine-quality/other"
    write_evidence(RELEASE, SITE)
    assert aws.draft()["evaluations"] == {}
    assert aws.draft()["missing"] == ["test evaluation: its action names no version of it"]


def test_the_champions_release_is_known_by_what_code_before_an_approval_cannot_write(aws: Aws) -> None:
    forged = answers.CHAMPION_ID[:14] + "0000-0000-0000-000000000000"
    aws.write_object(EVIDENCE_BUCKET, f"releases/wine-quality/{forged}/draft-record.json", b"{}", "", KMS_KEY_ARN)
    write_evidence(RELEASE, SITE)
    assert aws.draft()["champion"]["execution_id"] == answers.CHAMPION_ID
    aws.objects = {key: found for key, found in aws.objects.items() if answers.CHAMPION_ID not in key}
    aws.executions = [answers.CHAMPION_ID]  # it goes on, so it has no record yet
    write_evidence(RELEASE, SITE)
    assert aws.draft()["champion"]["execution_id"] == answers.CHAMPION_ID


def test_what_a_role_lacks_is_not_waited_for(aws: Aws) -> None:
    aws.refused = {"describe_training_job"}
    assert "not allowed" in ends(aws)["missing"][0]


def test_an_event_that_comes_twice_is_recorded_once(aws: Aws) -> None:
    ended = datetime.now(UTC) - timedelta(minutes=3)
    ends(aws, at=ended)
    del aws.objects[RECORD]  # as if the first delivery had ended between its two writes
    again = ends(aws, at=ended)
    assert again["sequence"] == 1
    assert len(aws.chain()) == 1
    assert RECORD in aws.objects


def test_a_retried_release_that_ends_again_is_recorded_again(aws: Aws) -> None:
    ends(aws)
    ends(aws, "Succeeded", datetime.now(UTC) + timedelta(seconds=1))
    assert [parsed(entry.content)["status"] for entry in aws.chain()] == ["Failed", "Succeeded"]
    assert verify(aws.chain()) == []
    assert aws.record()["sequence"] == 2


def test_a_writer_that_was_slower_takes_the_next_number(aws: Aws) -> None:
    others = [{"schema": record_chain.SCHEMA, "execution_id": f"other-{n}"} for n in range(2)]
    first = record_chain.render(record_chain.linked(others[0], None))
    newest = Entry(record_chain.key("wine-quality", 1), first)
    aws.faster = [record_chain.render(record_chain.linked(others[1], newest)), first]
    assert ends(aws)["sequence"] == 3
    assert verify(aws.chain()) == []


def test_a_race_that_does_not_end_is_left_to_the_next_delivery(aws: Aws) -> None:
    aws.faster = [b"{}"] * 100
    with pytest.raises(UnavailableError, match="came first"):
        ends(aws)


@pytest.mark.parametrize(
    ("refused", "part", "what"),
    [
        ("find_summary", "ended", "execution's times"),
        ("describe_training_job", "training", "training job"),
        ("first_stream", None, "log of training job"),
        ("describe_model_package", "model_package", answers.PACKAGE),
        ("list_actions", "approval", "actions"),
        ("get_execution", None, "execution"),
    ],
)
def test_what_cannot_be_read_is_named_and_stops_nothing(aws: Aws, refused: str, part: str | None, what: str) -> None:
    aws.refused = {refused}
    write_evidence(RELEASE, SITE)
    found = aws.draft()
    assert any(text.startswith(f"{what}") and refused in text for text in found["missing"])
    assert part is None or found[part] is None


@pytest.mark.parametrize(
    ("key", "content", "part"),
    [
        (
            "slipway-local-wine-q/TrainingCo/a1b2c3d",
            zipped({"wine-quality.yml": sample_text(("eta: 0.1", "eta: 0.2")).encode()}),
            "config",
        ),
        ("slipway-local-wine-q/TrainingCo/a1b2c3d", zipped({"wine-quality.yml": b"model: ["}), "config"),
        ("slipway-local-wine-q/TrainingCo/a1b2c3d", b"no archive", "config"),
        ("slipway-local-wine-q/Dataset/a1b2c3d", b"{}", "dataset"),
        ("slipway-local-wine-q/Dataset/a1b2c3d", json.dumps(manifest({"train/b.csv": b"5"})).encode(), "dataset"),
        (EVALUATION, b"{ half", None),
        (EVALUATION, b"[]", None),
    ],
)
def test_what_is_not_as_it_should_be_is_named(aws: Aws, key: str, content: bytes, part: str | None) -> None:
    if key == EVALUATION:
        aws.evaluates(content)
    else:
        aws.artifacts[key] = content, datetime.now(UTC)
    write_evidence(RELEASE, SITE)
    found = aws.draft()
    assert len(found["missing"]) == 1
    assert part is None or found[part] is None
    assert found["evaluations"] == {}


def test_an_artifact_that_is_gone_is_named(aws: Aws) -> None:
    del aws.artifacts["slipway-local-wine-q/Dataset/a1b2c3d"]
    write_evidence(RELEASE, SITE)
    assert aws.draft()["missing"] == ["dataset: not found"]


@pytest.mark.parametrize(
    ("actions", "decision"),
    [
        (answers.approved(by=answers.APPROVER, summary="Good"), ("Approved", f"Approved by {answers.APPROVER}: Good")),
        (answers.approved("Failed", by=answers.APPROVER), ("Rejected", f"Rejected by {answers.APPROVER}")),
        (answers.approved("Failed"), None),
        (answers.released(), None),
        ([action for action in answers.approved(by="x") if action["actionName"] != "Register"], None),
    ],
)
def test_the_registry_gets_the_decision_once(
    aws: Aws, actions: list[dict[str, Any]], decision: tuple[str, str] | None
) -> None:
    aws.actions = actions
    done = follow(Answered(RELEASE), SITE)
    assert done == {"execution_id": EXECUTION_ID, "decision": decision and decision[0]}
    follow(Answered(RELEASE), SITE)
    assert aws.decisions == ([(answers.PACKAGE, *decision)] if decision else [])
    assert RECORD not in aws.objects


def test_whichever_event_comes_first_the_record_holds_the_decision(aws: Aws) -> None:
    aws.actions = answers.approved("Failed", by=answers.APPROVER, summary="Worse")
    ends(aws)
    assert aws.record()["model_package"]["approval_status"] == "Rejected"
    assert follow(Answered(RELEASE), SITE)["decision"] is None


def test_a_long_reason_is_cut(aws: Aws) -> None:
    aws.actions = answers.approved(by=answers.APPROVER, summary="x" * 2_000)
    follow(Answered(RELEASE), SITE)
    assert len(aws.decisions[0][2]) == 1_024


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MODEL_NAME": "wine-quality",
        "NAME_PREFIX": PREFIX,
        "EVIDENCE_BUCKET": EVIDENCE_BUCKET,
        "ARTIFACT_BUCKET": ARTIFACT_BUCKET,
        "DATA_BUCKET": DATA_BUCKET,
        "KMS_KEY_ARN": KMS_KEY_ARN,
        "CONSOLE_ADDRESS": SITE.console,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
def test_the_function_as_target_of_the_rules(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.StringIO()
    monkeypatch.setattr("sys.stdout", printed)
    aws.execution = answers.execution("Stopped")
    handler_module.handler(event("release_ended"), Context())
    aws.actions = answers.approved(by=answers.APPROVER)
    handler_module.handler(event("approval_answered"), Context())
    ended, answered = map(json.loads, printed.getvalue().splitlines())
    assert (ended["event"], ended["status"], ended["sequence"]) == ("Ended", "Stopped", 1)
    assert (answered["event"], answered["decision"]) == ("Answered", "Approved")


@pytest.mark.usefixtures("environment")
def test_without_a_console_the_function_links_to_none(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONSOLE_ADDRESS")
    aws.execution = answers.execution("Stopped")
    aws.actions = [*aws.actions[:-1], answers.action("DeployTest", "Evaluate", 7, "Failed")]
    handler_module.handler(event("release_ended"), Context())
    assert b"console." not in aws.objects[f"{FOLDER}report.html"][0]
    assert b"<code>/aws/lambda/" in aws.objects[f"{FOLDER}report.html"][0]


@pytest.mark.usefixtures("environment")
def test_the_function_lets_lambda_try_again(aws: Aws) -> None:
    aws.faster = [b"{}"] * 100
    aws.execution = answers.execution("Stopped")
    with pytest.raises(UnavailableError):
        handler_module.handler(event("release_ended"), Context())


def test_a_chain_that_began_in_the_artifact_bucket_goes_on_and_nothing_is_added_to_it_there(aws: Aws) -> None:
    ends(aws)
    (first,) = aws.chain()
    aws.artifacts[first.key] = aws.objects.pop(first.key)
    assert ends(aws, at=datetime.now(UTC) + timedelta(minutes=1))["sequence"] == 2
    (second,) = aws.chain()
    assert parsed(second.content)["predecessor"]["sha256"] == record_chain.sha256(first.content)
    aws.artifacts[record_chain.key("wine-quality", 7)] = b"{}", datetime.now(UTC)
    assert ends(aws, at=datetime.now(UTC) + timedelta(minutes=2))["sequence"] == 3
    assert verify([first, *aws.chain()]) == []


def test_a_champion_that_was_recorded_in_the_artifact_bucket_is_found(aws: Aws) -> None:
    key = f"releases/wine-quality/{answers.CHAMPION_ID}/record.json"
    aws.artifacts[key] = aws.objects.pop(key)
    write_evidence(RELEASE, SITE)
    assert aws.draft()["champion"]["execution_id"] == answers.CHAMPION_ID

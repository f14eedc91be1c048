"""Which pushes and datasets start a release, and how it is started."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.aws import clients
from pipeline_lambdas.handlers import start_release as start_release_handler
from pipeline_lambdas.release.affected import releasing
from pipeline_lambdas.runtime.failures import ConfigurationError, UnavailableError
from pipeline_lambdas.steps.release_start import (
    StartSite,
    decide_dataset,
    decide_paths,
    is_under_way,
    parse_event,
    start_release,
)
from tests.events import DATA_BUCKET, PREFIX, ROLE_ARN
from tests.pipeline_lambdas.aws_doubles import Context, client_of, manifest, sample_text, stubbed

MODEL = "wine-quality"
OLD, NEW = "1" * 40, "2" * 40
EVENT_ID = "6a7e8feb-b491-4cf7-a9f1-bf3703467718"
EXECUTION = "8f3c2a1d-4b5e-4c6d-8e7f-0123456789ab"
SITE = StartSite(
    MODEL,
    PREFIX,
    "main",
    DATA_BUCKET,
    ROLE_ARN,
    {
        "TrainingConfig": "slipway-local-training-config",
        "PipelineLambdas": "slipway-local-pipeline-lambdas",
        "InferenceLambdas": "slipway-local-inference-lambdas",
    },
)
FILES = {"train/train.csv": b"5,1\n", "validation/validation.csv": b"5,1\n", "test/test.csv": b"5,1\n"}
CODE = "PipelineLambdas"


@pytest.mark.parametrize(
    ("source", "paths", "found"),
    [
        ("TrainingConfig", ["wine-quality.yml"], ["wine-quality.yml"]),
        ("TrainingConfig", ["cider-quality.yml", "README.md"], []),
        ("TrainingConfig", ["old/wine-quality.yml", "wine-quality.yml.bak"], []),
        (CODE, ["pipeline_lambdas/steps/training.py"], ["pipeline_lambdas/steps/training.py"]),
        (
            CODE,
            ["pipeline_lambdas/evidence/prices.json", "buildspec.yml"],
            ["buildspec.yml", "pipeline_lambdas/evidence/prices.json"],
        ),
        (
            CODE,
            ["scripts/slipway_build/build.py", "requirements/build.txt"],
            ["requirements/build.txt", "scripts/slipway_build/build.py"],
        ),
        (CODE, ["pipeline_lambdas/README.md", "tests/pipeline_lambdas/runtime/test_job.py", "LICENSE"], []),
        (CODE, ["requirements/checks.txt", "cloudformation/pipeline.yml", "pyproject.toml"], []),
        (
            "InferenceLambdas",
            ["inference_lambdas/judging/gates.py", "tests/x.py"],
            ["inference_lambdas/judging/gates.py"],
        ),
        ("InferenceLambdas", ["inference_lambdas/README.md"], []),
        ("InferenceLambdas", [], []),
    ],
)
def test_which_paths_make_a_release(source: str, paths: list[str], found: list[str]) -> None:
    assert list(releasing(source, MODEL, paths)) == found
    assert decide_paths(source, MODEL, paths).starts == bool(found)


def test_a_decision_names_a_few_of_many_paths() -> None:
    decision = decide_paths(CODE, MODEL, [f"pipeline_lambdas/m{number}.py" for number in range(7)])
    assert decision.reason.endswith("pipeline_lambdas/m4.py and 2 more changed")


@pytest.mark.parametrize(("pinned", "starts"), [(None, True), ("a" * 16, True), ("b" * 16, False)])
def test_a_dataset_starts_a_release_unless_the_config_pins_another(pinned: str | None, starts: bool) -> None:
    assert decide_dataset(pinned, "a" * 16).starts is starts


def summary(status: str, commit: str | None) -> dict[str, Any]:
    sources = [] if commit is None else [{"actionName": "TrainingConfig", "revisionId": commit}]
    return {"status": status, "sourceRevisions": sources}


@pytest.mark.parametrize(
    ("summaries", "found"),
    [
        ([], False),
        ([summary("InProgress", NEW)], True),
        ([summary("InProgress", OLD), summary("Failed", NEW), summary("Succeeded", NEW)], False),
        ([summary("InProgress", None)], None),
        ([summary("InProgress", None), summary("InProgress", NEW)], True),
        ([summary("Failed", None)], False),
    ],
)
def test_whether_a_release_of_a_config_is_under_way(summaries: list[dict[str, Any]], found: bool | None) -> None:
    assert is_under_way(summaries, NEW) is found


def push(source: str = "TrainingConfig", **changes: Any) -> dict[str, Any]:
    detail = {
        "event": "referenceUpdated",
        "repositoryName": SITE.repositories[source],
        "referenceType": "branch",
        "referenceName": "main",
        "commitId": NEW,
        "oldCommitId": OLD,
        **changes,
    }
    detail = {key: value for key, value in detail.items() if value is not None}
    return {"id": EVENT_ID, "detail-type": "CodeCommit Repository State Change", "detail": detail}


def upload(version: str, key: str = f"{MODEL}/manifest.json") -> dict[str, Any]:
    detail = {"bucket": {"name": DATA_BUCKET}, "object": {"key": key, "version-id": version}}
    return {"id": EVENT_ID, "detail-type": "Object Created", "detail": detail}


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        push(referenceName="other"),
        push(repositoryName="slipway-local-else"),
        push(commitId=None),
        upload("v1", "cider-quality/manifest.json"),
        {**push(), "detail-type": "CodePipeline Pipeline Execution State Change"},
    ],
)
def test_other_events_are_refused(event: Any) -> None:
    with pytest.raises(ConfigurationError, match="Let only the rules"):
        parse_event(event, SITE)


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Stubber]]:
    with ExitStack() as stack:
        found = {
            service: stack.enter_context(stubbed(monkeypatch, service))
            for service in ("codecommit", "sts", "codepipeline")
        }
        monkeypatch.setattr(clients, "codepipeline_with", lambda *_: client_of("codepipeline"))
        yield found


def differ(stubs: dict[str, Stubber], *pages: list[str], source: str = "TrainingConfig") -> None:
    for number, paths in enumerate(pages):
        request = {
            "repositoryName": SITE.repositories[source],
            "beforeCommitSpecifier": OLD,
            "afterCommitSpecifier": NEW,
            **({"NextToken": f"page-{number}"} if number else {}),
        }
        more = {"NextToken": f"page-{number + 1}"} if number + 1 < len(pages) else {}
        answer = {"differences": [{"changeType": "M", "afterBlob": {"path": path}} for path in paths], **more}
        stubs["codecommit"].add_response("get_differences", answer, request)


def starts(stubs: dict[str, Stubber], rule: str, revision: dict[str, str]) -> None:
    """The pipeline is to be started once, in a session that is named like the rule of the event."""
    credentials = {"AccessKeyId": "A" * 20, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": 0}
    stubs["sts"].add_response(
        "assume_role",
        {"Credentials": credentials},
        {"RoleArn": ROLE_ARN, "RoleSessionName": f"{PREFIX}-{rule}"},
    )
    stubs["codepipeline"].add_response(
        "start_pipeline_execution",
        {"pipelineExecutionId": EXECUTION},
        {"name": PREFIX, "sourceRevisions": [revision], "clientRequestToken": EVENT_ID},
    )


def run(event: dict[str, Any]) -> dict[str, Any]:
    return start_release(parse_event(event, SITE), SITE, lambda _: None)


def test_a_push_of_the_models_config_starts_a_release_of_its_commit(stubs: dict[str, Stubber]) -> None:
    differ(stubs, ["README.md"], ["wine-quality.yml"])
    starts(
        stubs,
        "training-config",
        {"actionName": "TrainingConfig", "revisionType": "COMMIT_ID", "revisionValue": NEW},
    )
    assert run(push()) == {
        "source": "TrainingConfig",
        "revision": NEW,
        "reason": "wine-quality.yml changed",
        "outcome": "release",
        "execution_id": EXECUTION,
    }


def test_a_push_of_another_config_starts_none(stubs: dict[str, Stubber]) -> None:
    differ(stubs, ["cider-quality.yml"])
    assert run(push())["outcome"] == "no release"


def test_a_config_that_was_moved_away_has_changed(stubs: dict[str, Stubber]) -> None:
    difference = {"changeType": "M", "beforeBlob": {"path": "wine-quality.yml"}, "afterBlob": {"path": "a.yml"}}
    stubs["codecommit"].add_response("get_differences", {"differences": [difference]})
    starts(
        stubs,
        "training-config",
        {"actionName": "TrainingConfig", "revisionType": "COMMIT_ID", "revisionValue": NEW},
    )
    assert run(push())["outcome"] == "release"


@pytest.mark.parametrize("gone", [False, True], ids=["a new branch", "a commit that is gone"])
def test_without_the_commit_before_everything_has_changed(stubs: dict[str, Stubber], gone: bool) -> None:
    if gone:
        message = f"Commit {OLD} does not exist"
        stubs["codecommit"].add_client_error("get_differences", "CommitDoesNotExistException", message)
    starts(
        stubs,
        "inference-lambdas",
        {"actionName": "InferenceLambdas", "revisionType": "COMMIT_ID", "revisionValue": NEW},
    )
    before = OLD if gone else None
    assert run(push("InferenceLambdas", oldCommitId=before))["outcome"] == "release"


def test_a_change_that_cannot_be_looked_at_is_tried_again(stubs: dict[str, Stubber]) -> None:
    stubs["codecommit"].add_client_error("get_differences", "ThrottlingException", "slow down", http_status_code=400)
    with pytest.raises(UnavailableError):
        run(push())


def put_manifest() -> tuple[str, str]:
    """Store a manifest; returns its version and the dataset's id."""
    s3, document = client_of("s3"), manifest(FILES)
    s3.put_bucket_versioning(Bucket=DATA_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    put = s3.put_object(Bucket=DATA_BUCKET, Key=f"{MODEL}/manifest.json", Body=json.dumps(document).encode())
    return str(put["VersionId"]), str(document["dataset"][:16])


def has_config(stubs: dict[str, Stubber], text: str) -> None:
    answer = {
        "commitId": NEW,
        "blobId": "b",
        "filePath": f"{MODEL}.yml",
        "fileMode": "NORMAL",
        "fileSize": len(text),
        "fileContent": text.encode(),
    }
    request = {
        "repositoryName": SITE.repositories["TrainingConfig"],
        "commitSpecifier": "main",
        "filePath": f"{MODEL}.yml",
    }
    stubs["codecommit"].add_response("get_file", answer, request)


def runs(stubs: dict[str, Stubber], *summaries: dict[str, Any]) -> None:
    listed = [{**one, "pipelineExecutionId": EXECUTION} for one in summaries]
    stubs["codepipeline"].add_response(
        "list_pipeline_executions", {"pipelineExecutionSummaries": listed}, {"pipelineName": PREFIX}
    )


def dataset_starts(stubs: dict[str, Stubber], version: str) -> None:
    revision = {"actionName": "Dataset", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": version}
    starts(stubs, "dataset", revision)


@pytest.mark.usefixtures("buckets")
@pytest.mark.parametrize("config", ["unpinned", "pins it", "pins another", "broken"])
def test_a_dataset_and_the_config_of_the_branch(stubs: dict[str, Stubber], config: str) -> None:
    version, dataset = put_manifest()
    pins = {"pins it": dataset, "pins another": "0123456789abcdef"}.get(config)
    text = sample_text() + (f'data: {{dataset: "{pins}"}}\n' if pins else "")
    has_config(stubs, "model: [" if config == "broken" else text)
    if config == "pins it":
        runs(stubs, summary("InProgress", OLD))
    if config != "pins another":
        dataset_starts(stubs, version)
    done = run(upload(version))
    assert done["outcome"] == ("no release" if config == "pins another" else "release")
    if config == "pins another":
        assert done["reason"] == f"the config pins dataset 0123456789abcdef, not {dataset}"


@pytest.mark.usefixtures("buckets")
def test_a_release_that_waits_for_the_dataset_is_the_only_one(stubs: dict[str, Stubber]) -> None:
    version, dataset = put_manifest()
    has_config(stubs, sample_text() + f'data: {{dataset: "{dataset}"}}\n')
    runs(stubs, summary("InProgress", None))
    runs(stubs, summary("InProgress", NEW))
    done = run(upload(version))
    assert (done["outcome"], "is under way" in done["reason"]) == ("no release", True)


@pytest.mark.usefixtures("buckets")
def test_behind_a_connection_every_dataset_starts_a_release(stubs: dict[str, Stubber]) -> None:
    version, _ = put_manifest()
    site = StartSite(MODEL, PREFIX, "main", DATA_BUCKET, ROLE_ARN, {})
    dataset_starts(stubs, version)
    assert start_release(parse_event(upload(version), site), site, lambda _: None)["outcome"] == "release"


def test_the_handler_reads_its_environment_and_logs_the_decision(
    stubs: dict[str, Stubber], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {
        "MODEL_NAME": MODEL,
        "NAME_PREFIX": PREFIX,
        "BRANCH_NAME": "main",
        "DATA_BUCKET": DATA_BUCKET,
        "START_ROLE_ARN": ROLE_ARN,
        "TRAINING_CONFIG_REPOSITORY": SITE.repositories["TrainingConfig"],
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    differ(stubs, ["cider-quality.yml"])
    start_release_handler.handler(push(), Context())
    assert json.loads(capsys.readouterr().out)["reason"] == "no source of wine-quality has changed"

"""buildspec.yml and scripts.build as CodeBuild of a running local AWS runs them, with the role's permissions only."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import build
from scripts.checks import due, fingerprints
from scripts.packages import CODE_SHA256, FUNCTIONS, HANDLER, build_one
from scripts.project import Project
from scripts.staging import repository_files
from tests.local_server import ACCOUNT, REGION, ROOT, LocalServer, allow, wait_for
from tests.releases.house import passed_checks

PREFIX = "slipway-b-model"
THERE = ("train-model", "get-status", "deploy-model", "evaluate-model")
"""Functions of the stack; those for Prod are not there."""
Files = dict[str, bytes]


class Site:
    """Functions that run other code than the checkout's, the build project, and sources to build."""

    def __init__(self, aws: LocalServer) -> None:
        self.aws, self.name = aws, f"{PREFIX}-build"
        self.s3, self.functions, self.codebuild = (aws.client(s) for s in ("s3", "lambda", "codebuild"))
        self.sources, self.packages = "slipway-b-artifacts", "slipway-b-packages"
        for bucket in (self.sources, self.packages):
            self.s3.create_bucket(Bucket=bucket)
        self.key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        self._create_functions()
        role = aws.create_role(self.name, "codebuild.amazonaws.com", *self.statements())
        names = {"NAME_PREFIX": PREFIX, "MODEL_NAME": "model", "PACKAGE_BUCKET": self.packages, "KMS_KEY_ARN": self.key}
        self.codebuild.create_project(
            name=self.name,
            source={"type": "CODEPIPELINE"},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": name, "value": value} for name, value in names.items()],
            },
            serviceRole=role,
        )
        self.pipeline, self.inference = _files("pipeline_lambdas"), _files("inference_lambdas")

    def note(self, checks: Mapping[str, str]) -> None:
        """Note that checks have passed, as a build before does."""
        self.s3.put_object(Bucket=self.packages, Key="checks/model.json", Body=json.dumps(checks).encode())

    def statements(self) -> list[dict[str, Any]]:
        """The whole of what the build's role needs."""
        own = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-*"
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/{self.name}"
        return [
            allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", resource=[group, f"{group}:*"]),
            allow("s3:GetObject", resource=f"arn:aws:s3:::{self.sources}/*"),
            allow("s3:GetObject", "s3:PutObject", resource=f"arn:aws:s3:::{self.packages}/*"),
            allow("s3:ListBucket", resource=f"arn:aws:s3:::{self.packages}"),
            allow("kms:Decrypt", "kms:GenerateDataKey", resource=self.key),
            allow("lambda:GetFunctionConfiguration", "lambda:UpdateFunctionCode", resource=own),
        ]

    def _create_functions(self) -> None:
        role = self.aws.create_role(f"{PREFIX}-function", "lambda.amazonaws.com", allow("logs:CreateLogStream"))
        for name in THERE:
            self.functions.create_function(
                FunctionName=f"{PREFIX}-{name}",
                Runtime="python3.13",
                Role=role,
                Handler=HANDLER,
                Code={"ZipFile": _zip({"old.py": b"# other code\n"})},
            )

    def build(self, changes: Mapping[str, bytes] | None = None) -> tuple[dict[str, Any], list[str]]:
        """The finished build of the sources with these changes, and its log."""
        arns = {}
        for name, files in (("PipelineLambdas", self.pipeline), ("InferenceLambdas", self.inference)):
            changed = {path: text for path, text in (changes or {}).items() if _repository(path) == name}
            self.s3.put_object(Bucket=self.sources, Key=name, Body=_zip({**files, **changed}))
            arns[name] = f"arn:aws:s3:::{self.sources}/{name}"
        started = self.codebuild.start_build(
            projectName=self.name,
            sourceVersion=arns["PipelineLambdas"],
            secondarySourcesVersionOverride=[
                {"sourceIdentifier": "InferenceLambdas", "sourceVersion": arns["InferenceLambdas"]}
            ],
        )["build"]["id"]

        def ended() -> Any:
            found = self.codebuild.batch_get_builds(ids=[started])["builds"][0]
            return found if found["buildComplete"] else None

        done = wait_for(ended, "the build to end", 600)
        where = {"logGroupName": done["logs"]["groupName"], "logStreamName": done["logs"]["streamName"]}
        events = self.aws.client("logs").get_log_events(**where, startFromHead=True)["events"]
        return done, [event["message"] for event in events]

    def code(self) -> dict[str, str]:
        """What the functions run."""
        get = self.functions.get_function_configuration
        return {name: get(FunctionName=f"{PREFIX}-{name}")["CodeSha256"] for name in THERE}


def _files(folder: str) -> Files:
    """A repository as it is published, whole."""
    return {name: path.read_bytes() for name, path in repository_files(Project(ROOT), folder).items()}


def _repository(path: str) -> str:
    """The source that a file is pushed to."""
    return "InferenceLambdas" if "inference_lambdas" in path.split("/")[:2] else "PipelineLambdas"


def _zip(files: Mapping[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return body.getvalue()


@pytest.fixture(scope="module")
def site(local_aws: LocalServer) -> Site:
    return Site(local_aws)


def _exported(done: dict[str, Any]) -> str:
    return {v["name"]: str(v["value"]) for v in done["exportedEnvironmentVariables"]}["UPDATED_FUNCTIONS"]


TRAINING, ITS_TEST = "pipeline_lambdas/training.py", "tests/pipeline_lambdas/test_training.py"
GATES, THEIR_TEST = "inference_lambdas/gates.py", "tests/inference_lambdas/test_gates.py"


def appended(files: Files, name: str, text: str) -> Files:
    return {name: files[name] + text.encode()}


def test_changed_functions_are_updated_unchanged_ones_are_not_and_broken_ones_stop_the_build(
    site: Site, tmp_path: Path
) -> None:
    """Builds of the folders as they are published, in an environment that holds the locks and nothing else."""
    site.note(passed_checks(ROOT, tmp_path / "published"))
    before = site.code()
    done, lines = site.build()
    assert done["buildStatus"] == "SUCCEEDED", "\n".join(lines)
    assert _exported(done) == ",".join(THERE)
    after = site.code()
    assert not set(before.values()) & set(after.values())
    assert f"{PREFIX}-deploy-prod: the stack has no such function (yet); skipped" in lines
    package = build_one(ROOT, "train-model", FUNCTIONS["train-model"].handler)
    head = site.s3.head_object(Bucket=site.packages, Key=package.key)
    assert (head["SSEKMSKeyId"], head["Metadata"][CODE_SHA256]) == (site.key, after["train-model"])

    done, lines = site.build()
    assert _exported(done) == "none", "\n".join(lines)
    assert site.code() == after
    assert any(line.startswith("checks: 0 of ") for line in lines), "\n".join(lines)

    # One push brings code and the test of it. Only the tests that can reach the change are run.
    changes = {
        **appended(site.pipeline, TRAINING, "\nADDED = 1\n"),
        ITS_TEST: with_test_of_the_constant(site.pipeline[ITS_TEST]),
    }
    done, lines = site.build(changes)
    assert done["buildStatus"] == "SUCCEEDED", "\n".join(lines)
    assert _exported(done) == "train-model,deploy-model"
    [(due, there)] = [
        map(int, found) for line in lines for found in re.findall(r"^checks: (\d+) of (\d+) to run", line)
    ]
    assert 0 < due < there / 4, "\n".join(lines)
    changed = site.code()
    assert {name for name in THERE if changed[name] != after[name]} == {"train-model", "deploy-model"}

    # So does a changed test without its code, and then no function is updated.
    changes |= appended(site.inference, THEIR_TEST, "\n\ndef test_more() -> None:\n    assert judge\n")
    done, lines = site.build(changes)
    assert _exported(done) == "none", "\n".join(lines)
    assert any(" passed in " in line for line in lines), "\n".join(lines)

    for broken, phase, command, said in _broken(site):
        done, lines = site.build({**changes, **broken})
        bad = next(p for p in done["phases"] if p["phaseStatus"] == "FAILED")
        assert bad["phaseType"] == phase, "\n".join(lines)
        assert command in bad["contexts"][0]["message"]
        assert any(said in line for line in lines), "\n".join(lines)
        assert site.code() == changed


def with_test_of_the_constant(module: bytes) -> bytes:
    """The tests of training, and one more."""
    imported, added = b"from pipeline_lambdas.training import ", b"\n\ndef test_added() -> None:\n    assert ADDED\n"
    assert imported in module
    return module.replace(imported, imported + b"ADDED, ") + added


def _broken(site: Site) -> Iterator[tuple[Files, str, str, str]]:
    """What is pushed; the phase that fails, the command of it, and a line of its log."""
    plan = "python -m scripts.build plan"
    yield {TRAINING: b"def broken(:\n"}, "INSTALL", plan, f"{TRAINING}: line 1: "
    yield appended(site.pipeline, TRAINING, "\nimport numpy\n"), "INSTALL", plan, "found an import of numpy"
    yield appended(site.pipeline, TRAINING, "\nimport os\n"), "PRE_BUILD", "ruff check .", "E402"
    setup = "cloudformation/setup.yml"
    tropic = site.pipeline[setup].replace(b"AWS::KMS::Alias", b"AWS::KMS::Tropic")
    yield {setup: tropic}, "PRE_BUILD", "cfn-lint cloudformation/*.yml", "AWS::KMS::Tropic"
    # The test of the constant is there, the constant is not.
    yield {TRAINING: site.pipeline[TRAINING]}, "PRE_BUILD", "pytest -n auto", "cannot import name 'ADDED'"


def test_a_module_of_tests_is_due_if_something_that_it_reads_has_changed(tmp_path: Path) -> None:
    published = tmp_path / "published"
    passed = passed_checks(ROOT, published)
    for name, content in {**_files("pipeline_lambdas"), **_files("inference_lambdas")}.items():
        (published / name).parent.mkdir(parents=True, exist_ok=True)
        (published / name).write_bytes(content)
    assert due(fingerprints(published, passed), passed) == []
    everything = set(passed) - {"tree"}
    modules = everything - {"ruff", "cfn-lint"}
    gates = {"ruff", THEIR_TEST, *(name for name in modules if "/evaluation/" in name)}
    for name, expected in (
        ("cloudformation/setup.yml", {"cfn-lint"}),
        (ITS_TEST, {"ruff", ITS_TEST}),
        (GATES, gates),
        ("requirements/checks.txt", everything),
        ("buildspec.yml", everything),
        ("pipeline_lambdas/prices.json", modules),
        ("tests/events/clean_up.json", modules),
    ):
        path = published / name
        kept = path.read_bytes()
        path.write_bytes(kept + b"\n")
        assert set(due(fingerprints(published, passed), passed)) == expected, name
        path.write_bytes(kept)


def test_what_is_missing_from_the_environment_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["plan"], {"NAME_PREFIX": "n"}, ROOT) == 1
    assert "The build's environment lacks MODEL_NAME, PACKAGE_BUCKET, KMS_KEY_ARN." in capsys.readouterr().err
    assert build.main(["deploy"], {}, ROOT) == 2
    assert "found 'deploy'; allowed is one of plan, upload, update" in capsys.readouterr().err


def test_a_failed_build_updates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CODEBUILD_BUILD_SUCCEEDING", "0")
    names = {"NAME_PREFIX": "n", "MODEL_NAME": "m", "PACKAGE_BUCKET": "p", "KMS_KEY_ARN": "k"}
    assert build.main(["update"], names, tmp_path) == 1
    assert "no function was updated" in capsys.readouterr().err


def test_the_buildspec_says_what_it_exports_and_checks_before_it_updates() -> None:
    spec = yaml.safe_load((ROOT / "buildspec.yml").read_text(encoding="utf-8"))
    assert spec["env"]["exported-variables"] == ["UPDATED_FUNCTIONS"]
    commands = json.dumps(
        [spec["phases"][name]["commands"] for name in ("install", "pre_build", "build", "post_build")]
    )
    order = ("plan", "ruff check", "cfn-lint", "pytest", "scripts.build upload", "scripts.build update")
    places = [commands.index(text) for text in order]
    assert places == sorted(places)

"""buildspec.yml and scripts.build as CodeBuild of a running local AWS runs them, with the role's permissions only."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import build
from scripts.packages import CODE_SHA256, FUNCTIONS, build_one
from scripts.project import Project
from scripts.publish import repository_files
from tests.local_server import ACCOUNT, REGION, ROOT, LocalServer, allow, wait_for

PREFIX = "slipway-b-model"
THERE = ("train-model", "get-status", "deploy-model", "evaluate-model")
"""Functions of the stack; those for Prod are not there."""
TEMPLATE = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}\n"
PIPELINE_TEST, INFERENCE_TEST = "tests/pipeline_lambdas/test_names.py", "tests/inference_lambdas/test_gates.py"
TEST = """from __future__ import annotations

from {module} import {name}


def test_it() -> None:
    assert {name}
"""

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
        names = {"NAME_PREFIX": PREFIX, "PACKAGE_BUCKET": self.packages, "KMS_KEY_ARN": self.key}
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
        self.aws.lend_libraries(self.name)
        self.pipeline = _files("pipeline_lambdas")
        self.inference = _files("inference_lambdas")

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
                Handler=f"{FUNCTIONS[name].handler}.handler",
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

        done = wait_for(ended, "the build to end", 180)
        where = {"logGroupName": done["logs"]["groupName"], "logStreamName": done["logs"]["streamName"]}
        events = self.aws.client("logs").get_log_events(**where, startFromHead=True)["events"]
        return done, [event["message"] for event in events]

    def code(self) -> dict[str, str]:
        """What the functions run."""
        get = self.functions.get_function_configuration
        return {name: get(FunctionName=f"{PREFIX}-{name}")["CodeSha256"] for name in THERE}


def _files(folder: str) -> Files:
    """A repository as it is published, with few tests and a small template: what they check is tested elsewhere."""
    found = {
        name: path.read_bytes()
        for name, path in repository_files(Project(ROOT), folder).items()
        if not name.startswith(("cloudformation/", "tests/"))
    }
    if folder == "pipeline_lambdas":
        found |= {"cloudformation/topic.yml": TEMPLATE.encode(), "tests/__init__.py": b""}
        found |= {PIPELINE_TEST: _test("pipeline_lambdas.names", "attempt_of")}
    else:
        found |= {INFERENCE_TEST: _test("inference_lambdas.gates", "judge")}
    return found | {f"tests/{folder}/__init__.py": b""}


def _test(module: str, name: str) -> bytes:
    return TEST.format(module=module, name=name).encode()


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


def test_changed_functions_are_updated_unchanged_ones_are_not_and_broken_ones_stop_the_build(site: Site) -> None:
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

    began = time.monotonic()
    done, lines = site.build()
    assert _exported(done) == "none", "\n".join(lines)
    assert site.code() == after
    assert not any("passed" in line for line in lines)
    assert time.monotonic() - began < 60

    # One push of the inference repository brings its code and the test of it.
    source = site.inference["inference_lambdas/gates.py"]
    added = {"inference_lambdas/gates.py": source + b"\nADDED = 1\n"}
    done, lines = site.build({**added, INFERENCE_TEST: _test("inference_lambdas.gates", "ADDED")})
    assert done["buildStatus"] == "SUCCEEDED", "\n".join(lines)
    assert _exported(done) == "evaluate-model"
    assert any("2 passed" in line for line in lines)
    changed = site.code()
    assert {name for name in THERE if changed[name] != after[name]} == {"evaluate-model"}

    for changes, phase, command, said in BROKEN:
        done, lines = site.build(changes)
        bad = next(p for p in done["phases"] if p["phaseStatus"] == "FAILED")
        assert bad["phaseType"] == phase, "\n".join(lines)
        assert command in bad["contexts"][0]["message"]
        assert any(said in line for line in lines), "\n".join(lines)
        assert site.code() == changed


BROKEN: tuple[tuple[dict[str, bytes], str, str, str], ...] = (
    (
        {"pipeline_lambdas/names.py": b"def broken(:\n"},
        "PRE_BUILD", "python -m scripts.build plan", "pipeline_lambdas/names.py: line 1: ",
    ),
    (
        {"pipeline_lambdas/names.py": b"import numpy\n"},
        "PRE_BUILD", "python -m scripts.build plan", "found an import of numpy",
    ),
    (
        {"pipeline_lambdas/names.py": b'"""Names."""\n\nfrom __future__ import annotations\n\nimport os\n'},
        "PRE_BUILD", "ruff check .", "F401",
    ),
    (
        {"pipeline_lambdas/names.py": b'"""Names."""\n', "cloudformation/topic.yml": TEMPLATE.replace("Topic'", "Tropic'").encode()},  # noqa: E501
        "PRE_BUILD", "cfn-lint cloudformation/*.yml", "AWS::SNS::Tropic",
    ),
    (
        {"pipeline_lambdas/names.py": b'"""Names."""\n'},
        "PRE_BUILD", "pytest -n auto", "cannot import name 'attempt_of'",
    ),
    (
        {"inference_lambdas/gates.py": b'"""Gates."""\n', INFERENCE_TEST: _test("inference_lambdas.gates", "ADDED")},
        "PRE_BUILD", "pytest -n auto", "cannot import name 'ADDED'",
    ),
)  # fmt: skip


def test_what_is_missing_from_the_environment_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["plan"], {"NAME_PREFIX": "n"}, ROOT) == 1
    assert "The build's environment lacks PACKAGE_BUCKET, KMS_KEY_ARN." in capsys.readouterr().err
    assert build.main(["deploy"], {}, ROOT) == 2
    assert "found 'deploy'; allowed is one of plan, upload, update" in capsys.readouterr().err


def test_a_failed_build_updates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CODEBUILD_BUILD_SUCCEEDING", "0")
    names = {"NAME_PREFIX": "n", "PACKAGE_BUCKET": "p", "KMS_KEY_ARN": "k"}
    assert build.main(["update"], names, tmp_path) == 1
    assert "no function was updated" in capsys.readouterr().err


def test_the_buildspec_says_what_it_exports_and_checks_before_it_updates() -> None:
    spec = yaml.safe_load((ROOT / "buildspec.yml").read_text(encoding="utf-8"))
    assert spec["env"]["exported-variables"] == ["UPDATED_FUNCTIONS"]
    commands = json.dumps([spec["phases"][name]["commands"] for name in ("pre_build", "build", "post_build")])
    order = ("plan", "ruff check", "cfn-lint", "pytest", "scripts.build upload", "scripts.build update")
    places = [commands.index(text) for text in order]
    assert places == sorted(places)

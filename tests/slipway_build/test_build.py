"""buildspec.yml and slipway_build.build as CodeBuild of a running local AWS runs them, with the role's rights only.

What becomes of the packages is in tests/cloudformation/test_publishing.py.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway.project import Project
from slipway.repositories.staging import repository_files
from slipway_build import build
from slipway_build.checks import due, fingerprints
from slipway_build.packages import FUNCTIONS, PACKAGES, code_sha256

from tests.local_server import ACCOUNT, REGION, ROOT, LocalServer, allow, wait_for
from tests.releases.house import passed_checks

PREFIX = "slipway-b-model"
Files = dict[str, bytes]


class Site:
    """The build project, and sources to build."""

    def __init__(self, aws: LocalServer) -> None:
        self.aws, self.name = aws, f"{PREFIX}-build"
        self.s3, self.codebuild = aws.client("s3"), aws.client("codebuild")
        self.sources, self.packages = "slipway-b-artifacts", "slipway-b-packages"
        for bucket in (self.sources, self.packages):
            self.s3.create_bucket(Bucket=bucket)
        self.key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        role = aws.create_role(self.name, "codebuild.amazonaws.com", *self.statements())
        names = {"MODEL_NAME": "model", "PACKAGE_BUCKET": self.packages}
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
            encryptionKey=self.key,
        )
        self.pipeline, self.inference = _files("pipeline_lambdas"), _files("inference_lambdas")

    def note(self, checks: Mapping[str, str]) -> None:
        """Note that checks have passed, as a build before does."""
        self.s3.put_object(Bucket=self.packages, Key="checks/model.json", Body=json.dumps(checks).encode())

    def statements(self) -> list[dict[str, Any]]:
        """The whole of what the build's role needs."""
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/{self.name}"
        return [
            allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", resource=[group, f"{group}:*"]),
            allow("s3:GetObject", resource=f"arn:aws:s3:::{self.sources}/*"),
            allow("s3:PutObject", resource=f"arn:aws:s3:::{self.sources}/built"),
            allow("s3:GetObject", resource=f"arn:aws:s3:::{self.packages}/checks/model.json"),
            allow("s3:ListBucket", resource=f"arn:aws:s3:::{self.packages}"),
            allow("kms:Decrypt", "kms:GenerateDataKey", resource=self.key),
        ]

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
            artifactsOverride={"type": "CODEPIPELINE", "location": self.sources, "path": "built"},
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

    def built(self, done: Mapping[str, Any]) -> dict[str, Any]:
        """What a finished build says of its packages; each is as it says, and so is what it exports."""
        with zipfile.ZipFile(
            io.BytesIO(self.s3.get_object(Bucket=self.sources, Key="built")["Body"].read())
        ) as archive:
            listed = archive.read("packages.json")
            found: dict[str, Any] = json.loads(listed)
            assert found["packages"] == {name: code_sha256(archive.read(f"{name}.zip")) for name in PACKAGES}
        exported = {variable["name"]: variable["value"] for variable in done["exportedEnvironmentVariables"]}
        assert exported == {"PACKAGES_SHA256": hashlib.sha256(listed).hexdigest()}
        assert found["functions"] == {name: function.package for name, function in FUNCTIONS.items()}
        return found


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


TRAINING, ITS_TEST = "pipeline_lambdas/steps/training.py", "tests/pipeline_lambdas/steps/test_training.py"
GATES, THEIR_TEST = "inference_lambdas/judging/gates.py", "tests/inference_lambdas/judging/test_gates.py"


def appended(files: Files, name: str, text: str) -> Files:
    return {name: files[name] + text.encode()}


def test_what_has_changed_is_packaged_and_checked_and_what_is_broken_stops_the_build(
    site: Site, tmp_path: Path
) -> None:
    """Builds of the folders as they are published, in an environment that holds the locks and nothing else."""
    site.note(passed_checks(ROOT, tmp_path / "published"))
    done, lines = site.build()
    assert done["buildStatus"] == "SUCCEEDED", "\n".join(lines)
    before = site.built(done)
    assert before["checks"] is None
    assert any(line.startswith("checks: 0 of ") for line in lines), "\n".join(lines)

    # One push brings code and the test of it. Only the tests that can reach the change are run.
    changes = {
        **appended(site.pipeline, TRAINING, "\nADDED = 1\n"),
        ITS_TEST: with_test_of_the_constant(site.pipeline[ITS_TEST]),
    }
    done, lines = site.build(changes)
    assert done["buildStatus"] == "SUCCEEDED", "\n".join(lines)
    [(due, there)] = [
        map(int, found) for line in lines for found in re.findall(r"^checks: (\d+) of (\d+) to run", line)
    ]
    assert 0 < due < there / 4, "\n".join(lines)
    after = site.built(done)
    changed = {name for name, sha256 in after["packages"].items() if before["packages"][name] != sha256}
    assert changed == {"train-model", "deploy-model"}
    site.note(after["checks"])

    # So does a changed test without its code.
    changes |= appended(site.inference, THEIR_TEST, "\n\ndef test_more() -> None:\n    assert judge\n")
    done, lines = site.build(changes)
    assert any(" passed in " in line for line in lines), "\n".join(lines)
    assert site.built(done)["packages"] == after["packages"]

    for broken, phase, command, said in _broken(site):
        done, lines = site.build({**changes, **broken})
        assert done["buildStatus"] == "FAILED"
        bad = next(p for p in done["phases"] if p["phaseStatus"] == "FAILED")
        assert bad["phaseType"] == phase, "\n".join(lines)
        assert command in bad["contexts"][0]["message"]
        assert any(said in line for line in lines), "\n".join(lines)


def with_test_of_the_constant(module: bytes) -> bytes:
    """The tests of training, and one more."""
    imported, added = (
        b"from pipeline_lambdas.steps.training import ",
        b"\n\ndef test_added() -> None:\n    assert ADDED\n",
    )
    assert imported in module
    return module.replace(imported, imported + b"ADDED, ") + added


def _broken(site: Site) -> Iterator[tuple[Files, str, str, str]]:
    """What is pushed; the phase that fails, the command of it, and a line of its log."""
    plan = "python -m slipway_build.build"
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
        ("pipeline_lambdas/evidence/prices.json", modules),
        ("tests/events/clean_up.json", modules),
    ):
        path = published / name
        kept = path.read_bytes()
        path.write_bytes(kept + b"\n")
        assert set(due(fingerprints(published, passed), passed)) == expected, name
        path.write_bytes(kept)


def test_what_is_missing_from_the_environment_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main([], {"MODEL_NAME": ""}, ROOT) == 1
    assert "The build's environment lacks MODEL_NAME, PACKAGE_BUCKET." in capsys.readouterr().err
    assert build.main(["deploy"], {}, ROOT) == 2
    assert "found 'deploy'; it takes no argument" in capsys.readouterr().err


def test_the_buildspec_exports_the_hash_of_what_it_packaged_before_any_check() -> None:
    spec = yaml.safe_load((ROOT / "buildspec.yml").read_text(encoding="utf-8"))
    assert spec["env"] == {"variables": {"PYTHONPATH": "scripts"}, "exported-variables": ["PACKAGES_SHA256"]}
    assert spec["artifacts"] == {"base-directory": "build/packages", "files": ["**/*"]}
    commands = json.dumps([command for phase in spec["phases"].values() for command in phase["commands"]])
    order = ("python -m slipway_build.build", "PACKAGES_SHA256", "ruff check", "cfn-lint cloudformation", "pytest")
    places = [commands.index(text) for text in order]
    assert places == sorted(places)

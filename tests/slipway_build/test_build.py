"""buildspec.yml and checkspec.yml as CodeBuild of a running local AWS runs them, with the roles' rights only.

What becomes of the packages is in tests/cloudformation/test_publishing.py.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway.project import Project
from slipway.repositories.staging import repository_files
from slipway_build import build
from slipway_build import due as check
from slipway_build.checks import MOST, WIDTH, due, fingerprints, note, noted
from slipway_build.packages import FUNCTIONS, PACKAGES, code_sha256

from tests.local_server import ACCOUNT, REGION, ROOT, LocalServer, allow, wait_for
from tests.releases.house import passed_checks

BUILD, CHECK = "slipway-b-model-build", "slipway-b-model-check"
Files = dict[str, bytes]


class Site:
    """The two projects, and sources to build and to check."""

    def __init__(self, aws: LocalServer) -> None:
        self.aws = aws
        self.s3, self.codebuild = aws.client("s3"), aws.client("codebuild")
        self.sources, self.packages = "slipway-b-artifacts", "slipway-b-packages"
        for bucket in (self.sources, self.packages):
            self.s3.create_bucket(Bucket=bucket)
        self.key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        kept = f"arn:aws:s3:::{self.packages}"
        self.project(
            BUILD,
            "buildspec.yml",
            {},
            allow("s3:PutObject", resource=f"arn:aws:s3:::{self.sources}/built"),
            allow("kms:Decrypt", "kms:GenerateDataKey", resource=self.key),
        )
        self.project(
            CHECK,
            "checkspec.yml",
            {"PACKAGE_BUCKET": self.packages, "CHECKS_KEY": "checks/model.txt"},
            allow("s3:GetObject", resource=f"{kept}/checks/model.txt"),
            allow("s3:ListBucket", resource=kept),
            allow("kms:Decrypt", resource=self.key),
        )
        self.pipeline, self.inference = _files("pipeline_lambdas"), _files("inference_lambdas")

    def project(self, name: str, spec: str, variables: Mapping[str, str], *statements: dict[str, Any]) -> None:
        """Create a project, whose role may read the sources, log, and what the statements say."""
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/{name}"
        role = self.aws.create_role(
            name,
            "codebuild.amazonaws.com",
            allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", resource=[group, f"{group}:*"]),
            allow("s3:GetObject", resource=f"arn:aws:s3:::{self.sources}/*"),
            *statements,
        )
        self.codebuild.create_project(
            name=name,
            source={"type": "CODEPIPELINE", "buildspec": spec},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": key, "value": value} for key, value in variables.items()],
            },
            serviceRole=role,
            encryptionKey=self.key,
        )

    def note(self, checks: str) -> None:
        """Note that checks were green, as Publish does."""
        self.s3.put_object(Bucket=self.packages, Key="checks/model.txt", Body=checks.encode())

    def run(self, project: str, changes: Mapping[str, bytes] | None = None) -> tuple[dict[str, Any], list[str]]:
        """The finished build of the sources with these changes, and its log."""
        arns = {}
        for name, files in (("PipelineLambdas", self.pipeline), ("InferenceLambdas", self.inference)):
            changed = {path: text for path, text in (changes or {}).items() if _repository(path) == name}
            self.s3.put_object(Bucket=self.sources, Key=name, Body=_zip({**files, **changed}))
            arns[name] = f"arn:aws:s3:::{self.sources}/{name}"
        artifact = {"location": self.sources, "path": "built"} if project == BUILD else {}
        started = self.codebuild.start_build(
            projectName=project,
            sourceVersion=arns["PipelineLambdas"],
            artifactsOverride={"type": "CODEPIPELINE", **artifact},
            secondarySourcesVersionOverride=[
                {"sourceIdentifier": "InferenceLambdas", "sourceVersion": arns["InferenceLambdas"]}
            ],
        )["build"]["id"]

        def ended() -> Any:
            found = self.codebuild.batch_get_builds(ids=[started])["builds"][0]
            return found if found["buildComplete"] else None

        done = wait_for(ended, f"{project} to end", 600)
        where = {"logGroupName": done["logs"]["groupName"], "logStreamName": done["logs"]["streamName"]}
        events = self.aws.client("logs").get_log_events(**where, startFromHead=True)["events"]
        return done, [event["message"] for event in events]

    def built(self, changes: Mapping[str, bytes] | None = None) -> dict[str, str]:
        """Package to the hash that a green build of the sources says; each is as it says, and so is what it exports."""
        done, lines = self.run(BUILD, changes)
        assert done["buildStatus"] == "SUCCEEDED", "\n".join(lines)
        with zipfile.ZipFile(
            io.BytesIO(self.s3.get_object(Bucket=self.sources, Key="built")["Body"].read())
        ) as archive:
            listed = archive.read("packages.json")
            found: dict[str, Any] = json.loads(listed)
            assert found["packages"] == {name: code_sha256(archive.read(f"{name}.zip")) for name in PACKAGES}
        assert exported(done) == {"PACKAGES_SHA256": hashlib.sha256(listed).hexdigest()}
        assert found == {**found, "functions": {name: function.package for name, function in FUNCTIONS.items()}}
        packages: dict[str, str] = found["packages"]
        return packages

    def built_source(self, package: str, name: str) -> bytes:
        """A file of a package of the newest build."""
        built = self.s3.get_object(Bucket=self.sources, Key="built")["Body"].read()
        with zipfile.ZipFile(io.BytesIO(built)) as archive:
            inner = io.BytesIO(archive.read(f"{package}.zip"))
        with zipfile.ZipFile(inner) as zipped:
            return zipped.read(name)

    def checked(self, changes: Mapping[str, bytes] | None = None) -> tuple[str, list[str]]:
        """What a green check of the sources hands on, and its log."""
        done, lines = self.run(CHECK, changes)
        assert done["buildStatus"] == "SUCCEEDED", "\n".join(lines)
        (checks,) = exported(done).values()
        return checks, lines


def exported(done: Mapping[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in done["exportedEnvironmentVariables"]}


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


def test_what_has_changed_is_packaged_and_checked_and_what_is_broken_is_refused(site: Site, tmp_path: Path) -> None:
    """The folders as they are published, in environments that hold the locks and nothing else.

    What a test does to its container changes no package.
    """
    site.note(note(passed_checks(ROOT, tmp_path / "published")))
    before = site.built()
    checks, lines = site.checked()
    assert checks == "none", "nothing new is to be noted"
    assert any(line.startswith("checks: 0 of ") for line in lines), "\n".join(lines)

    # One push brings code and the test of it, and one more test. Only the tests that can reach the change are run.
    changes = {
        **appended(site.pipeline, TRAINING, "\nADDED = 1\n"),
        ITS_TEST: with_test_of_the_constant(site.pipeline[ITS_TEST]),
        "tests/pipeline_lambdas/test_evil.py": EVIL,
    }
    checks, lines = site.checked(changes)
    [(due, there)] = [
        map(int, found) for line in lines for found in re.findall(r"^checks: (\d+) of (\d+) to run", line)
    ]
    assert 0 < due < there / 4, "\n".join(lines)
    # Those of what SageMaker's images hold are skipped.
    assert any(re.match(r"\d+ passed(, \d+ skipped)? in ", line) for line in lines), "\n".join(lines)
    assert noted(checks), "what a test writes into its place is not what was green"
    assert "evil" not in checks
    after = site.built(changes)
    assert {name for name, sha256 in after.items() if before[name] != sha256} == {"train-model"}
    assert site.built_source("train-model", TRAINING) == changes[TRAINING]
    installed = site.codebuild.batch_get_projects(names=[BUILD])["projects"][0]["source"]["buildspec"]
    assert "requirements/checks.txt" not in (ROOT / installed).read_text(encoding="utf-8")
    site.note(checks)
    _refused(site, changes, first=True)


@pytest.mark.faults
def test_whatever_is_broken_is_refused(site: Site, tmp_path: Path) -> None:
    site.note(note(passed_checks(ROOT, tmp_path / "published")))
    changes = {ITS_TEST: with_test_of_the_constant(site.pipeline[ITS_TEST])}
    _refused(site, changes, first=False)


def _refused(site: Site, changes: Files, *, first: bool) -> None:
    """The first of what is broken for each project, or the rest."""
    seen: set[str] = set()
    for project, broken, command, said in _broken(site):
        is_first = project not in seen
        seen.add(project)
        if is_first != first:
            continue
        done, lines = site.run(project, {**changes, **broken})
        assert done["buildStatus"] == "FAILED"
        bad = next(p for p in done["phases"] if p["phaseStatus"] == "FAILED")
        assert command in bad["contexts"][0]["message"], "\n".join(lines)
        assert any(said in line for line in lines), "\n".join(lines)
        ran = [p["phaseType"] for p in done["phases"]]
        assert "BUILD" not in ran, "nothing follows what failed"


EVIL = b"""from __future__ import annotations

from pathlib import Path


def test_evil() -> None:
    here = Path(__file__).parents[2]
    (here / "pipeline_lambdas/steps/training.py").write_text("EVIL = 1", encoding="utf-8")
    (here / "build/note").write_text("evil", encoding="utf-8")
"""


def with_test_of_the_constant(module: bytes) -> bytes:
    """The tests of training, and one more."""
    imported, added = (
        b"from pipeline_lambdas.steps.training import ",
        b"\n\ndef test_added() -> None:\n    assert ADDED\n",
    )
    assert imported in module
    return module.replace(imported, imported + b"ADDED, ") + added


def _broken(site: Site) -> Iterator[tuple[str, Files, str, str]]:
    """Who refuses it; what is pushed; the command that fails, and a line of its log."""
    package = "python -m slipway_build.build"
    yield BUILD, appended(site.pipeline, TRAINING, "\nimport numpy\n"), package, "found an import of numpy"
    # The test of the constant is there, the constant is not.
    yield CHECK, {TRAINING: site.pipeline[TRAINING]}, "pytest -n auto", "cannot import name 'ADDED'"
    yield BUILD, {TRAINING: b"def broken(:\n"}, package, f"{TRAINING}: line 1: "
    yield CHECK, {ITS_TEST: b"def broken(:\n"}, "python -m slipway_build.due", f"{ITS_TEST}: line 1: "
    yield CHECK, appended(site.pipeline, TRAINING, "\nimport os\n"), "ruff check .", "E402"
    setup = "cloudformation/setup.yml"
    tropic = site.pipeline[setup].replace(b"AWS::KMS::Alias", b"AWS::KMS::Tropic")
    yield CHECK, {setup: tropic}, "cfn-lint cloudformation/*.yml", "AWS::KMS::Tropic"


def test_a_module_of_tests_is_due_if_something_that_it_reads_has_changed(tmp_path: Path) -> None:
    published = tmp_path / "published"
    all_of_them = passed_checks(ROOT, published)
    passed = set(all_of_them.values())
    for name, content in {**_files("pipeline_lambdas"), **_files("inference_lambdas")}.items():
        (published / name).parent.mkdir(parents=True, exist_ok=True)
        (published / name).write_bytes(content)
    assert due(fingerprints(published, passed), passed) == []
    everything = set(all_of_them) - {"tree"}
    modules = everything - {"ruff", "cfn-lint"}
    gates = {"ruff", THEIR_TEST, *(name for name in modules if "/evaluation/" in name)}
    for name, expected in (
        ("cloudformation/setup.yml", {"cfn-lint"}),
        (ITS_TEST, {"ruff", ITS_TEST}),
        (GATES, gates),
        ("requirements/checks.txt", everything),
        ("checkspec.yml", everything),
        ("pipeline_lambdas/evidence/prices.json", modules),
        ("tests/events/clean_up.json", modules),
    ):
        path = published / name
        kept = path.read_bytes()
        path.write_bytes(kept + b"\n")
        assert set(due(fingerprints(published, passed), passed)) == expected, name
        path.write_bytes(kept)


def test_a_note_is_read_as_it_was_written_and_what_is_none_counts_for_nothing(tmp_path: Path) -> None:
    found = {"tree": "t" * WIDTH, **{f"test_{number}": f"{number:0{WIDTH}}" for number in range(200)}}
    text = note(found)
    assert noted(text) == set([*found.values()][:MOST])
    # Those that did not fit in are run; with the same files none is.
    assert due(found, noted(text)) == [f"test_{number}" for number in range(MOST - 1, 200)]
    for other in ("", "none", "t" * (WIDTH + 1), '{"tree": "0123"}', text + "\n"):
        assert noted(other) == frozenset()
    (tmp_path / "tests").mkdir()
    whole = fingerprints(tmp_path)
    assert fingerprints(tmp_path, noted(note(whole))) == {"tree": whole["tree"]}


def test_what_is_missing_from_the_environment_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([], {"CHECKS_KEY": ""}, ROOT) == 1
    assert "The environment of the checks lacks PACKAGE_BUCKET, CHECKS_KEY." in capsys.readouterr().err
    for module in (partial(check.main, environment={}), build.main):
        assert module(["deploy"], root=ROOT) == 2
        assert "found 'deploy'; it takes no argument" in capsys.readouterr().err


def test_the_specs_export_what_they_found_before_any_check() -> None:
    for name, exported, order in (
        ("buildspec.yml", "PACKAGES_SHA256", ("python -m slipway_build.build", "PACKAGES_SHA256")),
        (
            "checkspec.yml",
            "CHECKS",
            ("python -m slipway_build.due", "CHECKS", "ruff check", "cfn-lint cloudformation", "pytest"),
        ),
    ):
        spec = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
        assert spec["env"] == {"variables": {"PYTHONPATH": "scripts"}, "exported-variables": [exported]}
        commands = json.dumps([command for phase in spec["phases"].values() for command in phase["commands"]])
        places = [commands.index(text) for text in order]
        assert places == sorted(places)
        made = {"base-directory": "build/packages", "files": ["**/*"]} if name == "buildspec.yml" else None
        assert spec.get("artifacts") == made

"""A checkout with its own local AWS, installed and released once, that the cases of the table run in."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from slipway.project import Project
from slipway.repositories.staging import repository_files
from slipway_build.checks import fingerprints, note

from tests.local_server import ROOT, LocalServer, build_sources, wait_for

MODEL = "wine-quality"
PREFIX = f"slipway-local-{MODEL}"
SAMPLE = (ROOT / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8")
_TRANSCRIPT = "transcript.txt"
FINAL = ("Succeeded", "Failed", "Stopped", "Superseded", "Cancelled")


@dataclass
class House:
    """A copy of this checkout and the local AWS that it released to."""

    root: Path
    server: LocalServer = field(init=False)
    transcript: str = ""
    """What the first `slipway release` printed."""

    def __post_init__(self) -> None:
        for name in _files():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, self.root / name)
        self.server = LocalServer(self.root / ".slipway" / "local")

    def install(self) -> None:
        """The first `slipway release`, which must end green."""
        said = self.prepare()
        done = self.slipway("release", "--approve", "make release")
        assert done.returncode == 0, done.stdout + done.stderr
        self.transcript = said + done.stdout

    def copy_installation(self, first: Path, *, start: bool = True) -> None:
        """Continue from where the house in the folder `first` was shut down; see `first_house`."""
        leave = shutil.ignore_patterns("ministack-lambda-*")
        shutil.copytree(first / ".slipway", self.root / ".slipway", symlinks=True, ignore=leave)
        # The programs of a virtual environment name its folder.
        for program in self.server.state.glob("codebuild/projects/*/python-*/bin/*"):
            if not program.is_symlink() and str(first).encode() in (content := program.read_bytes()):
                program.write_bytes(content.replace(str(first).encode(), str(self.root).encode()))
        self.transcript = (first / _TRANSCRIPT).read_text(encoding="utf-8")
        if start:
            self.server.up()

    def prepare(self) -> str:
        """Start local AWS, create the stack of the buckets, and note there that all checks have passed.

        So a Build checks only what a test changes afterwards; that all of them pass is a test of its own. Returns what
        the beginning of `slipway release` prints.
        """
        program = "import sys; from tests.releases.first_stack import main; sys.exit(main(int(sys.argv[1])))"
        command = [sys.executable, "-c", program, str(self.server.port)]
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.note_checks()
        return done.stdout

    def note_checks(self, model: str = MODEL) -> None:
        """Note in the package bucket that the checks of this checkout have passed for the model's pipeline."""
        noted = note(passed_checks(self.root, self.root / ".published")).encode()
        bucket = f"slipway-local-packages-{self.account}-us-east-1"
        self.client("s3").put_object(Bucket=bucket, Key=f"checks/{model}.txt", Body=noted)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the command; the builds of a local AWS that it starts need no network."""
        return {
            **os.environ,
            **build_sources(self.server.wheels),
            "SLIPWAY_PORT": str(self.server.port),
            "COLUMNS": "200",
        }

    def slipway(self, *arguments: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """The command as a user runs it in this checkout."""
        command = [sys.executable, "-m", "slipway.cli", *arguments, "--local"]
        return subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False, timeout=timeout_s
        )

    def client(self, service: str) -> Any:
        return self.server.client(service)

    def executions(self) -> list[dict[str, Any]]:
        """All executions of the pipeline, newest first."""
        found: list[dict[str, Any]] = self.client("codepipeline").list_pipeline_executions(pipelineName=PREFIX)[
            "pipelineExecutionSummaries"
        ]
        return found

    def newest(self) -> str:
        return str(self.executions()[0]["pipelineExecutionId"])

    def wait_for_end(self, execution: str, timeout_s: float = 120, pause_s: float = 0.02) -> dict[str, Any]:
        """The execution's summary once it has ended; asked for with a pause in between."""

        def ended() -> dict[str, Any] | None:
            self.approve()
            summary = next(e for e in self.executions() if e["pipelineExecutionId"] == execution)
            return summary if summary["status"] in FINAL else None

        found: dict[str, Any] = wait_for(ended, f"execution {execution} to end", timeout_s, pause_s)
        return found

    def stop(self, execution: str) -> None:
        """Abandon an execution of which no more matters than that it has started."""
        self.client("codepipeline").stop_pipeline_execution(
            pipelineName=PREFIX, pipelineExecutionId=execution, abandon=True
        )
        assert self.wait_for_end(execution)["status"] == "Stopped"

    def approve(self) -> None:
        """Approve what waits for it: a release that waits keeps the next one from passing."""
        state = self.client("codepipeline").get_pipeline_state(name=PREFIX)
        for stage in state["stageStates"]:
            for action in stage["actionStates"]:
                token = action.get("latestExecution", {}).get("token")
                if token and action["latestExecution"]["status"] == "InProgress":
                    self.client("codepipeline").put_approval_result(
                        pipelineName=PREFIX,
                        stageName=stage["stageName"],
                        actionName=action["actionName"],
                        token=token,
                        result={"status": "Approved", "summary": "a test"},
                    )

    def wait_for_new(self, before: str, timeout_s: float = 20) -> str:
        """The id of the execution that started after `before`."""
        newest: str = wait_for(
            lambda: self.newest() if self.newest() != before else None, "a new execution to start", timeout_s
        )
        return newest

    def wait_for_release_of(self, revision: str, timeout_s: float = 20) -> str:
        """The id of the execution that has a commit or an object version among its sources."""

        def started() -> str | None:
            found = (
                e["pipelineExecutionId"]
                for e in self.executions()
                if revision in [r.get("revisionId") for r in e.get("sourceRevisions", [])]
            )
            return next(found, None)

        execution: str = wait_for(started, f"an execution of {revision} to start", timeout_s)
        return execution

    def actions(self, execution: str) -> dict[str, dict[str, Any]]:
        """The newest attempt of each action of an execution, by `Stage/Action`."""
        details = self.client("codepipeline").list_action_executions(
            pipelineName=PREFIX, filter={"pipelineExecutionId": execution}
        )["actionExecutionDetails"]
        return {f"{d['stageName']}/{d['actionName']}": d for d in reversed(details)}

    def failure(self, execution: str) -> tuple[str, str]:
        """Which action of a failed execution failed, as `Stage/Action`, and its message."""
        for name, action in self.actions(execution).items():
            if action["status"] == "Failed":
                return name, action["output"]["executionResult"]["errorDetails"]["message"]
        raise AssertionError(f"no action of {execution} failed")

    def serving(self) -> dict[str, tuple[str, str]]:
        """What the endpoints that stay serve: name to (status, endpoint config); the champion's comes and goes."""
        sagemaker = self.client("sagemaker")
        listed = sorted(e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"])
        names = [name for name in listed if name != f"{PREFIX}-champion"]
        described = [sagemaker.describe_endpoint(EndpointName=name) for name in names]
        return {d["EndpointName"]: (d["EndpointStatus"], d["EndpointConfigName"]) for d in described}

    def wait_for_champion_to_go(self) -> None:
        """A release that failed has its endpoint removed once EventBridge has told of the end."""
        name, sagemaker = f"{PREFIX}-champion", self.client("sagemaker")
        wait_for(lambda: not sagemaker.list_endpoints(NameContains=name)["Endpoints"], f"{name} to be removed", 30)

    def report(self, execution: str, environment: str = "test", model: str = MODEL) -> dict[str, Any]:
        """An evaluation report of a release."""
        bucket = f"slipway-local-evidence-{self.account}-us-east-1"
        key = f"releases/{model}/{execution}/{environment}-evaluation.json"
        found: dict[str, Any] = json.load(self.client("s3").get_object(Bucket=bucket, Key=key)["Body"])
        return found

    def record(self, execution: str, model: str = MODEL) -> dict[str, Any]:
        """The record of an execution that has ended, once it takes its place in the chain."""
        bucket = f"slipway-local-evidence-{self.account}-us-east-1"
        key = f"releases/{model}/{execution}/record.json"

        def written() -> dict[str, Any] | None:
            found = self.client("s3").list_objects_v2(Bucket=bucket, Prefix=key).get("Contents")
            if not found:
                return None
            record: dict[str, Any] = json.load(self.client("s3").get_object(Bucket=bucket, Key=key)["Body"])
            return record if record["sequence"] else None

        record: dict[str, Any] = wait_for(written, f"the record of {execution}", 30)
        return record

    def upload(self, folder: Path, missing: list[str]) -> str:
        """Put a dataset and its manifest into the bucket, with no check of the rows; leave out the missing files.

        Returns the version of the manifest.
        The columns are named as in the sample data, unless the folder has names of its own.
        """
        s3, bucket = self.client("s3"), f"slipway-local-data-{self.account}-us-east-1"
        contents = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.csv")}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        dataset = hashlib.sha256("".join(sorted(f"{n} {h}\n" for n, h in hashes.items())).encode()).hexdigest()
        prefix = f"{MODEL}/datasets/{dataset[:16]}/"
        for name, content in contents.items():
            if name not in missing:
                s3.put_object(Bucket=bucket, Key=prefix + name, Body=content)
        files = [
            {"channel": name.partition("/")[0], "path": name, "bytes": len(contents[name]), "sha256": hashes[name]}
            for name in sorted(contents)
        ]
        named = next(path for path in (folder, ROOT / "data" / MODEL) if (path / "columns.json").exists())
        columns = json.loads((named / "columns.json").read_text(encoding="utf-8"))
        manifest = {"schema": "slipway-dataset/1", "dataset": dataset, "prefix": prefix, "files": files}
        manifest["columns"] = columns
        body = json.dumps(manifest).encode()
        return str(s3.put_object(Bucket=bucket, Key=f"{MODEL}/manifest.json", Body=body)["VersionId"])

    account = "111122223333"

    @property
    def config_file(self) -> Path:
        return self.root / "training_config" / f"{MODEL}.yml"

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Changes inside start no release: the rules that would start it are off meanwhile."""
        events = self.client("events")
        names = [rule["Name"] for rule in events.list_rules()["Rules"]]
        for name in names:
            events.disable_rule(Name=name)
        yield
        for name in names:
            events.enable_rule(Name=name)

    def restore(self) -> None:
        """The sample config and the sample data, whatever a test before has left; starts no release.

        Without the champion, as the model that Prod serves may have been trained on other data.
        """
        with self.quietly():
            self.push_config(UNCOMPARED, message="The sample config")
            self.upload(ROOT / "data" / MODEL, [])

    def push_config(self, text: str, *, message: str = "Change the config") -> str:
        """Commit and push a training config with plain git, as a data scientist does; returns the commit id."""
        return self.push("training_config", {f"{MODEL}.yml": text}, message=message)

    def push(self, folder: str, files: Mapping[str, str], *, message: str = "Change it") -> str:
        """Commit and push files of a repository with plain git, from a clone of it; returns the commit id."""
        work = self.clone(folder)
        for name, text in files.items():
            (work / name).parent.mkdir(exist_ok=True)
            (work / name).write_text(text, encoding="utf-8")
        if self._git("-C", str(work), "status", "--porcelain"):
            self._git("-C", str(work), "add", "--all")
            self._git("-C", str(work), "commit", "--quiet", "--message", message)
            self._git("-C", str(work), "push", "--quiet")
        return self._git("-C", str(work), "rev-parse", "HEAD")

    def clone(self, folder: str) -> Path:
        """An up-to-date clone of the repository of a folder."""
        work = self.root / ("clone" if folder == "training_config" else f"clone-{folder}")
        if not work.exists():
            url = f"{self.server.url}/v1/repos/slipway-local-{folder.replace('_', '-')}"
            self._git("clone", "--quiet", "-c", f"include.path={self.server.state / 'gitconfig'}", url, str(work))
        self._git("-C", str(work), "pull", "--quiet", "--ff-only")
        return work

    def _git(self, *arguments: str) -> str:
        who = {
            f"GIT_{role}_{part}": "dev@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
        }
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def first_house(folder: Path) -> Path:
    """Return the root of a house that was shut down after its first release; the first process to come makes it."""
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _TRANSCRIPT).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            house = House(folder)
            try:
                house.install()
            finally:
                house.slipway("down")
            (folder / _TRANSCRIPT).write_text(house.transcript, encoding="utf-8")
    return folder


def passed_checks(root: Path, folder: Path) -> dict[str, str]:
    """The fingerprints of all checks of a checkout; made in `folder`, which is removed."""
    for name in ("pipeline_lambdas", "inference_lambdas"):
        for file, path in repository_files(Project(root), name).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / file)
    found = fingerprints(folder)
    shutil.rmtree(folder)
    return found


def _files() -> list[str]:
    """The files of this checkout as they are now, without what git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


def patched(text: str, patch: dict[str, Any]) -> str:
    """A YAML document with some values replaced (dotted keys; null removes)."""
    document = yaml.safe_load(text)
    for path, value in patch.items():
        *parents, last = path.split(".")
        node = document
        for parent in parents:
            node = node[parent]
        if value is None:
            del node[last]
        else:
            node[last] = value
    return yaml.safe_dump(document, sort_keys=False)


UNCOMPARED = patched(SAMPLE, {"tests.full.champion": None})
"""The sample config without the champion."""

"""CodeCommit on its own: no MiniStack, no server unless a test asks for one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config

from local_aws.aws import Clients
from local_aws.clock import SystemClock
from local_aws.codecommit.git_http.host import GitHost
from local_aws.codecommit.git_http.signing import SignedPart, signature
from local_aws.codecommit.service import CodeCommitService
from local_aws.runtime import Runtime
from local_aws.settings import Settings
from local_aws.state.store import Store
from local_aws.wire import AwsError, Caller
from tests.local_server import REGION, free_port, wait_for

ALICE = Caller("111122223333", "us-east-1", "arn:aws:iam::111122223333:user/alice", "AKIAALICE")


@dataclass(frozen=True)
class Event:
    source: str
    detail_type: str
    detail: dict[str, str]
    resources: list[str]


@dataclass
class Bench:
    """The service, its API and the events that it sent."""

    state: Path
    port: int = field(default_factory=free_port)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = Settings(self.state, self.port)
        (self.state / "git").mkdir(exist_ok=True)
        self.store = Store(self.state / "slipway.db")
        self.service = CodeCommitService(Runtime(settings, self.store, SystemClock(), Clients(settings)))
        self.front = self.service.front()

    def close(self) -> None:
        self.service.stop()
        self.store.close()

    def call(self, operation: str, **request: Any) -> Mapping[str, Any]:
        return self.front.call(operation, ALICE, request)

    def refusal(self, operation: str, **request: Any) -> str:
        """The code of the error that the operation answers."""
        with pytest.raises(AwsError) as caught:
            self.call(operation, **request)
        assert caught.value.message
        return caught.value.code

    def repository(self, name: str = "config") -> str:
        """A new repository's id."""
        made: str = self.call("CreateRepository", repositoryName=name)["repositoryMetadata"]["repositoryId"]
        return made

    def put(self, path: str, content: bytes, parent: str | None = None, **more: Any) -> str:
        """PutFile on branch main of `config`; returns the commit's id."""
        request = {"repositoryName": "config", "branchName": "main", "filePath": path, "fileContent": content, **more}
        if parent:
            request["parentCommitId"] = parent
        commit: str = self.call("PutFile", **request)["commitId"]
        return commit

    def tip(self, branch: str = "main") -> str:
        return self.service.tip("config", branch)

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve git over HTTP; gives the URL of `config` with the root user's credentials."""
        stopping, loop_box = asyncio.Event(), []
        config = Config()
        config.bind = [f"127.0.0.1:{self.port}"]
        config.graceful_timeout = 1

        async def run() -> None:
            loop_box.append(asyncio.get_running_loop())
            await serve(GitHost(self.service), config, shutdown_trigger=stopping.wait)  # type: ignore[arg-type]

        thread = threading.Thread(target=lambda: asyncio.run(run()))
        thread.start()
        wait_for(lambda: reaches(self.port), "the server to listen")
        try:
            yield signed_in(f"http://127.0.0.1:{self.port}/v1/repos/config", "test", "test")
        finally:
            loop_box[0].call_soon_threadsafe(stopping.set)
            thread.join(timeout=20)
        assert not thread.is_alive()


def basic(path: str, key: str, secret: str, token: str = "") -> tuple[str, str]:
    """User and password as the AWS CLI's helper makes them, good for 15 minutes."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    password = f"{moment}Z{signature(secret, moment, SignedPart(path, '127.0.0.1', REGION))}"
    return f"{key}%{token}" if token else key, password


def signed_in(url: str, key: str, secret: str, token: str = "") -> str:
    """A repository's URL with user and password in it."""
    user, password = basic(urlsplit(url).path, key, secret, token)
    return url.replace("://", f"://{quote(user, safe='')}:{password}@", 1)


def reaches(port: int) -> bool:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def git(folder: Path, *arguments: str, ok: bool = True, environment: Mapping[str, str] | None = None) -> str:
    """Run git as a user does, with nothing of this machine's configuration; returns all that it printed."""
    folder.mkdir(parents=True, exist_ok=True)
    person = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Maria"), ("EMAIL", "maria@example.com"))
    }
    clean = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **person,
        **(environment or {}),
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def clone(folder: Path, url: str) -> Path:
    """A clone of an (empty or filled) repository in `folder`."""
    git(folder.parent, "clone", "-q", url, folder.name)
    return folder


def commit(folder: Path, path: str, content: str, branch: str = "main") -> str:
    """Commit one file on a branch of a clone; returns the commit's id."""
    git(folder, "checkout", "-q", "-B", branch)
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content, encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", f"change {path}")
    return git(folder, "rev-parse", "HEAD").strip()

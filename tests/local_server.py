"""A local AWS of its own for tests: a process, a state folder, clients."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from local_aws.serving.root import RootKey, read_root_key
from tests.answer_shapes import check_answers

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = "111122223333"
REGION = "us-east-1"
WHEELS = ROOT / ".wheels"
"""The locks of the builds, downloaded by `make setup-dev`."""


def build_sources(more: Path | None = None) -> dict[str, str]:
    """The environment in which a local AWS starts whose builds install from WHEELS, `more`, and from nowhere else."""
    assert any(WHEELS.glob("*.whl")), f"{WHEELS} holds no wheels: make setup-dev"
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": " ".join(map(str, filter(None, (WHEELS, more))))}


LEFT_OUT = "LOCAL_AWS_WITHOUT"
"""The variable of the tests' environment that names a patch which is not applied, by `tests/left_out.py`."""


def _module() -> list[str]:
    """What stands behind `python -m` to run local AWS."""
    name = os.environ.get(LEFT_OUT)
    return ["tests.left_out", name] if name else ["local_aws"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_REST = 3.0
"""The pause after a look, in times of how long that took: what is waited for runs on the same processor."""


def wait_for(
    condition: Callable[[], Any], what: str, timeout_s: float = 60.0, pause_s: float = 0.02, rest: float = _REST
) -> Any:
    """The first truthy value of the condition; fails the test with `what` if none comes in time.

    Without a `rest` it sees what soon goes by.
    """
    deadline = time.monotonic() + timeout_s
    while (begun := time.monotonic()) < deadline:
        value = condition()
        if value:
            return value
        time.sleep(max(pause_s, rest * (time.monotonic() - begun)))
    raise AssertionError(f"not within {timeout_s:g} s: {what}")


@dataclass
class LocalServer:
    """`python -m local_aws` as a user runs it, on a free port."""

    state: Path
    port: int = field(default_factory=free_port)
    wheels: Path | None = None
    """A folder in which its builds find packages beside those of WHEELS."""
    _clients: dict[tuple[str, str, str, str | None], Any] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, verb: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            *_module(),
            verb,
            "--state",
            str(self.state),
            "--port",
            str(self.port),
        ]
        environment = {**os.environ, **build_sources(self.wheels)}
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def up(self) -> None:
        done = self.run("up")
        assert done.returncode == 0, done.stdout + done.stderr

    def down(self) -> None:
        done = self.run("down")
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def pid(self) -> int:
        return int(json.loads((self.state / "server.lock").read_text(encoding="utf-8"))["pid"])

    def kill(self) -> None:
        """As `kill -9` does, with no chance to tidy up."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not self._answers(), "the killed server to be gone")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def root(self) -> RootKey:
        """The root user's key, from the state folder."""
        key = read_root_key(self.state)
        assert key is not None, "local AWS was never up"
        return key

    def client(self, service: str, key: str = "", secret: str = "", token: str | None = None) -> Any:
        """A client, made once: each holds connections that the server keeps open for it. Without a key, root's."""
        wanted = (service, key or self.root.access_key_id, secret or self.root.secret_access_key, token)
        if wanted not in self._clients:
            self._clients[wanted] = self._make_client(*wanted)
            check_answers(self._clients[wanted], service)
        return self._clients[wanted]

    def _make_client(self, service: str, key: str, secret: str, token: str | None) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def ask(
        self, method: str, path: str, body: bytes = b"", *, signed_for: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Send one request as it is, signed with root's key for a service if one is named; status and text."""
        request = AWSRequest(method, f"{self.url}{path}", headers=headers or {}, data=body)
        if signed_for:
            credentials = Credentials(self.root.access_key_id, self.root.secret_access_key)
            signer = S3SigV4Auth if signed_for == "s3" else SigV4Auth
            signer(credentials, signed_for, REGION).add_auth(request)
        return self.send(method, path, body, dict(request.headers.items()))

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """Send one request with these headers and no others but Content-Length, and Host where it is missing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def push_empty_image(self, repository: str, tag: str) -> None:
        """Push a manifest without layers, as nothing more is needed to be an image of a repository."""
        data = self.client("ecr").get_authorization_token()["authorizationData"][0]
        headers = {
            "Authorization": f"Basic {data['authorizationToken']}",
            "Host": f"127.0.0.1:{self.port}",
            "Content-Type": "application/vnd.oci.image.manifest.v1+json",
        }
        manifest = b'{"schemaVersion": 2, "layers": []}'
        status, said = self.send("PUT", f"/v2/{repository}/manifests/{tag}", manifest, headers)
        assert status == 201, said

    def create_role(self, name: str, service: str, *statements: dict[str, Any]) -> str:
        """A role that a service may assume, with these statements as its only policy; returns its ARN."""
        iam = self.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        self.put_role_policy(name, *statements)
        return arn

    def put_role_policy(self, name: str, *statements: dict[str, Any]) -> None:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self.client("iam").put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(document))

    def user_with(self, name: str, *statements: dict[str, Any]) -> tuple[str, str]:
        """An IAM user with these statements as its only policy; returns its key id and secret."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]


def allow(*actions: str, resource: str | list[str] = "*") -> dict[str, Any]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}

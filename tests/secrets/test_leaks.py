"""No credential is left in anything that releases produce, be they green or failed."""

from __future__ import annotations

import base64
import gzip
import io
import json
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.settings import Settings
from tests.local_server import ROOT, build_sources, wait_for
from tests.releases.house import MODEL, House, patched
from tests.secrets import telling_server
from tests.secrets.leaks import Produced, leaks
from tests.secrets.produced import files, produced

SECRET = "wJalrXUtnFEMIsK7MDENG-bPxRfiCYzzzzzzzKEY"


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", content)
    return buffer.getvalue()


def tarred(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("inside")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        SECRET.encode(),
        json.dumps({"event": json.dumps({"secretAccessKey": SECRET})}).encode(),
        SECRET[:30].encode() + b"...",
        zipped(SECRET.encode()),
        tarred(SECRET.encode()),
        zipped(zipped(SECRET.encode())),
        gzip.compress(SECRET.encode()),
        zlib.compress(SECRET.encode()),
        *[base64.b64encode(b"x" * before + SECRET.encode() + b"after") for before in range(3)],
    ],
    # Archives hold the time, and workers have to agree on names.
    ids=["plain", "json", "cut", "zip", "tar", "nested", "gzip", "zlib", "base64", "base64-1", "base64-2"],
)
def test_a_planted_secret_is_found(content: bytes) -> None:
    clean, planted = Produced("clean", b"nothing"), Produced("planted", content)
    found = leaks([clean, planted], [SECRET])
    assert found
    assert all(each.startswith("planted") and SECRET not in each for each in found)


@pytest.mark.parametrize("content", [b"key AKIAIOSFODNN7EXAMPLE", b'{"accessKeyId": "ASIA0123456789ABCDEF"}'])
def test_a_key_id_is_found_by_its_form(content: bytes) -> None:
    assert leaks([Produced("planted", content)], []) == ["planted: the id of an access key"]


def test_a_text_that_is_not_a_secret_is_not_reported() -> None:
    names = b"ASIAN AKIA secretAccessKey artifactCredentials arn:aws:iam::111122223333:role/x"
    assert leaks([Produced("names", names)], [SECRET]) == []


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("told") / "credentials"


@pytest.fixture(scope="module")
def telling_house(tmp_path_factory: pytest.TempPathFactory, installed: Path, told: Path) -> Iterator[House]:
    """A house after a green and a failed release, whose local AWS tells its credentials."""
    house = House(tmp_path_factory.mktemp("telling-house"))
    house.copy_installation(installed, start=False)
    state = house.server.state
    command = [sys.executable, str(telling_server.__file__), str(state), str(house.server.port), str(told)]
    environment = Settings(state, house.server.port).start_environment()
    with (state / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT), **build_sources()}, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: house.server.run("status").returncode == 0, "local AWS to answer")
        sample = house.config_file.read_text(encoding="utf-8")
        for patch, status in (
            ({"hyperparameters.max_depth": 4}, "Succeeded"),
            ({"hyperparameters.max_dept": 4}, "Failed"),
        ):
            before = house.newest()
            house.push_config(patched(sample, patch))
            assert house.wait_for_end(house.wait_for_new(before))["status"] == status
        yield house
    finally:
        house.slipway("down")
        process.wait(timeout=30)


def test_releases_leave_no_secret_behind(telling_house: House, told: Path) -> None:
    answered = list(produced(telling_house))
    assert telling_house.slipway("down").returncode == 0
    sessions = [json.loads(line) for line in told.read_text(encoding="utf-8").splitlines()]
    secrets = {session[kind] for session in sessions for kind in ("secret", "token")}
    secrets.add(telling_house.server.root.secret_access_key)
    roles = " ".join(session["principal"] for session in sessions)
    for role in ("PipelineRole", "TrainModelF", "GetStatus", "DeployModel", "EvaluateModel", "TrainingRole", "Hosting"):
        assert role in roles
    kinds = {each.name.partition("://")[0].split(" ")[0] for each in answered}
    assert {"s3", "log", "stack", "template", "pipeline", "actions", "function", "training", "endpoint"} <= kinds
    on_disk = list(files(telling_house.server.state))
    assert {"slipway.db", "server.log"} <= {each.name for each in on_disk}
    assert any(f"releases/{MODEL}/" in each.name for each in answered)
    assert leaks([*answered, *on_disk], secrets) == []

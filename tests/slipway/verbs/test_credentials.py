from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from slipway.cli import run

from local_aws.serving.root import RootKeyError, read_root_key, root_key

KEY = {"AccessKeyId": "AKIA" + "Q" * 16, "SecretAccessKey": "a/b+c d"}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of a checkout whose local AWS has been up."""
    (tmp_path / "cloudformation").mkdir()
    (tmp_path / "cloudformation" / "setup.yml").touch()
    folder = tmp_path / ".slipway" / "local"
    folder.mkdir(parents=True)
    text = f"[default]\naws_access_key_id = {KEY['AccessKeyId']}\naws_secret_access_key = {KEY['SecretAccessKey']}\n"
    (folder / "credentials").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


def test_exports_are_for_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["credentials", "--local", "--port", "4601"]) == 0
    shell = 'eval "$EXPORTS"; env'
    environment = {"PATH": os.environ["PATH"], "EXPORTS": capsys.readouterr().out, "AWS_SESSION_TOKEN": "stale"}
    done = subprocess.run(["sh", "-c", shell], env=environment, capture_output=True, text=True, check=True)
    found = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert {name: value for name, value in found.items() if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4601",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ACCESS_KEY_ID": KEY["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": KEY["SecretAccessKey"],
    }


def test_a_process_is_told_as_the_sdks_ask(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.chdir("/")
    assert run(["credentials", "--local", "--as", "process", "--state", str(state)]) == 0
    assert json.loads(capsys.readouterr().out) == {"Version": 1, **KEY}


def test_a_profile_leads_botocore_to_the_key_without_holding_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "slip way"
    root = Path(__file__).resolve().parents[3]
    program.write_text(f'#!/bin/sh\ncd "{root}" && exec "{sys.executable}" -m slipway.cli "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert run(["credentials", "--local", "--as", "profile"]) == 0
    profile = capsys.readouterr().out
    assert KEY["SecretAccessKey"] not in profile
    config = tmp_path / "config"
    config.write_text(profile, encoding="utf-8")
    ask = (
        "import boto3; s = boto3.Session(profile_name='slipway-local'); c = s.get_credentials();"
        "print(c.access_key, c.secret_key, s.client('sts').meta.endpoint_url, s.region_name, sep='\\n')"
    )
    environment = {"PATH": os.environ["PATH"], "AWS_CONFIG_FILE": str(config), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [*KEY.values(), "http://127.0.0.1:4566", "us-east-1"], done.stderr


def test_there_are_none_before_the_first_start(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["slipway"])
    (state / "credentials").unlink()
    assert run(["credentials", "--local"]) == 1
    said = capsys.readouterr()
    assert (said.out, "Start it: slipway up" in said.err) == ("", True)


def test_those_of_aws_are_not_slipways(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["credentials", "--aws", "--region", "us-east-1"]) == 1
    assert "the target is AWS" in capsys.readouterr().err


def test_a_key_is_made_once_at_random_and_for_its_owner_alone(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    first, second = (root_key(folder) for folder in folders)
    assert root_key(folders[0]) == first
    assert first.access_key_id != second.access_key_id
    assert first.secret_access_key != second.secret_access_key
    assert (len(first.access_key_id), len(first.secret_access_key)) == (20, 40)
    assert stat.S_IMODE((folders[0] / "credentials").stat().st_mode) == 0o600
    assert [path.name for path in folders[0].iterdir()] == ["credentials"]


def test_a_file_without_a_key_is_named(state: Path) -> None:
    (state / "credentials").write_text("[default]\naws_access_key_id = test\n", encoding="utf-8")
    with pytest.raises(RootKeyError, match="found no access key of local AWS"):
        read_root_key(state)

"""State files that are empty, cut off or overwritten: found at the start, named, and their last good copy taken."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from local_aws.state import database_copy, state_files
from tests.local_server import LocalServer, allow


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path: Path) -> None:
    path.write_bytes(b"\x00garbage\xff" * 500)


def change_one_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(bytes(content))


DAMAGES = [empty, cut_off, overwrite]


@pytest.mark.parametrize("damage", [*DAMAGES, change_one_byte, Path.unlink])
def test_a_damaged_file_gives_way_to_the_one_before(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = tmp_path / "iam.json"
    for number in range(3):
        state_files.write(path, json.dumps({"number": number}).encode())
    assert state_files.repair(tmp_path) == []
    damage(path)
    [told] = state_files.repair(tmp_path)
    assert f"{path} was damaged (it is" in told or f"{path} was damaged (its checksum" in told
    assert "its last good copy" in told
    assert json.loads(state_files.read(path)) == {"number": 1}
    assert state_files.repair(tmp_path) == []
    damage(path)  # the copy is one of its own, so it is there again
    assert len(state_files.repair(tmp_path)) == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_without_a_copy_is_an_error_with_the_way_back(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "iam.json"
    state_files.write(path, b'{"a": 1}')
    damage(path)
    with pytest.raises(state_files.StateDamagedError, match=r"iam\.json is damaged .* make reset"):
        state_files.repair(tmp_path)


@pytest.mark.parametrize("text", ["{}", "[]", "null", "0", '{"a": 1}'])
def test_a_file_without_a_checksum_gives_way_to_the_one_before(tmp_path: Path, text: str) -> None:
    path = tmp_path / "iam.json"
    for number in range(2):
        state_files.write(path, json.dumps({"number": number}).encode())
    path.write_text(text, encoding="utf-8")
    [told] = state_files.repair(tmp_path)
    assert "it has no checksum" in told
    assert json.loads(state_files.read(path)) == {"number": 0}


@pytest.mark.parametrize("content", [b"null", b"[]", b"0", b""])
def test_a_state_file_holds_an_object(tmp_path: Path, content: bytes) -> None:
    state_files.write(tmp_path / "s3.json", content)
    with pytest.raises(state_files.StateDamagedError, match="it holds no object"):
        state_files.repair(tmp_path)


def test_a_write_that_fails_leaves_the_file_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "iam.json"
    state_files.write(path, b'{"a": 1}')

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        state_files.write(path, b'{"a": 2}')
    assert state_files.read(path) == b'{"a": 1}'
    assert [found.name for found in tmp_path.iterdir()] == ["iam.json"]


def database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE facts (number INTEGER, text TEXT)")
        connection.executemany("INSERT INTO facts VALUES (?, ?)", [(n, "x" * 100) for n in range(1_000)])
        connection.commit()


@pytest.mark.parametrize("damage", [*DAMAGES, Path.unlink])
def test_a_damaged_database_gives_way_to_its_copy(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = tmp_path / "slipway.db"
    database(path)
    assert database_copy.repair(path) == []
    damage(path)
    [told] = database_copy.repair(path)
    assert f"{path} was damaged" in told
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM facts").fetchone() == (1_000,)
    (tmp_path / "slipway.db.last-good").unlink()
    damage(path)
    if path.exists():
        (tmp_path / "ministack").mkdir()
        (tmp_path / "ministack" / "iam.json").touch()
        with pytest.raises(state_files.StateDamagedError, match="make reset"):
            database_copy.repair(path)


@pytest.mark.parametrize("large", [False, True])
def test_a_damaged_file_of_logs_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, large: bool) -> None:
    path = tmp_path / "telemetry.db"
    assert database_copy.set_aside(path) == []
    database(path)
    if large:
        monkeypatch.setattr(database_copy, "_LARGE_BYTES", 1)
    assert database_copy.set_aside(path) == []
    overwrite(path)
    [told] = database_copy.set_aside(path)
    assert f"{path} was damaged" in told
    assert not path.exists()
    assert (tmp_path / "telemetry.db.damaged").exists()


def test_up_and_status_tell_what_was_damaged(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    server.up()
    server.create_role("kept", "lambda.amazonaws.com", allow("s3:GetObject"))
    server.client("codecommit").create_repository(repositoryName="kept")
    server.client("sns").create_topic(Name="kept")
    server.down()
    for name in ("ministack/iam.json", "ministack/sns.json", "slipway.db"):
        overwrite(server.state / name)
    done = server.run("up")
    try:
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in (server.state / "server.log").read_text(encoding="utf-8")
        for said in (done.stdout, server.run("status").stdout):
            assert said.count("its last good copy") == 3
            assert str(server.state / "ministack" / "iam.json") in said
        assert server.client("iam").get_role(RoleName="kept")["Role"]["RoleName"] == "kept"
        assert server.client("codecommit").list_repositories()["repositories"][0]["repositoryName"] == "kept"
        assert len(server.client("sns").list_topics()["Topics"]) == 1
    finally:
        server.down()


def test_what_cannot_be_mended_is_refused(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    server.up()
    server.create_role("lost", "lambda.amazonaws.com", allow("s3:GetObject"))
    server.down()
    folder = server.state / "ministack"
    overwrite(folder / "iam.json")
    overwrite(folder / "iam.json.last-good")
    done = server.run("up")
    assert done.returncode == 1
    assert f"{folder / 'iam.json'} is damaged" in done.stderr
    assert "make reset" in done.stderr
    assert "Traceback" not in done.stderr
    shutil.rmtree(server.state)
    server.up()
    server.down()


def test_what_cannot_be_loaded_is_refused_and_kept(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    server.up()
    server.create_role("kept", "lambda.amazonaws.com", allow("s3:GetObject"))
    server.down()
    folder = server.state / "ministack"
    iam, s3, slow = (folder / f"{name}.json" for name in ("iam", "s3", "cloudformation"))
    good = iam.read_bytes()
    for path, document, reason in (
        (iam, {"__ministack_format__": 99, "payload": {}}, "it has format 99, and this MiniStack knows 2"),
        (iam, {"__ministack_format__": 2, "payload": None}, "it is none of MiniStack's"),
        (iam, {}, "it is none of MiniStack's"),
        (s3, {"__ministack_format__": 2, "payload": {"buckets_meta": 7}}, "MiniStack fails with AttributeError"),
        (slow, {"__ministack_format__": 99, "payload": {"stacks": {}}}, "it has format 99"),
    ):
        state_files.write(path, json.dumps(document).encode())
        before = path.read_bytes()
        done = server.run("up")
        assert done.returncode == 1, done.stdout
        assert f"{path} cannot be loaded ({reason}" in done.stderr
        assert "Traceback" not in done.stderr
        assert server.run("status").returncode == 1
        assert path.read_bytes() == before
        path.unlink()
        path.with_name(f"{path.name}.last-good").unlink(missing_ok=True)
        iam.write_bytes(good)
    server.up()
    try:
        assert server.client("iam").get_role(RoleName="kept")["Role"]["RoleName"] == "kept"
    finally:
        server.down()

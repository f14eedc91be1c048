"""git itself against the git host."""

from __future__ import annotations

import gzip
import http.client
import io
import secrets
import threading
import zipfile
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_aws import base
from local_aws.wire import AwsError, Caller, Permission
from tests.local_aws.codecommit.bench import ALICE, Bench, basic, clone, commit, git

ARN = "arn:aws:codecommit:us-east-1:111122223333:config"
ROOT = "arn:aws:iam::111122223333:root"


def signed(path: str = "/v1/repos/config") -> dict[str, str]:
    """The header that signs in to a repository."""
    return {"Authorization": "Basic " + b64encode(":".join(basic(path, "test", "test")).encode()).decode()}


BASIC = signed()


@pytest.fixture
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


def deny(monkeypatch: pytest.MonkeyPatch, action: str, reference: str | None = None) -> list[Permission]:
    """Let IAM deny an action (on one reference); gives all that it was asked."""
    asked = []

    def enforce(_caller: Caller, permission: Permission) -> str | None:
        asked.append(permission)
        named = permission.context.get("codecommit:References")
        denied = permission.action == action and named == reference
        return f"not authorized to perform: {action}" if denied else None

    monkeypatch.setattr(base, "enforce", enforce)
    return asked


def ask(bench: Bench, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=20)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


def test_push_clone_fetch(bench: Bench, work: Path) -> None:
    repository_id = bench.repository()
    with bench.served() as url:
        first = clone(work / "first", url)
        one = commit(first, "wine.yml", "a: 1\n")
        git(first, "push", "origin", "main")
        second = clone(work / "second", url)
        assert (second / "wine.yml").read_text(encoding="utf-8") == "a: 1\n"
        two = commit(second, "wine.yml", "a: 2\n")
        git(second, "push", "origin", "main")
        git(first, "pull", "-q", "origin", "main")
        assert git(first, "rev-parse", "HEAD").strip() == two
    assert bench.tip() == two
    created, updated = bench.events
    assert (created.source, created.detail_type, created.resources) == (
        "aws.codecommit",
        "CodeCommit Repository State Change",
        [ARN],
    )
    common = {
        "repositoryName": "config",
        "repositoryId": repository_id,
        "referenceType": "branch",
        "referenceName": "main",
        "referenceFullName": "refs/heads/main",
        "callerUserArn": ROOT,
    }
    assert created.detail == {**common, "event": "referenceCreated", "commitId": one}
    assert updated.detail == {**common, "event": "referenceUpdated", "commitId": two, "oldCommitId": one}


def test_a_push_of_several_references_sends_one_event_for_each(bench: Bench, work: Path) -> None:
    bench.repository()
    with bench.served() as url:
        folder = clone(work / "c", url)
        commit(folder, "a", "1", branch="trunk")
        git(folder, "branch", "other")
        git(folder, "tag", "light")
        git(folder, "tag", "-a", "heavy", "-m", "heavy")
        git(folder, "push", "origin", "trunk", "other", "light", "heavy")
        pushed = {(e.detail["referenceType"], e.detail["referenceName"]) for e in bench.events}
        git(folder, "push", "origin", "--delete", "other", "light")
    assert pushed == {("branch", "trunk"), ("branch", "other"), ("tag", "light"), ("tag", "heavy")}
    assert len({event.detail["commitId"] for event in bench.events[:4]}) == 1
    assert [e.detail["event"] for e in bench.events[4:]] == ["referenceDeleted"] * 2
    assert "commitId" not in bench.events[4].detail
    found = bench.call("GetRepository", repositoryName="config")["repositoryMetadata"]
    assert found["defaultBranch"] in ("trunk", "other")


def test_a_push_does_not_end_before_its_event_was_sent(
    bench: Bench, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.repository()
    reached, release = threading.Event(), threading.Event()

    def put_event(*_: object) -> None:
        reached.set()
        release.wait(20)

    monkeypatch.setattr(base, "put_event", put_event)
    with bench.served() as url, ThreadPoolExecutor(1) as pool:
        folder = clone(work / "c", url)
        commit(folder, "a", "1")
        push = pool.submit(git, folder, "push", "origin", "main")
        assert reached.wait(20)
        with pytest.raises(TimeoutError):
            push.result(timeout=0.5)
        release.set()
        push.result(timeout=20)


def test_a_force_push_is_an_update_and_a_rejected_push_no_event(bench: Bench, work: Path) -> None:
    bench.repository()
    with bench.served() as url:
        folder = clone(work / "c", url)
        commit(folder, "a", "1")
        git(folder, "push", "origin", "main")
        git(folder, "commit", "-q", "--amend", "-m", "amended")
        assert "non-fast-forward" in git(folder, "push", "origin", "main", ok=False)
        assert len(bench.events) == 1
        git(folder, "push", "--force", "origin", "main")
    assert bench.events[1].detail["event"] == "referenceUpdated"


def test_an_illegal_branch_name_is_refused_and_with_it_the_push(bench: Bench, work: Path) -> None:
    bench.repository()
    illegal = "0123456789abcdef0123456789abcdef01234567"
    with bench.served() as url:
        folder = clone(work / "c", url)
        commit(folder, "a", "1")
        said = git(folder, "push", "origin", "main", f"main:refs/heads/{illegal}", ok=False)
    assert "invalid branch name" in said
    assert bench.events == []
    assert bench.call("ListBranches", repositoryName="config")["branches"] == []


def test_a_large_push_and_clone(bench: Bench, work: Path) -> None:
    bench.repository()
    content = secrets.token_bytes(6_000_000)
    with bench.served() as url:
        folder = clone(work / "c", url)
        git(folder, "checkout", "-q", "-B", "main")
        (folder / "big").write_bytes(content)
        git(folder, "add", "big")
        git(folder, "commit", "-q", "-m", "big")
        small_buffer = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.postBuffer",
            "GIT_CONFIG_VALUE_0": "65536",
        }
        git(folder, "push", "origin", "main", environment=small_buffer)
        copy = clone(work / "copy", url)
    assert (copy / "big").read_bytes() == content
    assert [path.name for path in (bench.state / "git").iterdir() if not path.name.endswith((".git", ".lock"))] == []


def test_many_clients_push_at_once(bench: Bench, work: Path) -> None:
    bench.repository()
    with bench.served() as url:
        folders = [clone(work / f"c{n}", url) for n in range(6)]
        for number, folder in enumerate(folders):
            commit(folder, "a", str(number), branch=f"b{number}")
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda pair: git(pair[1], "push", "origin", f"b{pair[0]}"), enumerate(folders)))
    names = [event.detail["referenceName"] for event in bench.events]
    assert sorted(names) == [f"b{n}" for n in range(6)]


def test_credentials_are_asked_for(bench: Bench, work: Path) -> None:
    bench.repository()
    with bench.served() as url:
        status, headers, _ = ask(bench, "GET", "/v1/repos/config/info/refs?service=git-upload-pack")
        assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="CodeCommit"')
        said = git(work, "clone", url.replace("://test:", "://test:0"), "c", ok=False)
        assert "403" in said
        assert "access denied" in said


def test_an_unknown_repository_is_not_found(bench: Bench, work: Path) -> None:
    with bench.served() as url:
        said = git(work, "clone", url, "c", ok=False)
    assert f"repository '{url.replace(url[len('http://') : url.index('@') + 1], '')}/' not found" in said


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/repos/config/HEAD", 404),
        ("GET", "/v1/repos/config/objects/info/packs", 404),
        ("GET", "/v1/repos/../slipway.db/info/refs?service=git-upload-pack", 404),
        ("GET", "/v1/repos/config.git/info/refs?service=git-upload-pack", 404),
        ("GET", "/v1/repos/config/info/refs", 403),
        ("GET", "/v1/repos/config/info/refs?service=git-upload-archive", 403),
        ("POST", "/v1/repos/config/info/refs?service=git-upload-pack", 405),
        ("GET", "/v1/repos/config/git-upload-pack", 405),
        ("POST", "/v1/repos/config/git-receive-pack", 400),
    ],
)
def test_other_requests_are_refused(bench: Bench, method: str, path: str, status: int) -> None:
    bench.repository()
    with bench.served():
        body = b"zzzz" if method == "POST" else None
        assert ask(bench, method, path, body, **signed("/".join(path.split("/")[:4])))[0] == status


def test_a_compressed_push_is_understood(bench: Bench) -> None:
    bench.repository()
    flush = gzip.compress(b"0000")
    kind = "application/x-git-receive-pack-request"
    with bench.served():
        status, _, _ = ask(
            bench,
            "POST",
            "/v1/repos/config/git-receive-pack",
            flush,
            Content_Encoding="gzip",
            Content_Type=kind,
            **BASIC,
        )
    assert status == 200


@pytest.mark.parametrize(
    ("action", "arguments"), [("codecommit:GitPull", ("fetch", "origin")), ("codecommit:GitPush", ("push", "origin"))]
)
def test_iam_decides(
    bench: Bench, work: Path, monkeypatch: pytest.MonkeyPatch, action: str, arguments: tuple[str, ...]
) -> None:
    bench.repository()
    with bench.served() as url:
        folder = clone(work / "c", url)
        commit(folder, "a", "1")
        asked = deny(monkeypatch, action)
        said = git(folder, *arguments, "main", ok=False)
    assert "403" in said
    assert f"not authorized to perform: {action}" in said
    assert asked == [Permission(action, ARN)]
    assert bench.events == []


def test_a_branch_can_be_closed_to_pushes(bench: Bench, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.repository()
    with bench.served() as url:
        folder = clone(work / "c", url)
        commit(folder, "a", "1")
        git(folder, "branch", "open")
        asked = deny(monkeypatch, "codecommit:GitPush", "refs/heads/main")
        said = git(folder, "push", "origin", "main", "open", ok=False)
        assert "[remote rejected] main -> main (not authorized to perform: codecommit:GitPush)" in said
        assert "[remote rejected] open -> open (another reference of this push is denied)" in said
        assert bench.events == []
        git(folder, "push", "origin", "open")
    assert asked[-1].context == {"codecommit:References": "refs/heads/open"}
    assert [event.detail["referenceName"] for event in bench.events] == ["open"]


def test_the_archive_holds_the_files_as_committed(bench: Bench) -> None:
    bench.repository()
    first = bench.put("src/run.sh", b"one\r\ntwo\n$Id$", fileMode="EXECUTABLE")
    tip = bench.put(".gitattributes", b"src export-ignore\n*.sh text eol=lf ident\n", first)
    with zipfile.ZipFile(io.BytesIO(bench.service.archive("config", tip))) as archive:
        files = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        assert sorted(files) == [".gitattributes", "src/run.sh"]
        assert archive.read("src/run.sh") == b"one\r\ntwo\n$Id$"
        assert files["src/run.sh"].external_attr >> 16 & 0o111
    with pytest.raises(AwsError, match="CommitIdDoesNotExistException"):
        bench.service.archive("config", "a" * 40)
    with pytest.raises(AwsError, match="InvalidCommitIdException"):
        bench.service.archive("config", "main")


@pytest.mark.parametrize("action", ["codecommit:UploadArchive", "codecommit:GetUploadArchiveStatus"])
def test_a_source_action_needs_its_permissions(bench: Bench, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    bench.repository()
    tip = bench.put("a", b"a")
    deny(monkeypatch, "none")
    assert bench.service.upload_archive(ALICE, "config", tip).startswith(b"PK")
    deny(monkeypatch, action)
    with pytest.raises(AwsError, match=f"AccessDeniedException: not authorized to perform: {action}"):
        bench.service.upload_archive(ALICE, "config", tip)

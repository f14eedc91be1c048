"""The pages of repositories: whatever was pushed is text on them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local_server import LocalServer
from tests.slipway.console.visits import Visitor

NAME = "console-pages"
SCRIPT = "<script>alert(1)<script>.txt"
FOLDER = "dir with  spaces/100%/\u00e9"
BRANCH = "feature/<b>&\u00fc"
COMMITS = 24
AUTHOR = "Eve &lt; Co"


@pytest.fixture(scope="module")
def visitor(local_aws: LocalServer) -> Visitor:
    return Visitor(local_aws)


@pytest.fixture(scope="module")
def commits(local_aws: LocalServer) -> list[str]:
    """The ids of the commits of a repository, oldest first."""
    client = local_aws.client("codecommit")
    client.create_repository(repositoryName=NAME, repositoryDescription="<i>about</i>")
    first = [
        _file(SCRIPT, b"<b>one</b>\r\ntwo\n"),
        _file(f"{FOLDER}/n\u00fc.py", b"print('&amp;')\n"),
        _file("binary", bytes(range(256))),
        _file("numbers.txt", _numbers(-1)),
    ]
    ids = [_commit(client, None, "First\n\nwith <u>a body</u>", first)]
    for number in range(COMMITS - 1):
        ids.append(_commit(client, ids[-1], f"Change {number}", [_file("numbers.txt", _numbers(number))]))
    client.create_branch(repositoryName=NAME, branchName=BRANCH, commitId=ids[0])
    return ids


def _numbers(changed: int) -> bytes:
    return "".join(f"{'changed' if one == changed else 'line'} {one}\n" for one in range(40)).encode()


def _file(path: str, content: bytes) -> dict[str, Any]:
    return {"filePath": path, "fileMode": "NORMAL", "fileContent": content}


def _commit(client: Any, parent: str | None, message: str, files: list[dict[str, Any]]) -> str:
    made = client.create_commit(
        repositoryName=NAME,
        branchName="main",
        authorName=AUTHOR,
        email="eve@x.example",
        commitMessage=message,
        putFiles=files,
        **({"parentCommitId": parent} if parent else {}),
    )
    return str(made["commitId"])


def test_a_repository_shows_how_to_clone_it_its_branches_and_its_files(
    visitor: Visitor, commits: list[str], local_aws: LocalServer
) -> None:
    page = visitor.get(f"/repositories/{NAME}")
    assert page.status == 200
    assert f"include.path={local_aws.state / 'gitconfig'} {local_aws.url}/v1/repos/{NAME} {NAME}" in page.shown
    for shown in ("<i>about</i>", BRANCH, SCRIPT, "dir with  spaces/", commits[-1][:8], f"Change {COMMITS - 2}"):
        assert shown in page.shown, shown
    assert "<script>alert" not in page.text
    on_branch = visitor.get(page.link("branch="))
    assert "First" in on_branch.shown
    listed = visitor.get("/repositories")
    assert (listed.status, NAME in listed.shown, AUTHOR in listed.shown) == (200, True, True)
    assert BRANCH in visitor.get(f"/repositories/{NAME}/branches").shown


def test_a_file_is_found_by_folders_and_shown_in_numbered_lines(visitor: Visitor, commits: list[str]) -> None:
    page = visitor.get(f"/repositories/{NAME}?branch=main")
    script = visitor.get(page.link("%3Cscript"))
    assert script.status == 200
    assert (
        '<span id="L1" data-n="1">&lt;b&gt;one&lt;/b&gt;\n</span><span id="L2" data-n="2">two\n</span>' in script.text
    )
    assert commits[-1][:8] in script.shown
    for _ in FOLDER.split("/"):
        page = visitor.get(page.link("path=dir"))
        assert page.status == 200
    assert "print('&amp;')" in visitor.get(page.link("/file?")).shown
    assert "no text of UTF-8" in visitor.get(f"/repositories/{NAME}/file?path=binary").shown


def test_the_history_goes_on_over_pages_newest_first(visitor: Visitor, commits: list[str]) -> None:
    page = visitor.get(f"/repositories/{NAME}/commits?branch=main")
    older = visitor.get(page.link("from="))
    shown = [link.rpartition("/")[2] for one in (page, older) for link in one.links if "/commits/" in link]
    assert shown == commits[::-1]
    assert not any("from=" in link for link in older.links)


def test_a_commit_shows_its_message_its_parent_and_the_lines_it_changed(visitor: Visitor, commits: list[str]) -> None:
    page = visitor.get(f"/repositories/{NAME}/commits/{commits[20]}")
    assert page.status == 200
    assert page.link(commits[19])
    assert "@@ -16,8 +16,8 @@" in page.shown
    assert 'class="removed">-changed 18\n' in page.text
    assert 'class="added">+changed 19\n' in page.text
    first = visitor.get(f"/repositories/{NAME}/commits/{commits[0]}")
    for shown in ("with <u>a body</u>", f"{AUTHOR} <eve@x.example>", "the first commit", "+<b>one</b>", SCRIPT):
        assert shown in first.shown, shown
    assert "No text of UTF-8: 0 bytes before, 256 bytes after." in first.shown


def test_the_changes_of_many_files_are_shown_by_and_by(
    visitor: Visitor, commits: list[str], local_aws: LocalServer
) -> None:
    files = [_file(f"many/{number:02d}.txt", b"%d\n" % number) for number in range(20)]
    client = local_aws.client("codecommit")
    client.create_branch(repositoryName=NAME, branchName="many", commitId=commits[0])
    made = client.create_commit(repositoryName=NAME, branchName="many", parentCommitId=commits[0], putFiles=files)
    page = visitor.get(f"/repositories/{NAME}/commits/{made['commitId']}")
    shown = []
    while True:
        shown += [line for line in page.shown.splitlines() if line.startswith("+")]
        further = [link for link in page.links if "from=" in link and "#" not in link]
        if len(shown) >= len(files) or not further:
            break
        page = visitor.get(further[-1])
    assert shown == [f"+{number}" for number in range(20)]
    assert page.link("change-3").endswith(f"{made['commitId']}#change-3")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/repositories/none", 404, "RepositoryDoesNotExistException"),
        (f"/repositories/{NAME}/commits/{'0' * 40}", 404, "CommitIdDoesNotExistException"),
        (f"/repositories/{NAME}/commits?from=x,y", 400, "expected ids of commits"),
        (f"/repositories/{NAME}/file?path=none", 404, "FileDoesNotExistException"),
        (f"/repositories/{NAME}/file", 400, "expected the path of a file"),
        (f"/repositories/{NAME}?branch=..%2F%3Cb%3E", 502, "InvalidCommitException"),
    ],
)
def test_what_does_not_exist_is_said(visitor: Visitor, commits: list[str], path: str, status: int, said: str) -> None:
    del commits
    page = visitor.get(path)
    assert (page.status, said in page.shown) == (status, True), page.shown


def test_an_empty_repository_says_so(visitor: Visitor, local_aws: LocalServer) -> None:
    local_aws.client("codecommit").create_repository(repositoryName="console-empty")
    for path in ("/repositories/console-empty", "/repositories/console-empty/commits"):
        assert "Nothing has been pushed" in visitor.get(path).shown

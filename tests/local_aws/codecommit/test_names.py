from __future__ import annotations

import pytest

from local_aws.codecommit import names
from local_aws.wire import AwsError

ID = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("name", ["a", "slipway-local-training-config", "A.b_c-1", "x" * 100, "..", "git"])
def test_repository_names_that_are_allowed(name: str) -> None:
    assert names.repository(name) == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "RepositoryNameRequiredException"),
        (None, "RepositoryNameRequiredException"),
        ("x" * 101, "InvalidRepositoryNameException"),
        ("a/b", "InvalidRepositoryNameException"),
        ("a b", "InvalidRepositoryNameException"),
        ("a\n", "InvalidRepositoryNameException"),
        ("ünder", "InvalidRepositoryNameException"),
        ("config.git", "InvalidRepositoryNameException"),
    ],
)
def test_repository_names_that_are_refused(name: str | None, code: str) -> None:
    with pytest.raises(AwsError) as caught:
        names.repository(name)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["main", "feature/one", "a.b", "-x", "@a", "x" * 256, ID[:39], "release/v1.0"])
def test_branch_names_that_are_allowed(name: str) -> None:
    assert names.is_branch(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "@", ID, ID.upper(), "x" * 257, "/a", "a/", ".a", "a.", "a..b", "a//b", "a@{b", "a b"),
        *("a?b", "a^b", "a*b", "a[b", "a\\b", "a~b", "a:b", "a/.b", "a.lock", "a.lock/b", "a\nb", "a\x7fb"),
    ],
)
def test_branch_names_that_are_refused(name: str) -> None:
    assert not names.is_branch(name)
    with pytest.raises(AwsError) as caught:
        names.branch(name)
    assert caught.value.code == ("InvalidBranchNameException" if name else "BranchNameRequiredException")


@pytest.mark.parametrize(
    ("given", "path"), [("a", "a"), ("/a/b.txt", "a/b.txt"), ("a b/ü", "a b/ü"), (":(top)x", ":(top)x")]
)
def test_paths_that_are_allowed(given: str, path: str) -> None:
    assert names.path(given) == path


@pytest.mark.parametrize(
    "given",
    [
        *("/", "a/", "a//b", "./a", "a/./b", "../a", "a/../b", "a\\", "a\nb", "a\0b", ".git/config", ".GIT/hooks/x"),
        *("x" * 4097, "/".join("abcdefghijklmnopqrstuv")),
    ],
)
def test_paths_that_are_refused(given: str) -> None:
    with pytest.raises(AwsError) as caught:
        names.path(given)
    assert caught.value.code == "InvalidPathException"


def test_a_path_may_lie_twenty_folders_deep() -> None:
    assert names.path("/".join("abcdefghijklmnopqrstu"))


def test_folders_and_the_root() -> None:
    assert [names.folder(text) for text in ("", "/", "a", "/a/b/")] == ["", "", "a", "a/b"]


def test_an_arn_of_another_account_or_region_is_refused() -> None:
    assert names.name_in_arn("arn:aws:codecommit:us-east-1:111122223333:config", "us-east-1") == "config"
    for arn in (
        "arn:aws:codecommit:us-east-1:999999999999:config",
        "arn:aws:codecommit:eu-west-1:111122223333:config",
        "arn:aws:codecommit:us-east-1:111122223333:repository/config",
        "config",
    ):
        with pytest.raises(AwsError) as caught:
            names.name_in_arn(arn, "us-east-1")
        assert caught.value.code == "InvalidResourceArnException"

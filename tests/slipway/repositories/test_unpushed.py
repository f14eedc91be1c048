"""What a push of the present state would release, before it is made: in a clone, and in the checkout."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from slipway.cli import run
from slipway.errors import SlipwayError
from slipway.project import Project, find_project
from slipway.repositories import unpushed
from slipway.repositories.clones import Clone
from slipway.repositories.effects import ModelPipeline
from slipway.repositories.git import GitFolder, Remote
from slipway.repositories.staging import repository_files, stage_files
from slipway.repositories.unpushed import print_push
from slipway.session import Session
from slipway.target import Options
from slipway.terminal.output import Output, PlainConsole
from slipway.verbs import check

from tests.local_server import ROOT
from tests.slipway.verbs.test_publish import git

pytestmark = pytest.mark.usefixtures("local_key", "no_settings_of_the_user")

PIPELINES = (ModelPipeline("cider"), ModelPipeline("wine"))


@pytest.fixture
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gitconfig").write_text("[user]\nname = A Person\nemail = person@example.com\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone of configs, its remote branch `main` with two of them."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    git(tmp_path, "clone", "--quiet", "remote.git", "clone")
    folder = tmp_path / "clone"
    for name in ("wine.yml", "cider.yml"):
        (folder / name).write_text("a: 1\n")
    commit(folder)
    git(folder, "push", "--quiet", "origin", "HEAD:main")
    git(folder, "branch", "--quiet", "--set-upstream-to", "origin/main")
    monkeypatch.setattr(unpushed, "pipelines_of", lambda _: PIPELINES)
    monkeypatch.chdir(tmp_path)
    return Clone(folder, "configs")


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Change")


def told(clone: Clone | None) -> tuple[str, dict[str, Any]]:
    text = io.StringIO()
    session = Session(Options(local=True), Output(console=PlainConsole(file=text, width=1000)))
    found = print_push(session, clone)
    return text.getvalue().strip(), found


COMPARED = "clone, compared with origin/main: a push would release"


def test_what_is_neither_committed_nor_pushed_counts(clone: Clone) -> None:
    nothing = f"{COMPARED} no model; no source of a model has changed"
    assert told(clone) == (nothing, {"clone": {}})
    (clone.folder / "README.md").write_text("new\n")
    assert told(clone) == (nothing, {"clone": {}})
    (clone.folder / "wine.yml").write_text("a: 2\n")
    assert told(clone) == (f"{COMPARED} wine (wine.yml)", {"clone": {"wine": "wine.yml"}})
    commit(clone.folder)
    assert told(clone) == (f"{COMPARED} wine (wine.yml)", {"clone": {"wine": "wine.yml"}})
    git(clone.folder, "mv", "cider.yml", "beer.yml")
    assert told(clone)[1] == {"clone": {"cider": "cider.yml", "wine": "wine.yml"}}
    commit(clone.folder)
    git(clone.folder, "push", "--quiet")
    assert told(clone) == (nothing, {"clone": {}})


def test_ignored_files_and_commits_of_others_do_not_count(clone: Clone, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "remote.git", "other")
    (tmp_path / "other" / "cider.yml").write_text("a: 9\n")
    commit(tmp_path / "other")
    git(tmp_path / "other", "push", "--quiet")
    (clone.folder / ".git" / "info" / "exclude").write_text("wine.yml.orig\n*.tmp\n")
    (clone.folder / "x.tmp").write_text("")
    git(clone.folder, "fetch", "--quiet")
    (clone.folder / "wine.yml").write_text("a: 2\n")
    commit(clone.folder)
    assert told(clone)[1] == {"clone": {"wine": "wine.yml"}}


def test_nothing_of_the_clone_is_changed(clone: Clone) -> None:
    (clone.folder / "wine.yml").write_text("a: 2\n")
    before = {path: path.read_bytes() for path in clone.folder.rglob("*") if path.is_file()}
    told(clone)
    assert {path: path.read_bytes() for path in clone.folder.rglob("*") if path.is_file()} == before


def test_another_branch_releases_nothing(clone: Clone) -> None:
    git(clone.folder, "switch", "--quiet", "--create", "try")
    (clone.folder / "wine.yml").write_text("a: 2\n")
    why = "it goes to the branch try, and releases come from main"
    assert told(clone) == (f"clone, new branch: a push would release no model; {why}", {"clone": {}})
    git(clone.folder, "push", "--quiet", "--set-upstream", "origin", "try")
    assert told(clone)[0].startswith("clone, compared with origin/try: a push would release no model; it goes to the")
    git(clone.folder, "branch", "--quiet", "--set-upstream-to", "origin/main")
    assert told(clone)[1] == {"clone": {"wine": "wine.yml"}}


@pytest.mark.parametrize("connected", [False, True])
def test_the_first_push_makes_the_branch(clone: Clone, connected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    pipelines = tuple(ModelPipeline(one.model, connected=connected) for one in PIPELINES)
    monkeypatch.setattr(unpushed, "pipelines_of", lambda _: pipelines)
    git(clone.folder, "update-ref", "-d", "refs/remotes/origin/main")
    said, found = told(clone)
    if connected:
        assert "it creates the branch main, and through a connection a new branch starts nothing" in said
        assert found == {"clone": {}}
    else:
        assert found == {"clone": dict.fromkeys(("cider", "wine"), "everything is new")}


def test_code_is_told_by_the_rules_of_code(clone: Clone) -> None:
    for name in ("inference_lambdas/evaluate.py", "tests/inference_lambdas/test_evaluate.py"):
        (clone.folder / name).parent.mkdir(parents=True)
        (clone.folder / name).write_text("")
    reason = "inference_lambdas/evaluate.py"
    assert told(Clone(clone.folder, "functions"))[1] == {"clone": {"cider": reason, "wine": reason}}


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: git(folder, "checkout", "--quiet", "--detach"), "the clone is on no branch"),
        (lambda folder: git(folder, "remote", "remove", "origin"), "the clone has no remote"),
        (lambda folder: (folder / ".git" / "HEAD").unlink(), "git finds no repository there"),
    ],
)
def test_what_cannot_be_told_says_why(clone: Clone, spoil: Any, why: str) -> None:
    spoil(clone.folder)
    said, found = told(clone)
    assert f"clone: what a push would release is not known: {why}" in said
    assert found == {"clone": None}


def test_without_an_answer_of_the_target_nothing_is_claimed(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Session) -> None:
        raise SlipwayError("Local AWS does not answer.")

    monkeypatch.setattr(unpushed, "pipelines_of", refuse)
    assert told(clone) == ("what a push would release is not known: Local AWS does not answer.", {"clone": None})


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose configs were published to a repository behind the connection, the other folders never."""
    root = tmp_path / "checkout"
    for name in ("cloudformation/setup.yml", "training_config/wine.yml", "pipeline_lambdas/a.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("a: 1\n")
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    pipelines = tuple(ModelPipeline(one.model, connected=True) for one in PIPELINES)
    monkeypatch.setattr(unpushed, "pipelines_of", lambda _: pipelines)
    connected = {folder: f"acme/{folder}" for folder in ("training_config", "pipeline_lambdas", "inference_lambdas")}
    monkeypatch.setattr(unpushed, "connected_repositories", lambda _: connected)
    monkeypatch.chdir(root)
    return root


def test_folders_of_the_checkout_are_compared_with_where_they_were_published(checkout: Path) -> None:
    folder = checkout / ".slipway" / "publish" / "slipway-local-training-config"
    repository = GitFolder(folder, Remote("../remote.git"), "../remote.git")
    staged = stage_files(repository, "training_config", repository_files(Project(checkout), "training_config"))
    assert staged.commit
    repository.push(staged.commit, "main")
    repository.save_address()
    assert repository.saved_address() == str(checkout.parent / "remote.git")
    assert told(None)[0].splitlines()[0] == "training_config: unchanged"
    (checkout / "training_config" / "wine.yml").write_text("a: 2\n")
    said, found = told(None)
    assert said.splitlines() == [
        "training_config: a push would release wine (wine.yml)",
        *(
            f"{folder}: what a push would release is not known: its repository acme/{folder} is behind the connection, "
            "and was never published from here."
            for folder in ("pipeline_lambdas", "inference_lambdas")
        ),
    ]
    assert found == {"training_config": {"wine": "wine.yml"}, "pipeline_lambdas": None, "inference_lambdas": None}
    assert git(checkout.parent / "remote.git", "rev-list", "--count", "main") == "1"


def test_a_clone_with_templates_is_not_taken_for_the_checkout(checkout: Path) -> None:
    assert find_project(checkout / "training_config").root == checkout
    (checkout / "training_config").rename(checkout / "elsewhere")
    assert find_project(checkout / "pipeline_lambdas").root == ROOT


def test_check_ends_with_it(clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "training_config" / "wine-quality.yml").read_text(encoding="utf-8")
    (clone.folder / "wine.yml").write_text(text.replace("model: wine-quality", "model: wine"))
    (clone.folder / "cider.yml").write_text(text.replace("model: wine-quality", "model: cider"))
    commit(clone.folder)
    monkeypatch.chdir(clone.folder)
    monkeypatch.setattr(check, "find_stack", lambda *_: None)
    assert run(["check", "--local"]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last == "., compared with origin/main: a push would release cider (cider.yml), wine (wine.yml)"
    assert run(["check", "--local", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["releases"] == {"clone": {"cider": "cider.yml", "wine": "wine.yml"}}
    (clone.folder / "wine.yml").write_text("model: 1\n")
    assert run(["check", "--local", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["releases"] == {"clone": {"cider": "cider.yml", "wine": "wine.yml"}}

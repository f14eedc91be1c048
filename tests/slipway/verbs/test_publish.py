from __future__ import annotations

import ast
import fcntl
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from slipway.errors import SlipwayError
from slipway.project import Project
from slipway.repositories.git import GitFolder, Remote
from slipway.repositories.staging import StagedFolder, repository_files, stage_files, take_over
from slipway_build.packages import imported_names

from tests.local_server import ROOT

IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "A Person"), ("EMAIL", "person@example.com"))
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **IDENTITY}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


class Case:
    """A folder, the repository that it is published to, and somebody else with a clone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "training_config"
        self.folder.mkdir()
        self.remote = root / "remote.git"
        git(root, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        self.git = GitFolder(root / ".slipway" / "publish" / "configs", Remote(self.remote.as_uri()))

    def write(self, text: str, name: str = "wine.yml") -> None:
        (self.folder / name).write_text(text)

    def stage(self, *, overwrite: bool = False, message: str | None = None) -> StagedFolder:
        files = repository_files(Project(self.root), "training_config")
        return stage_files(self.git, "training_config", files, message, overwrite=overwrite)

    def publish(self, *, overwrite: bool = False, message: str | None = None) -> str:
        staged = self.stage(overwrite=overwrite, message=message)
        assert staged.commit
        self.git.push(staged.commit, "main")
        return staged.commit

    def somebody_else_pushes(self, text: str, *, gitignore: str = "", remove: str = "") -> None:
        clone = self.root / "clone"
        if not clone.exists():
            git(self.root, "clone", "--quiet", str(self.remote), str(clone))
        git(clone, "pull", "--quiet")
        (clone / "wine.yml").write_text(text)
        if gitignore:
            (clone / ".gitignore").write_text(gitignore)
            git(clone, "add", ".gitignore")
        if remove:
            (clone / remove).unlink()
        git(clone, "commit", "--quiet", "--all", "--message", "Deeper trees")
        git(clone, "push", "--quiet")

    def log(self) -> list[str]:
        return git(self.remote, "log", "--format=%s", "main").splitlines()


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_the_first_push_makes_the_branch_and_the_next_keeps_its_history(case: Case) -> None:
    case.write("depth: 1\n")
    first = case.publish()
    case.write("depth: 2\n")
    case.write("other\n", "other.yml")
    second = case.publish(message="Try depth 2")
    assert case.log() == ["Try depth 2", "Publish training_config"]
    assert git(case.remote, "rev-parse", f"{second}^") == first
    assert git(case.remote, "ls-tree", "--name-only", "main").splitlines() == ["other.yml", "wine.yml"]
    assert git(case.remote, "show", "main:wine.yml") == "depth: 2"


def test_a_removed_file_is_removed(case: Case) -> None:
    case.write("depth: 1\n")
    case.write("old\n", "old.yml")
    case.publish()
    (case.folder / "old.yml").unlink()
    case.publish()
    assert git(case.remote, "ls-tree", "--name-only", "main") == "wine.yml"


def test_nothing_is_pushed_if_nothing_has_changed(case: Case) -> None:
    case.write("depth: 1\n")
    case.publish()
    staged = case.stage()
    assert (staged.changed, staged.reason) == (False, "unchanged")


def test_a_lost_work_folder_is_no_loss(case: Case) -> None:
    case.write("depth: 1\n")
    case.publish()
    case.git = GitFolder(case.root / "elsewhere" / "configs", case.git.remote)
    assert not case.stage().changed
    case.write("depth: 2\n")
    case.publish()
    assert len(case.log()) == 2


def test_commits_of_others_are_never_undone_by_an_unchanged_folder(case: Case) -> None:
    case.write("depth: 1\n")
    case.publish()
    case.somebody_else_pushes("depth: 9\n")
    staged = case.stage()
    assert not staged.changed
    why = staged.why(lambda *words: " ".join(("slipway", *words)))
    assert why.startswith("left alone; the repository is 1 commit ahead of the folder: ")
    assert why.endswith(" Deeper trees. Take it over: slipway publish training_config --take-theirs")


def test_if_both_have_changed_a_person_decides(case: Case) -> None:
    case.write("depth: 1\n")
    case.publish()
    case.somebody_else_pushes("depth: 9\n")
    case.write("depth: 5\n")
    with pytest.raises(SlipwayError, match="have both changed: the repository has 1 commit that came") as raised:
        case.stage()
    shown = raised.value.next_step.partition("git ")[2].partition("\n")[0]
    assert "-depth: 5\n+depth: 9" in git(case.root, *shown.split())
    case.publish(overwrite=True)
    assert case.log() == ["Publish training_config", "Deeper trees", "Publish training_config"]
    assert git(case.remote, "show", "main:wine.yml") == "depth: 5"


def test_what_was_taken_over_counts_as_unchanged(case: Case) -> None:
    case.write("depth: 1\n")
    case.publish()
    case.somebody_else_pushes("depth: 9\n")
    case.write("depth: 9\n")
    assert case.stage().reason == "unchanged"


def test_what_is_told_after_both_have_changed_works(case: Case) -> None:
    case.write("depth: 1\n")
    case.write("rate: 1\n", "other.yml")
    case.publish()
    case.somebody_else_pushes("depth: 9\n", gitignore="*.log\n")
    case.write("rate: 2\n", "other.yml")
    with pytest.raises(SlipwayError, match="have both changed") as raised:
        case.stage()
    assert "slipway publish training_config --take-theirs" in raised.value.next_step
    assert take_over(Project(case.root), "training_config", case.git) == (["wine.yml"], [])
    assert (case.folder / "wine.yml").read_text() == "depth: 9\n"
    # What is left is a change of the folder alone, and a file that it cannot hold stays.
    case.publish()
    assert git(case.remote, "show", "main:other.yml") == "rate: 2"
    assert git(case.remote, "show", "main:.gitignore") == "*.log"
    assert case.stage().reason == "unchanged"
    assert take_over(Project(case.root), "training_config", case.git) == ([], [])


def test_a_folder_that_is_behind_is_brought_up_to_date(case: Case) -> None:
    case.write("depth: 1\n")
    case.publish()
    case.somebody_else_pushes("depth: 9\n", gitignore="*.log\n")
    assert take_over(Project(case.root), "training_config", case.git) == (["wine.yml"], [])
    assert case.stage().reason == "unchanged"


def test_taking_over_names_what_was_changed_here_too(case: Case) -> None:
    case.write("depth: 1\n")
    case.write("old\n", "old.yml")
    case.publish()
    case.somebody_else_pushes("depth: 9\n", remove="old.yml")
    case.write("depth: 5\n")
    assert take_over(Project(case.root), "training_config", case.git) == (["old.yml", "wine.yml"], ["wine.yml"])
    assert [path.name for path in case.folder.iterdir()] == ["wine.yml"]
    assert case.stage().reason == "unchanged"


def test_a_push_at_the_same_moment_is_not_overwritten(case: Case) -> None:
    case.write("depth: 1\n")
    case.publish()
    case.write("depth: 2\n")
    staged = case.stage()
    case.somebody_else_pushes("depth: 9\n")
    assert staged.commit
    with pytest.raises(SlipwayError, match="somebody else pushed to main at the same moment"):
        case.git.push(staged.commit, "main")
    assert case.log()[0] == "Deeper trees"


def test_an_unreachable_repository_is_one_sentence(case: Case) -> None:
    case.write("depth: 1\n")
    case.git = GitFolder(case.git.path, Remote((case.root / "none.git").as_uri()))
    with pytest.raises(SlipwayError, match=r"git ls-remote: fatal: .*none\.git"):
        case.stage()


def test_a_hook_that_this_is_called_from_does_not_redirect_it(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(case.root / "trap"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(case.root / "trap-index"))
    case.write("depth: 1\n")
    case.publish()
    monkeypatch.undo()
    assert not (case.root / "trap-index").exists()
    assert case.log() == ["Publish training_config"]


def test_bytes_are_published_as_they_are(case: Case) -> None:
    (case.folder / "wine.yml").write_bytes(b"a: 1\r\nb: \xff\n")
    (case.folder / "run.sh").write_text("#!/bin/sh\n")
    (case.folder / "run.sh").chmod(0o755)
    (case.folder / ".hidden").write_text("")
    (case.folder / "__pycache__").mkdir()
    (case.folder / "__pycache__" / "x.pyc").write_text("")
    case.publish()
    done = subprocess.run(["git", "show", "main:wine.yml"], cwd=case.remote, capture_output=True, check=True)
    assert done.stdout == b"a: 1\r\nb: \xff\n"
    listed = git(case.remote, "ls-tree", "-r", "main").splitlines()
    assert [(line.split()[0], line.split("\t")[1]) for line in listed] == [("100755", "run.sh"), ("100644", "wine.yml")]


def test_code_lies_in_a_folder_of_its_name_with_what_its_build_needs(tmp_path: Path) -> None:
    for name in (
        "pipeline_lambdas/config/parsing.py",
        "inference_lambdas/statistics/metrics.py",
        "requirements/dev.txt",
        "buildspec.yml",
        "checkspec.yml",
        "requirements/build.txt",
        "requirements/due.txt",
        "scripts/slipway_build/build.py",
        "scripts/slipway/cli.py",
        "tests/events/deploy_model.json",
        "tests/pipeline_lambdas/config/test_parsing.py",
        "tests/inference_lambdas/statistics/test_metrics.py",
        "tests/local_server.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    project = Project(tmp_path)
    assert sorted(repository_files(project, "pipeline_lambdas")) == [
        "buildspec.yml",
        "checkspec.yml",
        "pipeline_lambdas/config/parsing.py",
        "requirements/build.txt",
        "requirements/due.txt",
        "scripts/slipway_build/build.py",
        "tests/events/deploy_model.json",
        "tests/pipeline_lambdas/config/test_parsing.py",
    ]
    assert sorted(repository_files(project, "inference_lambdas")) == [
        "inference_lambdas/statistics/metrics.py",
        "tests/inference_lambdas/statistics/test_metrics.py",
    ]
    with pytest.raises(SlipwayError, match="training_config: found no files"):
        repository_files(project, "training_config")


def test_what_is_published_imports_only_what_is_published_too() -> None:
    """A build has nothing but the repositories: a test that needed another file of the checkout would end it."""
    own = {path.name for path in ROOT.iterdir() if path.is_dir()}
    published: dict[str, Path] = {}
    for folder in ("pipeline_lambdas", "inference_lambdas"):
        published |= repository_files(Project(ROOT), folder)
    sources = {name: path for name, path in published.items() if name.endswith(".py")}
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in sources}
    needed = {
        (name, module)
        for name, path in sources.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        + ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
        if module.split(".")[0] in own
    }
    assert len(needed) > 50
    # A namespace package has no file of its own.
    folders = {".".join(name.split("/")[:depth]) for name in sources for depth in range(1, name.count("/") + 1)}
    assert {(name, module) for name, module in needed if module not in modules | folders} == set()


@pytest.mark.parametrize(
    "left", ["publish-index.lock", "index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock"]
)
def test_what_a_killed_publish_left_locked_needs_no_hand(tmp_path: Path, left: str) -> None:
    case = Case(tmp_path)
    case.write("a: 1\n")
    git(tmp_path, "init", "--quiet", "--bare", str(case.git.path))
    (case.git.path / left).touch()
    reference = case.git.path / "refs" / "published" / "main.lock"
    reference.parent.mkdir(parents=True)
    reference.touch()
    case.publish()
    case.somebody_else_pushes("a: 2\n")
    case.stage(overwrite=True)
    assert not list(case.git.path.rglob("*.lock"))


def test_what_another_process_has_locked_is_left_to_it(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.write("a: 1\n")
    git(tmp_path, "init", "--quiet", "--bare", str(case.git.path))
    lock = case.git.path / "refs" / "heads" / "main.lock"
    lock.touch()
    held = (case.git.path / "in-use").open("w")
    fcntl.flock(held, fcntl.LOCK_SH)
    case.publish()
    assert lock.exists()
    held.close()


def test_what_is_published_imports_only_what_the_locks_of_the_build_hold() -> None:
    locks = ("requirements/build.txt", "requirements/due.txt", "requirements/checks.txt")
    locked = {
        name.lower().replace("_", "-")
        for lock in locks
        for name in re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    }
    own = {"slipway_build", "tests", "pipeline_lambdas", "inference_lambdas"}
    distributions = packages_distributions()
    lacking = set()
    for folder in ("pipeline_lambdas", "inference_lambdas"):
        for name, path in repository_files(Project(ROOT), folder).items():
            # What runs in SageMaker's images finds XGBoost and numpy there; without them its tests are skipped.
            if name.endswith(".py") and not re.search("pipeline_lambdas/(?:tabular|measuring)/", name):
                module = name.removesuffix(".py").replace("/", ".")
                tops = {imported.split(".")[0] for imported, _ in imported_names(path, module)}
                for top in tops - own - sys.stdlib_module_names:
                    if not {one.lower().replace("_", "-") for one in distributions.get(top, [top])} & locked:
                        lacking.add((name, top))
    assert lacking == set()

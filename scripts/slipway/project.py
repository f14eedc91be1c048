"""The checkout that a verb works in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY_FOLDERS = ("training_config", "pipeline_lambdas", "inference_lambdas")
"""The folders that are published, each as a CodeCommit repository of its own."""


@dataclass(frozen=True)
class Project:
    """A checkout of Slipway."""

    root: Path

    @property
    def work(self) -> Path:
        """What the verbs keep between runs; never committed."""
        return self.root / ".slipway"

    def private_work(self) -> Path:
        """The same folder, there and closed to other users: repositories, reports and the state of local AWS."""
        self.work.mkdir(mode=0o700, exist_ok=True)
        self.work.chmod(0o700)
        return self.work

    @property
    def training_config(self) -> Path:
        return self.root / "training_config"

    def template(self, name: str) -> Path:
        return self.root / "cloudformation" / name

    def data(self, model: str) -> Path:
        """The folder of a model's sample data."""
        return self.root / "data" / model


def shown(path: Path) -> str:
    """A path as a person reads it: relative to the current directory where it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def find_project(start: Path | None = None) -> Project:
    """The checkout that the current directory lies in, else the one that this command was installed from.

    A clone of the repository of `pipeline_lambdas` has the templates too, and is no checkout: it holds no configs.
    """
    current = (start or Path.cwd()).resolve()
    for folder in (current, *current.parents):
        in_clone = (folder / "pipeline_lambdas").is_dir() and not (folder / "training_config").is_dir()
        if (folder / "cloudformation" / "setup.yml").is_file() and not in_clone:
            return Project(folder)
    return Project(Path(__file__).resolve().parents[2])

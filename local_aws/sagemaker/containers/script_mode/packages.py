"""The packages of a script: this machine's environment, and on top of it what its requirements.txt names.

The images install requirements.txt into themselves at each start. Here `pip install --target` fills a folder of the
state, once for each lock, Python and image.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from local_aws.sagemaker.containers import capabilities
from local_aws.sagemaker.containers.registry import parse_image
from local_aws.sagemaker.containers.script_mode import frameworks, requirements
from local_aws.sagemaker.containers.script_mode.failures import CommandError
from local_aws.sagemaker.containers.script_mode.task import Task
from local_aws.sagemaker.containers.script_mode.toolkit_log import ToolkitLog

_KEPT_UNUSED_S = 30 * 86400.0
_MB = 1_000_000
_ANY = "pandas"
"""A library that all images have, in versions of which not all are known."""
_SAME = {"xgboost": ("xgboost", "xgboost-cpu")}
"""Distributions of one library."""


@dataclass(frozen=True)
class Installer:
    """Installs the requirements of one task's code."""

    task: Task
    lines: ToolkitLog

    def install(self) -> Path | None:
        """The folder of the packages, None without requirements.txt. Raises CommandError as the image's toolkit."""
        if not (self.task.code / requirements.FILE).is_file():
            return None
        cache = Path(self.task.cache)
        cache.mkdir(parents=True, exist_ok=True)
        image = parse_image(self.task.image)
        python = f"{sys.implementation.cache_tag}-{platform.machine()}"
        digest = requirements.digest(self.task.code, self.task.here)[:24]
        target = cache / f"{image.repository}-{image.tag or 'newest'}-{python}-{digest}"
        pins = self._offline_pins() if self.task.offline else []
        if self.task.offline and not pins:
            self._check_offline()
        with _locked(cache / f"{target.name}.lock"):
            if target.is_dir():
                self.lines.info(f"The packages of {requirements.FILE} are those of an earlier run: {target}")
                os.utime(target)
            elif pins:
                self._fill_from_wheels(target, pins)
            else:
                self._fill(target)
                _forget_unused(cache, target)
        return target

    def versions_line(self, target: Path | None) -> str | None:
        """One line about the versions that differ from the image's, None if none is known to."""
        path = [*([str(target)] if target else []), *sys.path]
        found = [(name, _version(name, path), wanted) for name, wanted in {_ANY: None, **self._versions}.items()]
        differing = [
            f"{name} {here} (image: {wanted})"
            for name, here, wanted in found
            if here and wanted and not wanted.startswith("<") and here != wanted
        ]
        missing = [name for name, here, _ in found if here is None]
        if missing:
            differing.append(f"without {', '.join(missing)}, which the image has: name it in {requirements.FILE}")
        return f"Python {platform.python_version()}, not the image's: {', '.join(differing)}" if differing else None

    @property
    def _versions(self) -> Mapping[str, str]:
        return frameworks.versions(self.task.image)

    def _fill(self, target: Path) -> None:
        text = (self.task.code / requirements.FILE).read_text(encoding="utf-8", errors="replace")
        part = target.with_name(f"{target.name}.part")
        started = time.monotonic()
        image = self._versions
        attempts: list[Mapping[str, str]] = [{**self._here(), **image}, image, {}] if image else [self._here(), {}]
        for wanted in [{}] if requirements.has_hashes(text) else attempts:
            code = self._pip(part, wanted)
            if code == 0:
                break
        else:
            shutil.rmtree(part, ignore_errors=True)
            raise self._failure(code)
        if image and not wanted and not requirements.has_hashes(text):
            self.lines.info(
                f"{requirements.FILE} cannot be installed with the image's versions on this Python "
                f"({platform.python_version()}), and was installed without them"
            )
        self._keep(part, target, started)

    def _fill_from_wheels(self, target: Path, pins: list[str]) -> None:
        """Install the wheels that came with the code, without what the image has.

        They are made for the image's Python. Where they do not fit this one, the same versions come from where pip
        finds packages on this machine.
        """
        part, started = target.with_name(f"{target.name}.part"), time.monotonic()
        folders = [word for folder in self._wheel_folders() for word in ("--find-links", str(folder))]
        offline = {"PIP_NO_INDEX": "1"}
        if self._install_pins(part, pins, folders, offline) and self._install_pins(
            part, pins, ["--no-deps", *folders], offline
        ):
            self.lines.info(
                f"The wheels are made for the image and do not all fit Python {platform.python_version()} on this "
                "machine; the same versions are taken from where pip finds packages here"
            )
            code = self._install_pins(part, pins, ["--no-deps"], self.task.pip, quiet=False)
            if code != 0:
                self.lines.info(
                    "pip finds no wheels of these versions for this Python here, or reaches no index: run local AWS "
                    "with the image's Python, or take versions that have wheels for both"
                )
                shutil.rmtree(part, ignore_errors=True)
                raise self._failure(code)
        part.mkdir(exist_ok=True)
        lacking = requirements.lacking(distributions(path=[str(part)]), self._versions)
        if lacking:
            shutil.rmtree(part)
            self.lines.info(f"Neither the image nor the wheels have {'; '.join(lacking)}")
            raise self._failure(1)
        self._keep(part, target, started)

    def _install_pins(
        self, part: Path, pins: list[str], words: list[str], settings: Mapping[str, str], *, quiet: bool = True
    ) -> int:
        shutil.rmtree(part, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write("".join(f"{pin}\n" for pin in pins))
            file.flush()
            into = ["install", "--target", str(part), "--only-binary", ":all:", "--requirement", file.name]
            return self._run([*into, *words], settings, quiet=quiet)

    def _offline_pins(self) -> list[str]:
        text = (self.task.code / requirements.FILE).read_text(encoding="utf-8", errors="replace")
        return requirements.offline_pins(text, self._wheel_folders())

    def _wheel_folders(self) -> list[Path]:
        text = (self.task.code / requirements.FILE).read_text(encoding="utf-8", errors="replace")
        return requirements.wheel_folders(requirements.lines(text), self.task.code, self.task.here)

    def _keep(self, part: Path, target: Path, started: float) -> None:
        part.rename(target)
        size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
        names = sorted(f"{found.name} {found.version}" for found in distributions(path=[str(target)]))
        self.lines.info(
            f"Installed {', '.join(names) or 'nothing'}: {size / _MB:.1f} MB in {time.monotonic() - started:.0f} s, "
            f"kept in {target}"
        )

    def _here(self) -> dict[str, str]:
        """What the image has, in this machine's version: pip keeps what an image has."""
        found = ((name, _version(name, sys.path)) for name in requirements.IN_ALL_IMAGES)
        return {name: version for name, version in found if version}

    def _pip(self, part: Path, wanted: Mapping[str, str]) -> int:
        """Install with versions, those only from wheels: building numpy would take minutes. Returns pip's exit code."""
        shutil.rmtree(part, ignore_errors=True)
        words = ["install", "--target", str(part), "--requirement", requirements.FILE]
        if not wanted:
            return self._run(words, self.task.pip)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write("".join(_constraint(name, version) for name, version in sorted(wanted.items())))
            file.flush()
            return self._run([*words, "--constraint", file.name, "--only-binary", ",".join(wanted)], self.task.pip)

    def _check_offline(self) -> None:
        """Raise CommandError for what pip would look for on an index, which a container without a network lacks."""
        text = (self.task.code / requirements.FILE).read_text(encoding="utf-8", errors="replace")
        beyond = requirements.beyond_image(text, self._versions)
        if not beyond:
            return
        self.lines.info(f"Without a network the image must have these, or the code their wheels: {'; '.join(beyond)}")
        rest = self.task.code / ".requirements-beyond-the-image.txt"
        rest.write_text("\n".join(beyond) + "\n", encoding="utf-8")
        try:
            code = self._run(
                ["install", "--dry-run", "--ignore-installed", "--no-deps", "--requirement", rest.name],
                {"PIP_NO_INDEX": "1"},
            )
        finally:
            rest.unlink()
        if code != 0:
            raise self._failure(code)

    def _run(self, words: list[str], settings: Mapping[str, str], *, quiet: bool = False) -> int:
        """Pip's exit code. `quiet` keeps what it says out of the log, where something else is tried after it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHONPATH"))}
        cached = {"PIP_CACHE_DIR": str(Path(self.task.cache) / "pip"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        # Building a package runs code of its own.
        command = [
            sys.executable,
            "-I",
            capabilities.__file__,
            sys.executable,
            "-m",
            "pip",
            *words,
            "--no-input",
            "--progress-bar",
            "off",
            "--root-user-action",
            "ignore",
        ]
        said = subprocess.DEVNULL if quiet else None
        return subprocess.run(
            command, cwd=self.task.code, env={**kept, **cached, **settings}, stdout=said, stderr=said, check=False
        ).returncode

    def _failure(self, code: int) -> CommandError:
        legacy = frameworks.of_image(self.task.image).legacy
        own = ["."] if legacy else []
        command = [sys.executable, "-m", "pip", "install", *own, "-r", requirements.FILE]
        kind = "InstallModuleError" if legacy else "InstallRequirementsError"
        return CommandError(kind, command, code, legacy=legacy)


def _constraint(name: str, version: str) -> str:
    return f"{name}{version}\n" if version.startswith("<") else f"{name}=={version}\n"


def _version(name: str, path: list[str]) -> str | None:
    """The version of a library that a script would import, None if there is none."""
    for known in _SAME.get(name, (name,)):
        found = next(iter(Distribution.discover(name=known, path=path)), None)
        if found is not None:
            return found.version
    return None


def _forget_unused(cache: Path, target: Path) -> None:
    """Remove packages that no run has used for a month."""
    for folder in cache.iterdir():
        old = time.time() - folder.stat().st_mtime > _KEPT_UNUSED_S
        if folder.is_dir() and folder.name.startswith(tuple(frameworks.TABLE)) and folder != target and old:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Let one process at a time install into a folder."""
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield

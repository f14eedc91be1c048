"""The git commands that publishing needs: a bare repository as work folder, trees of files, commits, pushes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slipway.errors import SlipwayError

PUBLISHED = "refs/published/"
"""Where the branches of the published repository are kept in the work folder."""

# Set by a hook or an alias that this may be called from; they would redirect every command below.
REDIRECTING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_PREFIX")

_ADDRESS = "slipway.address"

_IN_USE: dict[Path, int] = {}
"""The work folders that this process uses, each with the descriptor of its lock."""


@dataclass(frozen=True)
class Remote:
    """A repository and how to sign in to it."""

    url: str
    settings: tuple[str, ...] = ()
    """What git is configured with for it, `name=value` each."""
    proxied: bool = True


@dataclass(frozen=True)
class GitFolder:
    """A bare repository in which commits for one published repository are made."""

    path: Path
    remote: Remote
    name: str = ""
    """What a person calls the published repository; empty: as the work folder."""

    def prepare(self) -> None:
        """Create the work folder if it is missing, and remove the locks of a killed process."""
        self._use()
        if not (self.path / "HEAD").is_file():
            self.path.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet", "--bare")

    def _use(self) -> None:
        """Remove git's lock files if nobody else uses the folder, and keep others from that until this process ends.

        Git's processes inherit the descriptor, so one that outlives a killed process keeps its lock files.
        """
        if self.path in _IN_USE:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # what the other one left locked is its own
        else:
            for lock in self.path.rglob("*.lock"):
                lock.unlink(missing_ok=True)
            for index in self.path.glob("publish-index*"):
                index.unlink(missing_ok=True)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _IN_USE[self.path] = descriptor

    def fetch(self, branch: str) -> str | None:
        """Fetch a branch; returns its commit, None if the repository has no such branch yet."""
        listed = self._git("ls-remote", self.remote.url, f"refs/heads/{branch}").split()
        if not listed:
            return None
        if self._quiet("cat-file", "-e", f"{listed[0]}^{{commit}}") is None:
            self._git("fetch", "--quiet", self.remote.url, f"+refs/heads/{branch}:{PUBLISHED}{branch}")
        return listed[0]

    def write_tree(self, files: Mapping[str, Path]) -> str:
        """Store files as a tree, under their names in the repository; returns its id."""
        names = sorted(files)
        paths = "".join(f"{files[name].resolve()}\n" for name in names)
        blobs = self._git("hash-object", "-w", "--no-filters", "--stdin-paths", input_text=paths).split()
        return self.tree({name: f"{_mode(files[name])} {blob}" for name, blob in zip(names, blobs, strict=True)})

    def tree(self, entries: Mapping[str, str]) -> str:
        """Store entries, a map of name to mode and blob, as a tree; returns its id."""
        lines = "".join(f"{entries[name]}\t{name}\0" for name in sorted(entries))
        with _own_index() as environment:
            self._git("update-index", "-z", "--index-info", input_text=lines, environment=environment)
            return self._git("write-tree", environment=environment).strip()

    def entries(self, tree: str) -> dict[str, str]:
        """Map name to mode and blob of all files of a tree or a commit."""
        listed = self._git("ls-tree", "-r", "-z", "--format=%(objectmode) %(objectname)%x09%(path)", tree)
        lines = (line.partition("\t") for line in listed.split("\0") if line)
        return {name: entry for entry, _, name in lines}

    def check_out(self, commit: str, names: Sequence[str], place: Path) -> None:
        """Write files of a commit below a folder; overwrite existing files."""
        if names:
            with _own_index() as environment:
                self._git("--work-tree", str(place), "checkout", commit, "--", *names, environment=environment)

    def changed(self, before: str, after: str) -> tuple[str, ...]:
        """Return the names of the files that differ between two commits or trees; both names of a moved file."""
        listed = self._git("diff-tree", "-r", "-z", "--no-renames", "--name-only", before, after)
        return tuple(name for name in listed.split("\0") if name)

    def commits(self, head: str) -> list[Commit]:
        """All commits from a head back, newest first."""
        text = self._git("log", "--first-parent", "-z", "--format=%H%x1f%T%x1f%s%x1f%b", head)
        return [Commit(*entry.split("\x1f", 3)) for entry in text.split("\0") if entry]

    def commit(self, tree: str, parent: str | None, message: str) -> str:
        parents = ["-p", parent] if parent else []
        return self._git(*self._identity(), "commit-tree", tree, *parents, input_text=message).strip()

    def save_address(self) -> None:
        """Save the repository's address in the work folder; a path is saved as absolute."""
        local = Path(self.remote.url)
        self._git("config", _ADDRESS, str(local.resolve()) if local.exists() else self.remote.url)

    def saved_address(self) -> str | None:
        """Return the address that was saved last."""
        return (self._quiet("config", "--get", _ADDRESS) or "").strip() or None

    def push(self, commit: str, branch: str) -> None:
        """Push one commit; never overwrites commits that the branch has got in the meantime."""
        try:
            self._git("push", "--quiet", self.remote.url, f"{commit}:refs/heads/{branch}")
        except SlipwayError as error:
            if "rejected" in error.message or "non-fast-forward" in error.message:
                raise SlipwayError(
                    f"{self.remote.url}: somebody else pushed to {branch} at the same moment.", "Run the verb again."
                ) from None
            raise

    def _identity(self) -> tuple[str, ...]:
        if self._quiet("config", "--get", "user.email"):
            return ()
        return ("-c", "user.name=Slipway", "-c", "user.email=slipway@localhost")

    def _quiet(self, *arguments: str) -> str | None:
        done = self._run(arguments, "", {})
        return done.stdout if done.returncode == 0 else None

    def _git(self, *arguments: str, input_text: str = "", environment: Mapping[str, str] | None = None) -> str:
        done = self._run(arguments, input_text, environment or {})
        if done.returncode:
            verb = next(word for word in arguments if word[0] not in "-/" and "=" not in word)
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise SlipwayError(f"git {verb}: {' '.join(line.strip() for line in lines)}")
        return done.stdout

    def _run(
        self, arguments: tuple[str, ...], input_text: str, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name not in REDIRECTING}
        settings = {
            "commit.gpgSign": "false",
            "core.hooksPath": os.devnull,
            "gc.auto": "0",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        options += [part for setting in self.remote.settings for part in ("-c", setting)]
        if not self.remote.proxied:
            options += ["-c", "http.proxy="]
        try:
            return subprocess.run(
                ["git", *options, "--git-dir", str(self.path), *arguments],
                env={**inherited, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **environment},
                input=input_text,
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
                pass_fds=tuple(descriptor for path, descriptor in _IN_USE.items() if path == self.path),
            )
        except FileNotFoundError:
            raise SlipwayError("git was not found.", "Install git: https://git-scm.com/downloads") from None


@dataclass(frozen=True)
class Commit:
    id: str
    tree: str
    subject: str
    body: str


def _mode(path: Path) -> str:
    return "100755" if path.stat().st_mode & 0o100 else "100644"


@contextmanager
def _own_index() -> Iterator[dict[str, str]]:
    """An environment with an index for one operation, so that an index of a killed process is not in the way."""
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
        yield {"GIT_INDEX_FILE": str(Path(folder, "index"))}

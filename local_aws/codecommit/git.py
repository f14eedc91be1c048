"""One bare repository, read and written through the `git` program.

git is started with argument lists, an environment without the user's configuration, and names that
`local_aws.codecommit.names` has checked.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
ZERO_ID = "0" * 40

_LOOSE_OBJECTS = 6700
"""https://git-scm.com/docs/git-config#Documentation/git-config.txt-gcauto"""
_PERSON = re.compile(r"(?P<name>[^<]*?) ?<(?P<email>[^>]*)> ?(?P<date>-?\d+ [+-]\d{4})?")
_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
[gc]
\tautoDetach = false
[receive]
\tautogc = false
"""
_ATTRIBUTES = "* -text -ident -filter -working-tree-encoding -export-ignore -export-subst\n"
"""An archive contains the files as committed, regardless of the repository's own attributes."""


class GitError(Exception):
    """git failed; the message is its output."""


@dataclass(frozen=True)
class Reference:
    """A branch or a tag: what it points at, and the commit behind an annotated tag."""

    name: str
    object_id: str
    commit_id: str


@dataclass(frozen=True)
class GitObject:
    """Kind (blob, tree, commit, tag) and size in bytes of an object."""

    object_id: str
    kind: str
    size: int


@dataclass(frozen=True)
class TreeEntry:
    """A file, folder or submodule in a tree; `mode` is git's octal text, `size` in bytes (files only)."""

    path: str
    mode: str
    kind: str
    object_id: str
    size: int = 0


@dataclass(frozen=True)
class Person:
    """Author or committer; `date` is git's own form, `1484167798 -0800`."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    """A commit as stored; `other_headers` has headers beyond git's usual ones, such as a signature."""

    commit_id: str
    tree_id: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str
    other_headers: str


@dataclass(frozen=True)
class Change:
    """A file that differs between two trees; on a side without the file the mode is 000000."""

    path: str
    before_mode: str
    after_mode: str
    before_id: str
    after_id: str


def environment(home: Path) -> dict[str, str]:
    """The whole environment of a git process."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


def create(folder: Path, home: Path) -> Repository:
    """Make an empty repository whose HEAD is `main`.

    `home` is the HOME of git's processes: the state folder, which contains no git configuration.
    """
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (folder / name).mkdir(parents=True)
    (folder / "config").write_text(_CONFIG, encoding="utf-8")
    (folder / "info" / "attributes").write_text(_ATTRIBUTES, encoding="utf-8")
    (folder / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    return Repository(folder, home)


class Repository:
    """A bare repository in a folder."""

    def __init__(self, folder: Path, home: Path, inherited: Sequence[int] = ()) -> None:
        """`inherited` are descriptors that git's processes inherit, such as a lock that must outlive this process."""
        self.folder, self._home, self._inherited = folder, home, tuple(inherited)

    def command(self, *arguments: str) -> list[str]:
        """The argument list of a git command on this repository."""
        return ["git", f"--git-dir={self.folder}", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a git command with pipes at its standard input and output."""
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(self._home),
            pass_fds=self._inherited,
        )

    def run(self, *arguments: str, text: str = "") -> bytes:
        """Run a git command and return its output; raises GitError."""
        with self.start(*arguments) as process:
            output, errors = process.communicate(text.encode())
        if process.returncode != 0:
            raise GitError(f"git {arguments[0]}: {errors.decode(errors='replace').strip()}")
        return output

    def references(self) -> dict[str, Reference]:
        """All branches and tags by full name."""
        form = "--format=%(refname)%00%(objectname)%00%(*objectname)"
        found = {}
        for line in self.run("for-each-ref", form, "refs/heads", "refs/tags").decode().splitlines():
            name, object_id, peeled = line.split("\0")
            found[name] = Reference(name, object_id, peeled or object_id)
        return found

    def objects(self, expressions: Sequence[str]) -> list[GitObject | None]:
        """The object behind each of these names (`refs/heads/x^{commit}`, `ID:path`), in the same order."""
        output = self.run("cat-file", "--batch-check", text="".join(f"{name}\n" for name in expressions))
        return [_object(line) for line in output.decode(errors="surrogateescape").splitlines()]

    def tree(self, tree_id: str, *, recursive: bool = False) -> list[TreeEntry]:
        """The entries of a tree, or all files below it with their full paths."""
        output = self.run("ls-tree", "-z", "--full-tree", *(("-r",) if recursive else ()), tree_id)
        return [_tree_entry(line) for line in output.split(b"\0") if line]

    def entry(self, commit_id: str, path: str) -> TreeEntry | None:
        """Return the entry at a path of a commit."""
        output = self.run("ls-tree", "-z", "-l", "--full-tree", commit_id, "--", path)
        entries = [_tree_entry(line) for line in output.split(b"\0") if line]
        return entries[0] if entries else None

    def blob(self, object_id: str) -> bytes:
        """A file's content."""
        return self.run("cat-file", "blob", object_id)

    def commits(self, commit_ids: Iterable[str]) -> dict[str, Commit]:
        """The commits with these ids, without ids of other objects."""
        output = self.run("cat-file", "--batch", text="".join(f"{commit_id}\n" for commit_id in commit_ids))
        found, position = {}, 0
        while position < len(output):
            end = output.index(b"\n", position)
            header = _object(output[position:end].decode())
            position = end + 1
            if header is None:
                continue
            if header.kind == "commit":
                found[header.object_id] = _commit(header.object_id, output[position : position + header.size])
            position += header.size + 1
        return found

    def differences(self, before_tree: str, after_tree: str) -> list[Change]:
        """The files that differ between two trees; a rename is a deletion and an addition."""
        arguments = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", before_tree, after_tree)
        fields = self.run("diff-tree", *arguments).split(b"\0")
        changes = []
        for head, path in zip(fields[0:-1:2], fields[1::2], strict=True):
            before_mode, after_mode, before_id, after_id, _letter = head.decode().removeprefix(":").split(" ")
            changes.append(Change(_text(path), before_mode, after_mode, before_id, after_id))
        return changes

    def update_reference(self, name: str, new_id: str, old_id: str) -> None:
        """Move, create (old id zeros) or delete (new id zeros) a reference; raises GitError if it has moved."""
        if new_id == ZERO_ID:
            self.run("update-ref", "--no-deref", "-d", name, old_id)
        else:
            self.run("update-ref", "--no-deref", name, new_id, old_id)

    def set_head(self, branch: str) -> None:
        """Make a branch the one that clones check out."""
        self.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def remove_leftovers(self) -> None:
        """Remove the locks and half-received objects of git processes that were killed; none may be running."""
        for pattern in ("*.lock", "refs/**/*.lock"):
            for lock in self.folder.glob(pattern):
                lock.unlink(missing_ok=True)
        for pattern in ("objects/incoming-*", "objects/tmp_objdir-*"):
            for quarantine in self.folder.glob(pattern):
                shutil.rmtree(quarantine, ignore_errors=True)

    def pack_if_needed(self) -> None:
        """Pack the objects if there are so many loose ones that git itself would pack them after a push.

        Git's own check starts several processes. This one counts the objects that git samples: those beginning with 17.
        """
        sample = self.folder / "objects" / "17"
        if sample.is_dir() and sum(1 for _ in sample.iterdir()) > _LOOSE_OBJECTS // 256:
            self.run("gc", "--auto", "--quiet")

    def archive(self, commit_id: str) -> bytes:
        """The files of a commit as a zip archive."""
        return self.run("archive", "--format=zip", commit_id)


def _object(line: str) -> GitObject | None:
    fields = line.rsplit(" ", 2)
    if len(fields) != 3 or not fields[2].isdigit():
        return None
    return GitObject(fields[0], fields[1], int(fields[2]))


def _tree_entry(line: bytes) -> TreeEntry:
    head, _, path = line.partition(b"\t")
    mode, kind, object_id, *size = head.decode().split()
    return TreeEntry(_text(path), mode, kind, object_id, int(size[0]) if size and size[0] != "-" else 0)


def _commit(commit_id: str, raw: bytes) -> Commit:
    head, _, message = raw.partition(b"\n\n")
    values: dict[str, list[str]] = {"tree": [], "parent": [], "author": [], "committer": [], "encoding": []}
    others: list[str] = []
    for line in head.decode(errors="replace").split("\n"):
        key, _, value = line.partition(" ")
        if key in values:
            values[key].append(value)
        else:
            others.append(line)
    return Commit(
        commit_id=commit_id,
        tree_id=values["tree"][0],
        parents=tuple(values["parent"]),
        author=_person(values["author"]),
        committer=_person(values["committer"]),
        message=_decoded(message, values["encoding"]),
        other_headers="\n".join(others),
    )


def _person(lines: list[str]) -> Person:
    match = _PERSON.match(lines[0]) if lines else None
    return Person(match["name"], match["email"], match["date"] or "") if match else Person("", "", "")


def _decoded(message: bytes, encodings: list[str]) -> str:
    try:
        return message.decode(encodings[0] if encodings else "utf-8", "replace")
    except LookupError:
        return message.decode("utf-8", "replace")


def _text(path: bytes) -> str:
    return path.decode(errors="replace")

"""Detects pushes to linked repositories.

A provider reports a push to AWS by a webhook; a local repository reports to nobody, so its references are polled once a
second while any repository is linked. A poll reads only file times unless something has changed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from local_aws.codecommit.git import GitError
from local_aws.codeconnections.links import TAGS, Link, Links, Push

log = logging.getLogger(__name__)

PERIOD_S = 1.0

OnPush = Callable[[Push], None]


class Watch:
    """One thread that polls the linked repositories."""

    def __init__(self, links: Links, home: Path) -> None:
        """`home` is the HOME of git's processes."""
        self._links, self._home = links, home
        self._on_push: OnPush = lambda _push: None
        self._seen: dict[Path, tuple[int, ...]] = {}
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="codeconnections-watch", daemon=True)

    def start(self, on_push: OnPush) -> None:
        """Begin to poll."""
        self._on_push = on_push
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self, on_push: OnPush) -> None:
        """Report every branch and tag whose commit differs from the one last seen."""
        for link in self._links.all():
            times = _times(link.folder)
            if self._seen.get(link.folder) == times:
                continue
            try:
                self._compare(link, on_push)
            except (GitError, OSError) as error:
                log.warning("repository %s behind %s: %s", link.full_name, link.arn, error)
            self._seen[link.folder] = times

    def _compare(self, link: Link, on_push: OnPush) -> None:
        known, found = self._links.tips(link), link.tips(self._home)
        for name in known.keys() - found.keys():
            self._links.forget_tip(link, name)
        for name, commit_id in found.items():
            if known.get(name) != commit_id:
                push = self._push(link, name, known.get(name), commit_id)
                self._links.set_tip(link, name, commit_id)
                on_push(push)

    def _push(self, link: Link, name: str, before: str | None, after: str) -> Push:
        if name.startswith(TAGS):
            return Push(link, name.removeprefix(TAGS), after, is_tag=True)
        paths = None if before is None else link.changed_paths(self._home, before, after)
        return Push(link, name, after, paths=paths)

    def _run(self) -> None:
        while not self._stopping.wait(PERIOD_S):
            self.look(self._on_push)


def _times(folder: Path) -> tuple[int, ...]:
    """The file times that change with references: of all branches, tags and packed references."""
    kinds = [folder / "refs" / "heads", folder / "refs" / "tags"]
    places = [folder / "packed-refs", *kinds, *(place for kind in kinds for place in kind.rglob("*"))]
    return tuple(place.stat().st_mtime_ns for place in places if place.exists())

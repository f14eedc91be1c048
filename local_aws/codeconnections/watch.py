"""Pushes to linked repositories, noticed.

A provider tells AWS of a push by a webhook; a local repository tells nobody, so its references are looked at once a
second, while any repository is linked. A look is two file times, unless something changed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from local_aws.codecommit.git import GitError
from local_aws.codeconnections.links import Link, Links

log = logging.getLogger(__name__)

PERIOD_S = 1.0

OnPush = Callable[[Link, str, str], None]
"""Called with the repository, the branch and the commit at its tip."""


class Watch:
    """One thread that looks at the linked repositories."""

    def __init__(self, links: Links, home: Path) -> None:
        """`home` is the HOME of git's processes."""
        self._links, self._home = links, home
        self._on_push: OnPush = lambda _link, _branch, _commit: None
        self._seen: dict[Path, tuple[int, ...]] = {}
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="codeconnections-watch", daemon=True)

    def start(self, on_push: OnPush) -> None:
        """Begin to look."""
        self._on_push = on_push
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Report every branch whose tip is another than the one that was last seen."""
        for link in self._links.all():
            times = _times(link.folder)
            if self._seen.get(link.folder) == times:
                continue
            try:
                self._compare(link)
            except (GitError, OSError) as error:
                log.warning("repository %s behind %s: %s", link.full_name, link.arn, error)
            self._seen[link.folder] = times

    def _compare(self, link: Link) -> None:
        known = self._links.tips(link)
        for branch, commit_id in link.branches(self._home).items():
            if known.get(branch) != commit_id:
                self._links.set_tip(link, branch, commit_id)
                self._on_push(link, branch, commit_id)

    def _run(self) -> None:
        while not self._stopping.wait(PERIOD_S):
            self.look()


def _times(folder: Path) -> tuple[int, ...]:
    """When references changed: of all folders and files below refs/heads, and of the packed ones."""
    places = [folder / "packed-refs", folder / "refs" / "heads", *(folder / "refs" / "heads").rglob("*")]
    return tuple(place.stat().st_mtime_ns for place in places if place.exists())

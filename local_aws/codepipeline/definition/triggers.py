"""Decides which pushes start a pipeline with triggers: pure values and functions.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local_aws.codeconnections.links import Push
from local_aws.codepipeline.definition.globs import GlobError, matches, read

Document = dict[str, Any]


class FilterError(ValueError):
    """CodePipeline does not accept the trigger; the message says why."""


@dataclass(frozen=True)
class Criteria:
    """Patterns; a name that is both included and excluded is excluded."""

    includes: tuple[str, ...]
    excludes: tuple[str, ...]

    def take(self, name: str) -> bool:
        """Whether a name is not excluded, and included if there are includes."""
        included = not self.includes or any(matches(pattern, name) for pattern in self.includes)
        return included and not any(matches(pattern, name) for pattern in self.excludes)


@dataclass(frozen=True)
class PushFilter:
    """A filter of pushes: by tag, or by branch and, if paths are given, by the files changed."""

    tags: Criteria | None
    branches: Criteria | None
    paths: Criteria | None

    def takes(self, push: Push) -> bool:
        """Whether the push is one of those that start the pipeline.

        For a new branch the changed files are not known, so a filter with paths does not match:
        https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html#pipelines-filter-considerations
        """
        if push.is_tag:
            return self.tags is not None and self.tags.take(push.name)
        if self.branches is None or not self.branches.take(push.name):
            return False
        return self.paths is None or any(map(self.paths.take, push.paths or ()))


@dataclass(frozen=True)
class GitTrigger:
    """The trigger of one source action; `push` is None without a filter."""

    source: str
    push: tuple[PushFilter, ...] | None

    def takes(self, push: Push, branch: str) -> bool:
        """Whether the push starts the pipeline; `branch` is the action's. One matching filter is enough."""
        if self.push is None:
            return not push.is_tag and push.name == branch
        return any(one.takes(push) for one in self.push)


def read_triggers(documents: Iterable[Document]) -> tuple[GitTrigger, ...]:
    """The triggers of a declaration that has been validated.

    Local repositories have no pull requests, so a trigger for pull requests only never starts the pipeline.
    """
    return tuple(_trigger(document["gitConfiguration"]) for document in documents)


def check_filters(configuration: Document) -> None:
    """Raise FilterError for an invalid combination of filters or an invalid pattern.

    For a push: tags, branches, or branches and file paths; for a pull request: the last two.
    """
    for one in (*configuration.get("push", ()), *configuration.get("pullRequest", ())):
        kinds = {kind for kind in ("tags", "branches", "filePaths") if kind in one}
        if kinds not in ({"tags"}, {"branches"}, {"branches", "filePaths"}):
            found = ", ".join(sorted(kinds)) or "no filter"
            raise FilterError(f"found {found}; expected tags, branches, or branches and filePaths")
        for kind in kinds:
            for pattern in (*one[kind].get("includes", ()), *one[kind].get("excludes", ())):
                _check_pattern(pattern)


def _check_pattern(pattern: str) -> None:
    try:
        read(pattern)
    except GlobError as error:
        raise FilterError(f"found the pattern {pattern!r}: {error}") from None


def _trigger(configuration: Document) -> GitTrigger:
    filtered = "push" in configuration or "pullRequest" in configuration
    push = tuple(
        PushFilter(_criteria(one, "tags"), _criteria(one, "branches"), _criteria(one, "filePaths"))
        for one in configuration.get("push", ())
    )
    return GitTrigger(configuration["sourceActionName"], push if filtered else None)


def _criteria(one: Document, kind: str) -> Criteria | None:
    if kind not in one:
        return None
    return Criteria(tuple(one[kind].get("includes", ())), tuple(one[kind].get("excludes", ())))

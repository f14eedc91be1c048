"""Tags of repositories (https://docs.aws.amazon.com/codecommit/latest/userguide/how-to-tag-repository.html)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local_aws.codecommit import names, pages
from local_aws.codecommit.access import Access
from local_aws.codecommit.repositories import Repositories, RepositoryRow
from local_aws.wire import AwsError, Caller, Document, Operation

MAX_TAGS = 50


def check(tags: Mapping[str, str]) -> None:
    """Raise InvalidSystemTagUsageException or TooManyTagsException."""
    check_keys(tags)
    if len(tags) > MAX_TAGS:
        raise AwsError(
            "TooManyTagsException", f"A repository can have {MAX_TAGS} tags at most; {len(tags)} were given."
        )


def check_keys(keys: Iterable[str]) -> None:
    """Raise InvalidSystemTagUsageException for a key with AWS's prefix."""
    system = [key for key in keys if key.lower().startswith("aws:")]
    if system:
        raise AwsError(
            "InvalidSystemTagUsageException",
            f"The tag key '{system[0]}' is not valid: keys that begin with aws: are reserved.",
        )


class TagOperations:
    """TagResource, UntagResource and ListTagsForResource."""

    def __init__(self, repositories: Repositories) -> None:
        """Tags are stored with their repositories."""
        self._repositories = repositories

    def operations(self, access: Access) -> dict[str, Operation]:
        """The table of these operations."""
        return {
            "TagResource": Operation(self.tag, access.on_resource("TagResource")),
            "UntagResource": Operation(self.untag, access.on_resource("UntagResource")),
            "ListTagsForResource": Operation(self.list_tags, access.on_resource("ListTagsForResource")),
        }

    def tag(self, _caller: Caller, document: Document) -> None:
        row = self._row(document)
        check_keys(document["tags"])
        tags = {**row.tags, **document["tags"]}
        check(tags)
        self._repositories.set_tags(row, tags)

    def untag(self, _caller: Caller, document: Document) -> None:
        row = self._row(document)
        check_keys(document["tagKeys"])
        removed = set(document["tagKeys"])
        self._repositories.set_tags(row, {key: value for key, value in row.tags.items() if key not in removed})

    def list_tags(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._row(document)
        listing = f"tags {row.repository_id}"
        items, token = pages.page(sorted(row.tags.items()), document.get("nextToken"), pages.PAGE, listing)
        return {"tags": dict(items), "nextToken": token}

    def _row(self, document: Document) -> RepositoryRow:
        return self._repositories.require(names.name_in_arn(document["resourceArn"], self._repositories.region))

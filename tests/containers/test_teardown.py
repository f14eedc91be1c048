"""`slipway destroy` empties a model's repository of images, which its stack deletes only when it is empty."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from slipway.errors import SlipwayError
from slipway.installation.installation import Inventory
from slipway.installation.teardown import remove_endpoints

NAME = "slipway-local-churn"


class Repository:
    """A client of ECR with the images of a repository, of which `kept` cannot be deleted while `lists` are there."""

    def __init__(self, images: set[str], kept: set[str], lists: set[str]) -> None:
        self.images, self.kept, self.lists = images, kept, lists

    def get_paginator(self, _name: str) -> Any:
        digests = sorted(self.images)
        pages = [digests[first : first + 100] for first in range(0, len(digests), 100)] or [[]]
        found = [{"imageIds": [{"imageDigest": digest} for digest in page]} for page in pages]
        return MagicMock(paginate=lambda **_: found)

    def batch_delete_image(self, **request: Any) -> Any:
        assert request["repositoryName"] == NAME
        assert 1 <= len(request["imageIds"]) <= 100
        asked = {one["imageDigest"] for one in request["imageIds"]}
        stay = asked & self.kept if self.lists & self.images else set[str]()
        self.images -= asked - stay
        reason = "Requested image referenced by manifest list"
        failures = [{"imageId": {"imageDigest": one}, "failureReason": reason} for one in sorted(stay)]
        return {"imageIds": [{"imageDigest": one} for one in asked - stay], "failures": failures}


def emptied(repository: Repository) -> None:
    clients = {"ecr": repository}
    session = MagicMock(client=lambda service: clients.get(service, MagicMock()))
    remove_endpoints(session, Inventory(model_package_groups=(NAME,)))


def test_a_list_goes_before_its_images() -> None:
    images = {f"sha256:{number:03}" for number in range(150)}
    repository = Repository({*images, "sha256:list"}, images, {"sha256:list"})
    emptied(repository)
    assert repository.images == set()


def test_images_that_cannot_be_deleted_end_it() -> None:
    repository = Repository({"sha256:a", "sha256:b"}, {"sha256:a"}, {"sha256:a"})
    with pytest.raises(SlipwayError, match=rf"ECR keeps 1 images of the repository {NAME}: Requested image referenced"):
        emptied(repository)

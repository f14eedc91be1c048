"""Which pushes a trigger takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_aws.codeconnections.links import Link, Push
from local_aws.codepipeline.definition.triggers import FilterError, check_filters, read_triggers

Document = dict[str, Any]

LINK = Link("arn:connection", "acme/model", Path("/nowhere"))


def takes(moved: Push, **filters: Any) -> bool:
    configuration = {"sourceActionName": "Code", **filters}
    check_filters(configuration)
    (trigger,) = read_triggers([{"providerType": "CodeStarSourceConnection", "gitConfiguration": configuration}])
    return trigger.takes(moved, "main")


def pushed(branch: str, *paths: str) -> Push:
    return Push(LINK, branch, "c" * 40, paths=paths)


def tagged(name: str) -> Push:
    return Push(LINK, name, "c" * 40, is_tag=True)


MAIN = {"includes": ["main"]}


@pytest.mark.parametrize(
    ("push", "one", "expected"),
    [
        (pushed("main", "a"), {"branches": MAIN}, True),
        (pushed("other", "a"), {"branches": MAIN}, False),
        (pushed("feature/x", "a"), {"branches": {"excludes": ["main"]}}, True),
        (pushed("main", "a"), {"branches": {"includes": ["main"], "excludes": ["main"]}}, False),
        (tagged("main"), {"branches": MAIN}, False),
        (Push(LINK, "main", "c" * 40), {"branches": MAIN}, True),
        (tagged("v1.2"), {"tags": {"includes": ["v*"], "excludes": ["v2*"]}}, True),
        (tagged("v2.0"), {"tags": {"includes": ["v*"], "excludes": ["v2*"]}}, False),
        (pushed("v1.2", "a"), {"tags": {"includes": ["v*"]}}, False),
        (pushed("main", "docs/a", "src/b.py"), {"branches": MAIN, "filePaths": {"includes": ["src/**"]}}, True),
        (pushed("main", "docs/a"), {"branches": MAIN, "filePaths": {"includes": ["src/**"]}}, False),
        (pushed("other", "src/b.py"), {"branches": MAIN, "filePaths": {"includes": ["src/**"]}}, False),
        (pushed("main", "src/x.md"), {"branches": MAIN, "filePaths": {"excludes": ["**/*.md"]}}, False),
        # An excluded file starts nothing; it does not keep another one from it.
        (pushed("main", "src/x.md", "src/y.py"), {"branches": MAIN, "filePaths": {"excludes": ["**/*.md"]}}, True),
        (pushed("main"), {"branches": MAIN, "filePaths": {"excludes": ["**/*.md"]}}, False),
        # "the pipeline won't run since there is no access to the list of files changed for the newly created branch"
        (Push(LINK, "main", "c" * 40), {"branches": MAIN, "filePaths": {"includes": ["**"]}}, False),
    ],
)
def test_a_filter(push: Push, one: Document, expected: bool) -> None:
    assert takes(push, push=[one]) is expected


def test_one_of_several_filters_is_enough() -> None:
    filters = [{"branches": {"includes": ["release/**"]}}, {"tags": {"includes": ["v*"]}}]
    assert takes(pushed("release/1", "a"), push=filters)
    assert takes(tagged("v1"), push=filters)
    assert not takes(pushed("main", "a"), push=filters)


def test_without_a_filter_it_is_the_branch_of_the_action() -> None:
    assert takes(pushed("main", "a"))
    assert not takes(pushed("other", "a"))
    assert not takes(tagged("main"))


def test_a_trigger_of_pull_requests_takes_no_push() -> None:
    assert not takes(pushed("main", "a"), pullRequest=[{"events": ["CLOSED"], "branches": MAIN}])


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        ({"push": [{}]}, "found no filter"),
        ({"push": [{"filePaths": MAIN}]}, "found filePaths; expected tags, branches, or branches and filePaths"),
        ({"push": [{"tags": MAIN, "branches": MAIN}]}, "found branches, tags"),
        ({"push": [{"tags": MAIN, "filePaths": MAIN}]}, "found filePaths, tags"),
        ({"push": [{"branches": MAIN}, {"tags": MAIN, "branches": MAIN}]}, "found branches, tags"),
        ({"pullRequest": [{"events": ["OPEN"]}]}, "found no filter"),
        ({"push": [{"branches": {"excludes": ["{a,{b}}"]}}]}, "found the pattern '{a,{b}}': groups cannot be nested"),
        ({"pullRequest": [{"branches": {"includes": ["[a"]}}]}, "found the pattern '[a'"),
    ],
)
def test_an_invalid_combination_is_refused(filters: Document, why: str) -> None:
    with pytest.raises(FilterError) as refused:
        check_filters({"sourceActionName": "Code", **filters})
    assert why in str(refused.value)

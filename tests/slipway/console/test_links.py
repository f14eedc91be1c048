"""Which release made something, by its name."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from slipway.console.links import release_link, release_of, s3_link
from slipway.session import Session

from tests.slipway.console.drawing import session_with

RUN = "0123abcd-4567-89ab-cdef-0123456789ab"
SHORT = RUN[:13]


class CodePipeline:
    """Has the pipelines of two models, each with one execution."""

    asked = 0

    def get_paginator(self, _operation: str) -> CodePipeline:
        return self

    def paginate(self, *, pipelineName: str) -> list[dict[str, Any]]:  # noqa: N803
        self.asked += 1
        if pipelineName not in {"slipway-local-wine", "slipway-local-wine-dev"}:
            raise ClientError({"Error": {"Code": "PipelineNotFoundException"}}, "ListPipelineExecutions")
        return [{"pipelineExecutionSummaries": [{"pipelineExecutionId": RUN, "startTime": 0}]}]


@pytest.fixture
def session() -> Session:
    return session_with(codepipeline=CodePipeline())


@pytest.mark.parametrize(
    ("name", "model"),
    [
        (f"slipway-local-wine-{SHORT}", "wine"),
        (f"slipway-local-wine-{SHORT}-2", "wine"),
        (f"slipway-local-wine-{SHORT}-prod", "wine"),
        (f"slipway-local-wine-prod-{SHORT}", "wine"),
        (f"slipway-local-wine-champ-{SHORT}", "wine"),
        (f"slipway-local-wine-dev-{SHORT}", "wine-dev"),
        (f"slipway-local-beer-{SHORT}", None),
        (f"slipway-local--{SHORT}", None),
        ("slipway-local-wine-ffffffff-ffff", None),
        (f"slipway-other-wine-{SHORT}", None),
        ("slipway-local-wine", None),
        (SHORT, None),
    ],
)
def test_the_release_of_a_name(session: Session, name: str, model: str | None) -> None:
    assert release_of(session, name) == (None if model is None else (model, RUN))


def test_that_a_name_is_of_no_release_is_known_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    client, now = CodePipeline(), [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    name = "slipway-local-wine-eeeeeeee-eeee"
    assert [release_of(session_with(codepipeline=client), name) for _ in range(3)] == [None] * 3
    assert client.asked == 1
    now[0] += 120
    assert release_of(session_with(codepipeline=client), name) is None
    assert client.asked == 2


def test_a_link_by_the_folder_that_a_search_writes_to(session: Session) -> None:
    found = release_link(session, "slipway-1a2b3c4d-x", f"s3://models/training/slipway-local-wine-{SHORT}/")
    assert found == f'<a href="/_console/models/wine/releases/{RUN}">wine, release {SHORT}</a>'
    assert release_link(session, "", "s3://models/training") is None


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("s3://models/a/model.tar.gz", "/_console/buckets/models/object?key=a/model.tar.gz"),
        ("s3://data/train/", "/_console/buckets/data?prefix=train/"),
        ("s3://data", "/_console/buckets/data"),
    ],
)
def test_an_address_in_s3(uri: str, address: str) -> None:
    assert s3_link(uri) == f'<a href="{address}">{uri}</a>'


@pytest.mark.parametrize("uri", ["", "javascript:alert(1)", "https://example.com", "s3:///a"])
def test_what_is_no_address_in_s3_is_no_link(uri: str) -> None:
    assert s3_link(uri) == (uri or None)

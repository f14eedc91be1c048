from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws import base
from tests.local_aws.codecommit.bench import Bench, Event


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """CodeCommit alone, in this process; its events are collected."""
    made = Bench(tmp_path)

    def put_event(source: str, detail_type: str, detail: dict[str, str], resources: list[str]) -> None:
        made.events.append(Event(source, detail_type, dict(detail), list(resources)))

    monkeypatch.setattr(base, "put_event", put_event)
    yield made
    made.close()

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
from slipway.tables.reading import Layout, Table, opened


class Open(Protocol):
    def __call__(self, content: str | bytes, label: str = "y", name: str = "table.csv", **options: Any) -> Table: ...


@pytest.fixture
def open_table(tmp_path: Path) -> Iterator[Open]:
    """Open tables of given files; their databases are gone at the end of the test."""
    with ExitStack() as stack:

        def opener(content: str | bytes, label: str = "y", name: str = "table.csv", **options: Any) -> Table:
            path = tmp_path / name
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            return stack.enter_context(opened(path, Layout(label, **options)))

        yield opener

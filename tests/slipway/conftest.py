from __future__ import annotations

import pytest
from slipway import target
from slipway.installation.local_key import LocalKey


@pytest.fixture
def local_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for clients of local AWS that is not up: their answers are Stubber's."""
    monkeypatch.setattr(target, "read_local_key", lambda _state: LocalKey("AKIAOFNOBODY", "of nobody"))

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.releases.house import House


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Installed by `slipway release`, which must end green."""
    house = House(tmp_path_factory.mktemp("house"))
    try:
        done = house.slipway("release")
        assert done.returncode == 0, done.stdout + done.stderr
        yield house
    finally:
        house.slipway("down")

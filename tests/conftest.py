from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.local_server import LocalServer
from tests.releases.house import House

# A busy machine is slow, and that is no failure.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Programs that the tests start can be interrupted, even where a shell has started the tests in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """One running local AWS for all tests of a worker; tests use names of their own."""
    server = LocalServer(tmp_path_factory.mktemp("local-aws"))
    server.up()
    yield server
    server.down()


@pytest.fixture
def own_local_aws(tmp_path: Path) -> Iterator[LocalServer]:
    """A local AWS for one test, which may kill and restart it."""
    server = LocalServer(tmp_path / "local-aws")
    server.up()
    yield server
    server.down()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A checkout with a local AWS of its own, installed by `slipway release`; for all tests of a worker."""
    house = House(tmp_path_factory.mktemp("house"))
    try:
        house.install()
        yield house
    finally:
        house.slipway("down")

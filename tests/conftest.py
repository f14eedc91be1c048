from __future__ import annotations

import csv
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.local_server import LocalServer
from tests.releases.house import House, first_house

CSV_FIELD_LIMIT = csv.field_size_limit()

# A busy machine is slow, and that is no failure.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Programs that the tests start can be interrupted, even where a shell has started the tests in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _csv_as_it_is() -> None:
    """Reading a table sets the bound on a field of CSV for the whole process, which runs other tests next."""
    csv.field_size_limit(CSV_FIELD_LIMIT)


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
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a house that `slipway release` has installed, shut down; others move in with a copy of it."""
    base = tmp_path_factory.getbasetemp()
    # The workers of a run have folders side by side.
    return first_house((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "installed")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[House]:
    """A checkout with a local AWS of its own after a first release; for all tests of a worker."""
    house = House(tmp_path_factory.mktemp("house"))
    try:
        house.copy_installation(installed)
        yield house
    finally:
        house.slipway("down")

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.releases.house import House


@pytest.fixture(scope="session")
def workflows_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A checkout whose local AWS has the stack of the workflows; for the tests of all systems of a worker."""
    house = House(tmp_path_factory.mktemp("workflows"))
    try:
        house.server.up()
        done = house.slipway("workflow", "deploy")
        assert done.returncode == 0, done.stdout + done.stderr
        yield house
    finally:
        house.slipway("down")


@pytest.fixture(scope="session")
def with_workflows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A checkout whose local AWS has the stack of the workflows and has run all samples, and has no model."""
    house = House(tmp_path_factory.mktemp("with-workflows"))
    try:
        house.prepare()
        done = house.slipway("workflow", "run")
        assert done.returncode == 0, done.stdout + done.stderr
        yield house
    finally:
        house.slipway("down")

"""Answers of SageMaker that are lost after their effect: a release looks first, and goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_server import ROOT, build_sources, wait_for
from tests.releases.house import House, patched

pytestmark = pytest.mark.faults


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A checkout whose local AWS loses answers."""
    house = House(tmp_path)
    state, lost = house.server.state, tmp_path / "lost"
    command = [sys.executable, "-m", "tests.faults.losing_answers", str(state), str(house.server.port), str(lost)]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **build_sources()}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for(lambda: house.server.run("status").returncode == 0, "local AWS to answer")
        yield house
    finally:
        house.slipway("down")
        server.wait(timeout=30)


def test_releases_bear_the_loss_of_every_first_answer(house: House) -> None:
    house.install()
    before = house.newest()
    house.push_config(patched(house.config_file.read_text(encoding="utf-8"), {"hyperparameters.max_depth": 4}))
    execution = house.wait_for_new(before)
    assert house.wait_for_end(execution)["status"] == "Succeeded", house.failure(execution)
    assert {name for name, (status, _) in house.serving().items() if status != "InService"} == set()
    assert all(config.endswith(execution[:13]) for _, config in house.serving().values())
    lost = set((house.root / "lost").read_text(encoding="utf-8").split())
    assert lost >= {"CreateTrainingJob", "CreateModel", "CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint"}

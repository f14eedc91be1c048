from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_aws.stepfunctions.surroundings import Neighbourhood


@pytest.fixture
def states(tmp_path: Path) -> Iterator[Neighbourhood]:
    neighbourhood = Neighbourhood(tmp_path)
    yield neighbourhood
    neighbourhood.close()

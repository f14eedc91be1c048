from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_aws.stepfunctions.surroundings import Neighbourhood


@pytest.fixture(autouse=True)
def leave_csv_as_it_is() -> Iterator[None]:
    """Reading a dataset sets the bound on a field of CSV for the whole process, as a server may."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


@pytest.fixture
def states(tmp_path: Path) -> Iterator[Neighbourhood]:
    neighbourhood = Neighbourhood(tmp_path)
    yield neighbourhood
    neighbourhood.close()

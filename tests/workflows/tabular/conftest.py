from __future__ import annotations

import pytest

from tests.releases.house import House


@pytest.fixture(scope="package")
def tabular(workflows_house: House) -> House:
    """A checkout with the stack of the workflows, deployed with its roles."""
    return workflows_house

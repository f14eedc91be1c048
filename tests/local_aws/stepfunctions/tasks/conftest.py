from __future__ import annotations

import pytest

from tests.local_aws.stepfunctions.tasks.fakes import World


@pytest.fixture
def world() -> World:
    return World()

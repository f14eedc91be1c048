from __future__ import annotations

import pytest

from tests.local_aws.stepfunctions.tasks.fakes import World
from tests.local_aws.stepfunctions.tasks.items.bucket import FakeBucket


@pytest.fixture
def bucket(world: World) -> FakeBucket:
    return FakeBucket(world)

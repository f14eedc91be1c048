from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_aws.codepipeline.project import Project, ProjectOf
from tests.local_aws.codepipeline.surroundings import Surroundings
from tests.local_server import LocalServer


@pytest.fixture
def codepipeline(tmp_path: Path) -> Iterator[Surroundings]:
    surroundings = Surroundings(tmp_path)
    yield surroundings
    surroundings.close()


@pytest.fixture
def project_of(request: pytest.FixtureRequest) -> ProjectOf:
    name = request.node.name.removeprefix("test_").replace("_", "-").replace("[", "-").replace("]", "").lower()[:40]
    return lambda aws: Project(aws, f"cp-{name}")


@pytest.fixture
def project(local_aws: LocalServer, project_of: ProjectOf) -> Project:
    return project_of(local_aws)

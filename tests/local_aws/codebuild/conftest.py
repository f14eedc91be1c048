from __future__ import annotations

import pytest

from tests.local_aws.codebuild.workshop import Workshop
from tests.local_aws.codepipeline.project import Project
from tests.local_server import LocalServer


@pytest.fixture(scope="module")
def shared(local_aws: LocalServer, request: pytest.FixtureRequest) -> Workshop:
    """One project for the builds of a module: its virtual environment is made once."""
    return Workshop(
        local_aws, f"cb-{request.module.__name__.rpartition('.')[2].removeprefix('test_').replace('_', '-')}"
    )


@pytest.fixture
def workshop(local_aws: LocalServer, request: pytest.FixtureRequest) -> Workshop:
    name = request.node.name.removeprefix("test_").replace("_", "-").replace("[", "-").replace("]", "").lower()[:40]
    return Workshop(local_aws, f"cb-{name}".rstrip("-"))


@pytest.fixture
def project(local_aws: LocalServer, request: pytest.FixtureRequest) -> Project:
    return Project(local_aws, f"cb-{abs(hash(request.node.name))}"[:30])

from __future__ import annotations

import pytest

from tests.local_aws.codepipeline.actions.cloudformation.stack_pipeline import StackPipeline
from tests.local_aws.codepipeline.project import Project


@pytest.fixture
def deploying(project: Project) -> StackPipeline:
    return StackPipeline(project)

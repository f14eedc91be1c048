from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_aws.sagemaker.fakes import Aws, FakeParent, make_aws
from tests.local_aws.sagemaker.hosted import archive, config, model, play, variant


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """SageMaker with everything around it in memory and a clock that the test moves."""
    made = make_aws(tmp_path, monkeypatch)
    yield made
    made.service.stop()
    made.runtime.store.close()


@pytest.fixture
def hosted(aws: Aws) -> Aws:
    """Models one, two, dies and unhealthy, each with a config of the same name, and short times."""
    aws.use(FakeParent(serve=play))
    for name in ("one", "two", "dies", "unhealthy"):
        aws.s3.objects["models", f"{name}.tar.gz"] = archive(model=name)
        model(aws, name)
        config(aws, name, variant(name))
    return aws

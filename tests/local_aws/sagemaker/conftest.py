from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_aws.sagemaker.fakes import Aws, FakeParent, make_aws
from tests.local_aws.sagemaker.hosted import archive, config, model, play, variant
from tests.local_aws.sagemaker.house import House
from tests.local_server import LocalServer


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """SageMaker with everything around it in memory and a clock that the test moves."""
    made = make_aws(tmp_path, monkeypatch)
    yield made
    made.service.stop()
    made.runtime.store.close()
    made.port.close()


@pytest.fixture
def hosted(aws: Aws) -> Aws:
    """Models one, two, dies and unhealthy, each with a config of the same name, and short times."""
    aws.use(FakeParent(serve=play))
    for name in ("one", "two", "dies", "unhealthy"):
        aws.s3.objects["models", f"{name}.tar.gz"] = archive(model=name)
        model(aws, name)
        config(aws, name, variant(name))
    return aws


@pytest.fixture
def house(local_aws: LocalServer, request: pytest.FixtureRequest) -> House:
    name = "sm-" + request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-")
    return House(local_aws, name)


@pytest.fixture
def data(aws: Aws) -> Aws:
    aws.s3.objects["data", "set/train/a.csv"] = b"1,2\n"
    aws.s3.objects["data", "set/train-2/b.csv"] = b"3,4\n"
    return aws

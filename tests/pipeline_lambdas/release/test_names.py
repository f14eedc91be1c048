from __future__ import annotations

import re

import pytest

from pipeline_lambdas.aws.instance_types import has_local_storage
from pipeline_lambdas.release.names import (
    CHAMPION,
    ENVIRONMENTS,
    MAX_ATTEMPTS,
    Release,
    attempt_of,
    environment_of_config,
    is_model,
)
from pipeline_lambdas.runtime.failures import ConfigurationError
from tests.events import EXECUTION_ID, PREFIX

RELEASE = Release(PREFIX, EXECUTION_ID)


def test_names() -> None:
    assert RELEASE.training_job() == "slipway-local-wine-quality-8f3c2a1d-4b5e"
    assert RELEASE.training_job(2) == "slipway-local-wine-quality-8f3c2a1d-4b5e-2"
    assert RELEASE.endpoint("dev") == "slipway-local-wine-quality-dev"
    assert RELEASE.endpoint_config("test", RELEASE.training_job()) == "slipway-local-wine-quality-test-8f3c2a1d-4b5e"
    assert RELEASE.endpoint_config("dev", RELEASE.training_job(3)).endswith("-dev-8f3c2a1d-4b5e-3")


def test_the_longest_names_fit_sagemaker() -> None:
    release = Release(f"slipway-{'s' * 12}-{'m' * 20}", EXECUTION_ID)
    job = release.training_job(MAX_ATTEMPTS)
    names = [job, *(release.endpoint(name) for name in (*ENVIRONMENTS, CHAMPION))]
    names += [release.endpoint_config(name, job) for name in (*ENVIRONMENTS, CHAMPION)]
    names += [release.model(job, isolated=False), release.prod_model(job)]
    assert all(re.fullmatch(r"[a-z0-9](-*[a-z0-9]){0,62}", name) for name in names)


def test_a_deployment_may_serve_a_job_of_another_release() -> None:
    assert attempt_of(PREFIX, f"{PREFIX}-00000000-1111-4") == 4


@pytest.mark.parametrize("name", [f"{PREFIX}-8f3c2a1d-4b5e-1", f"{PREFIX}-dev", "other-8f3c2a1d-4b5e", "", "#{a.b}"])
def test_another_job_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="training_job"):
        RELEASE.endpoint_config("dev", name)


def test_own_endpoint_configs() -> None:
    own = RELEASE.endpoint_config("dev", RELEASE.training_job(2))
    assert RELEASE.owns_endpoint_config("dev", own)
    assert not RELEASE.owns_endpoint_config("test", own)
    assert not RELEASE.owns_endpoint_config("dev", own.replace("8f3c2a1d", "00000000"))


def test_which_names_are_of_this_pipeline() -> None:
    assert RELEASE.owns_model(RELEASE.training_job(2))
    assert not RELEASE.owns_model(f"{PREFIX}-00000000-4b5e")
    assert is_model(PREFIX, f"{PREFIX}-00000000-4b5e-9")
    for own in (RELEASE.model(RELEASE.training_job(2), isolated=False), RELEASE.prod_model(RELEASE.training_job(2))):
        assert is_model(PREFIX, own)
        assert RELEASE.owns_model(own)
    assert environment_of_config(PREFIX, RELEASE.endpoint_config("prod", RELEASE.training_job(2))) == "prod"
    assert environment_of_config(PREFIX, RELEASE.endpoint_config(CHAMPION, "")) == CHAMPION
    # Of the pipelines of the models wine-quality-dev and old-wine-quality, and made by hand.
    for other in (f"{PREFIX}-dev-8f3c2a1d-4b5e", f"old-{PREFIX}-8f3c2a1d-4b5e", f"{PREFIX}-8f3c2a1d-4b5e-x", PREFIX):
        assert not is_model(PREFIX, other)
    for other in (f"{PREFIX}-dev-dev-8f3c2a1d-4b5e", f"{PREFIX}-8f3c2a1d-4b5e", f"{PREFIX}-stage-8f3c2a1d-4b5e"):
        assert environment_of_config(PREFIX, other) is None


@pytest.mark.parametrize("identifier", ["", "8f3c2a1d", "#{codepipeline.PipelineExecutionId}", EXECUTION_ID.upper()])
def test_an_execution_id_has_its_form(identifier: str) -> None:
    with pytest.raises(ConfigurationError, match="execution_id"):
        Release(PREFIX, identifier)


@pytest.mark.parametrize("attempt", [0, 10])
def test_attempts_are_counted_from_1_to_9(attempt: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 9"):
        RELEASE.training_job(attempt)


@pytest.mark.parametrize(
    ("instance_type", "local"),
    [
        ("ml.m5.large", False),
        ("ml.t3.medium", False),
        ("ml.p3.2xlarge", False),
        ("ml.c7i-flex.large", False),
        ("ml.inf2.xlarge", False),
        ("ml.m5d.large", True),
        ("ml.c6gd.xlarge", True),
        ("ml.g4dn.xlarge", True),
        ("ml.g5.xlarge", True),
        ("ml.g6e.xlarge", True),
        ("ml.p4de.24xlarge", True),
        ("ml.p5en.48xlarge", True),
        ("ml.p6-b200.48xlarge", True),
        ("ml.trn1n.32xlarge", True),
        ("ml.dl1.24xlarge", True),
    ],
)
def test_local_storage(instance_type: str, local: bool) -> None:
    assert has_local_storage(instance_type) is local

"""The section `container` of a training config."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.config.model import Container, TrainingConfig, config_values
from pipeline_lambdas.config.parsing import ConfigError
from tests.pipeline_lambdas.aws_doubles import sample_config
from tests.pipeline_lambdas.scripts import script_config

IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/churn@sha256:{'a' * 64}"
SECTION: dict[str, Any] = {"dockerfile": "Dockerfile", "answers": "probability"}
OF_CONTAINER: dict[str, Any] = {"script": ..., "algorithm": {"name": "container"}, "container": SECTION}


def container_config(**changes: Any) -> TrainingConfig:
    return script_config(**{**OF_CONTAINER, **changes})


def problems(**changes: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        container_config(**changes)
    return [text.removeprefix("wine-quality.yml: ") for text in caught.value.problems]


def test_a_container_trains_on_raw_rows_and_takes_what_hyperparameters_it_likes() -> None:
    config = container_config()
    assert config.container == Container("probability", "Dockerfile")
    assert config.raw_rows
    assert config.prediction_form.probability
    assert config.hyperparameters["kind"] == "ridge"
    assert config_values(config)["container"]["dockerfile"] == "Dockerfile"
    assert "container" not in config_values(sample_config())


def test_an_image_and_accepted_findings() -> None:
    section = {"image": IMAGE, "answers": "probability", "accepted": {"CVE-2024-3094": "no sshd in the image"}}
    config = container_config(container=section)
    assert config.container == Container("probability", image=IMAGE, accepted={"CVE-2024-3094": "no sshd in the image"})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"container": ...}, "container: missing; expected a mapping with answers, and dockerfile or image"),
        ({"container": {"answers": "class"}}, "container: found neither dockerfile nor image; expected one of"),
        ({"container": {**SECTION, "image": IMAGE}}, "container: found dockerfile and image; expected one of"),
        ({"container": {**SECTION, "dockerfile": "../x"}}, "container.dockerfile: found '../x'; expected"),
        (
            {"container": {"image": "team/churn:1", "answers": "probability"}},
            "container.image: found 'team/churn:1'; expected an image of ECR by digest",
        ),
        (
            {"container": {**SECTION, "answers": "number"}},
            "container.answers: found number; allowed for problem binary",
        ),
        ({"container": {**SECTION, "accepted": {"CVE-1": ""}}}, "container.accepted.CVE-1: found ''; expected why it"),
        ({"container": {**SECTION, "metrics": {"a": "x"}}}, "container.metrics.a: found 'x'; expected a regular"),
        ({"algorithm": {"name": "container", "version": "1"}}, "algorithm.version: found with container"),
        ({"algorithm": {"name": "xgboost", "version": "3.2-0"}}, "container: found with xgboost; allowed with"),
        ({"script": {"program": "a.py", "answers": "class"}}, "container: found with script; expected one of them"),
    ],
)
def test_one_problem(changes: dict[str, Any], problem: str) -> None:
    assert any(text.startswith(problem) for text in problems(**changes)), problems(**changes)

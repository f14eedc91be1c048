"""Instance types that the stack does not allow are refused before SageMaker is asked."""

from __future__ import annotations

import pytest

from pipeline_lambdas.config.instances import refuse_instances
from pipeline_lambdas.handlers import deploy_model, train_model
from pipeline_lambdas.runtime.failures import ConfigurationError
from tests.events import KMS_KEY_ARN, PREFIX, REGISTRY, ROLE_ARN, event
from tests.pipeline_lambdas.aws_doubles import Context, sample_config

CONFIG = sample_config()


@pytest.mark.parametrize(
    ("patterns", "environment", "refused"),
    [
        ("ml.m*,ml.t2.*", "training", False),
        ("ml.m*,ml.t2.*", "champion", False),
        ("", "prod", False),
        ("ml.g5.*", "training", True),
        ("ml.g5.*", "dev", True),
        ("ml.g5.*", "champion", True),
        ("ml.m5.large", "training", False),
        ("ml.m5.larg", "training", True),
    ],
)
def test_what_the_patterns_leave_out(patterns: str, environment: str, refused: bool) -> None:
    if not refused:
        refuse_instances(CONFIG, patterns, environment)
        return
    with pytest.raises(ConfigurationError, match="the parameter InstanceTypePatterns of the pipeline stack"):
        refuse_instances(CONFIG, patterns, environment)


@pytest.mark.parametrize(("module", "name"), [(train_model, "train_model"), (deploy_model, "deploy_model")])
def test_the_functions_refuse_it_themselves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: object, name: str
) -> None:
    """SageMaker is no fixture here: to ask it would fail otherwise."""
    values = {
        "MODEL_NAME": "wine-quality",
        "NAME_PREFIX": PREFIX,
        "DATA_BUCKET": "d",
        "MODEL_BUCKET": "m",
        "TRAINING_ROLE_ARN": ROLE_ARN,
        "HOSTING_ROLE_ARN": ROLE_ARN,
        "KMS_KEY_ARN": KMS_KEY_ARN,
        "IMAGE_REGISTRIES": f"xgboost={REGISTRY}",
        "INSTANCE_TYPE_PATTERNS": "ml.g5.*",
    }
    for key, value in values.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(module, "read_config", lambda *_: CONFIG)
    monkeypatch.setattr("pipeline_lambdas.aws.codepipeline.put_failure", lambda *_: None)
    module.handler(event(name), Context())  # type: ignore[attr-defined]
    assert "InstanceTypePatterns" in capsys.readouterr().out

from __future__ import annotations

import pytest

from scripts.errors import SlipwayError
from scripts.names import Names
from scripts.target import Options, Target, aws_credentials_configured, decide_target

CREDENTIAL_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


@pytest.mark.parametrize(
    ("options", "credentials", "local"),
    [
        (Options(), False, True),
        (Options(region="eu-west-1"), True, False),
        (Options(local=True), True, True),
        (Options(local=False, region="eu-west-1"), False, False),
    ],
)
def test_who_says_nothing_works_on_aws_only_with_credentials(options: Options, credentials: bool, local: bool) -> None:
    assert decide_target(options, lambda _profile: credentials).is_local is local


def test_local_aws_is_one_address_and_account() -> None:
    target = decide_target(Options(local=True))
    assert target.endpoint_url == "http://127.0.0.1:4566"
    assert (target.account(), target.region, target.suffix) == ("111122223333", "us-east-1", "local")
    client = target.client("codepipeline")
    assert client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert target.client("codepipeline") is client


def test_a_repository_of_local_aws_is_shown_with_its_name_and_password() -> None:
    url = "http://127.0.0.1:4566/v1/repos/r"
    assert decide_target(Options(local=True)).signed_in(url) == "http://test:test@127.0.0.1:4566/v1/repos/r"
    assert decide_target(Options(local=False, region="eu-west-1")).signed_in(url) == url


@pytest.mark.parametrize(
    ("options", "url"),
    [
        (Options(local=True, port=4600), "http://127.0.0.1:4600/bucket/templates/a.yml"),
        (Options(local=False, region="us-east-1"), "https://bucket.s3.us-east-1.amazonaws.com/templates/a.yml"),
        (Options(local=False, region="us-gov-west-1"), "https://bucket.s3.us-gov-west-1.amazonaws.com/templates/a.yml"),
        (Options(local=False, region="cn-north-1"), "https://bucket.s3.cn-north-1.amazonaws.com.cn/templates/a.yml"),
    ],
)
def test_an_object_has_the_address_that_cloudformation_takes(options: Options, url: str) -> None:
    assert decide_target(options).object_url("bucket", "templates/a.yml") == url


def test_commands_of_the_aws_cli_are_for_the_same_target() -> None:
    local = decide_target(Options(local=True)).aws("s3 ls")
    assert local == "aws s3 ls --region us-east-1 --endpoint-url http://127.0.0.1:4566"
    assert decide_target(Options(local=False, region="eu-west-1")).aws("s3 ls") == "aws s3 ls --region eu-west-1"


def test_aws_needs_a_region(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    with pytest.raises(SlipwayError, match="No AWS Region is configured"):
        decide_target(Options(local=False))


def test_local_and_profile_exclude_each_other() -> None:
    with pytest.raises(SlipwayError, match="--local and --profile exclude each other"):
        decide_target(Options(local=True, profile="work"))


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    with pytest.raises(SlipwayError, match="nobody"):
        decide_target(Options(profile="nobody"))


def test_credentials_are_found_in_the_environment_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    for name in CREDENTIAL_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    assert aws_credentials_configured(None) is False
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    assert aws_credentials_configured(None) is True


def test_names_are_the_ones_of_the_templates() -> None:
    names = Names("local", "wine-quality", "111122223333", "us-east-1")
    assert names.pipeline == "slipway-local-wine-quality"
    assert names.bucket("data") == "slipway-local-data-111122223333-us-east-1"
    assert names.repository("training_config") == "slipway-local-training-config"
    assert names.function("train-model") == "slipway-local-wine-quality-train-model"
    assert (names.setup_stack, names.pipeline_stack) == ("slipway-setup-local", "slipway-pipeline-local-wine-quality")


@pytest.mark.parametrize(("suffix", "model"), [("Local", "m"), ("a-", "m"), ("a" * 13, "m"), ("a", "m_1"), ("a", "")])
def test_names_that_aws_would_refuse_are_refused(suffix: str, model: str) -> None:
    with pytest.raises(SlipwayError, match="allowed are 1 to"):
        Names(suffix, model, "111122223333", "us-east-1")


def test_local_aws_has_no_console_to_link_to() -> None:
    assert Target("local", "us-east-1", "local", endpoint_url="http://127.0.0.1:4566").parameters == {
        "ConsoleLinks": "false"
    }
    assert Target("AWS", "us-east-1", "main").parameters == {}

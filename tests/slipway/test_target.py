from __future__ import annotations

import stat
from pathlib import Path

import pytest
from slipway.errors import SlipwayError
from slipway.names import Names
from slipway.project import find_project
from slipway.target import Options, Target, aws_credentials_configured, decide_target

from pipeline_lambdas.release.names import RESERVED_MODELS

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


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose local AWS has been up."""
    (tmp_path / "cloudformation").mkdir()
    (tmp_path / "cloudformation" / "setup.yml").touch()
    state = tmp_path / ".slipway" / "local"
    state.mkdir(parents=True)
    (state / "credentials").write_text("[default]\naws_access_key_id = AKIAROOT\naws_secret_access_key = hidden\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_local_aws_is_one_address_and_account(checkout: Path) -> None:
    target = decide_target(Options(local=True))
    assert target.state == checkout / ".slipway" / "local"
    assert target.endpoint_url == "http://127.0.0.1:4566"
    assert (target.account(), target.region, target.suffix) == ("111122223333", "us-east-1", "local")
    client = target.client("codepipeline")
    assert client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert client._request_signer._credentials.access_key == "AKIAROOT"
    assert target.client("codepipeline") is client


def test_the_work_folder_is_its_owners_alone(checkout: Path) -> None:
    (checkout / ".slipway").chmod(0o755)
    assert stat.S_IMODE(find_project().private_work().stat().st_mode) == 0o700


def test_local_aws_that_was_never_up_is_one_sentence(checkout: Path) -> None:
    (checkout / ".slipway" / "local" / "credentials").unlink()
    with pytest.raises(SlipwayError, match="Local AWS does not answer"):
        decide_target(Options(local=True)).client("s3")


def test_a_clone_of_a_local_repository_includes_what_git_needs_and_no_secret(checkout: Path) -> None:
    url = "http://127.0.0.1:4566/v1/repos/r"
    config = checkout / ".slipway" / "local" / "gitconfig"
    assert decide_target(Options(local=True)).clone(url, "../r") == f"git clone -c include.path={config} {url} ../r"
    assert decide_target(Options(local=False, region="eu-west-1")).clone(url, "../r") == f"git clone {url} ../r"


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://127.0.0.1:4601", 4601),
        ("http://localhost:4601/", 4601),
        ("http://[::1]:4601", 4601),
        ("http://bucket.localhost:4601", 4601),
        ("https://vpce-1.sts.eu-west-1.vpce.amazonaws.com", None),
        ("http://localhost.example.com:4566", None),
    ],
)
def test_an_endpoint_on_this_machine_means_local_aws(
    monkeypatch: pytest.MonkeyPatch, url: str, port: int | None
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    target = decide_target(Options(region="us-east-1"), lambda _profile: True)
    assert (target.endpoint_url, target.is_local) == ((f"http://127.0.0.1:{port}", True) if port else (None, False))


def test_a_profile_with_an_endpoint_on_this_machine_is_local_aws_with_its_own_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile here]\nendpoint_url = http://127.0.0.1:4601\n"
        "aws_access_key_id = AKIAOFTHEPROFILE\naws_secret_access_key = hidden\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ENDPOINT_URL", *CREDENTIAL_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    target = decide_target(Options(profile="here"))
    assert target.endpoint_url == "http://127.0.0.1:4601"
    assert target.client("s3")._request_signer._credentials.access_key == "AKIAOFTHEPROFILE"
    with pytest.raises(SlipwayError, match="--aws contradicts endpoint_url of the profile here"):
        decide_target(Options(local=False, profile="here", region="us-east-1"))
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert not decide_target(Options(profile="here", region="us-east-1")).is_local


def test_aws_contradicts_an_endpoint_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    with pytest.raises(SlipwayError, match=r"--aws contradicts AWS_ENDPOINT_URL \(http://localhost:4566\)"):
        decide_target(Options(local=False, region="us-east-1"))


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
    with pytest.raises(SlipwayError, match="expected 1 to"):
        Names(suffix, model, "111122223333", "us-east-1")


@pytest.mark.parametrize("model", RESERVED_MODELS)
def test_names_of_the_workflows_are_refused_for_models(model: str) -> None:
    with pytest.raises(SlipwayError, match=f"found '{model}', a name that the Step Functions workflows use"):
        Names("a", model, "111122223333", "us-east-1")
    assert Names("a", f"{model}-2", "111122223333", "us-east-1").model == f"{model}-2"


def test_links_lead_to_the_console_of_the_target() -> None:
    assert Target("local", "us-east-1", "local", endpoint_url="http://127.0.0.1:4566").parameters == {
        "ConsoleLinks": "http://127.0.0.1:4566/_console/aws"
    }
    assert Target("AWS", "us-east-1", "main").parameters == {}
